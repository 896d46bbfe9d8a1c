/* The address is what the view is: nothing else in the browser reads or writes it.

   gridcarbon.address.get(key)                 value of a key, or null
   gridcarbon.address.set(changes, options)    values by key, null takes one out; {push: true} makes a step that can be
                                               undone; {push: true, merge: "zoom"} joins it with a step of the same kind
                                               before it; else the address changes without a step;
                                               {quiet: true} tells no one
   gridcarbon.address.subscribe(fn)            fn(query) after every change; returns what ends it
   gridcarbon.address.search() / .path()       the query as text / the page
   gridcarbon.moment.get() / .set(ms)          the shown moment, UTC milliseconds on a step of the result
   gridcarbon.moment.subscribe(fn)             fn(ms) at every change, also while it plays; returns what ends it
   gridcarbon.moment.clock()                   {start_ms, step_ms, n_steps, zone, …} of the result shown, or null
   gridcarbon.moment.local(ms, options)        a moment in the city's time, as Intl.DateTimeFormat words it (shell_time.js)
   gridcarbon.theme() / .language()            light or dark / en, ja or zh: of the address, else as chosen last
   gridcarbon.say(text, values)                a text in that language, as the server's language.say
   gridcarbon.number(text)                     a number as that language writes it: with a decimal comma in German
   gridcarbon.moment.step(n) .play() .pause() .playing() */
