/* What Dash calls: show a moment, play, go to a violation. */
(function () {
  "use strict";
  const map = (window.gridmap = window.gridmap || {});
  const state = (map.state = map.state || {});
  const PLAY_MS = 90;

  const set = (id, props) => window.dash_clientside.set_props(id, props);

  function choose(element) {
    if (element < 0) return;
    set("map-find", { value: `${element < map.nBuses() ? "bus" : "branch"}:${map.nameOf(element)}` });
  }

  function select(value) {
    const [kind, name] = value ? [value.slice(0, value.indexOf(":")), value.slice(value.indexOf(":") + 1)] : ["", ""];
    const list = kind === "bus" ? state.elements.buses : state.elements.branches;
    const place = value ? list.findIndex((one) => one.name === name) : -1;
    state.selected = place < 0 ? -1 : place + (kind === "bus" ? 0 : map.nBuses());
    const day = map.local({ year: "numeric", month: "2-digit", day: "2-digit" }, "en-CA");
    const told = place < 0 ? "" : `${kind}:${name}|${day}|${state.config.result}|${state.config.theme}`;
    if (told !== state.told && !state.playing) {
      state.told = told;
      set("map-selection", { data: told ? { kind, name, day } : null });
    }
  }

  function step(by) {
    const n = state.elements.n_steps;
    set("map-time", { value: (state.t + by + n) % n });
  }

  /** The address holds layer and time, so that a copied link shows the same map. */
  let waiting = null;
  function remember() {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(() => {
      if (!state.host.isConnected || state.playing) return;
      window.gridcarbon.address.set({ layer: state.layer, t: String(state.t) });
    }, 400);
  }

  const gridmap = {
    async show(config, layer, t, found) {
      const host = document.getElementById("map"), same = window.dash_clientside.no_update;
      if (!host || !config || !layer) return same;
      const fresh = state.host !== host;
      state.config = config;
      map.attach(host);
      if (fresh) {
        state.told = "";
        const { layer: asked, t: step } = window.gridcarbon.address.query();
        if (/^\d+$/.test(step) && Number(step) !== t) set("map-time", { value: Number(step) });
        if (config.layers[asked] && asked !== layer) { set("map-layer", { value: asked }); return same; }
      }
      const wanted = `${config.result}|${config.version}|${layer}|${config.theme}`;
      if (fresh || state.key !== wanted || !state.ready) {
        try {
          if (!(await map.prepare(layer))) return same;
        } catch (error) {
          map.text("map-spoken", `The map could not be loaded (${error.message}).`);
          return same;
        }
      }
      state.t = Math.max(0, Math.min(t ?? 0, state.elements.n_steps - 1));
      select(found);
      map.draw();
      map.words();
      remember();
      return wanted;
    },

    toggle() {
      if (state.playing) {
        window.clearInterval(state.playing);
        state.playing = null;
        map.words();
        remember();
      } else {
        state.playing = window.setInterval(() => {
          if (!state.host.isConnected) { window.clearInterval(state.playing); state.playing = null; } else step(1);
        }, PLAY_MS);
      }
      set("map-play", { children: state.playing ? "Pause" : "Play" });
    },

    goTo(clicked, rows) {
      if (!clicked || !rows || !state.ready) return;
      const row = rows[Number(clicked.rowId ?? clicked.rowIndex)];
      if (!row) return;
      const t = Math.round((row.time_ms - state.elements.start_ms) / state.elements.step_ms);
      set("map-time", { value: Math.max(0, Math.min(t, state.elements.n_steps - 1)) });
      set("map-find", { value: row.key });
      state.host.scrollIntoView({ behavior: "smooth", block: "center" });
    },
  };
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.gridmap = gridmap;

  Object.assign(map, { choose, step, toggle: gridmap.toggle });
})();
