/* The tray of runs: a button in the header that says how many go on, a drawer with all of them, and a word when one ends.
   The server is asked every half second while a run goes on, and seldom otherwise. */
(function () {
  "use strict";
  const ACTIVE_MS = 500, QUIET_MS = 4000, ALONE_MS = 2000;
  const SEEN = "gridcarbon-runs";
  const STATES = { waiting: "Waiting", running: "Running", done: "Done", infeasible: "Done, a limit is broken",
    failed: "Failed", cancelled: "Cancelled" };
  const PHASES = { "": "starting", read: "reading", prepare: "preparing", dispatch: "dispatch", "power flow": "power flow",
    "carbon tracing": "carbon tracing", write: "writing", "hosting capacity": "hosting capacity" };
  const ENDS = { done: "{name} is done.", infeasible: "{name} is done, but a limit is broken.",
    failed: "{name} failed: {reason}" };

  let runs = [], problem = "", unanswered = 0, timer = null, asking = false, spoken = null;
  const rows = new Map(), logs = new Map();

  // ---- words
  const say = (text, values) => window.gridcarbon.say(text, values);
  const language = () => document.documentElement.lang;

  function duration(seconds) {
    if (seconds < 60) return say("{n} s", { n: seconds < 10 ? Math.max(1, Math.round(seconds)) : 5 * Math.round(seconds / 5) });
    if (seconds < 5400) return say("{n} min", { n: Math.round(seconds / 60) });
    return say("{n} h", { n: (seconds / 3600).toFixed(1) });
  }

  const active = (run) => run.status === "waiting" || run.status === "running";
  const firstLine = (text) => { const line = text.split("\n").map((one) => one.trim()).filter(Boolean).slice(0, 3).join(" · "); return line; };

  // ---- elements
  function make(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  function put(element, text) { if (element.textContent !== text) element.textContent = text; }

  function button(text, done) {
    const one = make("button", "button", text);
    one.type = "button";
    one.addEventListener("click", done);
    return one;
  }

  // ---- what was seen before, so that an end is told once, and also to who comes back later
  function seen() {
    try { return JSON.parse(window.localStorage.getItem(SEEN)) || {}; } catch (_) { return {}; }
  }

  function keep(states) {
    try { window.localStorage.setItem(SEEN, JSON.stringify(states)); } catch (_) { /* then ends are told on this page only */ }
  }

  let before = null;
  function tellEnds() {
    const known = before || seen(), states = {};
    for (const run of runs) {
      states[run.key] = run.status;
      const was = known[run.key];
      if (!active(run) && (was === "waiting" || was === "running") && run.status !== "cancelled") notice(run);
    }
    if (JSON.stringify(states) !== JSON.stringify(known)) keep(states);
    before = states;
  }

  function openLink(run) { // the frame keeps the rest of the view
    const link = make("a", "runs-open", say("Open result"));
    link.href = (run.study ? "/grid" : "/") + "?result=" + encodeURIComponent(run.result);
    link.setAttribute("aria-label", say("Open result") + ": " + run.name);
    link.addEventListener("click", () => {
      drawer().close();
      for (const told of notices().querySelectorAll(".runs-notice")) if (told.dataset.key === run.key) told.remove();
    });
    return link;
  }

  function notices() {
    let region = document.getElementById("runs-notices");
    if (!region) {
      region = make("div");
      region.id = "runs-notices";
      region.setAttribute("role", "status");
      region.setAttribute("aria-live", "polite");
      document.body.appendChild(region);
    }
    return region;
  }

  function notice(run) {
    const box = make("div", "runs-notice " + run.status);
    box.dataset.key = run.key;
    for (const old of notices().querySelectorAll(".runs-notice")) if (old.dataset.key === run.key) old.remove();
    box.appendChild(make("p", "", say(ENDS[run.status], { name: run.name, reason: firstLine(run.reason) })));
    const does = make("div", "runs-does");
    if (run.result) does.appendChild(openLink(run));
    else does.appendChild(button(say("Log"), () => { open(); showLog(run.key, true); }));
    does.appendChild(button(say("Dismiss"), () => box.remove()));
    box.appendChild(does);
    notices().appendChild(box);
    while (notices().children.length > 4) notices().firstChild.remove();
  }

  // ---- the drawer
  function drawer() {
    const found = document.getElementById("runs-drawer");
    if (found) return found;
    const dialog = make("dialog");
    dialog.id = "runs-drawer";
    dialog.setAttribute("aria-labelledby", "runs-title");
    const head = make("header");
    const title = make("h2", "", say("Runs"));
    title.id = "runs-title";
    head.append(title, button(say("Close"), () => dialog.close()));
    const trouble = make("p", "warning runs-problem");
    trouble.setAttribute("role", "alert");
    trouble.hidden = true;
    const nothing = make("p", "nothing runs-nothing", say("Nothing was run here yet."));
    const scroll = make("div", "runs-scroll");
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-labelledby", "runs-title");
    const table = make("table"), body = make("tbody"), row = make("tr"), top = make("thead");
    for (const text of ["Run", "State", "Progress", "Time left", "What to do"]) {
      const cell = make("th", "", say(text));
      cell.scope = "col";
      row.appendChild(cell);
    }
    top.appendChild(row);
    table.append(top, body);
    scroll.appendChild(table);
    dialog.append(head, trouble, nothing, scroll);
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    dialog.addEventListener("close", () => {
      const opener = document.getElementById("runs-button");
      if (opener) { opener.setAttribute("aria-expanded", "false"); opener.focus(); }
    });
    document.body.appendChild(dialog);
    return dialog;
  }

  function open() {
    show();
    const dialog = drawer();
    if (!dialog.open) dialog.showModal();
    const opener = document.getElementById("runs-button");
    if (opener) opener.setAttribute("aria-expanded", "true");
    look();
  }

  function rowOf(run) {
    let row = rows.get(run.key);
    if (row) return row;
    const line = make("tr", "runs-row");
    line.dataset.key = run.key;
    const name = make("th");
    name.scope = "row";
    const called = make("div", "runs-name"), why = make("div", "runs-reason");
    name.append(called, why);
    const state = make("td", "runs-status"), how = make("td", "runs-progress"), left = make("td", "runs-left"), does = make("td");
    const phase = make("div", "runs-phase"), bar = make("progress");
    bar.max = 1;
    how.append(phase, bar);
    const box = make("div", "runs-does");
    does.appendChild(box);
    line.append(name, state, how, left, does);
    row = { line, called, why, state, phase, bar, left, box, actions: "" };
    rows.set(run.key, row);
    return row;
  }

  function progressWords(run) {
    if (run.status !== "running") return "";
    return say(PHASES[run.phase] || run.phase) + (run.share > 0 ? " · " + Math.floor(100 * run.share) + "\u00a0%" : "");
  }

  function timeWords(run) {
    if (run.status === "running" && run.seconds_left !== null) return say("about {time}", { time: duration(run.seconds_left) });
    if (!active(run) && run.seconds) return say("took {time}", { time: duration(run.seconds) });
    return "";
  }

  function fill(run) {
    const row = rowOf(run);
    row.line.className = "runs-row " + run.status;
    put(row.called, run.name);
    put(row.why, firstLine(run.reason));
    put(row.state, say(STATES[run.status] || run.status));
    put(row.phase, progressWords(run));
    row.bar.hidden = run.status !== "running";
    row.bar.value = run.share;
    row.bar.setAttribute("aria-label", run.name);
    put(row.left, timeWords(run));
    const actions = run.status + (run.result || "");
    if (row.actions === actions) return row;
    row.actions = actions;
    const had = row.box.contains(document.activeElement);
    row.box.textContent = "";
    if (run.result) row.box.appendChild(openLink(run));
    if (active(run)) row.box.appendChild(named(say("Cancel"), run, () => order(run.key, "cancel")));
    if (run.status === "failed" || run.status === "cancelled") {
      row.box.appendChild(named(say("Try again"), run, () => order(run.key, "retry")));
    }
    const log = named(logs.has(run.key) ? say("Hide log") : say("Log"), run, () => showLog(run.key, !logs.has(run.key)));
    log.classList.add("runs-log-button");
    log.setAttribute("aria-expanded", String(logs.has(run.key)));
    row.box.appendChild(log);
    if (had) row.box.querySelector("button, a").focus();
    return row;
  }

  function named(text, run, done) {
    const one = button(text, done);
    one.setAttribute("aria-label", text + ": " + run.name);
    return one;
  }

  /** In another language all is made anew. */
  function translate() {
    if (spoken === language()) return;
    const dialog = document.getElementById("runs-drawer"), was = dialog && dialog.open;
    if (dialog) dialog.remove();
    rows.clear();
    spoken = language();
    if (was) drawer().showModal();
  }

  function show() {
    translate();
    const body = drawer().querySelector("tbody");
    for (const [key, row] of rows) {
      if (!runs.some((run) => run.key === key)) { row.line.remove(); rows.delete(key); showLog(key, false); }
    }
    let place = body.firstChild;
    for (const run of runs) {
      const row = fill(run);
      if (row.line !== place) body.insertBefore(row.line, place);
      place = row.line.nextSibling;
      const log = logs.get(run.key);
      if (log) {
        if (log !== place) body.insertBefore(log, place);
        place = log.nextSibling;
      }
    }
    drawer().querySelector(".runs-nothing").hidden = runs.length > 0;
    drawer().querySelector(".runs-scroll").hidden = runs.length === 0;
    showProblem();
    showState();
  }

  function showProblem() {
    const trouble = drawer().querySelector(".runs-problem");
    let text = problem ? say("The queue is held up: {problem}.", { problem }) + " " + say("It goes on by itself when that is mended; nothing is lost.") : "";
    if (unanswered > 1) text = say("The server does not answer. Runs that go on are finished, and what waits goes on when the server is back.");
    put(trouble, text);
    trouble.hidden = !text;
  }

  function showState() {
    const place = document.getElementById("runs-state"), opener = document.getElementById("runs-button");
    if (!place || !opener) return;
    const going = runs.filter((run) => run.status === "running"), waiting = runs.filter((run) => run.status === "waiting").length;
    const left = going.length + waiting, heldUp = Boolean(problem) || unanswered > 1;
    const done = going.reduce((sum, run) => sum + run.share, 0) / Math.max(1, going.length);
    const words = [[going.length, "running"], [waiting, "waiting"]].filter(([count]) => count).map(([count, word]) => count + " " + say(word));
    put(place, heldUp ? say("held up") : going.length ? left + " · " + Math.floor(100 * done) + "\u00a0%" : left ? words[0] : "");
    opener.title = words.join(", ");
    put(document.getElementById("runs-word"), say("Runs"));
    opener.classList.toggle("going", going.length > 0);
    opener.classList.toggle("held-up", heldUp);
  }

  // ---- the log of a run
  async function showLog(key, wanted) {
    const old = logs.get(key), row = rows.get(key);
    if (!wanted) { if (old) old.remove(); logs.delete(key); }
    else if (!old) {
      const line = make("tr", "runs-log"), cell = make("td"), list = make("ol");
      cell.colSpan = 5;
      cell.appendChild(list);
      line.appendChild(cell);
      logs.set(key, line);
      await fillLog(key);
    }
    if (row) { row.actions = ""; show(); row.box.querySelector(".runs-log-button").focus(); }
  }

  async function fillLog(key) {
    const line = logs.get(key);
    if (!line) return;
    const list = line.querySelector("ol");
    try {
      const answer = await ask("/runs/" + key + "/log.json");
      const events = answer.events.map((event) => new Date(1000 * event.at).toLocaleString(document.documentElement.lang || "en") + "  " + event.text);
      const lines = events.length ? events : [say("Nothing is written down about this run.")];
      if (lines.join("\n") === Array.from(list.children, (one) => one.textContent).join("\n")) return;
      list.textContent = "";
      for (const text of lines) list.appendChild(make("li", "", text));
    } catch (error) {
      list.textContent = "";
      list.appendChild(make("li", "", say("That did not work: {reason}", { reason: error.message })));
    }
  }

  // ---- the server
  async function ask(place, method) {
    const response = await fetch(place, { method: method || "GET", credentials: "same-origin", cache: "no-store" });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(answer.problem || response.status + " " + response.statusText);
    return answer;
  }

  async function order(key, what) {
    try {
      const answer = await ask("/runs/" + key + "/" + what, "POST");
      runs = runs.map((run) => (run.key === key && answer.run ? answer.run : run));
      if (before && answer.run) before[key] = answer.run.status;
      show();
      fillLog(key);
    } catch (error) {
      const row = rows.get(key);
      if (row) put(row.why, say("That did not work: {reason}", { reason: error.message }));
      return;
    }
    look();
  }

  async function look() {
    if (asking) return;
    asking = true;
    window.clearTimeout(timer);
    try {
      const answer = await ask("/runs.json");
      const going = runs.filter(active).map((run) => run.key + run.phase).join();
      runs = answer.runs;
      problem = answer.problem;
      unanswered = 0;
      tellEnds();
      if (drawer().open) {
        show();
        if (going !== runs.filter(active).map((run) => run.key + run.phase).join()) for (const key of logs.keys()) fillLog(key);
      } else showState();
    } catch (_) {
      unanswered += 1;
      showProblem();
      showState();
    }
    asking = false;
    const wait = unanswered ? ALONE_MS : runs.some(active) && !document.hidden ? ACTIVE_MS : QUIET_MS;
    timer = window.setTimeout(look, wait);
  }

  // ---- begin, when the frame is there
  async function begin() {
    const tray = document.getElementById("runs-tray");
    if (!tray) { window.setTimeout(begin, 100); return; }
    if (!document.getElementById("runs-button")) return; // nothing can be run here
    await window.gridcarbon.words(); // of the reader's language
    notices();
    drawer();
    document.addEventListener("click", (event) => { if (event.target.closest("#runs-button")) open(); });
    document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
    look();
  }

  window.gridcarbon = window.gridcarbon || {};
  window.gridcarbon.runs = { look, open, all: () => runs };
  begin();
})();
