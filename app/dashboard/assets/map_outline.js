/* Beneath and beside a grid of geographic places: a given outline or the ground it spans, degrees, a scale bar, north. */
(function () {
  "use strict";
  const map = (window.gridmap = window.gridmap || {});
  const LAND = { light: "#efece4", dark: "#1d2125" }, EDGE = { light: "#d3cec0", dark: "#363d43" };

  map.drawOutline = function (p) {
    const { elements } = p.pane.net;
    if (!elements.geographic) return;
    if (map.state.outline) given(p); else around(p);
    graticule(p);
  };

  /** Where a longitude and latitude lie on the canvas, and back. */
  const put = ({ pane: { net: { elements } } }, [lon, lat]) => {
    const { view } = map.state;
    return [(lon * elements.stretch - elements.left) * view.scale + view.dx, view.dy - (lat - elements.lower) * view.scale];
  };
  const back = ({ pane: { net: { elements } } }, x, y) => {
    const { view } = map.state;
    return [((x - view.dx) / view.scale + elements.left) / elements.stretch, (view.dy - y) / view.scale + elements.lower];
  };

  /** Without a given outline: the ground that the grid spans. */
  function around(p) {
    const { pane, context, theme } = p, { net, x, y } = pane, { view } = map.state;
    net.hull = net.hull || map.hullOf(net.points, Array.from({ length: net.nBuses }, (_, bus) => bus));
    context.beginPath();
    net.hull.forEach((bus, nth) => (nth ? context.lineTo(x[bus], y[bus]) : context.moveTo(x[bus], y[bus])));
    context.closePath();
    context.fillStyle = context.strokeStyle = LAND[theme];
    context.lineWidth = 0.08 * Math.max(net.box.right - net.box.left, net.box.top - net.box.bottom) * view.scale;
    context.stroke();
    context.fill();
  }

  /** Meridians and parallels at round degrees, named at the edges. */
  function graticule(p) {
    const { pane, context, theme, ratio } = p, { canvas } = pane;
    const [west, north] = back(p, 0, 0), [east, south] = back(p, canvas.width, canvas.height);
    const power = 10 ** Math.floor(Math.log10(Math.max(east - west, 1e-9) / 3)), step = [5, 2, 1].map((one) => one * power).find((one) => (east - west) / one >= 3) || power;
    const digits = Math.max(0, -Math.floor(Math.log10(step))), name = (value, signs) => `${window.gridcarbon.number(Math.abs(value).toFixed(digits))}° ${signs[value < 0 ? 1 : 0]}`;
    context.beginPath();
    context.font = `${10.5 * ratio}px ${getComputedStyle(document.body).fontFamily}`;
    context.fillStyle = map.colours.CASING[theme];
    context.textBaseline = "top";
    context.textAlign = "left";
    for (let lon = Math.ceil(west / step) * step; lon < east; lon += step) {
      const [left] = put(p, [lon, south]);
      context.moveTo(left, 0); context.lineTo(left, canvas.height);
      if (left < canvas.width - 110 * ratio) context.fillText(name(lon, "EW"), left + 4 * ratio, 4 * ratio);
    }
    for (let lat = Math.ceil(south / step) * step; lat < north; lat += step) {
      const [, upper] = put(p, [west, lat]);
      context.moveTo(0, upper); context.lineTo(canvas.width, upper);
      if (upper > 24 * ratio && upper < canvas.height - 60 * ratio) context.fillText(name(lat, "NS"), 4 * ratio, upper + 3 * ratio);
    }
    context.strokeStyle = EDGE[theme];
    context.globalAlpha = 0.5;
    context.lineWidth = 0.8 * ratio;
    context.stroke();
    context.globalAlpha = 1;
  }

  function given(p) {
    const { context, theme, ratio } = p, { outline } = map.state;
    for (const filled of [true, false]) {
      context.beginPath();
      outline.lines.forEach((line, place) => {
        if (outline.filled[place] !== filled) return;
        line.forEach((position, nth) => (nth ? context.lineTo(...put(p, position)) : context.moveTo(...put(p, position))));
      });
      if (filled) { context.fillStyle = LAND[theme]; context.fill("evenodd"); }
      context.strokeStyle = EDGE[theme];
      context.lineWidth = 1.2 * ratio;
      context.stroke();
    }
    context.font = `${11 * ratio}px ${getComputedStyle(document.body).fontFamily}`;
    context.fillStyle = map.colours.CASING[theme];
    context.textAlign = "center";
    for (const [lon, lat, name] of outline.points) context.fillText(name, ...put(p, [lon, lat]));
  }

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
