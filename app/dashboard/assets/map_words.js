/* What the map says: clock, spoken sentence, legend, tooltip. */
(function () {
  "use strict";
  const map = (window.gridmap = window.gridmap || {});
  const state = (map.state = map.state || {});
  const MISSING = 255;

  const moment = () => new Date(state.elements.start_ms + state.t * state.elements.step_ms);

  function local(options, language) {
    return new Intl.DateTimeFormat(language || "en-GB", { timeZone: state.config.zone, ...options }).format(moment());
  }

  function shown(number) {
    return number.toFixed(state.config.layers[state.layer].digits);
  }

  function words() {
    const layer = state.config.layers[state.layer], n = map.nBuses();
    const clock = local({ weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
    text("map-clock", clock);
    let low = Infinity, high = -Infinity;
    for (let element = 0; element < map.nElements(); element++) {
      const code = map.codeOf(element);
      if (code === MISSING || (state.layer !== "loading" && element >= n)) continue;
      low = Math.min(low, code);
      high = Math.max(high, code);
    }
    const range = high < low ? "nothing known" : `${shown(state.data.value(low))} to ${shown(state.data.value(high))} ${layer.unit}`;
    const limited = Object.values(layer.limits).some((limit) => limit != null);
    const over = limited ? `; ${state.beyond || "none"} beyond ${state.beyond === 1 ? "its" : "their"} limit` : "";
    if (!state.playing) text("map-spoken", `${clock}. ${layer.title}: ${range}${over}.`);
  }

  function text(id, content) {
    const place = document.getElementById(id);
    if (place && place.textContent !== content) place.textContent = content;
  }

  function legend() {
    const place = document.getElementById("map-legend"), layer = state.config.layers[state.layer];
    if (!place) return;
    const make = (tag, className, content) => {
      const node = document.createElement(tag);
      node.className = className;
      if (content !== undefined) node.textContent = content;
      return node;
    };
    const bar = make("div", "legend-bar");
    layer.colours.forEach((colour, index) => {
      const part = make("div", "legend-class"), swatch = make("span", "legend-swatch");
      swatch.style.background = colour;
      part.append(swatch, make("span", "legend-break", index < layer.breaks.length ? String(layer.breaks[index]) : ""));
      bar.append(part);
    });
    const limits = Object.entries(layer.limits).filter(([, limit]) => limit != null)
      .map(([name, limit]) => `${{ low: "lowest", high: "highest", line: "lines", trafo: "transformers" }[name]} ${limit} ${layer.unit}`);
    const note = make("div", "legend-note", `${layer.explanation} Grey: not known.`);
    if (limits.length) {
      note.append(make("span", "legend-halo"), `beyond its limit (${limits.join(", ")})`);
    }
    place.replaceChildren(make("div", "legend-title", `${layer.title} [${layer.unit}]`), bar, note);
  }

  function nameOf(element) {
    const n = map.nBuses();
    return element < n ? state.elements.buses[element].name : state.elements.branches[element - n].name;
  }

  function zoneOf(element) {
    return element < map.nBuses() ? state.elements.buses[element].zone : "";
  }

  /** Mean of the layer over the buses of a district, or null. */
  function districtMean(zone) {
    let sum = 0, count = 0;
    state.elements.buses.forEach((bus, place) => {
      const code = map.codeOf(place);
      if (bus.zone === zone && code !== MISSING) { sum += state.data.value(code); count++; }
    });
    return count ? sum / count : null;
  }

  function tooltip(element, left, top) {
    const { tip } = state, layer = state.config.layers[state.layer];
    tip.hidden = element < 0;
    if (element < 0) return;
    const code = map.codeOf(element), zone = zoneOf(element), mean = zone ? districtMean(zone) : null;
    const value = code === MISSING ? "not known" : `${shown(state.data.value(code))} ${layer.unit}`;
    const lines = [nameOf(element), `${layer.title} ${value}${map.isBeyond(element) ? ", beyond its limit" : ""}`];
    if (zone) lines.push(mean === null ? zone : `${zone}: mean ${shown(mean)} ${layer.unit}`);
    tip.replaceChildren(...lines.map((line, place) => {
      const node = document.createElement(place ? "div" : "strong");
      node.textContent = line;
      return node;
    }));
    const width = state.host.clientWidth;
    tip.style.left = `${Math.min(left + 14, width - tip.offsetWidth - 8)}px`;
    tip.style.top = `${Math.max(8, top - tip.offsetHeight - 12)}px`;
  }

  Object.assign(map, { legend, local, nameOf, text, tooltip, words });
})();
