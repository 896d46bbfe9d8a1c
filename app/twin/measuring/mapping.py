"""How the columns of a file say what was measured: in rows that name it, or in a column for each place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from app.scenario.messages import faults_of
from grid.errors import Fault, InputError, raise_if_any
from grid.files.yaml_file import read_yaml
from grid.spec import Spec
from grid.time.zones import UTC_ZONE, Zone, zone_of
from grid.twin.measurements import place_faults


class Constant(Spec):
    """A value that holds for all rows of a file."""

    value: str | float
    """The value."""


Cell = str | Constant
"""Name of a column, or a value for all rows."""


class SeriesColumn(Spec):
    """A column that holds the values of one place."""

    column: str
    """Name of the column."""
    element_kind: Literal["bus", "branch", "asset"]
    """What was measured at: a bus, a line or transformer, an asset."""
    element: str = Field(min_length=1)
    """Its name."""
    quantity: str
    """What was measured, as in docs/twin.md."""
    unit: str = ""
    """Unit of the values, if not that of the quantity."""
    standard_deviation: float | None = Field(default=None, gt=0)
    """Standard deviation of the error of a value, in the unit of the column; 1 % of each value if not given."""
    source: str = "file"
    """Who measured."""


class MeasurementColumns(Spec):
    """What the columns of a file of measurements mean; columns that are not named are not read."""

    time: str = "time"
    """Column of the time of measurement."""
    time_zone: str = "UTC"
    """Zone of times without an offset: an IANA name, UTC, or an offset such as +01:00."""
    element_kind: Cell = "element_kind"
    """Column that says whether it is a bus, branch or asset, or one of them for all rows."""
    element: Cell = "element"
    """Column of names of buses, branches and assets, or one name for all rows."""
    quantity: Cell = "quantity"
    """Column of what was measured, or one quantity for all rows."""
    value: str = "value"
    """Column of values."""
    unit: Cell | None = None
    """Column of units, or one unit for all rows; those of the quantities if not given."""
    standard_deviation: Cell | None = None
    """Column of standard deviations in the unit of the value, or one for all rows; 1 % of each value if not given."""
    source: Cell | None = None
    """Column that says who measured, or one name for all rows; `file` if not given."""
    sequence: str | None = None
    """Column of numbers that the source gave its messages; 0 if not given."""
    quality: str | None = None
    """Column of what the source says of the quality; good if not given."""
    received: str | None = None
    """Column of the time of arrival; that of measurement if not given."""
    elements: dict[str, str] = Field(default_factory=dict)
    """Names of elements by what the file calls them; others stay as they are."""
    quantities: dict[str, str] = Field(default_factory=dict)
    """Quantities by what the file calls them; others stay as they are."""
    series: list[SeriesColumn] = Field(default_factory=list)
    """Columns with the values of one place each: with these, all others but the time are not read."""

    @property
    def zone(self) -> Zone:
        """The zone of times without an offset."""
        return zone_of(self.time_zone) or UTC_ZONE


OWN_COLUMNS = MeasurementColumns(
    unit=None, standard_deviation="standard_deviation", source="source", sequence="sequence", quality="quality",
    received="received",
)  # fmt: skip
"""The columns of files that gridcarbon writes."""


def read_mapping(path: Path) -> MeasurementColumns:
    """Reads what columns mean from a YAML file.

    Raises:
        InputError: With all that is wrong with it.
    """
    file = read_yaml(path)
    if file.content is None:
        raise InputError.single("", "is empty; it must name columns, such as value: Wert (docs/twin.md)", str(path))
    with file.naming_lines():
        try:
            mapping = MeasurementColumns.model_validate(file.content)
        except ValidationError as error:
            raise InputError(faults_of(error, MeasurementColumns), str(path)) from error
        faults = []
        if zone_of(mapping.time_zone) is None:
            faults.append(Fault("time_zone", "is no zone, such as Europe/Berlin, UTC or +01:00", mapping.time_zone))
        for k, series in enumerate(mapping.series):
            faults += [
                Fault(f"series[{k}].{fault.place}", fault.rule, fault.value, fault.suggestion)
                for fault in place_faults(series.element_kind, series.element, series.quantity)
            ]
        faults += _repeated(mapping)
        raise_if_any(faults, str(path))
    return mapping


def _repeated(mapping: MeasurementColumns) -> Iterator[Fault]:
    """Series of what another series holds by the same source, which would count twice."""
    first: dict[tuple[str, ...], int] = {}
    for k, series in enumerate(mapping.series):
        other = first.setdefault((series.element_kind, series.element, series.quantity, series.source), k)
        if other != k:
            rule = f"holds what series[{other}] holds by the same source: leave one out, or name their sources"
            yield Fault(f"series[{k}]", rule, f"{series.quantity} of {series.element_kind} {series.element}")
