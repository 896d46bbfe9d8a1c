/* Charts in sight are drawn at once; the others one by one while the browser is idle, or when they come into sight. */
(function () {
  "use strict";
  const NEAR_PX = 200;
  const waiting = new Map(); // chart → what draws it
  let library, ours;

  /** Draws a chart; one of a page that is out of sight waits until that comes back, one that was removed needs no picture. */
  function draw(chart) {
    if (!chart.isConnected && chart.closest("[data-turn]")) return;
    const act = waiting.get(chart);
    waiting.delete(chart);
    sight.unobserve(chart);
    if (act && chart.isConnected) act();
  }
  const sight = new IntersectionObserver((seen) => seen.forEach((one) => { if (one.isIntersecting) draw(one.target); }),
    { rootMargin: `${NEAR_PX}px` });
  const inSight = (chart) => {
    const box = chart.getBoundingClientRect();
    return chart.isConnected && box.top < window.innerHeight + NEAR_PX && box.bottom > -NEAR_PX;
  };
  const idle = window.requestIdleCallback || ((act) => window.setTimeout(act, 50));
  let planned = false;
  function plan() {
    const next = [...waiting.keys()].find((chart) => chart.isConnected || !chart.closest("[data-turn]"));
    if (planned || !next) return;
    planned = true;
    idle(() => {
      planned = false;
      draw(next);
      plan();
    });
  }

  const LETTER_PX = 7, LINE_PX = 16; // of titles of panels, at most
  /** A figure whose panels stand beside one another on a narrow screen: their titles take several lines, and room for them. */
  function fitted(chart, figure) {
    const layout = figure && figure.layout, width = chart instanceof Element ? chart.getBoundingClientRect().width : 0;
    const titles = ((layout && layout.annotations) || []).filter((one) => one.showarrow === false && one.xref === "paper" && one.yref === "paper" && one.yanchor === "bottom");
    if (!width || titles.length < 2) return figure;
    const beside = (title) => titles.filter((other) => other.y === title.y).length;
    let most = 1;
    const broken = new Map(titles.map((title) => {
      const letters = Math.floor(width / beside(title) / LETTER_PX) - 2, lines = [""];
      if (beside(title) < 2 || String(title.text).length <= letters) return [title, title.text];
      for (const word of String(title.text).split(" ")) {
        const last = lines.length - 1, longer = lines[last] ? `${lines[last]} ${word}` : word;
        if (longer.length <= letters || !lines[last]) lines[last] = longer; else lines.push(word);
      }
      most = Math.max(most, lines.length);
      return [title, lines.join("<br>")];
    }));
    if (most === 1) return figure;
    const annotations = layout.annotations.map((one) => (broken.has(one) ? { ...one, text: broken.get(one) } : one));
    const margin = { ...layout.margin, t: ((layout.margin || {}).t || 40) + (most - 1) * LINE_PX };
    return { ...figure, layout: { ...layout, annotations, margin } };
  }

  function react(chart, given, ...others) {
    const rest = [fitted(chart, given), ...others];
    if (!(chart instanceof Element) || chart._fullLayout || inSight(chart)) return library.react(chart, ...rest);
    return new Promise((done, refuse) => {
      waiting.set(chart, () => Promise.resolve(library.react(chart, ...rest)).then(done, refuse));
      sight.observe(chart);
      plan();
    });
  }

  /** Dash's graphs ask for another size once they are drawn, and when they are first looked at: only another one is drawn. */
  function resize(chart) {
    const full = chart._fullLayout, box = chart.getBoundingClientRect();
    const same = full && (!chart.isConnected || !box.width || (Math.abs(full.width - box.width) < 1 && Math.abs(full.height - box.height) < 1));
    return same ? Promise.resolve(chart) : library.Plots.resize(chart);
  }

  /** Dash's graphs ask for Plotly by this name once it is loaded. */
  Object.defineProperty(window, "Plotly", {
    configurable: true,
    get: () => ours,
    set(loaded) {
      library = loaded;
      ours = loaded && loaded.react ? Object.create(loaded, { react: { value: react }, Plots: { value: Object.create(loaded.Plots, { resize: { value: resize } }) } }) : loaded;
    },
  });
  window.gridcarbon.moment.subscribe(plan); // which a page is told that comes back
  window.addEventListener("beforeprint", () => [...waiting.keys()].forEach(draw));
})();