(function () {
  "use strict";
  const app = (window.gridcarbon = window.gridcarbon || {});
  const KEPT = /[^A-Za-z0-9\-._~:,|]/g; // what is written as %XX, the same as on the server

  // ---- address ------------------------------------------------------------------------------------------------------
  const readers = new Set();
  const ORDER = "gridcarbon-steps"; // how many steps this tab made, so that redo knows whether there is one

  const query = () => {
    const found = {};
    for (const [key, value] of new URLSearchParams(window.location.search)) if (!(key in found)) found[key] = value;
    return found;
  };
  const encode = (text) => text.replace(KEPT, (char) => encodeURIComponent(char).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`));
  const written = (values) => {
    const parts = Object.entries(values).map(([key, value]) => `${encode(key)}=${encode(String(value))}`);
    return parts.length ? `?${parts.join("&")}` : "";
  };
  const place = () => (window.history.state && window.history.state.step) || 0;
  const last = () => { try { return Number(window.sessionStorage.getItem(ORDER)) || 0; } catch (_) { return place(); } };
  const tell = () => { const now = query(); for (const reader of [...readers]) reader(now); };

  function go(path, values, { push = false, merge = null, quiet = false } = {}) {
    const search = written(values), state = window.history.state || {};
    if (path === window.location.pathname && search === window.location.search) return;
    const step = push && !(merge && state.merge === merge) ? place() + 1 : place();
    const made = { step, merge: push ? merge : state.merge };
    window.history[step > place() ? "pushState" : "replaceState"](made, "", path + search);
    if (push) try { window.sessionStorage.setItem(ORDER, String(step)); } catch (_) { /* then redo is always offered */ }
    if (!quiet) tell();
  }

  let moving = null; // the moment as the address will have it, while it has not rested
  /** Values of an address, with the moment that does not rest yet, unless the change names another. */
  const settled = (values, named) => (moving !== null && !named ? { ...values, at: moving } : values);

  app.address = {
    get: (key) => query()[key] ?? null,
    query,
    search: () => window.location.search,
    path: () => window.location.pathname,
    set(changes, options) {
      const values = query();
      for (const [key, value] of Object.entries(changes)) {
        if (value === null || value === undefined) delete values[key]; else values[key] = value;
      }
      go(window.location.pathname, settled(values, "at" in changes), options);
    },
    /** To a page, keeping the rest of the view; values of "" are taken out. */
    open(href) {
      const target = new URL(href, window.location.href), values = query();
      for (const [key, value] of target.searchParams) { if (value === "" && key !== "baseline") delete values[key]; else values[key] = value; }
      go(target.pathname, settled(values, target.searchParams.has("at")), { push: true });
    },
    /** The address of the view with other values, as a whole link. */
    href: (changes) => window.location.origin + window.location.pathname + written(settled({ ...query(), ...changes }, Boolean(changes) && "at" in changes)),
    subscribe(reader) { readers.add(reader); return () => readers.delete(reader); },
    canUndo: () => place() > 0,
    canRedo: () => place() < last(),
  };
  window.addEventListener("popstate", tell);

  if (!window.history.state) { // an address that was typed or followed from elsewhere: nothing to undo or redo
    window.history.replaceState({ step: 0, merge: null }, "");
    try { window.sessionStorage.setItem(ORDER, "0"); } catch (_) { /* then redo is offered where there is none */ }
  }

  /** A link to a page of ours keeps the rest of the view, also where it is opened in another tab or copied. */
  const PAGE = (link) => link && link.origin === window.location.origin && !link.hasAttribute("download") && !link.hash
    && !/^\/(assets|download|map|shell|timeline|rows|_)/.test(link.pathname) && (!link.target || link.target === "_self");
  const nearest = (event) => (event.target.closest ? event.target.closest("a[href]") : null);
  function complete(event) {
    const link = nearest(event);
    if (!PAGE(link)) return;
    const values = { ...query() };
    for (const [key, value] of new URL(link.href).searchParams) { if (value === "" && key !== "baseline") delete values[key]; else values[key] = value; }
    const href = link.pathname + written(settled(values, new URL(link.href).searchParams.has("at")));
    if (link.getAttribute("href") !== href) link.setAttribute("href", href);
  }
  for (const kind of ["pointerdown", "focusin", "contextmenu"]) document.addEventListener(kind, complete, true);
  document.addEventListener("click", (event) => {
    const link = nearest(event);
    if (!PAGE(link) || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation(); // Dash's own links would write the address too
    app.address.open(link.href);
    window.scrollTo(0, 0);
  }, true);

  // ---- colour scheme and language -------------------------------------------------------------------------------------
  const THEMES = ["light", "dark"], LANGUAGES = ["en", "de", "ja", "zh"];
  const catalogues = new Map([["en", {}]]);
  let spoken = {};

  function stored(name) {
    try { return window.localStorage.getItem(`gridcarbon-${name}`); } catch (_) { return null; /* storage may be forbidden */ }
  }
  app.remember = (name, value) => {
    try { window.localStorage.setItem(`gridcarbon-${name}`, value); } catch (_) { /* then it lasts for this address only */ }
  };
  app.theme = () => [app.address.get("theme"), stored("theme")].find((one) => THEMES.includes(one))
    || (window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  app.language = () => [app.address.get("lang"), stored("language"), (window.navigator.language || "").slice(0, 2)]
    .find((one) => LANGUAGES.includes(one)) || "en";
  /** Fetches the words of the language, once; what is said before is English. */
  app.words = async () => {
    const language = app.language();
    if (!catalogues.has(language)) {
      catalogues.set(language, fetch(`/shell/words/${language}`).then((answer) => (answer.ok ? answer.json() : {})).catch(() => ({})));
    }
    spoken = await catalogues.get(language);
  };
  const NUMBER = /^[+\u2212-]?\d[\d\u202f]*\.\d+(?:[ \u00a0]?[%°]|[ \u00a0][^\d\s.,]\S{0,11})?$/;
  /** A text that is a number, maybe with sign and unit, as the language writes it, as the server's number_in; any other as it is. */
  app.number = (text) => (app.language() === "de" && NUMBER.test(text) ? String(text).replace(".", ",") : String(text));
  app.say = (text, values) => (spoken[text] || text).replace(/\{(\w+)\}/g, (whole, name) => (values && name in values ? app.number(values[name]) : whole));

  // ---- the page ---------------------------------------------------------------------------------------------------------
  const FRAME_KEYS = ["result", "baseline", "with", "theme", "lang"], OF_BROWSER = ["at", "layer", "select", "zoom", "why"];
  /** What a page is asked by: the keys of the frame and its own. */
  app.request = (path, keys) => {
    const asked = new URLSearchParams({ path });
    for (const key of [...FRAME_KEYS, ...keys]) {
      const value = key === "theme" ? app.theme() : key === "lang" ? app.language() : app.address.get(key);
      if (value !== null) asked.set(key, value);
    }
    return `/shell/page?${asked}`;
  };
  // The first page is asked for before the rest is loaded, where no key of its own may be missing.
  const first = app.request(window.location.pathname.replace(/\/+$/, "") || "/", []);
  const plain = Object.keys(query()).every((key) => FRAME_KEYS.includes(key) || OF_BROWSER.includes(key));
  let arrived = null; // what of it has been read
  async function read(response) {
    const answer = response.ok ? await response.json() : null;
    return { ok: response.ok, status: response.status, tag: response.headers.get("ETag"), answer };
  }
  let early = plain ? fetch(first).then(read).then((found) => { arrived = found; return found; }).catch(() => null) : null;
  /** The answer to a request for a page: `ok`, `status`, `tag`, and the page as `answer`. Only one that is not `known` by its tag is read. */
  app.fetchPage = async (wanted, known) => {
    const found = wanted === first ? await early : null;
    early = arrived = null;
    if (found) return found;
    const response = await fetch(wanted), tag = response.headers.get("ETag");
    return response.ok && known(tag) ? { ok: true, tag } : read(response);
  };
  /** The answer to a request for the first page, if it is there; null if it is not. It is given once: later it may be old. */
  app.firstPage = (wanted) => {
    if (!arrived || !arrived.ok || wanted !== first) return null;
    const found = arrived;
    early = arrived = null;
    return found;
  };

  // ---- moment -------------------------------------------------------------------------------------------------------
  const watchers = new Set(), fetched = new Map();
  const REST_MS = 250, PLAY_MS = 90;
  let clock = null, now = null, player = null, resting = null;

  const iso = (ms) => `${new Date(ms).toISOString().slice(0, 16)}Z`;
  const onStep = (ms) => {
    if (!clock || !clock.n_steps) return null;
    const step = Math.round((ms - clock.start_ms) / clock.step_ms);
    return clock.start_ms + Math.min(clock.n_steps - 1, Math.max(0, step)) * clock.step_ms;
  };
  const inside = (ms) => clock && ms >= clock.start_ms && ms < clock.start_ms + clock.n_steps * clock.step_ms;

  function move(ms, quiet) {
    const next = onStep(ms);
    if (next === null || next === now) return;
    now = next;
    for (const watcher of [...watchers]) watcher(now);
    window.clearTimeout(resting);
    moving = !quiet && !player ? iso(now) : null;
    if (moving !== null) resting = window.setTimeout(rest, REST_MS);
  }
  function rest() {
    moving = null;
    if (now === null || player) return;
    if (app.address.get("at") !== iso(now)) app.address.set({ at: iso(now) }, { push: true, merge: "at" });
    rested();
  }
  const rested = () => window.dash_clientside && window.dash_clientside.set_props && window.dash_clientside.set_props("moment-rested", { data: now === null ? null : iso(now) });

  app.moment = {
    get: () => now,
    set: (ms) => move(ms, false),
    step: (by) => clock && now !== null && move(now + by * clock.step_ms, false),
    subscribe(watcher) { watchers.add(watcher); return () => watchers.delete(watcher); },
    /** Tells the moment to all who watch it, as a page that comes back has missed some. */
    tell: () => { if (now !== null) for (const watcher of [...watchers]) watcher(now); },
    clock: () => clock,
    playing: () => player !== null,
    play() {
      if (player || !clock) return;
      player = window.setInterval(() => {
        const next = now + clock.step_ms;
        move(inside(next) ? next : clock.start_ms, false);
      }, PLAY_MS);
      for (const watcher of [...watchers]) watcher(now);
    },
    pause() {
      window.clearInterval(player);
      player = null;
      for (const watcher of [...watchers]) watcher(now);
      rest();
    },
    /** The clock of the result shown; of no result without a name. */
    async of(name, version) {
      if (!name) { clock = null; now = null; return; }
      const key = `${name}|${version}`, url = `/timeline/${encodeURIComponent(name)}`;
      if (!fetched.has(key)) fetched.set(key, fetch(url).then((answer) => (answer.ok ? answer.json() : null)).catch(() => null));
      const found = await fetched.get(key);
      if (!found) { fetched.delete(key); return; }
      if (found === clock) return;
      clock = found;
      const asked = Date.parse(app.address.get("at") || ""), before = now;
      now = null;
      move(inside(asked) ? asked : inside(before) ? before : clock.peak_ms, true);
      rested();
    },
  };
  app.address.subscribe(() => {
    const asked = Date.parse(app.address.get("at") || "");
    if (!Number.isNaN(asked) && inside(asked) && onStep(asked) !== now && !player) { move(asked, true); rested(); }
  });
})();
