/* What the map draws, fetched once for each version of a result: the net, and values of a layer in chunks of time.

   gridmap.source(result, version, minus)   where values come from; minus: {name, version} of a result to subtract
   source.net()                             promise of the net, see map_net.js
   source.held(layer, chunk)                {values, bits} of a chunk that is here, or null
   source.chunk(layer, chunk)               promise of it */
(function () {
  "use strict";
  const map = (window.gridmap = window.gridmap || {});
  const MOST_BYTES = 96e6; // what all chunks together may take; those not looked at for longest go first

  const nets = new Map(), chunks = new Map(), waiting = new Map(), sources = new Map();
  let bytes = 0;

  async function answer(address, kind) {
    const found = await fetch(address);
    if (found.status === 410 || found.status === 409) throw new Error((await found.text()).trim());
    if (!found.ok) throw new Error(found.status === 404 ? "the result is no longer there" : `the server answered ${found.status}`);
    return kind === "json" ? found.json() : found.arrayBuffer();
  }

  function keep(key, made, size) {
    chunks.set(key, { made, size });
    bytes += size;
    for (const [old, one] of chunks) {
      if (bytes <= MOST_BYTES || old === key) break;
      chunks.delete(old);
      bytes -= one.size;
    }
  }

  function held(key) {
    const one = chunks.get(key);
    if (!one) return null;
    chunks.delete(key);
    chunks.set(key, one); // the latest looked at stands last
    return one.made;
  }

  function source(result, version, minus) {
    const own = `${result}|${version}`, name = minus ? `${own}|${minus.name}|${minus.version}` : own;
    if (sources.has(name)) return sources.get(name);
    const at = (file) => `/map/${encodeURIComponent(result)}/${file}?v=${encodeURIComponent(version)}`;
    const less = minus ? `&minus=${encodeURIComponent(minus.name)}&w=${encodeURIComponent(minus.version)}` : "";
    const limited = (layer) => !minus && map.state.config && map.state.config.layers[layer] && map.state.config.layers[layer].violated;

    async function fetchNet() {
      const [elements, geometry] = await Promise.all([answer(at("elements.json"), "json"), answer(at("geometry.bin"))]);
      return map.netOf(elements, new Float32Array(geometry));
    }
    function once(store, key, make) {
      if (!store.has(key)) store.set(key, make().catch((error) => { store.delete(key); throw error; }));
      return store.get(key);
    }
    const computed = (layer) => (map.state.config && map.state.config.computed[layer]) || ""; // of what is worked out later
    const key = (layer, chunk) => `${layer === "power" ? own : name}|${layer}${computed(layer)}|${chunk}`;
    const made = {
      result, version, minus,
      net: () => once(nets, own, fetchNet),
      symbols: () => once(nets, `${own}|symbols`, () => answer(at("symbols.json"), "json")),
      districts: (layer, hour) => once(nets, `${own}|${layer}${computed(layer)}|${hour}`, () => answer(at(`districts/${layer}.json`) + (hour == null ? "" : `&hour=${hour}`), "json")),
      held: (layer, chunk) => held(key(layer, chunk)),
      chunk(layer, chunk) {
        const here = held(key(layer, chunk));
        if (here) return Promise.resolve(here);
        return once(waiting, key(layer, chunk), async () => {
          const net = await made.net(), steps = Math.min(net.chunkSteps, net.nSteps - chunk * net.chunkSteps);
          const buffer = await answer(at(`${layer}-${chunk}.bin`) + (layer === "power" ? "" : less));
          const width = layer === "power" ? net.nBuses : net.nElements, floats = steps * width;
          const values = new Float32Array(buffer, 0, floats);
          const bits = limited(layer) ? new Uint8Array(buffer, 4 * floats) : null;
          const one = { values, bits, first: chunk * net.chunkSteps, width };
          keep(key(layer, chunk), one, buffer.byteLength);
          waiting.delete(key(layer, chunk));
          return one;
        });
      },
    };
    sources.set(name, made);
    return made;
  }

  let outline = null;
  /** The outline that the server was given, or null. */
  map.outline = () => (outline = outline || answer("/map-outline.json", "json").catch(() => { outline = null; return null; }));
  map.source = source;
  map.heldBytes = () => bytes;
})();
