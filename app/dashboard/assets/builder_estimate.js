/* The estimate beside the levers: asked for at every revision of the draft, one question at a time. */
(function () {
  "use strict";
  const builder = window.gridbuilder, { h, say } = builder;
  const AGAIN_MS = 1000; // while an estimate is being prepared
  const AFTER_FAILURE_MS = 5000;
  const FOR_A_RUN_MS = 3000; // while a run that was started here has no result yet
  let asking = false, shown = null, timer = null, painted = null, more = false, about = false, started = false;

  const revision = () => { const draft = builder.draft(); return draft ? `${draft.id}:${draft.revision}` : null; };

  function row(one) {
    const value = h("td", {}, h("span", { class: "b-figure" }, one.value), one.unit ? h("span", { class: "b-unit" }, ` ${one.unit}`) : null,
      one.band ? h("span", { class: "b-band" }, one.band) : null);
    return h("tr", { "data-figure": one.key }, h("th", { scope: "row" }, one.label, one.change ? h("span", { class: `b-change ${one.tone}` }, one.change) : null), value);
  }
  const table = (rows, caption) => h("table", {}, h("caption", { class: "sr-only" }, caption), h("tbody", {}, ...rows.map(row)));

  /** A disclosure that stays as it was left when figures change. */
  function disclosure(title, open, keep, ...inside) {
    const made = h("details", { open }, h("summary", {}, title), ...inside);
    made.addEventListener("toggle", () => keep(made.open));
    return made;
  }

  function head(answer) {
    if (answer.state !== "exact") return null;
    const link = h("a", { href: `/?result=${encodeURIComponent(answer.result)}` }, say("Open the result"));
    return h("p", { class: "b-exact" }, h("strong", {}, say("Exact figures: this scenario has run.")), " ", link);
  }

  function paint(answer) {
    const host = document.getElementById("build-estimate");
    if (!host) return;
    const card = host.closest("section");
    card.classList.toggle("exact", answer.state === "exact");
    const title = answer.state === "exact" ? say("Result of exactly this scenario") : say("Estimate – not a result");
    card.querySelector("h2").textContent = title;
    card.setAttribute("aria-label", title);
    if (answer.state === "preparing") { host.replaceChildren(h("p", { class: "b-note", role: "status" }, say("Preparing the estimate …"))); return; }
    if (answer.state === "none") { host.replaceChildren(h("p", { class: "b-note" }, h("strong", {}, say("No estimate: ")), answer.reason)); return; }
    const lacking = Object.entries(answer.cannot || {});
    host.replaceChildren(...[
      head(answer),
      table(answer.first, title),
      answer.more.length ? disclosure(say("More figures"), more, (open) => { more = open; }, table(answer.more, say("More figures"))) : null,
      lacking.length ? h("p", { class: "b-note" }, ...lacking.map(([reason, labels]) => `${labels.join(", ")}: ${reason}. `)) : null,
      disclosure(say("How it was made, and how far it errs"), about, (open) => { about = open; }, h("p", { class: "b-note" }, answer.method), h("p", { class: "b-note" }, answer.error)),
    ].filter(Boolean));
  }

  /** The figures stand back while the draft is ahead of them. */
  function mark() {
    const host = document.getElementById("build-estimate");
    if (!host) return;
    const behind = painted !== revision();
    host.classList.toggle("behind", behind);
    host.setAttribute("aria-busy", String(behind));
  }

  async function look() {
    window.clearTimeout(timer);
    if (asking || !builder.onPage() || !builder.draft()) return;
    const host = document.getElementById("build-estimate");
    if (!host) return;
    if (shown !== host) { shown = host; painted = null; } // the page was made anew
    if (painted === revision()) return;
    const { id } = builder.draft();
    asking = true;
    let answer = null;
    try { answer = await builder.ask(`/build/drafts/${id}/estimate`); } catch (refusal) {
      paint({ state: "none", reason: builder.words(refusal) });
      timer = window.setTimeout(look, AFTER_FAILURE_MS);
    }
    asking = false;
    if (answer) {
      const draft = builder.draft();
      if (draft && draft.id === id) {
        paint(answer);
        painted = answer.state === "preparing" ? null : `${id}:${answer.revision}`;
        window.performance.mark("estimate-painted");
      }
      if (answer.state === "exact") started = false;
      if (answer.state === "preparing") timer = window.setTimeout(look, AGAIN_MS);
      else if (started) timer = window.setTimeout(afresh, FOR_A_RUN_MS);
      else if (painted !== revision()) window.setTimeout(look, 0);
    }
    mark();
  }

  /** Looks again although the draft is the same: its run may have ended. */
  function afresh() { painted = null; look(); }

  builder.subscribe(() => { mark(); look(); });
  document.addEventListener("gridcarbon-runs", () => { started = true; afresh(); });
})();
