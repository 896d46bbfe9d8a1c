/* The net as it is drawn: places, ends, low-voltage areas, districts. */
(function () {
  "use strict";
  const map = (window.gridmap = window.gridmap || {});
  const MOST_IN_AREA = 200; // buses; a larger low-voltage grid is split where it is widest

  /** The net from what the server says of its elements, places (x, y) of buses and both ends of branches. */
  map.netOf = function (elements, floats) {
    const nBuses = elements.buses.length, nBranches = elements.branches.length;
    const points = floats.subarray(0, 2 * nBuses), ends = Int32Array.from(floats.subarray(2 * nBuses));
    const zones = [...new Set(elements.buses.map((bus) => bus.zone).filter(Boolean))].sort();
    const number = new Map(zones.map((zone, place) => [zone, place]));
    const zoneOf = new Int32Array(nBuses + nBranches).fill(-1);
    elements.buses.forEach((bus, place) => { if (bus.zone) zoneOf[place] = number.get(bus.zone); });
    elements.branches.forEach((branch, place) => { if (branch.zone) zoneOf[nBuses + place] = number.get(branch.zone); });
    const low = new Uint8Array(nBuses + nBranches);
    elements.buses.forEach((bus, place) => { low[place] = bus.kv != null && bus.kv < 1 ? 1 : 0; });
    for (let branch = 0; branch < nBranches; branch++) {
      const a = ends[2 * branch], b = ends[2 * branch + 1];
      low[nBuses + branch] = a >= 0 && b >= 0 && low[a] && low[b] ? 1 : 0;
    }
    const net = {
      elements, points, ends, zones, zoneOf, low, nBuses, nBranches, nElements: nBuses + nBranches,
      trafo: Uint8Array.from(elements.branches, (branch) => (branch.kind.startsWith("trafo") ? 1 : 0)),
      startMs: elements.start_ms, stepMs: elements.step_ms, nSteps: elements.n_steps, chunkSteps: elements.chunk_steps,
      place: new Map(), box: boxOf(points, null),
    };
    elements.buses.forEach((bus, place) => net.place.set(`bus:${bus.name}`, place));
    elements.branches.forEach((branch, place) => net.place.set(`branch:${branch.name}`, nBuses + place));
    net.areas = areasOf(net);
    net.areaOf = new Int32Array(net.nElements).fill(-1);
    net.areas.forEach((area, place) => area.elements.forEach((element) => { net.areaOf[element] = place; }));
    return net;
  };

  function boxOf(points, buses) {
    const box = { left: Infinity, right: -Infinity, bottom: Infinity, top: -Infinity };
    const each = (bus) => {
      box.left = Math.min(box.left, points[2 * bus]); box.right = Math.max(box.right, points[2 * bus]);
      box.bottom = Math.min(box.bottom, points[2 * bus + 1]); box.top = Math.max(box.top, points[2 * bus + 1]);
    };
    if (buses) buses.forEach(each); else for (let bus = 0; bus < points.length / 2; bus++) each(bus);
    return box;
  }

  /** Low-voltage grids that hang together, in parts of at most `MOST_IN_AREA` buses: {name, elements, hull, box}. */
  function areasOf(net) {
    const { nBuses, nBranches, ends, low, points } = net, root = Int32Array.from({ length: nBuses }, (_, bus) => bus);
    const find = (bus) => { while (root[bus] !== bus) { root[bus] = root[root[bus]]; bus = root[bus]; } return bus; };
    for (let branch = 0; branch < nBranches; branch++) {
      if (low[nBuses + branch]) root[find(ends[2 * branch])] = find(ends[2 * branch + 1]);
    }
    const grids = new Map();
    for (let bus = 0; bus < nBuses; bus++) {
      if (!low[bus]) continue;
      const key = find(bus);
      if (!grids.has(key)) grids.set(key, []);
      grids.get(key).push(bus);
    }
    const parts = [];
    for (const buses of grids.values()) split(buses);
    function split(buses) {
      if (buses.length <= MOST_IN_AREA) { parts.push(buses); return; }
      const box = boxOf(points, buses), axis = box.right - box.left >= box.top - box.bottom ? 0 : 1;
      const sorted = [...buses].sort((a, b) => points[2 * a + axis] - points[2 * b + axis]), half = sorted.length >> 1;
      split(sorted.slice(0, half));
      split(sorted.slice(half));
    }
    const partOf = new Int32Array(nBuses).fill(-1);
    parts.forEach((buses, place) => buses.forEach((bus) => { partOf[bus] = place; }));
    const elements = parts.map((buses) => [...buses]);
    for (let branch = 0; branch < nBranches; branch++) {
      if (low[nBuses + branch]) elements[partOf[ends[2 * branch]]].push(nBuses + branch);
    }
    return parts.map((buses, place) => ({
      name: net.elements.buses[buses[0]].zone || net.elements.buses[buses[0]].name, buses: buses.length,
      elements: elements[place], hull: hullOf(points, buses), box: boxOf(points, buses),
    }));
  }

  /** Convex hull of buses, as numbers of buses in order (Andrew's monotone chain). */
  function hullOf(points, buses) {
    const sorted = [...buses].sort((a, b) => points[2 * a] - points[2 * b] || points[2 * a + 1] - points[2 * b + 1]);
    const turn = (o, a, b) => (points[2 * a] - points[2 * o]) * (points[2 * b + 1] - points[2 * o + 1])
      - (points[2 * a + 1] - points[2 * o + 1]) * (points[2 * b] - points[2 * o]);
    const side = (order) => {
      const chain = [];
      for (const bus of order) {
        while (chain.length > 1 && turn(chain[chain.length - 2], chain[chain.length - 1], bus) <= 0) chain.pop();
        chain.push(bus);
      }
      chain.pop();
      return chain;
    };
    return sorted.length < 3 ? sorted : [...side(sorted), ...side([...sorted].reverse())];
  }

  /** The step of a moment, or -1 outside the period. */
  map.stepAt = (net, ms) => {
    const step = Math.floor((ms - net.startMs) / net.stepMs);
    return step >= 0 && step < net.nSteps ? step : -1;
  };
  map.nameOf = (net, element) => (element < net.nBuses ? net.elements.buses[element].name : net.elements.branches[element - net.nBuses].name);
  map.keyOf = (net, element) => `${element < net.nBuses ? "bus" : "branch"}:${map.nameOf(net, element)}`;
  map.hullOf = hullOf;
  map.boxOf = boxOf;
})();
