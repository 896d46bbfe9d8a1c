/* Compare: what is selected in the chart of cost against carbon is selected in its table, and the other way round. */
(function () {
  "use strict";
  const clientside = (window.dash_clientside = window.dash_clientside || {});
  const chart = () => document.querySelector("#compare-frontier .js-plotly-plot");
  const name = (point) => point.customdata[0];
  const of = (rows) => (Array.isArray(rows) ? rows : []).map((row) => row.name);

  /** Whether a selection was drawn; that its outline went, because rows were selected, is told as one of nothing. */
  const drawn = (brushed) => Boolean(brushed && (brushed.range || brushed.lassoPoints));

  /** Marks points of the first trace; all are plain where none is named. */
  function mark(names) {
    const plot = chart();
    if (!plot || !plot.data || !window.Plotly) return;
    const every = (plot.data[0].customdata || []).map((one) => one[0]);
    const chosen = names.map((one) => every.indexOf(one)).filter((place) => place >= 0);
    const before = plot.data[0].selectedpoints || [];
    if (before.length === chosen.length && chosen.every((place) => before.includes(place))) return;
    // the outline of an earlier brush goes, for Plotly would select what lies in it again
    window.Plotly.update(plot, { selectedpoints: [names.length ? chosen : null] }, { selections: [] }, [0]);
  }

  const amount = (value) => window.dashAgGridFunctions.gridcarbonFigure(value, 0);

  /** What the selected rows are, in words. */
  function words(rows) {
    const say = window.gridcarbon.say;
    if (!rows.length) return say("None selected.");
    const sorted = [...rows].sort((a, b) => a.cost - b.cost || a.emissions - b.emissions);
    const cheap = sorted[0], clean = rows.reduce((best, one) => (one.emissions < best.emissions ? one : best), cheap);
    const saved = cheap.emissions - clean.emissions, values = { n: rows.length, cheap: cheap.label, clean: clean.label };
    if (rows.length === 1) return say("{n} selected: {cheap} is the cheapest.", values);
    if (clean === cheap || saved <= 0) return say("{n} selected: {cheap} is the cheapest and none emits less.", values);
    return say("{n} selected: {cheap} is the cheapest, {clean} emits the least; from one to the other a tonne costs {amount}.", { ...values, amount: amount((clean.cost - cheap.cost) / saved) });
  }

  Object.assign((clientside.compare = clientside.compare || {}), {
    /** From the chart or a button to the selected rows of the table. */
    select(brushed, clicked, _frontier, _none, selected, rows) {
      const { no_update: same, callback_context: context } = window.dash_clientside; // which Dash may have replaced
      const changed = context.triggered.map((one) => one.prop_id);
      const now = of(selected);
      let wanted = null;
      if (changed.includes("compare-select-frontier.n_clicks")) wanted = of(rows.filter((row) => row.frontier));
      else if (changed.includes("compare-select-none.n_clicks")) wanted = [];
      else if (changed.includes("compare-frontier.selectedData")) wanted = drawn(brushed) ? brushed.points.filter((p) => p.customdata).map(name) : null;
      else if (changed.includes("compare-frontier.clickData") && clicked && clicked.points[0].customdata) {
        const one = name(clicked.points[0]);
        wanted = now.includes(one) ? now.filter((other) => other !== one) : [...now, one];
      }
      return wanted === null ? same : { ids: wanted };
    },
    /** From the selected rows to the marked points. */
    mark(selected, rows) {
      const names = selected && selected.ids ? selected.ids : of(selected);
      mark(names);
      return [words((rows || []).filter((row) => names.includes(row.name))), names.length === 0];
    },
    /** Opens the comparison of the selected results. */
    open(clicks, selected) {
      const names = selected && selected.ids ? selected.ids : of(selected);
      if (!clicks || !names.length) return;
      const written = names.map((one) => one.replace(/%/g, "%25").replace(/,/g, "%2C")).join(",");
      window.gridcarbon.address.set({ with: written }, { push: true });
    },
  });
})();
