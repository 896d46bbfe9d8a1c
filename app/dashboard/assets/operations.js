/* The page of operations: asks for the last known state again and again while it is in sight, and says when none comes. */
(function () {
  "use strict";
  const EVERY_MS = 5000, LOOK_MS = 500;
  let asked = 0, waiting = false;

  function inSight(selector) {
    const place = document.querySelector(selector);
    return place !== null && place.offsetParent !== null && !document.hidden ? place : null;
  }

  function tell(place, words) {
    let note = place.querySelector(":scope > .operations-trouble");
    if (!words) { if (note) note.remove(); return; }
    if (!note) {
      note = document.createElement("p");
      note.className = "operations-trouble warning";
      note.setAttribute("role", "alert");
      place.prepend(note);
    }
    if (note.textContent !== words) note.textContent = words;
  }

  /* What the map of the estimated state uses too: operations_map.js. */
  const app = window.gridcarbon = window.gridcarbon || {};
  const say = (text, values) => app.say(text, values);
  const BEFORE = () => say("What stands below is what was known before.");
  const LOST = () => `${say("The server does not answer.")} ${BEFORE()}`;
  app.operations = { inSight, tell, renew, BEFORE, LOST };

  /* Fields of an action, made once and kept while what stands around them is read anew. */
  const forms = new Map();
  /* What was read last, by the part of the page that shows it. */
  const shown = new WeakMap();

  function field(form, words, type, name) {
    const label = document.createElement("label"), input = document.createElement("input");
    label.append(words, input);
    input.type = type; input.name = name;
    if (type === "number") input.step = "any";
    form.append(label);
    return input;
  }

  function makeForm(place) {
    const { alert, moved } = place.dataset, form = document.createElement("form");
    form.className = "operations-form";
    const by = field(form, say("Who decides"), "text", "by"), reason = field(form, say("Reason"), "text", "reason");
    by.autocomplete = "name";
    const planned = Object.entries(JSON.parse(moved || "{}"));
    const instead = planned.map(([asset, mwh]) => {
      const input = field(form, say("Instead, {asset} (MWh)", { asset }), "number", "instead");
      input.value = String(mwh);
      return [asset, input];
    });
    const buttons = document.createElement("div"), answer = document.createElement("p");
    buttons.className = "operations-buttons";
    answer.className = "operations-answer"; answer.setAttribute("role", "status");
    for (const [words, decision] of [[say("Accept"), "accepted"], [say("Change"), "changed"], [say("Reject"), "rejected"]]) {
      const button = document.createElement("button");
      button.type = "button"; button.className = "button"; button.textContent = words;
      button.addEventListener("click", () => decide(decision));
      buttons.append(button);
    }
    form.append(buttons, answer);
    form.addEventListener("submit", (event) => event.preventDefault());

    async function decide(decision) {
      const changed = decision === "changed" ? Object.fromEntries(instead.map(([asset, input]) => [asset, input.value === "" ? null : Number(input.value)])) : {};
      const all = form.querySelectorAll("button");
      all.forEach((one) => { one.disabled = true; });
      answer.textContent = "";
      try {
        const said = await fetch(`/operations/decide?${new URLSearchParams({ lang: app.language() })}`, {
          method: "POST", headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ alert, decision, by: by.value, reason: reason.value, changed_mwh: changed }),
        });
        answer.textContent = said.ok ? say("The decision is kept.") : (await said.text()).trim();
        if (said.ok) { asked = 0; return; }
      } catch (_) {
        answer.textContent = say("The server does not answer; nothing was decided.");
      }
      all.forEach((one) => { one.disabled = false; });
    }
    return form;
  }

  function showForms(place) {
    const seen = new Set();
    for (const one of place.querySelectorAll(".operations-decide")) {
      const { action } = one.dataset;
      if (!forms.has(action)) forms.set(action, makeForm(one));
      if (one.firstChild !== forms.get(action)) one.replaceChildren(forms.get(action));
      seen.add(action);
    }
    for (const action of forms.keys()) if (!seen.has(action)) forms.delete(action);
  }

  /* Has what stands say what came and leaves the rest as it is: what was scrolled, marked or focused, fields of an action. */
  function become(stands, came) {
    if (stands.isEqualNode(came)) return;
    if (stands.nodeName !== came.nodeName) { stands.replaceWith(came); return; }
    if (stands.nodeType !== Node.ELEMENT_NODE) { stands.nodeValue = came.nodeValue; return; }
    if (came.matches(".operations-map")) return; // is asked for by itself
    for (const { name } of [...stands.attributes]) if (!came.hasAttribute(name)) stands.removeAttribute(name);
    for (const { name, value } of came.attributes) if (stands.getAttribute(name) !== value) stands.setAttribute(name, value);
    if (came.matches(".operations-decide")) return; // holds the fields
    const before = [...stands.childNodes], after = [...came.childNodes];
    after.forEach((one, k) => { if (before[k]) become(before[k], one); else stands.append(one); });
    before.slice(after.length).forEach((one) => one.remove());
  }

  /* The same of the page, part by part: a new proposal does not move what is written into the fields of another. */
  function renew(place, text) {
    const came = document.createElement("template"), before = new Map();
    came.innerHTML = text;
    for (const one of place.children) if (!one.matches(".operations-trouble")) before.set(one.dataset.part, one);
    let last = place.querySelector(":scope > .operations-trouble");
    for (const one of [...came.content.children]) {
      const stands = before.get(one.dataset.part);
      before.delete(one.dataset.part);
      if (stands) become(stands, one);
      else place.insertBefore(one, last ? last.nextSibling : place.firstChild);
      last = stands || one;
    }
    before.forEach((one) => one.remove());
  }

  async function ask(place) {
    waiting = true;
    if (!shown.has(place)) shown.set(place, ""); // what does not answer is not asked more often than what does
    try {
      const answer = await fetch(`/operations/live?${new URLSearchParams({ zone: place.dataset.zone || "UTC", lang: app.language() })}`);
      const text = await answer.text();
      if (answer.ok) {
        if (shown.get(place) !== text) renew(place, text);
        shown.set(place, text);
        showForms(place);
        tell(place, "");
      } else {
        tell(place, `${text.trim()} ${BEFORE()}`);
      }
    } catch (_) {
      tell(place, LOST());
    }
    waiting = false;
  }

  window.setInterval(() => {
    const place = inSight(".operations-live"), now = Date.now();
    if (!place || waiting || (shown.has(place) && now - asked < EVERY_MS)) return;
    asked = now;
    ask(place);
  }, LOOK_MS);
})();
