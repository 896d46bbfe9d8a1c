/* The drawer "why": a click on a button names its subject in the address, and the address opens the drawer. */
(function () {
  "use strict";
  const app = (window.gridcarbon = window.gridcarbon || {});
  const PATIENCE_MS = 4000, LOOK_MS = 40;
  let shown = null;

  const buttonOf = (subject) =>
    [...document.querySelectorAll("button[data-why]")].find((button) => button.dataset.why === subject);

  /** The button of a subject, once its page is there; undefined if it never comes. */
  async function found(subject) {
    for (let waited = 0; waited < PATIENCE_MS; waited += LOOK_MS) {
      const button = buttonOf(subject);
      if (button || app.address.get("why") !== subject) return button;
      await new Promise((resolve) => window.setTimeout(resolve, LOOK_MS));
    }
    return undefined;
  }

  /** What the address asks, of which results; nothing if nothing. */
  const wanted = () => app.address.get("why") && JSON.stringify(["why", "result", "baseline"].map(app.address.get));
  let told = null;
  app.address.subscribe(async () => {
    if (wanted() === told) return;
    told = wanted();
    await null; // all others have heard of the address then
    window.dash_clientside.set_props("why-wanted", { data: told });
  });

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.why = {
    /** What the drawer is asked, whether it is open, and its heading. */
    async ask() {
      const same = window.dash_clientside.no_update;
      const subject = app.address.get("why"), state = wanted();
      if (state === shown) return [same, same, same];
      shown = state;
      if (!subject) return [same, false, same];
      const button = subject.startsWith("chart:") ? await found(subject) : buttonOf(subject);
      if (shown !== state) return [same, same, same];
      const said = button ? button.dataset : {};
      return [{ subject, title: said.title || "", behind: said.behind || null }, true, "Why?"];
    },
    closed(opened) {
      if (opened === false && app.address.get("why") !== null) app.address.set({ why: null }, { push: true });
    },
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("button[data-why]");
    if (button) app.address.set({ why: button.dataset.why }, { push: true });
  });
})();
