/* What the map says: the spoken sentence, legend, tooltip. */
(function () {
  "use strict";
  const map = (window.gridmap = window.gridmap || {});

  const say = (text, values) => window.gridcarbon.say(text, values);
  map.say = say;
  map.local = (ms, options, language) => new Intl.DateTimeFormat(language || "en-GB", { timeZone: map.state.config.zone, ...options }).format(new Date(ms));

  /** The beginning of an hour on the wall clock of the day of a moment, also where the clock changes in between [ms]. */
  map.atHour = function (ms, hour) {
    const read = (unit) => Number(map.local(begins, { [unit]: "2-digit", hourCycle: "h23" }));
    let begins = ms;
    begins -= read("minute") * 60000;
    begins += (hour - read("hour")) * 3600000;
    return begins + ((hour - read("hour") + 36) % 24 - 12) * 3600000;
  };
  /** The shown moment in the language of who reads it. */
  const clock = () => {
    const language = window.gridcarbon.language();
    return map.local(map.state.at, { weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" }, language === "en" ? "en-GB" : language);
  };
  map.clock = clock;

  function text(id, content) {
    const place = document.getElementById(id);
    if (place && place.textContent !== content) place.textContent = content;
  }

  function title() {
    const { config, layer, difference } = map.state, name = say(config.layers[layer].title);
    return difference && config.against ? say("{name}: {result} less {other}", { name, result: config.label, other: config.against.label }) : name;
  }

  map.words = function () {
    const pane = map.state.panes[0];
    if (!pane || !pane.ready || window.gridcarbon.moment.playing()) return;
    const layer = map.state.config.layers[map.state.layer], { net } = pane;
    let low = Infinity, high = -Infinity;
    for (let element = layer.of_buses ? 0 : net.nBuses; element < (layer.of_buses ? net.nBuses : net.nElements); element++) {
      const value = map.valueOf(pane, element);
      if (value < low) low = value;
      if (value > high) high = value;
    }
    const range = pane.fault || (!pane.now ? say("loading …") : high < low ? reasonForNone() : say("{low} to {high}", { low: map.shown(low, map.state.difference), high: map.shown(high, map.state.difference) }));
    const over = pane.now && pane.now.bits ? `; ${beyondInWords(countBeyond(pane))}` : "";
    text("map-spoken", `${clock()}. ${title()}: ${range}${over}.`);
  };

  const beyondInWords = (n) => (n === 1 ? say("1 beyond its limit") : n ? say("{n} beyond their limit", { n }) : say("none beyond their limit"));

  function reasonForNone() {
    const { config, layer } = map.state;
    return config.hosting[layer] || say("nothing known");
  }

  function countBeyond(pane) {
    let count = 0;
    for (let element = 0; element < pane.net.nElements; element++) if (map.isBeyond(pane, element)) count++;
    return count;
  }

  const make = (tag, className, content) => {
    const node = document.createElement(tag);
    node.className = className;
    if (content !== undefined) node.textContent = content;
    return node;
  };
  map.make = make;

  map.legend = function () {
    const place = document.getElementById("map-legend"), { config, layer, difference, districts } = map.state, one = config.layers[layer];
    if (!place) return;
    const scale = map.scale(), bar = make("div", "legend-bar"), pane = map.state.panes[0];
    scale.colours.forEach((colour, index) => {
      const part = make("div", "legend-class"), swatch = make("span", "legend-swatch");
      swatch.style.background = colour;
      const border = index < scale.breaks.length ? window.gridcarbon.number(String(scale.breaks[index]).replace("-", "\u2212")) : "";
      part.append(swatch, make("span", "legend-break", difference && scale.breaks[index] > 0 ? `+${border}` : border));
      bar.append(part);
    });
    const note = make("div", "legend-note");
    const explanation = difference ? `${say("Teal: less than {name}; brown: more.", { name: config.against.label })} ${config.against.missing}` : say(one.explanation);
    const whole = districts ? ` ${say("Districts: {mean} of their {elements}.", { mean: say(map.MEANS[one.of_areas]), elements: one.of_buses ? say("buses") : say("lines") })}` : pane && pane.net && pane.net.areas.length && pane.gathered ? ` ${say("Too many low-voltage lines in sight: their areas show one figure each; click one to zoom in.")}` : "";
    note.append(explanation + whole + " ", make("span", "legend-missing"), say("not known"));
    const limits = Object.entries(one.limits).filter(([, limit]) => limit != null)
      .map(([name, limit]) => `${{ low: say("lowest"), high: say("highest"), line: say("lines"), trafo: say("transformers") }[name]} ${window.gridcarbon.number(limit)} ${one.unit}`);
    if (one.violated && !difference) note.append(make("span", "legend-halo"), limits.length ? `${say("beyond its limit")} (${limits.join(", ")})` : say("beyond its limit"));
    place.replaceChildren(make("div", "legend-title", `${title()} [${scale.unit}]`), bar, note);
    if (map.symbolLegend) map.symbolLegend();
  };

  map.tooltip = function (pane, left, top) {
    const { tip, net } = pane, { difference } = map.state, scaleTitle = say(map.state.config.layers[map.state.layer].title);
    const lines = [];
    if (pane.hoverSymbol) lines.push(...map.symbolWords(pane.hoverSymbol, pane));
    else if (pane.hoverZone >= 0) {
      lines.push(net.zones[pane.hoverZone], `${scaleTitle} ${map.shown(map.districtFigures(pane)[pane.hoverZone], difference)}`);
    } else if (pane.hoverArea >= 0) {
      const area = net.areas[pane.hoverArea];
      lines.push(say("Low-voltage area {name}", { name: area.name }), `${say("{n} buses", { n: area.buses })}, ${scaleTitle} ${map.shown(map.areaFigures(pane)[pane.hoverArea], difference)}`, say("Click to zoom in"));
    } else if (pane.hover >= 0) {
      const zone = net.zoneOf[pane.hover], beyond = map.isBeyond(pane, pane.hover) ? `, ${say("beyond its limit")}` : "";
      lines.push(map.nameOf(net, pane.hover), `${scaleTitle} ${map.shown(map.valueOf(pane, pane.hover), difference)}${beyond}`);
      if (zone >= 0) lines.push(`${net.zones[zone]}: ${say(map.MEANS[map.state.config.layers[map.state.layer].of_areas])} ${map.shown(map.districtFigures(pane)[zone], difference)}`);
    }
    tip.hidden = !lines.length;
    if (!lines.length) return;
    tip.replaceChildren(...lines.map((line, place) => make(place ? "div" : "strong", "", line)));
    tip.style.left = `${Math.max(8, Math.min(left + 14, pane.host.clientWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${Math.max(8, top - tip.offsetHeight - 12)}px`;
  };
  map.text = text;
})();
