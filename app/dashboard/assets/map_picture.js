/* The map as a picture that says what it shows: title, result, moment, classes, accounting, version of the result. */
(function () {
  "use strict";
  const map = (window.gridmap = window.gridmap || {});
  const MARGIN = 24, HEAD = 64, FOOT = 96;

  map.picture = function () {
    const { panes, config, difference } = map.state, ratio = map.ratio(panes[0]), theme = config.theme, scale = map.scale();
    const one = config.layers[map.state.layer], font = getComputedStyle(document.body).fontFamily;
    const width = panes.reduce((sum, pane) => sum + pane.canvas.width, (panes.length + 1) * MARGIN * ratio);
    const picture = document.createElement("canvas"), pen = picture.getContext("2d");
    picture.width = width;
    picture.height = panes[0].canvas.height + (HEAD + FOOT) * ratio;
    pen.fillStyle = map.colours.PAPER[theme];
    pen.fillRect(0, 0, picture.width, picture.height);
    const write = (text, x, y, size, bold) => {
      pen.font = `${bold ? "600 " : ""}${size * ratio}px ${font}`;
      pen.fillStyle = map.colours.INK[theme];
      pen.fillText(text, x, y);
    };
    const when = map.clock();
    write(`${map.say(one.title)} [${scale.unit}], ${when}, ${config.zone}`, MARGIN * ratio, 26 * ratio, 16, true);
    let left = MARGIN * ratio;
    panes.forEach((pane, place) => {
      const own = difference ? map.say("{result} less {other}", { result: config.label, other: config.against.label }) : place ? document.getElementById("map-second-title").textContent : config.label;
      write(own, left, 50 * ratio, 13);
      pen.drawImage(pane.canvas, left, HEAD * ratio);
      left += pane.canvas.width + MARGIN * ratio;
    });
    const lower = panes[0].canvas.height + HEAD * ratio, each = Math.min(52 * ratio, (width - 2 * MARGIN * ratio) / scale.colours.length);
    scale.colours.forEach((colour, place) => {
      pen.fillStyle = colour;
      pen.fillRect(MARGIN * ratio + place * each, lower + 14 * ratio, each, 12 * ratio);
      if (place < scale.breaks.length) { pen.textAlign = "center"; write(String(scale.breaks[place]), MARGIN * ratio + (place + 1) * each, lower + 42 * ratio, 11); pen.textAlign = "left"; }
    });
    if (one.accounted) write(config.convention, MARGIN * ratio, lower + 64 * ratio, 11);
    write([config, ...(difference ? [config.against] : [])].map((of) => map.say("Result {name}, version {version}", { name: of.result || of.name, version: of.version })).join("; "), MARGIN * ratio, lower + 82 * ratio, 11);
    return picture;
  };

  map.savePicture = function () {
    map.picture().toBlob((content) => {
      const link = document.createElement("a"), { config, layer, at } = map.state;
      link.href = URL.createObjectURL(content);
      link.download = `${config.result}-${layer}-${new Date(at).toISOString().slice(0, 16).replace(/[:T]/g, "-")}.png`;
      link.click();
      window.setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  };
})();
