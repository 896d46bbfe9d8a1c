/* Hosting capacity of all buses: asked for by a button, followed in the queue of runs, shown when it is there. */
(function () {
  "use strict";
  const LOOK_MS = 500;
  const app = (window.gridcarbon = window.gridcarbon || {});
  const asked = new Map(); // layer of the map, by the key of its job
  const say = (text, values) => app.say(text, values);
  const tell = (words) => { const place = document.getElementById("map-hosting-told"); if (place) place.textContent = words; };

  async function start(button) {
    const layer = button.dataset.host, name = window.gridmap.state.config.result;
    button.disabled = true;
    try {
      const answer = await fetch(`/map/${encodeURIComponent(name)}/hosting/${layer}`, { method: "POST", credentials: "same-origin" });
      const content = await answer.json().catch(() => ({}));
      if (!answer.ok) throw new Error(content.problem || `${answer.status} ${answer.statusText}`);
      asked.set(content.run.key, layer);
      tell("");
      app.runs.look();
    } catch (error) {
      button.disabled = false;
      tell(say("That did not work: {reason}", { reason: error.message }));
    }
  }

  const words = (run) => (run.status === "running" ? `${say("running")} · ${Math.floor(100 * run.share)}\u00a0%` : say(run.status));

  function follow() {
    if (!asked.size || !app.runs) return;
    for (const run of app.runs.all()) {
      const layer = asked.get(run.key);
      if (!layer) continue;
      const row = document.querySelector(`[data-hosting="${layer}"]`), state = row && row.querySelector(".map-hosting-state"), button = row && row.querySelector("[data-host]");
      const over = run.status !== "waiting" && run.status !== "running";
      if (state) state.textContent = run.status === "failed" ? `${say("failed")}: ${run.reason}` : words(run);
      if (button) button.disabled = !over;
      if (!over) continue;
      asked.delete(run.key);
      if (run.status === "done") app.again();
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("button[data-host]");
    if (button) start(button);
  });
  window.setInterval(follow, LOOK_MS);
})();
