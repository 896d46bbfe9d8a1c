/* Beneath and beside the grid: a given outline, a scale bar, and north where places are geographic. */
(function () {
  "use strict";
  const map = (window.gridmap = window.gridmap || {});
  const LAND = { light: "#efece4", dark: "#1d2125" }, EDGE = { light: "#d3cec0", dark: "#363d43" };

  map.drawOutline = function (p) {
    const { pane, context, theme, ratio } = p, { elements } = pane.net, { outline, view } = map.state;
    if (!outline || !elements.geographic) return;
    const put = ([lon, lat]) => [(lon * elements.stretch - elements.left) * view.scale + view.dx, view.dy - (lat - elements.lower) * view.scale];
    for (const filled of [true, false]) {
      context.beginPath();
      outline.lines.forEach((line, place) => {
        if (outline.filled[place] !== filled) return;
        line.forEach((position, nth) => (nth ? context.lineTo(...put(position)) : context.moveTo(...put(position))));
      });
      if (filled) { context.fillStyle = LAND[theme]; context.fill("evenodd"); }
      context.strokeStyle = EDGE[theme];
      context.lineWidth = 1.2 * ratio;
      context.stroke();
    }
    context.font = `${11 * ratio}px ${getComputedStyle(document.body).fontFamily}`;
    context.fillStyle = map.colours.CASING[theme];
    context.textAlign = "center";
    for (const [lon, lat, name] of outline.points) context.fillText(name, ...put([lon, lat]));
  };

  /** A round length of at most 120 px in metres, and an arrow to the north. */
  map.drawScaleBar = function (p) {
    const { pane, context, theme, ratio } = p, { canvas, net: { elements } } = pane, { view } = map.state;
    if (!elements.metres) return;
    const perMetre = view.scale / elements.metres, most = (120 * ratio) / perMetre, power = 10 ** Math.floor(Math.log10(most));
    const metres = [5, 2, 1].map((one) => one * power).find((one) => one <= most) || power, length = metres * perMetre;
    const left = 16 * ratio, lower = canvas.height - 16 * ratio;
    context.strokeStyle = context.fillStyle = map.colours.INK[theme];
    context.lineWidth = 1.4 * ratio;
    context.beginPath();
    context.moveTo(left, lower - 5 * ratio); context.lineTo(left, lower); context.lineTo(left + length, lower); context.lineTo(left + length, lower - 5 * ratio);
    context.moveTo(left + length + 22 * ratio, lower); context.lineTo(left + length + 22 * ratio, lower - 15 * ratio);
    context.moveTo(left + length + 18 * ratio, lower - 10 * ratio); context.lineTo(left + length + 22 * ratio, lower - 16 * ratio); context.lineTo(left + length + 26 * ratio, lower - 10 * ratio);
    context.stroke();
    context.font = `${11.5 * ratio}px ${getComputedStyle(document.body).fontFamily}`;
    context.textAlign = "left";
    context.textBaseline = "bottom";
    context.fillText(metres >= 1000 ? `${metres / 1000} km` : `${metres} m`, left + 4 * ratio, lower - 4 * ratio);
    context.fillText("N", left + length + 30 * ratio, lower);
  };
})();
