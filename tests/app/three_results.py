"""Three real runs of a small city on one winter day: charging unmanaged, smart, and optimal with V2G.

Four districts hang on one substation by a feeder each: the old town, the harbour, the hills with much sun and wind, the
campus with a data centre. Most cars live in the harbour, whose feeder is small: charging on arrival breaks its limit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandapower as pp

from app.results.run import run_scenario
from app.scenario import check_scenario

STRATEGIES: dict[str, dict[str, Any]] = {
    "unmanaged": {"strategy": "unmanaged", "v2g": False},
    "smart": {"strategy": "optimal", "v2g": False},
    "v2g": {"strategy": "optimal", "v2g": True},
}
"""What the dispatch of each run is told; ``smart`` and ``v2g`` differ in nothing but V2G."""
NARROW = "Harbour feeder"
"""The line that charging on arrival overloads."""
LIMITS = {"vm_min_pu": 0.95, "vm_max_pu": 1.05, "line_loading_max_percent": 60, "trafo_loading_max_percent": 100}
_DISTRICTS = {"Old town": 3, "Harbour": 4, "Hills": 3, "Campus": 2}
_LOAD_MW = {"Old town": 0.45, "Harbour": 0.25, "Hills": 0.2, "Campus": 0.15}


def small_net() -> Any:
    """A substation and four districts at 20 kV, thirteen lines."""
    net = pp.create_empty_network(name="small city")
    grid = pp.create_bus(net, 110.0, name="Grid above", zone="Substation", geodata=(11.40, 53.60))
    busbar = pp.create_bus(net, 20.0, name="Busbar", zone="Substation", geodata=(11.40, 53.602))
    pp.create_ext_grid(net, grid)
    pp.create_transformer(net, grid, busbar, "25 MVA 110/20 kV", name="Transformer")
    for number, (district, n_buses) in enumerate(_DISTRICTS.items()):
        before = busbar
        for place in range(n_buses):
            at = (11.40 + (0.01 + 0.008 * place) * (1, 0, -1, 0)[number],
                  53.602 + (0.008 + 0.006 * place) * (0, 1, 0, -1)[number])  # fmt: skip
            bus = pp.create_bus(net, 20.0, name=f"{district} {place + 1}", zone=district, geodata=at)
            kind = "48-AL1/8-ST1A 20.0" if district == "Harbour" and not place else "94-AL1/15-ST1A 20.0"
            name = f"{district} feeder" if not place else f"{district} line {place}"
            pp.create_line(net, before, bus, length_km=2.0, std_type=kind, name=name)
            pp.create_load(
                net, bus, p_mw=_LOAD_MW[district], q_mvar=0.1 * _LOAD_MW[district], name=f"{district} {place + 1}"
            )
            before = bus
    return net


def scenario(dispatch: dict[str, Any]) -> dict[str, Any]:
    """The scenario of the small city with a dispatch."""
    return {
        "name": "Small city", "city": {"network": "small.json", "time_zone": "Europe/Berlin"},
        "period": {"start": "2030-12-10", "days": 1, "step_minutes": 60},
        "tariff": {"import_markup_per_mwh": 20, "export_discount_per_mwh": 5},
        "assets": [
            {"kind": "ev_fleet", "name": "harbour cars", "bus": "Harbour 3", "vehicles": 3600, "v2g_share": 0.5},
            {"kind": "ev_fleet", "name": "town cars", "bus": "Old town 2", "vehicles": 200, "v2g_share": 0.5},
            {"kind": "pv", "name": "roofs", "bus": "Hills 3", "p_peak_mw": 3.0},
            {"kind": "wind", "name": "turbine", "bus": "Hills 2", "p_rated_mw": 1.0},
        ],
        "data_centres": [{"name": "campus hall", "bus": "Campus 2", "p_it_rated_mw": 0.6}],
        "dispatch": {**dispatch, "carbon_price_per_t": 80, "horizon_hours": 24, "look_ahead_hours": 0},
        "limits": LIMITS,
    }  # fmt: skip


def make_three_results(folder: Path) -> None:
    """Runs the small city with each dispatch into ``folder/<name>``."""
    folder.mkdir(parents=True)
    pp.to_json(small_net(), str(folder / ".small.json"))
    for name, dispatch in STRATEGIES.items():
        content = scenario(dispatch)
        content["city"]["network"] = ".small.json"
        run_scenario(check_scenario(content, folder, name), folder / name)
