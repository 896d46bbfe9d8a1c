/* The page of operations: asks for the last known state again and again while it is in sight, and says when none comes. */
(function () {
  "use strict";
  const EVERY_MS = 5000, LOOK_MS = 500;
  let asked = 0, waiting = false;

  function inSight() {
    const place = document.querySelector(".operations-live");
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

  async function ask(place) {
    waiting = true;
    try {
      const answer = await fetch(`/operations/live?zone=${encodeURIComponent(place.dataset.zone || "UTC")}`);
      const text = await answer.text();
      if (answer.ok) {
        const focused = place.contains(document.activeElement);
        if (!focused && place.dataset.shown !== text) { place.innerHTML = text; place.dataset.shown = text; }
        tell(place, "");
      } else {
        tell(place, `${text.trim()} What stands below is what was known before.`);
      }
    } catch (_) {
      tell(place, "The server does not answer. What stands below is what was known before.");
    }
    waiting = false;
  }

  window.setInterval(() => {
    const place = inSight(), now = Date.now();
    if (!place || waiting || (place.dataset.shown !== undefined && now - asked < EVERY_MS)) return;
    asked = now;
    ask(place);
  }, LOOK_MS);
})();
