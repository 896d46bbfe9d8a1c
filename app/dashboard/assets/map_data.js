/* What the map draws: geometry and a byte for every element and step, fetched once for each result and layer. */
(function () {
  "use strict";
  const map = (window.gridmap = window.gridmap || {});
  const MISSING = 255;
  const VOLTAGE_TOLERANCE = 1e-4, LOADING_TOLERANCE = 0.2; // a violation exceeds its limit by more, everywhere

  const fetched = new Map(); // address → promise of its content; navigation fetches nothing again
  const state = (map.state = map.state || {});
  Object.assign(state, {
    host: null, canvas: null, context: null, tip: null, config: null, key: "", layer: "", t: 0, ready: false,
    elements: null, points: null, ends: null, low: null, x: null, y: null, data: null, view: null,
    hover: -1, selected: -1, told: "", playing: null, frames: [],
  });

  function load(name, kind) {
    const { result, version } = state.config;
    const address = `/map/${encodeURIComponent(result)}/${name}`;
    const key = `${address}?${version}`;
    if (!fetched.has(key)) {
      fetched.set(key, fetch(address).then((answer) => {
        if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
        return kind === "json" ? answer.json() : answer.arrayBuffer();
      }).catch((error) => { fetched.delete(key); throw error; }));
    }
    return fetched.get(key);
  }

  async function prepare(layer) {
    const config = state.config, wanted = `${config.result}|${config.version}|${layer}|${config.theme}`;
    state.key = wanted;
    const [elements, geometry, bytes] = await Promise.all([
      load("elements.json", "json"), load("geometry.bin"), load(`${layer}.bin`),
    ]);
    if (state.key !== wanted) return false; // another layer was asked for meanwhile
    const nBuses = elements.buses.length, floats = new Float32Array(geometry);
    const first = state.elements !== elements;
    state.elements = elements;
    state.points = floats.subarray(0, 2 * nBuses);
    state.ends = floats.subarray(2 * nBuses);
    state.x = new Float32Array(nBuses);
    state.y = new Float32Array(nBuses);
    state.low = lowVoltage(elements, state.ends);
    state.layer = layer;
    state.data = decode(bytes, config.layers[layer]);
    if (first || !state.view) map.fit();
    map.project();
    map.legend();
    state.ready = true;
    return true;
  }

  /** Which elements belong to low-voltage grids: 1 or 0 for each bus, then each branch with both ends there. */
  function lowVoltage(elements, ends) {
    const buses = elements.buses.map((bus) => (bus.kv != null && bus.kv < 1 ? 1 : 0));
    const branches = elements.branches.map((_, branch) => buses[ends[2 * branch]] && buses[ends[2 * branch + 1]] ? 1 : 0);
    return Uint8Array.from([...buses, ...branches]);
  }

  /** The bytes of a layer with what the 256 codes mean: value, class, and from which code on a limit is exceeded. */
  function decode(bytes, layer) {
    const [low, high] = new Float32Array(bytes, 0, 2);
    const value = (code) => low + (code * (high - low)) / 254;
    const classes = new Uint8Array(256), { low: lowest, high: highest } = layer.limits;
    for (let code = 0; code < MISSING; code++) {
      const v = value(code);
      classes[code] = layer.breaks.reduce((n, border) => n + (v >= border ? 1 : 0), 0);
    }
    const lowestCode = lowest == null ? -1 : codeAbove(lowest - VOLTAGE_TOLERANCE) - 1;
    const highestCode = highest == null ? MISSING : codeAbove(highest + VOLTAGE_TOLERANCE);
    const topCodes = state.elements.branches.map(({ kind, limit }) => {
      const most = limit ?? layer.limits[kind.startsWith("trafo") ? "trafo" : "line"];
      return state.layer === "loading" && most != null ? codeAbove(most + LOADING_TOLERANCE) : MISSING;
    });
    return { codes: new Uint8Array(bytes, 8), value, classes, lowestCode, highestCode, topCodes };

    /** The least code whose value exceeds a limit. */
    function codeAbove(limit) {
      if (high <= low) return low > limit ? 0 : MISSING;
      return Math.min(MISSING, Math.max(0, Math.floor((254 * (limit - low)) / (high - low)) + 1));
    }
  }

  const nBuses = () => state.elements.buses.length;
  const nElements = () => nBuses() + state.elements.branches.length;
  const codeOf = (element) => state.data.codes[state.t * nElements() + element];
  const isTrafo = (branch) => state.elements.branches[branch].kind.startsWith("trafo");

  function isBeyond(element) {
    const code = codeOf(element), n = nBuses();
    if (code === MISSING) return false;
    if (element >= n) return code >= state.data.topCodes[element - n];
    return code <= state.data.lowestCode || code >= state.data.highestCode;
  }

  Object.assign(map, { codeOf, isBeyond, isTrafo, nBuses, nElements, prepare });
})();
