/* What the frame does in the browser: from the address to the page, pickers, undo and redo, share, theme, language. */
(function () {
  "use strict";
  const app = window.gridcarbon, { address, moment } = app;
  const LOOK_EVERY_MS = 5000;
  let laid = null; // components by id, while the layout is not drawn yet
  /** Sets what differs: each change of a property has all components of the page look whether it concerns them. */
  function set(id, props) {
    if (laid) { if (laid.has(id)) Object.assign(laid.get(id), props); return; }
    const { props: now } = window.dash_component_api.getLayout(id) || { props: {} };
    const other = Object.entries(props).filter(([name, value]) => JSON.stringify(now[name]) !== JSON.stringify(value));
    if (other.length) window.dash_clientside.set_props(id, Object.fromEntries(other));
  }
  const state = { pages: [], asked: null, turn: 0, shown: null, listed: null, versions: {}, standing: -1, first: null };

  const path = () => address.path().replace(/\/+$/, "") || "/";
  const view = () => ({ path: address.path(), search: address.search(), theme: app.theme(), language: app.language() });

  // ---- the page -----------------------------------------------------------------------------------------------------

  /** What the page is asked by: the keys that it depends on, and no others. */
  const request = () => app.request(path(), (state.pages[place(path())] || { keys: [] }).keys);

  const part = (type, children, props) => ({ namespace: "dash_html_components", type, props: { children, ...props } });
  const failed = (words) => part("Div", [
    part("H1", app.say("The page could not be loaded")),
    part("P", `${words}. ${app.say("Is the server running?")}`, { className: "lead" }),
    part("Button", app.say("Try again"), { id: "page-retry", className: "button", type: "button" }),
  ], { role: "alert", className: "state" });

  /** Old figures never stand under a new name: they are hidden from the moment that another view is asked for. */
  function mark(name) {
    const page = document.getElementById("page");
    if (!page) return;
    page.dataset.state = name;
    page.dataset.loading = app.say("Loading …");
    page.setAttribute("aria-busy", String(name === "loading"));
  }

  /* Each page has a place of its own, and one is for what is no page. Only the place shown is in the document: the others
     are as they were left, charts and all, and come back where the server says that they are still right. */
  const places = { elements: [], held: [] };

  /** The view as far as a page may have taken something from it: the moment and the account reach it wherever it is. */
  function viewed() {
    const { at, why, ...rest } = address.query();
    return JSON.stringify(rest);
  }

  function place(path) {
    const found = state.pages.findIndex((page) => page.path === path);
    return found < 0 ? state.pages.length : found;
  }

  /** Puts a place into the document, and takes the one that stands there out of it. */
  function enter(number) {
    const page = document.getElementById("page");
    if (!places.elements.length) places.elements = [...page.children];
    if (page.firstElementChild === places.elements[number] && page.children.length === 1) return;
    page.replaceChildren(places.elements[number]);
  }

  /** What the places are to hold: another page in one of them; what the last one shown may not keep goes. */
  function changed(number, content) {
    const same = window.dash_clientside.no_update;
    const gone = places.held.map((held, other) => other !== number && Boolean(held && held.anew));
    const holds = places.elements.map((_, other) => (gone[other] ? part("Div") : same));
    places.held = places.held.map((held, other) => (gone[other] ? undefined : held));
    if (content !== undefined) holds[number] = content;
    return holds;
  }

  const heldOf = (number, url, tag, { nav, title, shown }, turn) => ({ url, tag, turn, nav, title, shown, anew: (state.pages[number] || { anew: true }).anew });
  const turned = (content, turn) => part("Div", content, { "data-turn": String(turn) });

  /** Shows the page of the address, if it is another than what was asked for last, or if it must be asked again. */
  async function ask(anew = false) {
    const wanted = request();
    if (wanted === state.asked && !anew) return;
    state.asked = wanted;
    const turn = ++state.turn, number = place(path());
    mark("loading");
    enter(number);
    let answer, held = places.held[number];
    try {
      await app.words();
      const known = (tag) => held && !held.anew && tag && held.tag === tag && held.url === wanted && held.viewed === viewed();
      const found = await app.fetchPage(wanted, known);
      if (!found.ok) throw new Error(app.say("The server answered {status}", { status: found.status }));
      if (found.answer) { // else what is held is still right
        answer = found.answer;
        held = heldOf(number, wanted, found.tag, answer, turn);
      }
    } catch (error) {
      if (turn !== state.turn) return;
      state.asked = null;
      held = { turn, anew: true, failed: true };
      answer = { page: failed(error.message) };
    }
    if (turn !== state.turn) return;
    const at = held.failed ? state.pages.length : number;
    enter(at);
    places.held[at] = held;
    if (held.nav !== undefined) document.getElementById("nav").innerHTML = held.nav;
    const content = answer && turned(answer.page, held.turn), holds = changed(at, content);
    if (holds.some((one) => one !== window.dash_clientside.no_update)) {
      places.next = holds;
      set("page-turn", { data: turn }); // by a callback of Dash, which then calls those of what it puts there
    }
    stands(at, held, turn);
  }

  /** Says that a page is shown once what stands in its place is what was made for it. */
  function stands(number, held, turn) {
    const made = places.elements[number].firstElementChild;
    if (turn !== state.turn) return;
    if (!made || made.dataset.turn !== String(held.turn)) { window.setTimeout(() => stands(number, held, turn), 0); return; }
    state.standing = number;
    if (held.failed) mark("failed"); else shown(held);
  }

  /** The view changes while its page stands: the page follows it, and comes back for the changed one. */
  function noted() {
    const number = place(path());
    if (number === state.standing && places.held[number]) places.held[number].viewed = viewed();
  }

  /** The address says which result is shown, also where it was left open; whether it was. */
  function completed(of) {
    if (!of || address.get("result")) return false;
    address.set({ result: of.result }, { quiet: true });
    state.asked = request();
    return true;
  }

  const remark = (of) => set("baseline-note", { children: (of && of.baseline && of.baseline_reason) || "" });

  /** What follows once a page stands: the address says what is shown, also where it was left open; the clock is its. */
  function shown(answer) {
    const of = answer.shown, before = state.shown;
    state.shown = of;
    mark("shown");
    moment.tell();
    document.title = answer.title ? `${answer.title} · gridcarbon` : "gridcarbon";
    if (completed(of)) set("view", { data: view() });
    if (of && before && of.result === before.result && of.version !== before.version) {
      notice(app.say("{name} was replaced; this page was made anew.", { name: of.label }));
    }
    moment.of(of && of.result, of && of.version);
    const timed = of && (state.pages[place(path())] || {}).timed; // a moment of a result means nothing on any other page
    document.getElementById("page").toggleAttribute("data-timeless", !timed);
    noted();
    look();
    remark(of);
    app.tablesSoon();
  }

  // ---- the layout as Dash draws it first -------------------------------------------------------------------------------

  function properties(one, found = new Map()) {
    if (Array.isArray(one)) one.forEach((child) => properties(child, found));
    else if (one && one.props) {
      if (typeof one.props.id === "string") found.set(one.props.id, one.props);
      properties(one.props.children, found);
    }
    return found;
  }

  /** What is known by now goes into the layout that Dash is about to draw: it is then drawn once, with the page in it. */
  app.complete = (layout) => {
    laid = properties(layout);
    state.pages = laid.get("page-places").data;
    listed(laid.get("results-listed").data);
    const number = place(path()), wanted = request(), still = (state.pages[number] || {}).still;
    const found = still ? app.firstPage(wanted) : null;
    if (found) {
      state.asked = wanted;
      state.shown = found.answer.shown;
      completed(state.shown);
      state.first = { number, held: heldOf(number, state.asked, found.tag, found.answer, ++state.turn) };
      laid.get(`page-${number}`).children = turned(found.answer.page, state.turn);
      remark(state.shown);
    }
    set("view", { data: view() });
    look();
    speak();
    laid = null;
  };

  /** The page that was drawn with the layout becomes the one shown. */
  function standFirst() {
    const { number, held } = state.first;
    if (held.turn !== state.turn) return;
    enter(number);
    places.held[number] = held;
    document.getElementById("nav").innerHTML = held.nav;
    stands(number, held, held.turn);
  }

  let fading = null;
  function notice(words) {
    set("shell-notice", { children: words });
    window.clearTimeout(fading);
    fading = window.setTimeout(() => set("shell-notice", { children: "" }), 12000);
  }

  // ---- pickers: they follow the address, and change nothing else ------------------------------------------------------

  const named = (value) => (value || "").split(",").filter(Boolean).map((name) => name.replaceAll("%2C", ",").replaceAll("%25", "%"));
  const joined = (names) => names.map((name) => name.replaceAll("%", "%25").replaceAll(",", "%2C")).join(",");
  const result = () => address.get("result") || (state.shown && state.shown.result) || null;
  function baseline() {
    const chosen = address.get("baseline");
    if (chosen !== null) return chosen || null;
    return state.shown && state.shown.result === result() ? state.shown.baseline || null : null;
  }

  const NOTHING = "/"; // no folder is called so

  function look() {
    set("result-picker", { value: result() });
    set("baseline-picker", { value: baseline() || (address.get("baseline") === "" ? NOTHING : null) });
    set("with-picker", { value: named(address.get("with")) });
    set("mantine", { forceColorScheme: app.theme() });
    set("view-undo", { disabled: !address.canUndo() });
    set("view-redo", { disabled: !address.canRedo() });
    set("language-picker", { value: app.language() });
    document.documentElement.lang = app.language();
  }

  function choices(entries, without) {
    return entries.filter((one) => one.name !== without).map((one) => ({
      value: one.name, label: one.problem ? `${one.label}: ${one.problem}` : one.label, disabled: Boolean(one.problem),
    }));
  }

  function offer() {
    const entries = state.listed;
    if (!entries) return; // until there is a list they offer what the server laid out
    set("result-picker", { data: choices(entries) });
    const others = choices(entries, result());
    set("baseline-picker", { data: [{ value: NOTHING, label: app.say("Nothing") }, ...others] });
    set("with-picker", { data: others, value: named(address.get("with")) });
  }

  // ---- results come, go and are replaced while they are served ---------------------------------------------------------

  function listed(entries) {
    Object.assign(state, { listed: entries, versions: Object.fromEntries(entries.map((one) => [one.name, one.version])) });
  }

  async function list() {
    let entries;
    try {
      const answer = await fetch("/shell/results");
      if (!answer.ok) return;
      entries = await answer.json();
    } catch (_) { return; /* the next page that is asked for says so */ }
    const before = state.listed, known = state.versions;
    listed(entries);
    const used = [result(), baseline(), ...named(address.get("with"))].filter(Boolean);
    const other = before && used.some((name) => state.versions[name] !== known[name]);
    const changed = JSON.stringify(entries) !== JSON.stringify(before);
    if (changed) offer();
    const first = entries.length && !state.shown && !address.get("result") && place(path()) < state.pages.length;
    if (other || first) ask(true);
  }
  window.setInterval(() => { if (!document.hidden) list(); }, LOOK_EVERY_MS);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) list(); });

  // ---- words of the frame ---------------------------------------------------------------------------------------------

  function speak() {
    const label = (words) => ({ "aria-label": app.say(words), title: app.say(words) });
    set("theme-switch", { children: app.say(app.theme() === "dark" ? "Light" : "Dark"), title: app.say("Switch between light and dark") });
    set("view-undo", label("Undo the last change of the view"));
    set("view-redo", label("Redo"));
    set("view-share", label("Copy a link that holds this whole view"));
    set("result-picker", { label: app.say("Result") });
    set("baseline-picker", { label: app.say("Compared with"), placeholder: app.say("Nothing") });
    set("with-picker", { label: app.say("Compare also"), placeholder: app.say("Add results") });
    offer();
    set("skip-link", { children: app.say("Skip to the content") });
    moment.refresh();
  }

  // ---- share, undo, redo ------------------------------------------------------------------------------------------------

  async function share() {
    const at = moment.get(), whole = { result: result(), theme: app.theme(), lang: app.language() };
    if (baseline()) whole.baseline = baseline();
    if (at !== null) whole.at = `${new Date(at).toISOString().slice(0, 16)}Z`;
    const href = address.href(whole);
    try {
      await window.navigator.clipboard.writeText(href);
      notice(app.say("A link to this view was copied."));
    } catch (_) { // not allowed, or not served from this machine
      address.set(whole);
      notice(app.say("The link to this view stands in the address bar; copy it there."));
    }
  }

  document.addEventListener("focusin", (event) => { // so that what is typed replaces the name that stands there
    if (event.target.matches(".picker input")) event.target.select();
  });

  const editable = (node) => node && (node.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName) && node.type !== "range");
  window.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || !(event.ctrlKey || event.metaKey) || event.altKey || editable(event.target)) return;
    const key = event.key.toLowerCase(), redo = key === "y" || (key === "z" && event.shiftKey);
    if (!redo && key !== "z") return;
    event.preventDefault();
    if (redo ? address.canRedo() : address.canUndo()) window.history.go(redo ? 1 : -1);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("button");
    if (!button) return;
    if (button.id === "page-retry") ask(true);
    if (button.id === "view-undo" && address.canUndo()) window.history.back();
    if (button.id === "view-redo" && address.canRedo()) window.history.forward();
    if (button.id === "view-share") share();
    if (button.id === "theme-switch") {
      const before = app.theme(), after = before === "dark" ? "light" : "dark";
      address.set({ theme: before }); // so that undo comes back to it
      app.remember("theme", after);
      address.set({ theme: after }, { push: true });
    }
  });

  // ---- what Dash calls ------------------------------------------------------------------------------------------------

  async function follow() {
    await app.words();
    look();
    speak();
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.shell = {
    begin(pages) {
      state.pages = pages;
      const said = () => JSON.stringify([app.language(), app.theme(), result()]);
      let before = said();
      address.subscribe(() => {
        set("view", { data: view() });
        look(); // at once, so that a picker never holds another value than the address when Dash asks for it
        if (before !== said()) { before = said(); follow(); }
        noted();
        ask();
      });
      window.setTimeout(() => { if (state.first) standFirst(); else ask(); follow(); }, 0);
      return view();
    },
    /** What the places hold from now on. */
    put: () => places.next || [...state.pages, null].map(() => window.dash_clientside.no_update),
    pick(name) {
      if (name && name !== result()) address.set({ result: name }, { push: true });
    },
    pickBaseline(name) {
      const chosen = name === NOTHING ? "" : name;
      if (chosen !== null && chosen !== (baseline() || "")) address.set({ baseline: chosen }, { push: true });
    },
    pickOthers(names) {
      if (!state.listed) return; // before there is a list, the picker drops what it does not know
      const value = joined(names || []);
      if (value !== (address.get("with") || "")) address.set({ with: value || null }, { push: true });
    },
    pickLanguage(language) {
      if (!language || language === app.language()) return;
      address.set({ lang: app.language() }, { quiet: true });
      app.remember("language", language);
      address.set({ lang: language }, { push: true });
    },
  };
  app.notice = notice;
  app.again = () => ask(true); // what lies beside the result of the page has changed
})();
