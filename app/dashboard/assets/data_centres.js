/* The page of data centres: what it takes from the address (dc_target, dc_bus, a bus selected on the map), and what it
   writes there. */
(function () {
  "use strict";
  const USUAL_TARGET = 1.2;
  const kept = () => window.dash_clientside.no_update;

  /** The target and the bus of the address; a bus selected on the grid map counts where none was chosen here. */
  function chosen() {
    const { get } = window.gridcarbon.address;
    const target = Number(get("dc_target")), selected = get("select") || "";
    const bus = get("dc_bus") || (selected.startsWith("bus:") ? selected.slice(4) : null);
    return [target >= 1 && target <= 3 ? target : kept(), bus || kept()];
  }

  function keep(target, bus) {
    const own = window.dash_clientside.callback_context.triggered.map((one) => one.prop_id.split(".")[0]);
    const changes = {};
    if (own.includes("dc-target")) changes.dc_target = target && target !== USUAL_TARGET ? target : null;
    if (own.includes("dc-bus") && own.length === 1) changes.dc_bus = bus;
    if (Object.keys(changes).length) window.gridcarbon.address.set(changes);
    return kept();
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, { data_centres: { chosen, keep } });
})();
