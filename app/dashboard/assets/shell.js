/* What the frame decides in the browser: which view an address means, and the colour scheme. */
(function () {
  "use strict";
  const KEY = "gridcarbon-theme";

  function storedTheme() {
    let theme = null;
    try { theme = window.localStorage.getItem(KEY); } catch (_) { /* storage may be forbidden */ }
    if (theme === "light" || theme === "dark") return theme;
    return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }

  function storeTheme(theme) {
    try { window.localStorage.setItem(KEY, theme); } catch (_) { /* then it lasts for this page only */ }
  }

  let theme = storedTheme();

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.shell = {
    /** From address, picked result and clicks on the theme switch to the view that the server renders. */
    look(pathname, _search, picked) {
      const { no_update: same, callback_context: context } = window.dash_clientside;
      const changed = context.triggered.map((one) => one.prop_id);
      const query = new URLSearchParams(window.location.search);
      let search = same;
      if (changed.includes("theme-switch.n_clicks")) {
        theme = theme === "dark" ? "light" : "dark";
        storeTheme(theme);
      }
      if (changed.length === 1 && changed[0] === "result-picker.value" && picked !== query.get("result")) {
        query.set("result", picked);
        search = "?" + query.toString();
      }
      const known = query.get("result") || picked;
      const view = { path: pathname, search: "?" + query.toString(), theme };
      return [search, known === picked ? same : known, view, theme, theme === "dark" ? "Light" : "Dark"];
    },
  };
})();
