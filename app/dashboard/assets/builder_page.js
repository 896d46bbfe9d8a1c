/* The page of the builder: where a draft begins, what surrounds it, its runs, its sweeps, what is uploaded. */
(function () {
  "use strict";
  const builder = window.gridbuilder, { h, say } = builder;
  const MB = 1e6, MOST_SHOWN = 12;
  let config = null, leave = null, forgotten = null;

  // ---- where a draft begins -----------------------------------------------------------------------------------------
  async function chooser() {
    document.getElementById("build-main").hidden = true;
    document.getElementById("build-start").hidden = false;
    let found;
    try { found = await builder.ask("/build/templates"); } catch (refusal) { builder.notice(builder.words(refusal), "warning"); return; }
    if (!builder.onPage()) return;
    const begin = (template) => h("li", {}, h("button", { type: "button", class: "b-template", onclick: () => start({ template: template.id }) }, h("strong", {}, say(template.label)), template.about ? h("span", {}, say(template.about)) : null));
    const drafts = found.drafts.slice(0, 12).map((one) => h("li", { class: "b-draft" },
      h("button", { type: "button", class: "b-template", onclick: () => show(one.id) }, h("strong", {}, one.name), h("span", {}, `${say("Draft from {template}", { template: one.template })}${one.last ? ` · ${one.last}` : ""}`)),
      h("button", { type: "button", class: "b-remove", "aria-label": say("Remove the draft {name}", { name: one.name }), title: say("Remove the draft {name}", { name: one.name }), onclick: () => remove(one) }, "×")));
    const file = h("input", { type: "file", id: "build-upload-scenario", accept: ".yaml,.yml", class: "b-file" });
    file.addEventListener("change", () => file.files[0] && builder.upload("scenario", file.files[0], opened).finally(() => { file.value = ""; }));
    builder.mount("build-start",
      drafts.length ? h("section", { class: "card" }, h("h2", {}, say("Go on with a draft")), h("ul", { class: "b-templates" }, ...drafts)) : null,
      h("section", { class: "card" }, h("h2", {}, say("Begin from a shipped scenario")), h("ul", { class: "b-templates" }, ...found.shipped.map(begin))),
      found.results.length ? results(found.results, begin) : null,
      h("section", { class: "card" }, h("h2", {}, say("Begin from a file")), h("p", { class: "b-note" }, say("A scenario file (YAML). Files that it names are uploaded in the form; other files of this machine are not read.")),
        h("div", { class: "b-uploader" }, h("label", { for: "build-upload-scenario" }, say("Scenario file")), file)));
  }

  /** Stored results, which may be very many: those whose name holds what is typed, at most `MOST_SHOWN`. */
  function results(all, begin) {
    const list = h("ul", { class: "b-templates" }), left = h("p", { class: "b-note" });
    const find = h("input", { type: "search", class: "b-text", "aria-label": say("Find a result by name"), placeholder: say("Find a result by name") });
    const fill = () => {
      const wanted = all.filter((one) => one.label.toLowerCase().includes(find.value.trim().toLowerCase()));
      list.replaceChildren(...wanted.slice(0, MOST_SHOWN).map(begin));
      left.textContent = wanted.length > MOST_SHOWN ? say("{n} more", { n: wanted.length - MOST_SHOWN }) : "";
    };
    find.addEventListener("input", fill);
    fill();
    return h("section", { class: "card" }, h("h2", {}, say("Begin from a stored result")), all.length > MOST_SHOWN ? find : null, list, left);
  }
  async function remove(one) {
    if (!window.confirm(say("Remove the draft {name}?", { name: one.name }))) return;
    try { await builder.ask(`/build/drafts/${one.id}/remove`, { body: {} }); await chooser(); } catch (refusal) { builder.notice(builder.words(refusal), "warning"); }
  }

  async function start(wanted) {
    builder.notice(say("Opening …"));
    try { opened(await builder.ask("/build/drafts", { body: wanted })); builder.notice(""); } catch (refusal) { builder.notice(builder.words(refusal), "warning"); await chooser(); }
  }
  function opened(draft) {
    enter(draft); // before the address says so, which asks for it else
    window.gridcarbon.address.set({ build_draft: draft.id, build_from: null, build_set: null }, {});
  }
  async function show(id) {
    try { const draft = await builder.ask(`/build/drafts/${encodeURIComponent(id)}`); opened(draft); builder.notice(""); } catch (refusal) { builder.notice(builder.words(refusal), "warning"); forgotten = id; await chooser(); }
  }
  function enter(draft) {
    document.getElementById("build-start").hidden = true;
    document.getElementById("build-main").hidden = false;
    builder.take(draft);
    sweepAxes();
  }

  // ---- what surrounds a draft ---------------------------------------------------------------------------------------
  function head(draft) {
    const name = document.getElementById("build-name");
    if (!name) return;
    if (document.activeElement !== name || builder.state.forced) name.value = draft.content.name ?? "";
    document.getElementById("build-template").textContent = say("From {template}", { template: say(draft.templateLabel) });
    for (const [id, words, label] of [["build-undo", draft.undo, say("Undo")], ["build-redo", draft.redo, say("Redo")]]) {
      const button = document.getElementById(id);
      button.disabled = !words && !(id === "build-undo" && builder.state.waiting.length);
      button.title = words ? `${label}: ${words}` : label;
    }
    document.getElementById("build-download").setAttribute("href", `/build/drafts/${draft.id}/scenario.yaml`);
  }

  function makeHead() {
    const name = h("input", { id: "build-name", class: "b-name", type: "text", autocomplete: "off", "aria-label": say("Name of the scenario") });
    let timer = null;
    const rename = () => { window.clearTimeout(timer); builder.edit({ do: "set", keys: ["name"], value: name.value, gesture: builder.gesture("name") }); };
    name.addEventListener("input", () => { window.clearTimeout(timer); timer = window.setTimeout(rename, 500); });
    name.addEventListener("change", rename);
    builder.mount("build-head",
      h("div", { class: "b-names" }, name, h("p", { id: "build-template", class: "b-note" })),
      h("div", { class: "b-actions" },
        h("button", { id: "build-undo", type: "button", class: "button", onclick: () => builder.edit({ do: "undo" }), "aria-keyshortcuts": "Control+Z" }, say("Undo")),
        h("button", { id: "build-redo", type: "button", class: "button", onclick: () => builder.edit({ do: "redo" }), "aria-keyshortcuts": "Control+Shift+Z" }, say("Redo")),
        h("a", { id: "build-download", class: "button", download: true, href: "#" }, say("Download YAML")),
        h("button", { type: "button", class: "button", onclick: other }, say("Other template")),
        config.runs ? h("button", { id: "build-run", type: "button", class: "button primary", onclick: run }, say("Run")) : h("p", { id: "build-no-runs", class: "b-note" }, say("This server only shows results: download the scenario and run it with gridcarbon run."))));
  }
  async function other() {
    try { await idle(); } catch (refusal) { builder.notice(builder.words(refusal), "warning"); return; }
    window.gridcarbon.address.set({ build_draft: null }, { push: true });
    builder.close();
    chooser();
  }

  function chips(draft) {
    const unit = (one) => (one.unit ? ` ${builder.unit(one.unit)}` : ""), written = window.gridcarbon.number, template = say(draft.templateLabel);
    builder.mount("build-chips",
      h("p", { class: "b-note" }, draft.chips.length ? say("Changed against {template}:", { template }) : say("Nothing is changed against {template} yet.", { template })),
      h("ul", { class: "b-chips" }, ...draft.chips.map((one) => {
        const text = one.kind === "set" ? `${say(one.label)}: ${written(one.before)} → ${written(one.after)}${unit(one)}` : one.label;
        return h("li", { class: "b-chip" }, h("span", {}, text), h("button", { type: "button", "aria-label": say("Take back {change}", { change: text }), title: say("Take back"), onclick: () => builder.edit({ do: "drop", path: one.path }) }, "×"));
      })));
  }

  /** What is wrong: what belongs to no field in full, the rest as links to the fields; and whether a check goes on. */
  function faults() {
    const all = builder.faults(), { checking, checked, trouble, draft } = builder.state;
    const busy = checking && !(checked && checked.revision === draft.revision);
    const rows = all.map((one) => h("li", {}, one.keys.length ? h("button", { type: "button", class: "b-link", onclick: () => builder.goTo(one.keys), title: one.place }, one.label) : null, `${one.keys.length ? ": " : ""}${one.words}`));
    const said = checked && checked.failed ? say("The check could not be made: {why}", { why: checked.failed })
      : all.length ? say(all.length === 1 ? "One thing is wrong:" : "{n} things are wrong:", { n: all.length })
        : busy ? say("Checking …") : checked ? say("The scenario is valid.") : "";
    builder.mount("build-faults", h("p", { class: all.length ? "b-wrong" : "b-note", role: "status" }, said, all.length && busy ? ` ${say("Checking …")}` : ""), rows.length ? h("ul", { class: "b-faults" }, ...rows) : null,
      !busy && checked && checked.notes.length ? h("details", {}, h("summary", {}, say("What the shares come to")), h("ul", {}, ...checked.notes.map((one) => h("li", {}, one)))) : null);
    document.getElementById("build").dataset.state = busy ? "checking" : all.length ? "wrong" : "valid";
    const button = document.getElementById("build-run");
    if (button) button.disabled = all.length > 0;
    unsaved(trouble);
  }
  function unsaved(trouble) {
    const host = document.getElementById("build-trouble");
    if (!host || host.dataset.kind === (trouble ? trouble.kind : "")) return;
    host.dataset.kind = trouble ? trouble.kind : "";
    if (!trouble || trouble.kind === "wrong") { host.replaceChildren(); return; }
    if (trouble.kind === "stale") {
      host.replaceChildren(h("div", { class: "b-trouble", role: "alertdialog", "aria-labelledby": "build-stale" },
        h("p", { id: "build-stale" }, say("This draft was changed in another tab ({what}). Your last change is not saved yet.", { what: trouble.theirs.words || say("an undo") })),
        h("button", { type: "button", class: "button", onclick: builder.takeTheirs }, say("Take theirs")),
        h("button", { type: "button", class: "button primary", onclick: builder.keepMine }, say("Keep mine as a copy"))));
    } else {
      host.replaceChildren(h("div", { class: "b-trouble", role: "alert" }, h("p", {}, say("Not saved: {why} Your changes are kept in this tab.", { why: `${trouble.words}${/[.!?]$/.test(trouble.words) ? "" : "."}` })), h("button", { type: "button", class: "button", onclick: builder.again }, say("Try again"))));
    }
    const first = host.querySelector("button");
    if (first) first.focus();
  }

  // ---- runs ---------------------------------------------------------------------------------------------------------
  const idle = async () => { while (builder.state.waiting.length || builder.state.sending) { if (builder.state.trouble) throw { status: undefined, message: say("Save your changes first.") }; await new Promise((done) => window.setTimeout(done, 40)); } };

  async function run() {
    const button = document.getElementById("build-run");
    button.disabled = true;
    said("build-run-said", say("Checking …"));
    try {
      await idle();
      const job = await builder.ask(`/build/drafts/${builder.draft().id}/run`, { body: {} });
      told();
      const done = job.status === "done" && job.result;
      said("build-run-said", done ? say("This scenario was run before.") : say("{name} is in the queue; Runs above shows how far it is.", { name: job.name }), done ? resultLink(job) : null);
      if (done) window.gridcarbon.address.open(`/?result=${encodeURIComponent(job.result)}&build_draft=`);
    } catch (refusal) { said("build-run-said", builder.words(refusal)); }
    button.disabled = builder.faults().length > 0;
  }
  const resultLink = (job) => h("a", { href: `/?result=${encodeURIComponent(job.result)}` }, say("Open result"));
  const said = (id, ...words) => { const host = document.getElementById(id); if (host) host.replaceChildren(...words.flatMap((one) => (one ? [one, " "] : []))); };
  const told = () => window.gridcarbon.runs && window.gridcarbon.runs.look(); // the tray of runs asks at once

  // ---- many at once -------------------------------------------------------------------------------------------------
  const axes = [];
  function makeSweep() {
    if (!config.runs) { builder.mount("build-sweep", h("p", { class: "b-note" }, say("This server starts no runs."))); return; }
    axes.length = 0;
    for (const number of [1, 2]) {
      const lever = h("select", { id: `sweep-lever-${number}`, class: "b-select" }), values = h("input", { id: `sweep-values-${number}`, class: "b-text", type: "text", autocomplete: "off", placeholder: say("such as 0, 40, 80, 120") });
      lever.addEventListener("change", () => { offer(axes[number - 1]); count(); });
      values.addEventListener("input", count);
      axes.push({ lever, values, row: h("div", { class: "b-axis" }, h("label", { for: lever.id }, say(number === 1 ? "Lever" : "Second lever")), lever, h("label", { for: values.id }, say("Values")), values, h("span", { class: "b-unit" })) });
    }
    builder.mount("build-sweep", ...axes.map((axis) => axis.row),
      h("div", { class: "b-actions" }, h("p", { id: "sweep-count", class: "b-note", role: "status" }), h("button", { id: "sweep-run", type: "button", class: "button primary", onclick: sweep }, say("Run all"))),
      h("p", { id: "sweep-said", class: "b-note", role: "status" }));
  }
  function sweepAxes() {
    if (!axes.length || !builder.draft()) return;
    axes.forEach((axis, place) => {
      const before = axis.lever.value, offered = config.levers.filter((lever) => lever.kind !== "date" && builder.draft().levers[lever.key].shown);
      axis.lever.replaceChildren(...(place ? [h("option", { value: "" }, say("none"))] : []), ...offered.map((lever) => h("option", { value: lever.key }, say(lever.label))));
      axis.lever.value = before || (place ? "" : "carbon_price");
      if (!axis.values.value) offer(axis);
    });
    count();
  }
  /** Four values over what the lever offers, or all of its choices. */
  function offer(axis) {
    const lever = config.levers.find((one) => one.key === axis.lever.value);
    axis.row.querySelector(".b-unit").textContent = lever ? builder.unit(lever.unit) : "";
    axis.values.disabled = !lever;
    if (!lever) axis.values.value = "";
    else if (lever.choices.length) axis.values.value = lever.choices.slice(0, 4).map((one) => one.value).join(", ");
    else {
      const { low, high, step } = lever.range, part = (k) => Number((low + Math.round(((high - low) * k) / 3 / step) * step).toPrecision(10));
      axis.values.value = [0, 1, 2, 3].map((k) => (lever.whole && k === 0 && low === 0 ? step : part(k))).join(", ");
    }
  }
  const listed = () => axes.filter((axis) => axis.lever.value).map((axis) => ({ lever: axis.lever.value, values: [...new Set(axis.values.value.split(",").map((one) => builder.typed(one)).filter((one) => one !== null))] }));
  function count() {
    const asked = listed(), total = asked.reduce((product, axis) => product * axis.values.length, asked.length ? 1 : 0);
    said("sweep-count", asked.length > 1 ? say("{a} × {b} = {n} runs", { a: asked[0].values.length, b: asked[1].values.length, n: total }) : say(total === 1 ? "1 run" : "{n} runs", { n: total }));
    document.getElementById("sweep-run").disabled = total === 0;
  }
  async function sweep() {
    const button = document.getElementById("sweep-run");
    button.disabled = true;
    said("sweep-said", say("Checking every run …"));
    try {
      await idle();
      const answer = await builder.ask(`/build/drafts/${builder.draft().id}/sweep`, { body: { levers: listed() } });
      told();
      const done = answer.jobs.filter((job) => job.result).map((job) => job.result);
      const names = answer.jobs.map((job) => job.result || job.key);
      said("sweep-said", say("{n} runs wait or are done ({done} were run before).", { n: answer.jobs.length, done: done.length }), h("a", { href: compare(names) }, say("Compare their results")));
    } catch (refusal) { said("sweep-said", builder.words(refusal)); }
    count();
  }
  const compare = (names) => `/compare?with=${names.map((one) => encodeURIComponent(one)).join(",")}&build_draft=`;

  // ---- uploads ------------------------------------------------------------------------------------------------------
  builder.upload = async (kind, file, then) => {
    const most = config.limits[kind];
    if (file.size > most) {
      builder.notice(say("{name} has {size} MB; at most {most} MB are taken here. Nothing was uploaded.", { name: file.name, size: (file.size / MB).toFixed(0), most: most / MB }), "warning");
      return;
    }
    builder.notice(say("Uploading {name} …", { name: file.name }));
    try {
      const answer = await builder.ask(`/build/uploads/${kind}?name=${encodeURIComponent(file.name)}`, { raw: file });
      then(answer);
      builder.notice(say("{name} is uploaded.", { name: file.name }), "good");
    } catch (refusal) { builder.notice(`${file.name}: ${builder.words(refusal)}`, "warning"); }
  };

  // ---- keys ---------------------------------------------------------------------------------------------------------
  const TYPING = "input:not([type=range]):not([type=checkbox]):not([type=file]), textarea, select, [contenteditable=true]";
  document.addEventListener("keydown", (event) => {
    if (!builder.onPage() || !builder.draft() || !(event.ctrlKey || event.metaKey) || event.altKey) return;
    const key = event.key.toLowerCase();
    if (!(key === "z" || key === "y") || event.target.matches(TYPING)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    builder.edit({ do: key === "y" || event.shiftKey ? "redo" : "undo" });
  }, true);

  // ---- what Dash calls ----------------------------------------------------------------------------------------------
  function render(draft) {
    if (!draft || !builder.onPage() || document.getElementById("build-main").hidden) return;
    head(draft);
    chips(draft);
    builder.showLevers(draft);
    builder.showForm(draft);
    builder.showMap(draft);
    faults();
  }

  async function begin() {
    if (!builder.onPage()) return; // who came may have gone while the form was fetched
    const { address } = window.gridcarbon, from = address.get("build_from"), id = address.get("build_draft");
    if (from) {
      const pairs = (address.get("build_set") || "").split(",").filter(Boolean).map((one) => [one.slice(0, one.lastIndexOf(":")), one.slice(one.lastIndexOf(":") + 1)]);
      await start({ template: /^(shipped|result):/.test(from) ? from : `result:${from}`, set: pairs });
    } else if (id && builder.draft() && builder.draft().id === id) enter(builder.draft());
    else if (id && id !== forgotten) await show(id);
    else await chooser();
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.builder = {
    async begin(given) {
      const same = window.dash_clientside.no_update;
      if (!given || !builder.onPage()) return same;
      config = builder.state.config = given;
      makeHead();
      builder.makeLevers(config.levers);
      builder.makeMap(config.placeable);
      makeSweep();
      builder.makeForm(await builder.ask("/build/form.json"));
      if (leave) leave();
      const header = document.querySelector(".top"), below = new ResizeObserver(() => document.getElementById("build")?.style.setProperty("--b-top", `${header.offsetHeight + 16}px`));
      if (header) below.observe(header);
      const ends = [() => below.disconnect(), builder.subscribe(render), window.gridcarbon.address.subscribe((query) => {
        if (builder.onPage() && (query.build_from || (query.build_draft && (!builder.draft() || query.build_draft !== builder.draft().id)))) begin();
      })];
      leave = () => ends.forEach((end) => end());
      await begin();
      return `${given.theme}`;
    },
  };
})();
