/* Charts in sight are drawn at once; the others one by one while the browser is idle, or when they come into sight. */
(function () {
  "use strict";
  const NEAR_PX = 200;
  const waiting = new Map(); // chart → what draws it
  let library, ours;

  function draw(chart) {
    const act = waiting.get(chart);
    waiting.delete(chart);
    sight.unobserve(chart);
    if (act && chart.isConnected) act(); // one that was taken from the page meanwhile needs no picture
  }
  const sight = new IntersectionObserver((seen) => seen.forEach((one) => { if (one.isIntersecting) draw(one.target); }),
    { rootMargin: `${NEAR_PX}px` });
  const inSight = (chart) => {
    const box = chart.getBoundingClientRect();
    return box.top < window.innerHeight + NEAR_PX && box.bottom > -NEAR_PX;
  };
  const idle = window.requestIdleCallback || ((act) => window.setTimeout(act, 50));
  let planned = false;
  function plan() {
    if (planned || !waiting.size) return;
    planned = true;
    idle(() => {
      planned = false;
      const [chart] = waiting.keys();
      if (chart) draw(chart);
      plan();
    });
  }

  function react(chart, ...rest) {
    if (!(chart instanceof Element) || chart._fullLayout || inSight(chart)) return library.react(chart, ...rest);
    return new Promise((done, refuse) => {
      waiting.set(chart, () => Promise.resolve(library.react(chart, ...rest)).then(done, refuse));
      sight.observe(chart);
      plan();
    });
  }

  /** Dash's graphs ask for Plotly by this name once it is loaded. */
  Object.defineProperty(window, "Plotly", {
    configurable: true,
    get: () => ours,
    set(loaded) {
      library = loaded;
      ours = loaded && loaded.react ? Object.create(loaded, { react: { value: react } }) : loaded;
    },
  });
  window.addEventListener("beforeprint", () => [...waiting.keys()].forEach(draw));
})();
