/* Tables of AG Grid: its library, the largest of all, is loaded once the first page stands, or by the first table in sight.

   window.dash_ag_grid is the library's own once it is loaded; its component stays the one of this file. */
(function () {
  "use strict";
  const AFTER_MS = 1000; // charts in sight are drawn then
  let asked = null, Loaded = null;

  /** The library's component, once it is there. */
  function load() {
    asked = asked || new Promise((done, refuse) => {
      const script = document.createElement("script");
      script.src = document.querySelector("meta[name=tables]").content;
      script.onload = () => {
        const library = window.dash_ag_grid;
        window.dash_ag_grid = { ...library, AgGrid: Object.assign(AgGrid, library.AgGrid) };
        done({ default: library.AgGrid });
      };
      script.onerror = () => { asked = null; script.remove(); refuse(new Error("The library of tables could not be loaded")); };
      document.head.append(script);
    });
    return asked;
  }

  function AgGrid(props) {
    const { createElement, lazy, Suspense } = window.React;
    Loaded = Loaded || lazy(load);
    return createElement(Suspense, { fallback: createElement("div", { style: props.style }) }, createElement(Loaded, props));
  }
  AgGrid.dashRenderType = true; // as the library's component says

  window.dash_ag_grid = { AgGrid, getApi: () => null };
  const idle = window.requestIdleCallback || ((act) => window.setTimeout(act, 50));
  /** Loads the library while the browser has nothing else to do. */
  window.gridcarbon.tablesSoon = () => asked || window.setTimeout(() => idle(() => load().catch(() => null)), AFTER_MS);
})();
