/* Tables beside the map: districts ranked, all elements at the shown moment, devices; and what a row does. */
(function () {
  "use strict";
  const map = (window.gridmap = window.gridmap || {});
  const round = (value) => (value === value ? Number(value.toPrecision(6)) : null);
  /** A column of numbers: rounded where they are shown, so that filters and saved files have them as they are. */
  const numbers = (digits) => ({ type: "rightAligned", useValueFormatterForExport: false, valueFormatter: { function: `gridcarbonFigure(params.value, ${digits})` } });
  const header = () => { const name = map.say(map.state.config.layers[map.state.layer].title), { unit } = map.scale(); return `${map.state.difference ? map.say("Difference: {name}", { name }) : name} [${unit}]`; };
  const opened = (id) => { const place = document.getElementById(id); return place && (!place.closest("details") || place.closest("details").open); };

  map.tables = function () {
    if (opened("map-districts")) districts();
    if (opened("map-twin")) twin();
    if (opened("map-devices")) map.deviceTable();
  };

  function basis() {
    const chosen = document.querySelector("#map-basis input:checked");
    return chosen ? chosen.value : "now";
  }

  async function districts() {
    const pane = map.state.panes[0], { net } = pane, asked = `${map.state.layer}|${map.state.at}|${map.state.difference}|${basis()}|${pane.source.version}`;
    districts.asked = asked;
    const { layer, difference, config } = map.state, { digits } = map.scale();
    const short = (value) => (value === null || value !== value ? null : Number(value.toFixed(digits)));
    let rows, words;
    if (basis() === "now") {
      const figures = map.districtFigures(pane), drawn = drawnByDistrict(pane);
      rows = net.zones.map((zone, place) => ({ key: `zone:${zone}`, zone, value: short(figures[place]), drawn: drawn ? round(drawn[place]) : null }));
      rows.forEach((row) => { row.idle = drawn !== null && !(row.drawn > 1e-6); });
      words = map.clock();
    } else {
      const hour = basis() === "hour" ? Number(map.local(map.state.at, { hour: "2-digit", hourCycle: "h23" })) : null;
      map.text("map-districts-words", map.say("Adding up the period …"));
      const own = map.source(config.result, config.version, null), lesser = difference ? map.source(config.against.name, config.against.version, null) : null;
      const [mine, its] = await Promise.all([own.districts(layer, hour), lesser ? lesser.districts(layer, hour) : null]);
      if (districts.asked !== asked) return;
      const less = new Map((its || []).map((row) => [row.zone, row.value]));
      const value = (row) => (row.value === null || (its && less.get(row.zone) == null) ? null : row.value - (its ? less.get(row.zone) : 0));
      rows = mine.map((row) => ({ key: `zone:${row.zone}`, zone: row.zone, value: short(value(row)), drawn: round(row.mwh), idle: !(row.mwh > 1e-6) }));
      words = hour === null ? map.say("over the whole period") : map.say("from {from}:00 to {to}:00 on all days", { from: hour, to: hour + 1 });
    }
    rows.sort((a, b) => (a.value === null) - (b.value === null) || a.idle - b.idle || b.value - a.value); // where nobody draws power, last
    rows.forEach((row, place) => { row.rank = place + 1; });
    const columns = [
      { field: "rank", headerName: map.say("Rank"), maxWidth: 90, type: "rightAligned" }, { field: "zone", headerName: map.say("District"), flex: 2, minWidth: 130 },
      { field: "value", headerName: header(), ...numbers(digits), flex: 2, minWidth: 150 },
      { field: "drawn", headerName: basis() === "now" ? map.say("Drawn [MW]") : map.say("Drawn [MWh]"), ...numbers(basis() === "now" ? 3 : 1), flex: 1, minWidth: 120 },
    ];
    map.set("map-districts", { rowData: rows, columnDefs: columns });
    map.text("map-districts-words", [first(rows), `${words[0].toUpperCase()}${words.slice(1)}.`, map.say("Figure of a district: {mean} of its {elements}; drawn is what buses take, net of what is fed in at the same bus.", { mean: map.say(map.MEANS[config.layers[layer].of_areas]), elements: config.layers[layer].of_buses ? map.say("buses") : map.say("lines") }), map.say("Choose a row to see why.")].join(" "));
  }

  function first(rows) {
    const { unit, digits } = map.scale(), top = rows[0], figure = (value) => window.dashAgGridFunctions.gridcarbonFigure(value, digits);
    if (!top || top.value === null) return map.say("Nothing is known of any district.");
    const last = rows.filter((row) => row.value !== null).pop();
    return map.say("Highest: {top}, {high} {unit}; lowest: {last}, {low} {unit}.", { top: top.zone, high: figure(top.value), last: last.zone, low: figure(last.value), unit });
  }

  function drawnByDistrict(pane) {
    if (!pane.drawn) return null;
    const sums = new Float64Array(pane.net.zones.length);
    for (let bus = 0; bus < pane.net.nBuses; bus++) if (pane.net.zoneOf[bus] >= 0) sums[pane.net.zoneOf[bus]] += Math.max(0, pane.drawn.values[pane.drawn.from + bus]);
    return sums;
  }

  function twin() {
    const pane = map.state.panes[0], { net } = pane, rows = [];
    for (let element = 0; element < net.nElements; element++) {
      const bus = element < net.nBuses;
      rows.push({
        key: map.keyOf(net, element), element: map.nameOf(net, element),
        kind: bus ? map.say("bus") : net.trafo[element - net.nBuses] ? map.say("transformer") : map.say("line"),
        zone: net.zoneOf[element] >= 0 ? net.zones[net.zoneOf[element]] : "", value: round(map.valueOf(pane, element)),
        beyond: map.isBeyond(pane, element) ? map.say("yes") : "",
      });
    }
    const columns = [
      { field: "element", headerName: map.say("Element"), flex: 2, minWidth: 150 }, { field: "kind", headerName: map.say("Kind"), minWidth: 100 },
      { field: "zone", headerName: map.say("District"), minWidth: 110 },
      { field: "value", headerName: header(), ...numbers(Math.max(4, map.scale().digits + 1)), sort: "desc", flex: 2, minWidth: 150 },
      { field: "beyond", headerName: map.say("Beyond its limit"), minWidth: 120 },
    ];
    map.set("map-twin", { rowData: rows, columnDefs: columns });
  }

  map.deviceTable = function () {
    const pane = map.state.panes[0];
    if (!opened("map-devices") || !pane || !pane.devices) return;
    const rows = pane.devices.symbols.map((one) => ({
      key: map.keyOf(pane.net, one.bus), kind: map.say(pane.devices.kinds[one.kind]), bus: map.nameOf(pane.net, one.bus), mw: round(one.mw), names: one.names.join(", "),
      zone: pane.net.elements.buses[one.bus].zone,
    }));
    map.set("map-devices", { rowData: rows });
  };

  // ---- rows: a click, or Enter on the row that has the focus --------------------------------------------------------------
  const ACTIONS = {
    violations(row) {
      map.set("map-mode", { value: "value" });
      map.set("map-level", { value: "elements" });
      const at = `${new Date(row.time_ms).toISOString().slice(0, 16)}Z`, { layer, selected } = map.state;
      window.gridcarbon.address.set({ at, layer: row.layer || layer, select: row.key || selected || null }, { push: true }); // one step to undo
      if (row.key) map.goTo(row.key);
      document.getElementById("map").scrollIntoView({ behavior: "smooth", block: "center" });
    },
    "map-districts"(row) { map.select(row.key); },
    "map-twin"(row) { map.select(row.key); map.goTo(row.key); },
    "map-devices"(row) { map.select(row.key); map.goTo(row.key); },
  };
  function act(event) {
    const line = event.target.closest && event.target.closest(".ag-row[row-index]");
    const table = line && Object.keys(ACTIONS).find((id) => line.closest(`[id="${id}"]`));
    const pane = map.state.panes[0];
    if (!table || !pane || !pane.ready || !window.dash_ag_grid) return;
    const grid = window.dash_ag_grid.getApi(table), node = grid && grid.getDisplayedRowAtIndex(Number(line.getAttribute("row-index")));
    if (node && node.data) ACTIONS[table](node.data);
  }
  document.addEventListener("click", act);
  document.addEventListener("keydown", (event) => { if (event.key === "Enter") act(event); });
  document.addEventListener("toggle", (event) => { if (event.target.querySelector && event.target.querySelector("#map-twin, #map-devices") && map.state.panes.length) map.told(); }, true);
  document.addEventListener("change", (event) => { if (event.target.closest && event.target.closest("#map-basis")) window.setTimeout(map.told, 0); });
})();
