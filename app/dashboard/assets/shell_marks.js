/* The moment shown, as an upright line on every chart over time; drawn beside Plotly, which is not asked at all. */
(function () {
  "use strict";
  const { moment } = window.gridcarbon;

  function mark(chart) {
    const layout = chart._fullLayout, ms = moment.get();
    if (!layout || !layout._subplots || !layout._size) return;
    const at = ms === null ? null : moment.wall(ms);
    const axes = layout._subplots.xaxis.map((name) => layout[`xaxis${name.slice(1)}`]).filter((axis) => axis && axis.type === "date" && axis.visible !== false);
    const lines = chart.querySelectorAll(":scope > .moment-mark");
    axes.forEach((axis, place) => {
      let line = lines[place];
      if (!line) {
        line = document.createElement("div");
        line.className = "moment-mark";
        line.setAttribute("aria-hidden", "true");
        chart.append(line);
      }
      const x = at === null ? NaN : axis.d2p(at), upright = layout[`yaxis${(axis.anchor || "y").slice(1)}`];
      line.hidden = !upright || !(x >= 0 && x <= axis._length);
      if (!line.hidden) Object.assign(line.style, { left: `${axis._offset + x}px`, top: `${upright._offset}px`, height: `${upright._length}px` });
    });
    for (let extra = axes.length; extra < lines.length; extra++) lines[extra].remove();
  }

  const markAll = () => document.querySelectorAll("#page .js-plotly-plot").forEach(mark);
  const heard = new WeakSet();

  function hear() {
    for (const chart of document.querySelectorAll("#page .js-plotly-plot")) {
      if (heard.has(chart) || !chart.on) continue;
      heard.add(chart);
      chart.on("plotly_afterplot", () => mark(chart));
      mark(chart);
    }
  }
  let waiting = null;
  new MutationObserver(() => { window.cancelAnimationFrame(waiting); waiting = window.requestAnimationFrame(hear); })
    .observe(document.documentElement, { childList: true, subtree: true });
  moment.subscribe(markAll);
})();
