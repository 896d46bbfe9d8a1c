/* Compare: the table of key figures, made from data. */
(function () {
  "use strict";
  const clientside = (window.dash_clientside = window.dash_clientside || {});
  const SIGNS = { better: "\u2713 ", worse: "\u2717 ", "": "" };

  function made(tag, text = "", attributes = {}) {
    const element = document.createElement(tag);
    element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  }

  function head(columns) {
    const row = made("tr");
    row.append(made("td"));
    for (const { label, note } of columns) {
      const cell = made("th", label, { scope: "col" });
      if (note) cell.append(made("div", note, { class: "compare-note" }));
      row.append(cell);
    }
    return row;
  }

  function figure({ key, main, known, label, unit, cells }) {
    const row = made("tr", "", { "data-figure": key, class: main ? "main" : "further" }), name = made("th", label, { scope: "row" });
    if (unit) name.append(made("span", ` [${unit}]`, { class: "unit" }));
    if (known) name.append(" ", made("button", window.gridcarbon.say("Why?"), { class: "why", type: "button", "data-why": key, "data-title": label, "aria-label": `${window.gridcarbon.say("Why?")} ${label}`, "aria-haspopup": "dialog" }));
    row.append(name);
    for (const [value, difference, tone] of cells) {
      const cell = made("td", value, { class: "number" });
      if (difference) cell.append(made("div", SIGNS[tone] + difference, { class: `compare-note ${tone}` }));
      row.append(cell);
    }
    return row;
  }

  (clientside.compare = clientside.compare || {}).figures = function (data) {
    const place = document.querySelector("#compare-figures");
    if (!place || !data) return window.dash_clientside.no_update;
    const table = made("table"), top = made("thead");
    table.append(made("caption", data.caption, { class: "unseen" }));
    top.append(head(data.columns));
    table.append(top);
    for (const { title, rows } of data.groups) {
      const body = made("tbody", "", { class: rows.some((row) => row.main) ? "main" : "further" }), heading = made("tr");
      heading.append(made("th", title, { scope: "rowgroup", class: "group", colspan: 1 + data.columns.length }));
      body.append(heading, ...rows.map(figure));
      table.append(body);
    }
    place.replaceChildren(table);
    return "yes";
  };

  /** Shows the figures that are not among the main ones, or hides them again. */
  clientside.compare.everyFigure = function (clicks) {
    const every = clicks % 2 === 1;
    document.querySelector("#compare-figures").classList.toggle("every", every);
    const button = document.querySelector("#compare-every-figure"), words = button.textContent;
    const other = button.dataset.other;
    button.setAttribute("aria-expanded", String(every));
    button.dataset.other = words;
    return other;
  };
})();
