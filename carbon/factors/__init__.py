"""Emission factors: one published set a CSV file, each row with its source; a new file in this folder is a new set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final, Literal, get_args

import polars as pl

from grid.errors import Fault, InputError, nearest, raise_if_any

Boundary = Literal["direct", "lifecycle"]
"""What a factor counts: emissions at the stack, or those of the whole chain."""
Gas = Literal["CO2", "CO2e"]
View = Literal["production", "consumption"]
Losses = Literal["in", "out"]
Status = Literal["verified", "secondary", "unverified"]
"""Whether the value was read in its source, in a page that quotes the source, or neither yet."""

TECHNOLOGIES: Final = (
    *("nuclear", "lignite", "hard_coal", "gas", "oil", "biomass", "hydro", "wind_onshore", "wind_offshore"),
    *("solar", "geothermal", "other", "unknown", "grid", "petrol", "diesel"),
)
"""What a factor can be for; ``grid`` is the average of a region's electricity."""
DEFAULT_FACTOR_SET: Final = "germany_2023"
"""The set of the model's own runs, made for the reference region's fleet; direct unless life-cycle is asked for."""
_CHOICES: Final = {
    "technology": TECHNOLOGIES,
    "gas": get_args(Gas),
    "boundary": get_args(Boundary),
    "view": get_args(View),
    "losses": get_args(Losses),
    "renewable": ("true", "false"),
    "status": get_args(Status),
}
_COLUMNS: Final = (
    *("technology", "value_kg_per_mwh", "gas", "boundary", "view", "losses"),
    *("renewable", "year", "issuer", "source", "status"),
)
_KEY: Final = ("technology", "region", "gas", "boundary", "view", "year")
_GREATEST_KG_PER_MWH: Final = 3000.0  # no fuel of any published set comes near; g/MWh or t/GWh would exceed it
_LEAST_POSITIVE_KG_PER_MWH: Final = 1.0  # below it a positive value is probably kg/kWh


@dataclass(frozen=True)
class Factor:
    """One published value and what it stands for.

    Args:
        technology: One of `TECHNOLOGIES`.
        region: Where it holds; empty for a technology's factor.
        value_kg_per_mwh: Emissions per MWh of electricity (of fuel, lower heating value, for road fuels).
        gas: CO2 alone, or all greenhouse gases as CO2 equivalents.
        boundary: Direct or life-cycle.
        view: Of production or of consumption.
        losses: Whether losses of the grid are in it.
        renewable: Whether the source is renewable.
        year: The year it stands for, or was published in.
        issuer: Who publishes it.
        source: Title and address.
        status: How far the value was checked.
    """

    technology: str
    region: str
    value_kg_per_mwh: float
    gas: Gas
    boundary: Boundary
    view: View
    losses: Losses
    renewable: bool
    year: int
    issuer: str
    source: str
    status: Status


@dataclass(frozen=True)
class FactorSet:
    """A published set of emission factors.

    Args:
        name: Of the set; of its file.
        factors: Its rows.
    """

    name: str
    factors: tuple[Factor, ...]

    @cached_property
    def _newest(self) -> dict[tuple[str, str, str], Factor]:
        in_order = sorted(self.factors, key=lambda factor: factor.year)
        return {(factor.technology, factor.boundary, factor.region): factor for factor in in_order}

    @property
    def technologies(self) -> tuple[str, ...]:
        """What there are factors for, each once, in the order of the file."""
        return tuple(dict.fromkeys(factor.technology for factor in self.factors))

    def find(self, technology: str, boundary: Boundary = "direct", region: str = "") -> Factor:
        """The newest factor of a technology (and region).

        Raises:
            InputError: If the set has none.
        """
        found = self._newest.get((technology, boundary, region))
        if found is None:
            rule = f"factor set {self.name!r} has no {boundary} factor for"
            if region:
                regions = {key[2] for key in self._newest if key[:2] == (technology, boundary)}
                raise InputError.of("factors", f"{rule} {technology} in", region, nearest(region, regions))
            names = {key[0] for key in self._newest if key[1] == boundary}
            raise InputError.of("factors", rule, technology, nearest(technology, names))
        return found

    def value(self, technology: str, boundary: Boundary = "direct", region: str = "") -> float:
        """Emissions per MWh [kg/MWh]; arguments and faults as in `find`."""
        return self.find(technology, boundary, region).value_kg_per_mwh

    def renewable(self, technology: str) -> bool:
        """Whether the set counts a technology as renewable; False if it does not know it."""
        return any(factor.renewable for factor in self.factors if factor.technology == technology)


