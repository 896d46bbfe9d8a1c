/* Values at the shown moment: of an element, its class, whether a limit is exceeded; of areas and districts. */
(function () {
  "use strict";
  const map = (window.gridmap = window.gridmap || {});

  /** What a pane shows at its moment; null where it is not here yet. */
  map.lookUp = function (pane) {
    const { net, source } = pane, step = net ? map.stepAt(net, map.state.at) : -1;
    pane.step = step;
    pane.now = null;
    pane.drawn = null;
    if (step < 0) return;
    const number = Math.floor(step / net.chunkSteps), chunk = source.held(map.state.layer, number);
    if (chunk) pane.now = { values: chunk.values, bits: chunk.bits, from: (step - chunk.first) * chunk.width };
    const power = source.held("power", number);
    if (power) pane.drawn = { values: power.values, from: (step - power.first) * power.width };
  };

  map.valueOf = (pane, element) => (pane.now ? pane.now.values[pane.now.from + element] : NaN);

  map.isBeyond = function (pane, element) {
    if (!pane.now || !pane.now.bits) return false;
    const bit = pane.now.from + element;
    return ((pane.now.bits[bit >> 3] >> (bit & 7)) & 1) === 1;
  };

  /** The class of a value: how many borders are at or below it; -1 where it is not known. */
  map.classOf = function (value, breaks) {
    if (!(value === value)) return -1;
    let place = 0;
    while (place < breaks.length && value >= breaks[place]) place++;
    return place;
  };

  /** Borders, colours and unit of what is shown: a layer or the difference of two results. */
  map.scale = function () {
    const { config, layer, difference } = map.state, one = config.layers[layer];
    return difference
      ? { breaks: one.difference_breaks, colours: one.difference_colours, unit: one.unit === "%" ? map.say("points") : one.unit, digits: one.digits + (one.digits ? 0 : 1) }
      : { breaks: one.breaks, colours: one.colours, unit: one.unit, digits: one.digits };
  };

  map.shown = function (value, signed) {
    if (!(value === value)) return map.say("not known");
    const { digits, unit } = map.scale(), sign = signed && value > 0 ? "+" : "";
    return window.gridcarbon.number(`${sign}${value.toFixed(digits)}`.replace("-", "\u2212")) + ` ${unit}`;
  };

  /** One figure for each of n areas, from the elements that belong to them; NaN where nothing is known. */
  map.figures = function (pane, member, n, how) {
    const { net, now, drawn } = pane, layer = map.state.config.layers[map.state.layer];
    const sum = new Float64Array(n), weight = new Float64Array(n), plain = new Float64Array(n), count = new Uint32Array(n);
    const most = new Float64Array(n).fill(NaN), figures = new Float64Array(n).fill(NaN);
    if (!now) return figures;
    const [first, end] = layer.of_buses ? [0, net.nBuses] : [net.nBuses, net.nElements], signed = map.state.difference;
    for (let element = first; element < end; element++) {
      const area = member[element], value = now.values[now.from + element];
      if (area < 0 || value !== value) continue;
      plain[area] += value;
      count[area]++;
      const w = how === "energy" && drawn ? Math.max(0, drawn.values[drawn.from + element]) : 0;
      sum[area] += w * value;
      weight[area] += w;
      const larger = signed ? Math.abs(value) > Math.abs(most[area]) : value > most[area];
      if (count[area] === 1 || larger) most[area] = value;
    }
    for (let area = 0; area < n; area++) {
      if (!count[area]) continue;
      figures[area] = how === "sum" ? plain[area] : how === "highest" ? most[area]
        : weight[area] > 0 ? sum[area] / weight[area] : plain[area] / count[area];
    }
    return figures;
  };

  map.districtFigures = (pane) => map.figures(pane, pane.net.zoneOf, pane.net.zones.length, map.state.config.layers[map.state.layer].of_areas);
  map.areaFigures = (pane) => map.figures(pane, pane.net.areaOf, pane.net.areas.length, map.state.config.layers[map.state.layer].of_areas);
  map.MEANS = {
    energy: "mean by what is drawn", plain: "mean", highest: "highest", sum: "sum",
  };
})();
