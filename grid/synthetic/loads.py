"""Loads with coordinates, and streets, as planners have them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from grid.arrays import Floats
from grid.errors import Fault, InputError, listed, nearest, raise_if_any
from grid.files.content import shown_path
from grid.files.numbers import missing_marks
from grid.files.text_table import TextTable, read_text_table
from grid.readers.maps.distances import EARTH_RADIUS_KM
from grid.readers.records import FileRecords, is_missing
from grid.synthetic.load_maps import map_features, once, tell_repeated, without_lines
from grid.synthetic.spec import SyntheticSpec

PLACE = "city.synthetic"
_MEANT: Final = {"lon": "longitude", "lng": "longitude", "long": "longitude", "lat": "latitude"}
_NUMBERS: Final = ("longitude", "latitude", "x", "y", "p_kw", "p_mw", "q_mvar")
_LEAST_M: Final = 20.0
"""Extent of a city, below which its coordinates are taken to be degrees."""
_LARGEST_USUAL_MW: Final = 5.0
"""Median of the loads of a city, above which they are taken to be in another unit; ours."""
_SHOWN: Final = 5
MOST_LOADS = 50_000
FARTHEST_KM = 200.0
"""Extent of a city, above which coordinates are taken to be wrong."""


@dataclass(frozen=True, eq=False)
class LoadPoints:
    """Loads at places, N of them.

    Args:
        names: Unique names.
        xy: Coordinates as given, shape (N, 2).
        km: The same in a plane, shape (N, 2) [km].
        p_mw: Active power at the common peak, shape (N,) [MW].
        q_mvar: Reactive power, shape (N,) [MVAr].
        sectors: GPC sub-sector of each, None where not stated.
        streets: Lines of streets in the plane, each shape (V, 2) [km].
        guessed: What was assumed, one sentence each.
        geographic: Whether coordinates are longitudes and latitudes.
    """

    names: tuple[str, ...]
    xy: Floats
    km: Floats
    p_mw: Floats
    q_mvar: Floats
    sectors: tuple[str | None, ...]
    streets: tuple[Floats, ...]
    guessed: tuple[str, ...]
    geographic: bool

    @property
    def s_mva(self) -> Floats:
        """Apparent power, shape (N,) [MVA]."""
        return np.asarray(np.hypot(self.p_mw, self.q_mvar))

    def given(self, km: Floats) -> Floats:
        """Points of the plane in the coordinates of the file, shape as given (…, 2)."""
        scale = np.array([np.cos(np.deg2rad(_middle(self.xy))), 1.0])
        return np.asarray(np.rad2deg(km / EARTH_RADIUS_KM) / scale if self.geographic else km * 1e3)


def read_load_points(spec: SyntheticSpec, folder: Path) -> LoadPoints:
    """Reads loads and streets.

    Raises:
        InputError: With all that is wrong: missing files, columns, coordinates, powers that are no numbers.
    """
    faults: list[Fault] = []
    guessed = ["Loads stay at their peak in every step unless city.profiles gives their course."]
    records, places, geographic = _records(folder / spec.loads, faults, guessed)
    raise_if_any(faults, shown_path(folder / spec.loads))
    xy = _coordinates(records, places, geographic)
    p_mw = records.number("p_kw", least=0, factor=1e-3) if records.has("p_kw") else records.number("p_mw", least=0)
    marks = np.flatnonzero(missing_marks(p_mw / _factor(records))).tolist()
    rule = "stands for a missing value, it seems: leave it empty, or state the power"
    records.fault_of_rows(marks, "power", rule, [float(p_mw[k] / _factor(records)) for k in marks])
    usual = p_mw * np.tan(np.arccos(spec.power_factor))
    stated = records.stated("q_mvar")
    q_mvar = np.where(stated, records.number("q_mvar", 0.0), usual)
    if (~stated).any():
        guessed.append(f"{np.count_nonzero(~stated)} loads state no q_mvar: a power factor of {spec.power_factor:g}.")
    names = [name or f"load {k + 1}" for k, name in enumerate(records.text("name"))]
    if len(set(names)) < len(names):
        twice = [name for name, count in Counter(names).items() if count > 1]
        faults.append(Fault(spec.loads, f"must have different names; not so {len(twice)}", twice[:_SHOWN]))
    if not 0 < len(records) <= MOST_LOADS:
        faults.append(Fault(spec.loads, f"must have 1 to {MOST_LOADS:,} loads", len(records)))
    elif not faults and np.ptp(_plane(xy, xy, geographic=geographic), axis=0).max() > FARTHEST_KM:
        faults.append(_too_far(records, xy, geographic=geographic))
    elif not faults and not (p_mw > 0).any():
        faults.append(Fault(spec.loads, "must draw something"))
    elif not faults:
        faults += _implausible(records, xy, p_mw, geographic=geographic)
    if geographic and not faults:
        longitude, latitude = xy.mean(axis=0)
        guessed.append(f"The middle of the loads is at longitude {longitude:.2f}, latitude {latitude:.2f}.")
    streets = _streets(spec, folder, xy, geographic, faults)
    raise_if_any(faults, shown_path(folder / spec.loads))
    sectors = tuple(sector or None for sector in records.text("sector"))
    km = _plane(xy, xy, geographic=geographic)
    return LoadPoints(tuple(names), xy, km, p_mw, q_mvar, sectors, streets, tuple(guessed), geographic)


def _records(path: Path, faults: list[Fault], guessed: list[str]) -> tuple[FileRecords, Sequence[Any], bool]:
    """Records of loads, their geometries where the file has such, and whether coordinates are degrees."""
    if path.suffix.casefold() == ".csv":
        read = read_text_table(path, f"{PLACE}.loads")
        table = read.once()
        tell_repeated(read.n_rows - table.n_rows, guessed)
        names = {name: _meant(name) for name in table.names}
        columns = {names[name]: _cells(table, name, names[name]) for name in table.names}
        pairs = [pair for pair in (("longitude", "latitude"), ("x", "y")) if set(pair) <= set(columns)]
        if not pairs:
            faults.append(Fault(path.name, "must have columns longitude and latitude, or x and y", table.names))
        faults += _power_faults(path.name, table.names, list(columns))
        rows: Sequence[Mapping[str, Any]] = pl.DataFrame(columns).to_dicts()
        labels = [f"row {line}" for line in table.lines.tolist()]
        return FileRecords(path.name, rows, labels, faults), (), pairs[:1] == [("longitude", "latitude")]
    features = map_features(path, f"{PLACE}.loads")
    found = [replace(each, properties={_meant(name): value for name, value in each.properties.items()})
             for each in features.features]  # fmt: skip
    kept = once(without_lines(found, guessed), guessed)
    known = [name for each in kept for name, value in each.properties.items() if not is_missing(value)]
    if kept:
        faults += _power_faults(path.name, list(dict.fromkeys(known)), list(dict.fromkeys(known)))
    rows, labels = [feature.properties for feature in kept], [feature.label for feature in kept]
    records = FileRecords(path.name, rows, labels, faults)
    for k, feature in enumerate(kept):
        if feature.shape is not None and "LineString" in feature.shape.geom_type:
            records.fault(k, "geometry", "must be a point or an outline", feature.shape.geom_type)
    return records, [feature.shape for feature in kept], features.geographic


def _meant(name: str) -> str:
    """The name that a column or attribute is read by."""
    return _MEANT.get(name.casefold(), name.casefold())


def _power_faults(source: str, names: Sequence[str], meant: Sequence[str]) -> Iterator[Fault]:
    """That there is no attribute of power, or two."""
    stated = {"p_kw", "p_mw"} & set(meant)
    if len(stated) != 1:
        rule = "must have one column of power at the common peak, p_kw or p_mw (heights and uses make no loads)"
        yield Fault(source, rule, list(names), None if stated else nearest("p_kw", names))


def _factor(records: FileRecords) -> float:
    """What a number of the file is in MW."""
    return 1e-3 if records.has("p_kw") else 1.0


def _too_far(records: FileRecords, xy: Floats, *, geographic: bool) -> Fault:
    """That loads lie far from each other, with those that are farthest from the middle ones."""
    away = np.abs(_plane(xy - np.median(xy, axis=0), xy, geographic=geographic)).max(axis=1)
    far = np.flatnonzero(away > FARTHEST_KM)
    rule = f"must lie within {FARTHEST_KM:g} km: are coordinates longitude and latitude?"
    if 0 < far.size <= len(xy) // 2:
        rule += f" Far from the others: {listed([f'{records.labels[k]!s:.80}' for k in far.tolist()])}"
        return Fault(records.table, rule, tuple(xy[far[0]].tolist()))
    return Fault(records.table, rule)


def _cells(table: TextTable, name: str, meant: str) -> pl.Series:
    """The cells of a column: numbers by the decimal mark of the file, what cannot be read as it stands."""
    texts = table.cells[name]
    if meant not in _NUMBERS:
        return texts
    numbers = table.numbers(name)
    read = pl.Series(numbers.values).fill_nan(None).cast(pl.String)
    return read.zip_with(pl.Series(~numbers.unread), texts)


def _implausible(records: FileRecords, xy: Floats, p_mw: Floats, *, geographic: bool) -> Iterator[Fault]:
    """Degrees in columns of metres, and powers that are a thousand times too large."""
    table = records.table
    if not geographic and len(xy) > 1 and (np.abs(xy) <= (180, 90)).all() and np.ptp(xy, axis=0).max() < _LEAST_M:
        rule = f"x and y are metres, and all loads lie within {_LEAST_M:g} m: are they degrees? Call the columns"
        yield Fault(table, f"{rule} longitude and latitude", tuple(xy[0].tolist()))
    usual = float(np.median(p_mw[p_mw > 0]))
    if usual > _LARGEST_USUAL_MW:
        unit = "W instead of kW" if records.has("p_kw") else "kW instead of MW"
        rule = (
            f"half of the loads draw at least {usual:,.4g} MW, more than {_LARGEST_USUAL_MW:g} MW: are they in {unit}?"
        )
        yield Fault(table, f"{rule} Divide by 1000")


def _coordinates(records: FileRecords, shapes: Sequence[Any], geographic: bool) -> Floats:
    """Coordinates of the records, of their columns or their geometries (the middle of an outline), shape (N, 2)."""
    if not shapes:
        columns = ("longitude", "latitude") if geographic else ("x", "y")
        xy = np.column_stack([records.number(column) for column in columns]).reshape(-1, 2)
    else:
        middles = [None if shape is None or shape.is_empty else shape.representative_point() for shape in shapes]
        xy = np.array([(np.nan, np.nan) if m is None else (m.x, m.y) for m in middles], dtype=float).reshape(-1, 2)
        for k in np.flatnonzero(np.isnan(xy[:, 0])):
            records.fault(int(k), "geometry", "is missing")
    if geographic:
        bad = np.flatnonzero((np.abs(xy[:, 0]) > 180) | (np.abs(xy[:, 1]) > 89)).tolist()
        rule = "must be longitude and latitude" + (", in degrees, not metres of a map" if len(bad) > 1 else "")
        records.fault_of_rows(bad, "coordinates", rule, [tuple(xy[k].tolist()) for k in bad])
    return xy


def _streets(
    spec: SyntheticSpec,
    folder: Path,
    xy: Floats,
    geographic: bool,
    faults: list[Fault],
) -> tuple[Floats, ...]:
    """Lines of streets in the plane."""
    import shapely  # noqa: PLC0415  slow to import

    if spec.streets is None:
        return ()
    try:
        features = map_features(folder / spec.streets, f"{PLACE}.streets")
    except InputError as error:
        faults.extend(error.faults)
        return ()
    if features.geographic != geographic:
        faults.append(Fault(spec.streets, "must have the coordinate system of the loads"))
        return ()
    lines = [part for feature in features.features if feature.shape is not None
             for part in shapely.get_parts(feature.shape) if part.geom_type == "LineString"]  # fmt: skip
    if not lines:
        faults.append(Fault(spec.streets, "has no lines"))
        return ()
    faults += _elsewhere(spec.streets, lines, xy)
    return tuple(_plane(shapely.get_coordinates(line), xy, geographic=geographic) for line in lines)


def _elsewhere(streets: str, lines: Sequence[Any], xy: Floats) -> Iterator[Fault]:
    """That no street reaches the area of the loads."""
    import shapely  # noqa: PLC0415  slow to import

    (west, south), (east, north) = xy.min(axis=0), xy.max(axis=0)
    wide = max(east - west, north - south, 1e-9)
    area = shapely.box(west - wide, south - wide, east + wide, north + wide)
    if not any(area.intersects(line) for line in lines):
        x, y = shapely.get_coordinates(lines[0])[0].tolist()
        cure = ": are longitude and latitude exchanged?" if area.intersects(shapely.Point(y, x)) else ""
        loads = f"loads are from {west:.6g}, {south:.6g} to {east:.6g}, {north:.6g}"
        rule = f"must have streets where the loads are; the first begins at {x:.6g}, {y:.6g}, {loads}{cure}"
        yield Fault(streets, rule)


def _plane(xy: Floats, of: Floats, *, geographic: bool) -> Floats:
    """Points in a plane, shape (…, 2) [km]; longitudes are scaled at the middle latitude of `of`."""
    if not geographic:
        return xy / 1e3
    return np.asarray(np.deg2rad(xy) * EARTH_RADIUS_KM * np.array([np.cos(np.deg2rad(_middle(of))), 1.0]))


def _middle(xy: Floats) -> float:
    """The middle latitude."""
    return float(np.mean([xy[:, 1].min(), xy[:, 1].max()]))
