/* Devices on the map: one symbol a kind and bus, sized by power; those that would lie on each other become one. */
(function () {
  "use strict";
  const map = (window.gridmap = window.gridmap || {});
  const CELL = 46; // px within which symbols of a kind become one
  const COLOURS = {
    pv: "#e69f00", wind: "#56b4e9", battery: "#009e73", charging: "#0072b2", hydrogen: "#cc79a7", data_centre: "#5b4b8a",
    heat_pump: "#d55e00", other: "#6b7780",
  };
  /** Radius of a symbol by power [MW], the same at every moment and in every result. */
  const radius = (mw) => Math.min(24, 5.5 + 6.5 * Math.sqrt(Math.max(0, mw)));

  const GLYPHS = { // white on the kind's colour, in a square from -1 to 1
    pv(c) { c.arc(0, 0, 0.38, 0, 7); for (let k = 0; k < 8; k++) { const a = (k * Math.PI) / 4; c.moveTo(0.55 * Math.cos(a), 0.55 * Math.sin(a)); c.lineTo(0.8 * Math.cos(a), 0.8 * Math.sin(a)); } },
    wind(c) { for (let k = 0; k < 3; k++) { const a = (2 * k * Math.PI) / 3 - Math.PI / 2; c.moveTo(0, 0); c.lineTo(0.72 * Math.cos(a), 0.72 * Math.sin(a)); } c.moveTo(0, 0); c.lineTo(0, 0.8); },
    battery(c) { c.rect(-0.6, -0.35, 1.1, 0.7); c.moveTo(0.62, -0.15); c.lineTo(0.62, 0.15); c.moveTo(-0.3, 0); c.lineTo(0.2, 0); c.moveTo(-0.05, -0.22); c.lineTo(-0.05, 0.22); },
    charging(c) { c.moveTo(0.15, -0.75); c.lineTo(-0.4, 0.1); c.lineTo(0.05, 0.1); c.lineTo(-0.15, 0.75); c.lineTo(0.42, -0.15); c.lineTo(-0.02, -0.15); c.closePath(); },
    hydrogen(c) { c.moveTo(-0.4, -0.6); c.lineTo(-0.4, 0.6); c.moveTo(0.4, -0.6); c.lineTo(0.4, 0.6); c.moveTo(-0.4, 0); c.lineTo(0.4, 0); },
    data_centre(c) { for (const y of [-0.6, -0.12, 0.36]) c.rect(-0.6, y, 1.2, 0.26); },
    heat_pump(c) { c.moveTo(-0.65, 0.05); c.lineTo(0, -0.6); c.lineTo(0.65, 0.05); c.moveTo(-0.42, 0); c.lineTo(-0.42, 0.6); c.lineTo(0.42, 0.6); c.lineTo(0.42, 0); },
    other(c) { c.moveTo(0, -0.6); c.lineTo(0.6, 0); c.lineTo(0, 0.6); c.lineTo(-0.6, 0); c.closePath(); },
  };

  function stamp(context, kind, cx, cy, r, paper) {
    context.save();
    context.translate(cx, cy);
    context.beginPath();
    context.arc(0, 0, r, 0, 2 * Math.PI);
    context.fillStyle = COLOURS[kind];
    context.fill();
    context.strokeStyle = paper;
    context.lineWidth = Math.max(1, 0.14 * r);
    context.stroke();
    context.scale(0.72 * r, 0.72 * r);
    context.beginPath();
    GLYPHS[kind](context);
    context.strokeStyle = "#ffffff";
    context.lineWidth = 0.2;
    context.stroke();
    context.restore();
  }

  /** Symbols as they are drawn: those of a kind that share a cell of the screen as one, kinds at a place side by side. */
  function gather(pane) {
    const { x, y } = pane, ratio = map.ratio(pane), cell = CELL * ratio, groups = new Map(), { view, kinds } = map.state;
    const key = `${view.scale}|${view.dx}|${view.dy}|${[...kinds].join()}|${pane.canvas.width}`;
    if (pane.gatheredFor === key) return pane.groups;
    for (const one of pane.devices ? pane.devices.symbols : []) {
      if (!kinds.has(one.kind)) continue;
      const left = x[one.bus], upper = y[one.bus];
      if (left < 0 || upper < 0 || left > pane.canvas.width || upper > pane.canvas.height) continue;
      const at = `${one.kind}|${Math.floor(left / cell)}|${Math.floor(upper / cell)}`;
      if (!groups.has(at)) groups.set(at, { kind: one.kind, mw: 0, buses: [], names: new Set(), sx: 0, sy: 0 });
      const group = groups.get(at);
      group.mw += one.mw;
      group.buses.push(one.bus);
      one.names.forEach((name) => group.names.add(name));
      group.sx += left;
      group.sy += upper;
    }
    pane.gatheredFor = key;
    pane.groups = apart([...groups.values()].map((group) => ({
      ...group, x: group.sx / group.buses.length, y: group.sy / group.buses.length, r: radius(group.mw) * ratio,
    })));
    return pane.groups;
  }

  /** Symbols moved until none hides another, the largest first and least. */
  function apart(groups) {
    const placed = [];
    for (const group of groups.sort((a, b) => b.r - a.r)) {
      for (let turn = 0; turn < 24; turn++) {
        const over = placed.find((other) => Math.hypot(other.x - group.x, other.y - group.y) < other.r + group.r);
        if (!over) break;
        const angle = Math.atan2(group.y - over.y, group.x - over.x) + 0.6, far = over.r + group.r + 1;
        group.x = over.x + far * Math.cos(angle);
        group.y = over.y + far * Math.sin(angle);
      }
      placed.push(group);
    }
    return placed;
  }

  map.drawSymbols = function (p) {
    for (const group of gather(p.pane)) stamp(p.context, group.kind, group.x, group.y, group.r, map.colours.PAPER[p.theme]);
  };
  map.symbolAt = (pane, px, py) => (pane.groups || []).find((one) => Math.hypot(one.x - px, one.y - py) <= one.r) || null;

  const say = (text, values) => window.gridcarbon.say(text, values);
  const power = (mw) => window.gridcarbon.number(mw >= 0.1 ? `${mw.toFixed(mw < 10 ? 2 : 1)} MW` : `${(1000 * mw).toFixed(mw < 0.001 ? 1 : 0)} kW`);
  map.power = power;
  map.symbolWords = (group, pane) => [
    say(pane.devices.kinds[group.kind]),
    group.buses.length === 1 ? map.nameOf(pane.net, group.buses[0]) : say("{n} places; click to zoom in", { n: group.buses.length }),
    say("up to {power}: {names}", { power: power(group.mw), names: `${[...group.names].slice(0, 3).join(", ")}${group.names.size > 3 ? " …" : ""}` }),
  ];

  map.symbolLegend = function () {
    const place = document.getElementById("map-symbol-legend"), pane = map.state.panes[0];
    if (!place || !pane || !pane.devices) return;
    const { make } = map, ratio = window.devicePixelRatio || 1, shown = Object.entries(pane.devices.kinds).filter(([kind]) => map.state.kinds.has(kind));
    const picture = (draw, side) => {
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = side * ratio;
      canvas.style.width = canvas.style.height = `${side}px`;
      canvas.setAttribute("aria-hidden", "true");
      draw(canvas.getContext("2d"), (side * ratio) / 2);
      return canvas;
    };
    const parts = shown.map(([kind, title]) => {
      const item = make("span", "legend-symbol");
      item.append(picture((context, half) => stamp(context, kind, half, half, half - ratio, "transparent"), 18), window.gridcarbon.say(title));
      return item;
    });
    if (shown.length) {
      const sizes = make("span", "legend-symbol legend-sizes");
      for (const mw of [0.01, 1, 5]) {
        const side = 2 * radius(mw) + 2;
        sizes.append(picture((context, half) => {
          context.beginPath();
          context.arc(half, half, half - ratio, 0, 2 * Math.PI);
          context.strokeStyle = map.colours.INK[map.state.config.theme];
          context.lineWidth = ratio;
          context.stroke();
        }, side), power(mw));
      }
      sizes.append(` ${window.gridcarbon.say("highest in the period")}`);
      parts.push(sizes);
    }
    place.replaceChildren(...parts);
  };
})();
