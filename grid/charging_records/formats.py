"""Which column of a published data set is what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from grid.errors import Fault, nearest
from grid.spec import Spec


class RecordColumns(Spec):
    """Names of the columns of a file of charging sessions."""

    start: str = "start"
    """Plug-in."""
    stop: str = "stop"
    """Plug-out."""
    energy_kwh: str = "energy_kwh"
    """Energy at the meter [kWh]; not read where both registers are given."""
    register_start_wh: str | None = None
    """Or the register of the meter at plug-in, as OCPP states it [Wh]."""
    register_stop_wh: str | None = None
    """Register at plug-out [Wh]; less that at plug-in it is the energy."""
    vehicle: str | None = None
    """Vehicle, user or card; without it every session is a vehicle of its own."""
    station: str | None = None
    """Charging point."""
    connector: str | None = None
    """Which of its sockets; each holds one vehicle at a time."""
    max_power_kw: str | None = None
    """Greatest power of the session [kW]."""
    transaction: str | None = None
    """Transaction, of which a file may hold several records; the one with most energy counts."""

    @property
    def by_registers(self) -> bool:
        """Whether energy is the difference of two registers."""
        return self.register_start_wh is not None and self.register_stop_wh is not None

    @property
    def needed(self) -> tuple[str, ...]:
        """Columns without which there is no session."""
        if self.register_start_wh is not None and self.register_stop_wh is not None:
            return self.start, self.stop, self.register_start_wh, self.register_stop_wh
        return self.start, self.stop, self.energy_kwh


@dataclass(frozen=True)
class Format:
    """A published format.

    Args:
        name: Name of the family, as in a scenario.
        columns: Its columns.
        time_zone: IANA name of the zone that its times are in, unless another is stated; None: that of the city.
        local_zone: IANA name of the zone whose clocks its users follow; None: that of its times, or if these are in
            UTC that of the city.
        source: Where it is described.
        day_first: Whether the day goes before the month in its dates, if that is known.
    """

    name: str
    columns: RecordColumns
    time_zone: str | None
    local_zone: str | None
    source: str
    day_first: bool | None = None

    def fits(self, names: Iterable[str]) -> bool:
        """Whether a file with these columns has what a session needs; letter case and spaces do not count."""
        needed = set(self.columns.needed)
        if self.name == "norway":  # the names of its times alone are those of many files
            needed |= {name for name in (self.columns.vehicle, self.columns.station) if name is not None}
        return {_plain(name) for name in needed} <= {_plain(name) for name in names}

    def spelt(self, names: Iterable[str]) -> Format:
        """The format with its columns spelt as in a file of these names."""
        theirs = {_plain(name): name for name in reversed(list(names))}
        own = self.columns.model_dump()
        return replace(
            self,
            columns=RecordColumns(
                **{field: theirs.get(_plain(name), name) if name else name for field, name in own.items()}
            ),
        )


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


OPTIONAL = ("vehicle", "station", "connector", "max_power_kw", "transaction")
"""Columns that a file need not have."""
OCPP = "OCPP 1.6, StartTransaction and StopTransaction: meterStart and meterStop in Wh, times in UTC"
FORMATS = (
    Format(
        "acn",
        RecordColumns(
            start="connectionTime", stop="disconnectTime", energy_kwh="kWhDelivered", vehicle="userID",
            station="stationID",
        ),
        "UTC",
        "America/Los_Angeles",
        'Z. J. Lee, T. Li, S. H. Low, "ACN-Data: Analysis and Applications of an Open EV Charging Dataset", 2019',
    ),
    Format(
        "elaad",
        RecordColumns(
            start="UTCTransactionStart", stop="UTCTransactionStop", energy_kwh="TotalEnergy", vehicle="StartCard",
            station="ChargePoint", connector="Connector", max_power_kw="MaxPower", transaction="TransactionId",
        ),
        "UTC",
        "Europe/Amsterdam",
        "ElaadNL, open transactions; its notes call the times UTC and local in one: state `time_zone` if local",
        day_first=True,
    ),
    Format(
        "norway",
        RecordColumns(
            start="Start_plugin", stop="End_plugout", energy_kwh="El_kWh", vehicle="User_ID", station="Garage_ID"
        ),
        "Europe/Oslo",
        "Europe/Oslo",
        "Å. L. Sørensen et al., Data in Brief 36:107105, 2021, doi 10.1016/j.dib.2021.107105, data set 1",
        day_first=True,
    ),
    Format(
        "norway",
        RecordColumns(
            start="plug_in_local", stop="plug_out_local", energy_kwh="energy_kwh", vehicle="user_id",
            station="station_id",
        ),
        "Europe/Oslo",
        "Europe/Oslo",
        "the same sessions with the columns renamed",
    ),
    Format(
        "ocpp",
        RecordColumns(
            start="startTimestamp", stop="stopTimestamp", register_start_wh="startValue", register_stop_wh="stopValue",
            vehicle="idTag", station="chargeBoxId", connector="connectorId", transaction="transactionId",
        ),
        "UTC",
        None,
        f"{OCPP}; names as in SteVe's exports",
    ),
    Format(
        "ocpp",
        RecordColumns(
            start="startTimestamp", stop="stopTimestamp", register_start_wh="meterStart", register_stop_wh="meterStop",
            vehicle="idTag", station="chargePointId", connector="connectorId", transaction="transactionId",
        ),
        "UTC",
        None,
        f"{OCPP}; names as in its messages",
    ),
    Format(
        "columns",
        RecordColumns(start="plug_in_local", stop="plug_out_local", vehicle="user_id", station="station_id"),
        None,
        None,
        "local times of any place",
    ),
    Format(
        "columns",
        RecordColumns(vehicle="vehicle", station="station", connector="connector", transaction="transaction_id"),
        None,
        None,
        "this project's own names",
    ),
)  # fmt: skip
"""Formats that are recognised by their columns."""


def format_faults(file_format: str, columns: RecordColumns | None, names: list[str]) -> Iterator[Fault]:
    """All that keeps a file with columns `names` from being read as `file_format`."""
    if columns is not None:
        for field, name in columns.model_dump().items():
            if name is not None and name not in names and not (field == "energy_kwh" and columns.by_registers):
                yield Fault(f"columns.{field}", f"no column called {name!r}", suggestion=nearest(name, names))
    elif find_format(file_format, names) is None:
        known = ", ".join(sorted({each.name for each in FORMATS}))
        wanted = f"is not of format {file_format!r}" if file_format != "auto" else f"is of no known format ({known})"
        yield Fault("columns", f"the file {wanted}{_lacking(file_format, names)}; say which column is what", names)


def _lacking(file_format: str, names: list[str]) -> str:
    """What a file lacks of the format that it is nearest to, in words; empty where it is near to none."""
    held = {_plain(name) for name in names}
    lacks = [
        [name for name in each.columns.needed if _plain(name) not in held]
        for each in reversed(FORMATS) if file_format in {"auto", each.name}
    ]  # fmt: skip
    fewest = min(lacks, key=len, default=[])
    if len(fewest) != 1:
        return ""
    near = nearest(fewest[0], names)
    return f": it has no {fewest[0]!r}{f' (is it {near!r}?)' if near is not None else ''}"


def find_format(file_format: str, names: Iterable[str]) -> Format | None:
    """The first format, of this name unless it is ``auto``, that has the columns, spelt as in the file."""
    held = list(names)
    fitting = (each.spelt(held) for each in FORMATS if file_format in {"auto", each.name} and each.fits(held))
    return next(fitting, None)


def columns_held(columns: RecordColumns, names: Iterable[str]) -> RecordColumns:
    """The columns without the optional ones that the file does not hold."""
    held = set(names)
    lacking = {name: None for name in OPTIONAL if getattr(columns, name) not in held}
    return columns.with_changes(lacking)