def factor_sets() -> dict[str, FactorSet]:
    """All shipped sets by name."""
    return {path.stem: _read(path) for path in _shipped_files()}


def load_factor_set(name_or_path: str | Path = DEFAULT_FACTOR_SET) -> FactorSet:
    """A shipped set by its name, or one of your own by the path of its CSV file.

    Raises:
        InputError: If there is no such set, or rows of it are refused: without a source, negative, of another unit,
            mixed in their gases, unknown or given twice; all rows at once, by their line in the file.
    """
    shipped = {path.stem: path for path in _shipped_files()}
    path = shipped.get(str(name_or_path), Path(name_or_path))
    if not path.is_file():
        suggestion = nearest(str(name_or_path), shipped)
        raise InputError.of("factors", "no such factor set or file", str(name_or_path), suggestion)
    return _read(path)


def _shipped_files() -> list[Path]:
    return sorted(Path(__file__).parent.glob("*.csv"))


@cache
def _read(path: Path) -> FactorSet:
    try:
        table = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError.of("factors", f"cannot be read as CSV ({error})", str(path)) from error
    missing = [column for column in _COLUMNS if column not in table.columns]
    raise_if_any((Fault(column, "is a required column") for column in missing), str(path))
    if "region" not in table.columns:
        table = table.with_columns(region=pl.lit(""))
    rows = [
        {column: (text or "").strip() for column, text in row.items() if column in (*_COLUMNS, "region")}
        for row in table.to_dicts()
    ]
    raise_if_any([*_row_faults(rows), *_set_faults(rows)], str(path))
    return FactorSet(path.stem, tuple(_factor(row) for row in rows))


def _row_faults(rows: list[dict[str, str]]) -> Iterator[Fault]:
    for line, row in enumerate(rows, start=2):
        for column, choices in _CHOICES.items():
            if row[column] not in choices:
                rule = f"must be one of {', '.join(choices)}"
                yield Fault(f"row {line}, {column}", rule, row[column], nearest(row[column], choices))
        for column in ("source", "issuer"):
            if not row[column]:
                yield Fault(f"row {line}, {column}", "must say where the value comes from")
        if not row["year"].isdigit():
            yield Fault(f"row {line}, year", "must be a year", row["year"])
        yield from _value_faults(f"row {line}, value_kg_per_mwh", row["value_kg_per_mwh"])


def _value_faults(place: str, text: str) -> Iterator[Fault]:
    try:
        value = float(text)
    except ValueError:
        yield Fault(place, "must be a number", text)
        return
    if not 0 <= value < float("inf"):
        yield Fault(place, "must be finite and at least 0", text)
    elif 0 < value < _LEAST_POSITIVE_KG_PER_MWH or value > _GREATEST_KG_PER_MWH:
        yield Fault(place, "must be in kg/MWh; this looks like another unit", text)


def _set_faults(rows: list[dict[str, str]]) -> Iterator[Fault]:
    lines_of_key: dict[tuple[str, ...], list[int]] = {}
    gases: dict[str, dict[str, int]] = {}
    for line, row in enumerate(rows, start=2):
        lines_of_key.setdefault(tuple(row[column] for column in _KEY), []).append(line)
        if not row["region"]:
            gases.setdefault(row["boundary"], {}).setdefault(row["gas"], line)
    for key, lines in lines_of_key.items():
        if len(lines) > 1:
            yield Fault(
                f"rows {', '.join(map(str, lines))}", f"give the same factor twice: {', '.join(filter(None, key))}"
            )
    for boundary, first_lines in gases.items():
        if len(first_lines) > 1:
            where = ", ".join(f"{gas} in row {line}" for gas, line in first_lines.items())
            yield Fault("gas", f"{boundary} factors must not mix CO2 and CO2e: {where}")


def _factor(row: dict[str, str]) -> Factor:
    typed = {"value_kg_per_mwh": float(row["value_kg_per_mwh"]), "year": int(row["year"])}
    return Factor(**(row | typed | {"renewable": row["renewable"] == "true"}))  # type: ignore[arg-type]  # checked above
