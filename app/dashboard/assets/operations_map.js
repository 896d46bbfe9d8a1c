/* The map of the estimated state: asks for it again and again while it is in sight, and draws it where it has changed. */
(function () {
  "use strict";
  const EVERY_MS = 10000, LOOK_MS = 500;
  let asked = 0, waiting = false, chosen = "";

  const { inSight, tell, renew, BEFORE, LOST } = window.gridcarbon.operations;

  const theme = () => document.documentElement.dataset.mantineColorScheme || "light";

  const heard = new WeakSet();

  function show(place, text, key) {
    renew(place, text);
    place.dataset.shown = key;
    if (!heard.has(place)) place.addEventListener("change", (event) => { chosen = event.target.value; asked = 0; });
    heard.add(place);
  }

  async function ask(place) {
    waiting = true;
    const { zone, shown } = place.dataset;
    const query = new URLSearchParams({ zone: zone || "UTC", layer: chosen, theme: theme(), lang: window.gridcarbon.language(), shown: shown || "" });
    try {
      const answer = await fetch(`/operations/map?${query}`);
      if (answer.status === 200) show(place, await answer.text(), answer.headers.get("X-Shown") || "");
      tell(place, answer.ok ? "" : `${(await answer.text()).trim()} ${BEFORE()}`);
    } catch (_) {
      tell(place, LOST());
    }
    place.dataset.theme = theme();
    waiting = false;
  }

  window.setInterval(() => {
    const place = inSight(".operations-map"), now = Date.now();
    if (!place || waiting || (place.dataset.theme === theme() && now - asked < EVERY_MS)) return;
    asked = now;
    ask(place);
  }, LOOK_MS);
})();
