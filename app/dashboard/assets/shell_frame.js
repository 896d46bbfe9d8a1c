/* What the frame does in the browser: from the address to the page, the pickers and the colour scheme. */
(function () {
  "use strict";
  const { address, moment } = window.gridcarbon;
  const FRAME_KEYS = ["result", "baseline", "with", "theme", "lang"];
  const KEY = "gridcarbon-theme";
  const set = (id, props) => window.dash_clientside.set_props(id, props);

  function stored(key) {
    try { return window.localStorage.getItem(key); } catch (_) { return null; /* storage may be forbidden */ }
  }
  function store(key, value) {
    try { window.localStorage.setItem(key, value); } catch (_) { /* then it lasts for this address only */ }
  }

  function theme() {
    const known = [address.get("theme"), stored(KEY)].find((one) => one === "light" || one === "dark");
    return known || (window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  }

  const state = { keys: {}, asked: null, turn: 0, quiet: false };
  const view = () => ({ path: address.path(), search: address.search(), theme: theme() });

  /** What the page is asked by: the keys that it depends on, and no others. */
  function request() {
    const path = address.path().replace(/\/+$/, "") || "/", query = new URLSearchParams({ path });
    for (const key of [...FRAME_KEYS, ...(state.keys[path] || [])]) {
      const value = key === "theme" ? theme() : address.get(key);
      if (value !== null) query.set(key, value);
    }
    return `/shell/page?${query}`;
  }

  const failed = (words) => ({ namespace: "dash_html_components", type: "Div", props: { role: "alert", className: "state", children: [
    { namespace: "dash_html_components", type: "H1", props: { children: "The page could not be loaded" } },
    { namespace: "dash_html_components", type: "P", props: { className: "lead", children: words } },
  ] } });

  /** Old figures never stand under a new name: they are hidden from the moment that another view is asked for. */
  function mark(name) {
    const page = document.getElementById("page");
    if (page) { page.dataset.state = name; page.setAttribute("aria-busy", String(name === "loading")); }
  }

  /** Asks for the page of the address, if it is another than what was asked for last. */
  function ask() {
    const wanted = request();
    if (wanted === state.asked) return;
    state.asked = wanted;
    set("page-request", { data: wanted });
  }

  async function show(wanted) {
    const { no_update: same } = window.dash_clientside;
    if (!wanted) return [same, same];
    const turn = ++state.turn;
    mark("loading");
    let answer;
    try {
      const response = await fetch(wanted);
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      answer = await response.json();
    } catch (error) {
      if (turn !== state.turn) return [same, same];
      state.asked = null;
      mark("shown");
      return [same, failed(`${error.message}. Is the server running? Reload the page to try again.`)];
    }
    if (turn !== state.turn) return [same, same];
    window.setTimeout(() => { if (turn === state.turn) shown(answer); }, 0);
    return [answer.nav, answer.page];
  }

  /** What follows once a page stands: the address says what is shown, also where it was left open; the clock is its. */
  function shown(answer) {
    const of = answer.shown;
    mark("shown");
    document.title = answer.title ? `${answer.title} · gridcarbon` : "gridcarbon";
    if (of && !address.get("result")) {
      state.quiet = true;
      address.set({ result: of.result });
      state.quiet = false;
      state.asked = request();
    }
    moment.of(of && of.result, of && of.version);
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.shell = {
    begin(keys) {
      state.keys = keys;
      address.subscribe(() => { set("view", { data: view() }); if (!state.quiet) ask(); });
      state.asked = request();
      return [view(), state.asked];
    },
    show,
    look() {
      const scheme = theme();
      return [scheme, scheme === "dark" ? "Light" : "Dark", address.get("result")];
    },
    pick(name) {
      if (name && name !== address.get("result")) address.set({ result: name }, { push: true });
    },
    switchTheme(clicks) {
      if (!clicks) return;
      const before = theme(), after = before === "dark" ? "light" : "dark";
      address.set({ theme: before }); // so that undo comes back to it
      store(KEY, after);
      address.set({ theme: after }, { push: true });
    },
  };
})();
