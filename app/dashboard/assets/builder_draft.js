/* The draft in the browser: what the server says of it, edits one after the other, what waits and what was refused.

   gridbuilder.draft()               the draft as the server last said, or null
   gridbuilder.edit(edit)            asks for an edit; edits of one `gesture` that wait become one
   gridbuilder.subscribe(fn)         fn(draft) after every change; returns what ends it
   gridbuilder.ask(path, options)    JSON of the server; throws {status, answer} where it refuses */
(function () {
  "use strict";
  const builder = (window.gridbuilder = window.gridbuilder || {});
  const CHECK_AFTER_MS = 350;
  const FORCING = ["undo", "redo", "drop"];
  const state = (builder.state = { draft: null, waiting: [], sending: null, checked: null, checking: false, trouble: null, config: null, timer: null, turn: 0, asked: false });
  const readers = new Set();

  /** An element with attributes and children; texts stay texts, whatever is in them. */
  function h(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === false || value === null || value === undefined) continue;
      if (key === "class") made.className = value;
      else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (key === "value" || key === "checked" || key === "disabled" || key === "hidden") made[key] = value;
      else made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
    return made;
  }
  const mount = (id, ...children) => { const host = document.getElementById(id); if (host) host.replaceChildren(...children.filter(Boolean)); return host; };
  const say = (text, values) => window.gridcarbon.say(text, values);
  const set = (id, props) => window.dash_clientside.set_props(id, props);
  const onPage = () => Boolean(document.getElementById("build"));

  async function ask(path, { body, raw, method } = {}) {
    const options = { method: method || (body || raw ? "POST" : "GET"), headers: {} };
    if (body) { options.body = JSON.stringify(body); options.headers["Content-Type"] = "application/json"; }
    if (raw) { options.body = raw; options.headers["Content-Type"] = "application/octet-stream"; }
    let response, answer = null;
    try {
      response = await fetch(path, options);
    } catch (_) {
      throw { status: 0, answer: null };
    }
    try { answer = await response.json(); } catch (_) { /* no JSON: the status says enough */ }
    if (!response.ok || answer === null) throw { status: response.status || 500, answer };
    return answer;
  }

  /** What a refusal says, in one or more sentences. */
  function words(refusal) {
    const { status, answer } = refusal;
    if (answer && answer.faults) return answer.faults.map((one) => (one.place ? `${one.place}: ${one.words}` : one.words)).join(" · ");
    if (answer && answer.problem) return answer.problem;
    if (status === 0) return say("The server does not answer.");
    if (status === 413) return say("That is larger than what is taken here.");
    if (status === undefined) return String(refusal && refusal.message ? refusal.message : refusal);
    return say("The server answered with status {status}.", { status });
  }

  function tell() { for (const reader of [...readers]) reader(state.draft); }

  function take(draft) {
    const fresh = !state.draft || state.draft.id !== draft.id;
    const changed = fresh || state.draft.revision !== draft.revision;
    state.draft = draft;
    if (fresh) { state.checked = null; state.waiting = []; state.trouble = null; }
    set("build-draft", { data: { id: draft.id, revision: draft.revision, content: draft.content } });
    tell();
    if (changed) checkSoon();
  }

  /** The full check follows the schema's when nothing more is asked for a moment. */
  function checkSoon() {
    state.checking = true;
    window.clearTimeout(state.timer);
    state.timer = window.setTimeout(check, CHECK_AFTER_MS);
    tell();
  }
  async function check() {
    if (!state.draft) return;
    if (state.waiting.length || state.sending || state.asked) { state.timer = window.setTimeout(check, CHECK_AFTER_MS); return; }
    const turn = ++state.turn, { draft } = state;
    state.asked = true; // one check at a time, however long it takes
    try {
      const found = await ask(`/build/drafts/${draft.id}/check`);
      if (turn !== state.turn || !state.draft || state.draft.id !== draft.id) return;
      if (found.revision !== state.draft.revision) return; // a newer check follows
      state.checked = found;
    } catch (refusal) {
      if (turn !== state.turn) return;
      state.checked = { revision: draft.revision, faults: [], notes: [], hints: {}, failed: words(refusal) };
    } finally {
      state.asked = false;
    }
    state.checking = false;
    tell();
  }

  function edit(wanted) {
    if (!state.draft) return;
    const last = state.waiting[state.waiting.length - 1];
    if (last && wanted.gesture && last.gesture === wanted.gesture) state.waiting[state.waiting.length - 1] = wanted;
    else state.waiting.push(wanted);
    send();
  }

  async function send() {
    if (state.sending || !state.waiting.length || state.trouble) return;
    const { draft } = state, wanted = state.waiting.shift();
    state.sending = wanted;
    try {
      const answer = await ask(`/build/drafts/${draft.id}/edit`, { body: { revision: draft.revision, edit: wanted } });
      state.sending = null;
      state.forced = FORCING.includes(wanted.do); // then boxes with the focus show the new value too
      take(answer);
      state.forced = false;
    } catch (refusal) {
      state.sending = null;
      refuse(refusal, wanted);
    }
    if (!state.trouble) send();
  }

  /** An edit that was refused: another tab was faster, it cannot be, or it could not be kept. */
  function refuse(refusal, wanted) {
    const { status, answer } = refusal;
    if (status === 409 && answer && answer.stale) {
      state.waiting.unshift(wanted);
      state.trouble = { kind: "stale", theirs: answer.stale };
    } else if (status === 400 && answer && answer.faults && !answer.faults.some((one) => one.place === "draft")) {
      state.trouble = { kind: "wrong", words: words(refusal) };
      window.setTimeout(() => { if (state.trouble && state.trouble.kind === "wrong") { state.trouble = null; send(); tell(); } }, 0);
      builder.notice(words(refusal), "warning");
    } else {
      state.waiting.unshift(wanted);
      state.trouble = { kind: "unsaved", words: words(refusal) };
    }
    tell();
  }

  function again() { state.trouble = null; tell(); send(); }

  async function takeTheirs() {
    const { id } = state.draft;
    state.waiting = [];
    state.trouble = null;
    try { take(await ask(`/build/drafts/${id}`)); } catch (refusal) { builder.notice(words(refusal), "warning"); }
    tell();
  }

  /** What this tab has becomes a draft of its own, with the edits that wait. */
  async function keepMine() {
    const { id, content } = state.draft, [first, ...rest] = state.waiting;
    try {
      const mine = await ask(`/build/drafts/${id}/copy`, { body: { content, edit: first || null } });
      state.trouble = null;
      take(mine);
      state.waiting = rest;
      window.gridcarbon.address.set({ build_draft: mine.id }, {});
      builder.notice(say("Kept as a copy: {name}", { name: mine.name }), "good");
      send();
    } catch (refusal) { builder.notice(words(refusal), "warning"); }
    tell();
  }

  /** Every fault: those of the full check where it is of this revision, else those of the schema. */
  function faults() {
    const { draft, checked } = state;
    if (!draft) return [];
    return checked && checked.revision === draft.revision && !checked.failed ? checked.faults : draft.faults;
  }

  window.addEventListener("beforeunload", (event) => { if (state.waiting.length || state.sending) event.preventDefault(); });

  function notice(text, tone = "") {
    const host = document.getElementById("build-notice");
    if (!host) return;
    host.className = `b-notice ${tone}`;
    host.textContent = text;
  }

  Object.assign(builder, {
    again, ask, edit, faults, h, keepMine, mount, notice, onPage, say, set, take, takeTheirs, tell, words,
    draft: () => state.draft,
    close() { state.draft = null; state.waiting = []; state.trouble = null; state.checked = null; tell(); },
    subscribe(reader) { readers.add(reader); return () => readers.delete(reader); },
  });
})();
