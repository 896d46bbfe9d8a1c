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
    let note = place.querySelector(".operations-trouble");
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
  app.operations = { inSight, tell, BEFORE, LOST };

  /* Fields of an action, made once and kept while what stands around them is read anew. */
  const forms = new Map();

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
      const changed = decision === "changed" ? Object.fromEntries(instead.map(([asset, input]) => [asset, Number(input.value)])) : {};
      const all = form.querySelectorAll("button");
      all.forEach((one) => { one.disabled = true; });
      answer.textContent = "";
      try {
        const said = await fetch("/operations/decide", {
          method: "POST", headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ alert, decision, by: by.value, reason: reason.value, changed_mwh: changed }),
        });
        answer.textContent = said.ok ? say("The decision is kept.") : (await said.text()).trim();
        if (said.ok) { if (document.activeElement) document.activeElement.blur(); asked = 0; return; }
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
      one.replaceChildren(forms.get(action));
      seen.add(action);
    }
    for (const action of forms.keys()) if (!seen.has(action)) forms.delete(action);
  }

  async function ask(place) {
    waiting = true;
    try {
      const answer = await fetch(`/operations/live?${new URLSearchParams({ zone: place.dataset.zone || "UTC", lang: app.language() })}`);
      const text = await answer.text();
      if (answer.ok) {
        const focused = place.contains(document.activeElement);
        if (!focused && place.dataset.shown !== text) {
          place.innerHTML = text; place.dataset.shown = text;
          showForms(place);
        }
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
    if (!place || waiting || (place.dataset.shown !== undefined && now - asked < EVERY_MS)) return;
    asked = now;
    ask(place);
  }, LOOK_MS);
})();
