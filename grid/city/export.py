"""The net with all assets at one step, in the formats of others, for anyone to check or to draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from grid import _pandapower
from grid.arrays import Floats
from grid.city.city import City
from grid.city.map_export import Results, is_geographic, map_layers, write_map
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.files.content import shown_path
from grid.files.output import output_faults, written_whole
from grid.flexibility.flexibility import Element
from grid.time.clock import Clock

PLACE = "FILE"
"""What faults of the file are named after."""
ExportForm = Literal["pandapower-json", "pandapower-xlsx", "power-grid-model", "geojson", "geopackage"]
ENDINGS: Mapping[ExportForm, tuple[str, ...]] = {
    "pandapower-json": (".json",), "pandapower-xlsx": (".xlsx",), "power-grid-model": (".json",),
    "geojson": (".geojson", ".json"), "geopackage": (".gpkg",),
}  # fmt: skip
"""Endings of the files of each format."""
MAPS: tuple[ExportForm, ...] = ("geojson", "geopackage")
"""Formats that hold results as attributes."""


def form_of(path: Path, form: str | None) -> ExportForm:
    """The format to write: the one that is named, else that of the file's ending.

    Raises:
        InputError: If there is no such format, or no format has the file's ending and none is named.
    """
    if form is None:
        chosen = next((name for name, endings in ENDINGS.items() if path.suffix in endings), None)
        if chosen is None:
            known = list(dict.fromkeys(ending for endings in ENDINGS.values() for ending in endings))
            rule = f"must end in {', '.join(known)}, or --format must name its format"
            raise InputError.single(PLACE, rule, shown_path(path), nearest(path.suffix, known))
        return chosen
    if form not in ENDINGS:
        raise InputError.single("--format", f"must be one of {', '.join(ENDINGS)}", form, nearest(form, ENDINGS))
    return cast(ExportForm, form)


@dataclass(frozen=True)
class AddedElement:
    """An asset at a bus, as it appears in the net.

    Args:
        element: Table of pandapower.
        name: Name of the element.
        bus: Name of the bus.
        p_mw: Withdrawal [MW].
        e_mwh: Energy stored [MWh].
        q_mvar: Reactive withdrawal [MVAr].
    """

    element: Element
    name: str
    bus: str
    p_mw: float
    e_mwh: float = 0.0
    q_mvar: float = 0.0


def check_step(clock: Clock, step: int, path: Path, form: ExportForm = "pandapower-json") -> None:
    """Looks whether a step can be written to a file of a format.

    Raises:
        InputError: If there is no such step, or the file cannot be written.
    """
    faults = output_faults(path, ENDINGS[form], PLACE)
    if not 0 <= step < clock.n_steps:
        faults.append(Fault("--step", f"must lie within 0..{clock.n_steps - 1}", step))
    raise_if_any(faults, "the export")


def write_step(
    city: City, step: int, added: Sequence[AddedElement], path: Path, form: ExportForm = "pandapower-json",
    results: Results | None = None,
) -> tuple[str, ...]:  # fmt: skip
    """Writes the net of the city at one step.

    Args:
        city: The city.
        step: Step of its clock.
        added: The assets.
        path: File to write; an existing one is replaced.
        form: Its format.
        results: Values that a map holds beside the net's own, see `grid.city.map_export`.

    Returns:
        What of the net the format does not hold, such as ``2 of table shunt``.

    Raises:
        InputError: If the step does not exist, the format does not hold the net, or the file cannot be written.
    """
    check_step(city.clock, step, path, form)
    net = _net_at(city, step, added)
    left_out: tuple[str, ...] = ()
    with written_whole(path, PLACE) as draft:
        if form in MAPS:
            layers, left_out = map_layers(net, city.network, results or {})
            write_map(layers, draft, form=form, geographic=is_geographic(city.network))
        elif form == "pandapower-xlsx":
            _pandapower.write_workbook(net, draft)
        elif form == "power-grid-model":
            _pandapower.write_power_grid_model(net, draft)
        else:
            _pandapower.write_file(net, draft)
    return left_out


def _net_at(city: City, step: int, added: Sequence[AddedElement]) -> Any:
    """The pandapower net of the city at one step, with the assets as standard elements."""
    n_loads = len(city.network.elements["load"]["name"])
    n_sgens = len(city.network.elements["sgen"]["name"])
    load = {"p_mw": city.loads.p_mw()[step], "q_mvar": city.loads.q_mvar()[step]}
    sgen = {"p_mw": city.generators.p_mw()[step], "q_mvar": city.generators.q_mvar()[step]}
    columns = {
        "load": {quantity: values[:n_loads] for quantity, values in load.items()},
        "storage": {
            quantity: _stores(city, values[n_loads:], sgen[quantity][n_sgens:]) for quantity, values in load.items()
        },
        "sgen": {quantity: values[:n_sgens] for quantity, values in sgen.items()},
    }
    additions = [_columns(element, city.network.buses.find(element.bus)) for element in added]
    return _pandapower.net_with(city.network, columns, additions)


def _stores(city: City, withdrawal: Floats, feed_in: Floats) -> Floats:
    """Withdrawal of the net's storage units in their order, from that of stores and of generation with a battery."""
    values = np.zeros(city.feeds_in.size)
    values[~city.feeds_in], values[city.feeds_in] = withdrawal, -feed_in
    return values


def _columns(element: AddedElement, bus: int) -> dict[str, object]:
    """An added element in pandapower's columns and sign."""
    sign = -1.0 if element.element == "sgen" else 1.0
    columns: dict[str, object] = {
        "table": element.element,
        "bus": bus,
        "name": element.name,
        "p_mw": sign * element.p_mw + 0.0,
        "q_mvar": sign * element.q_mvar + 0.0,
    }
    if element.element == "storage":
        columns["max_e_mwh"] = element.e_mwh
        columns["soc_percent"] = 100.0
    return columns
