"""What was read of a grid's file, guessed and dropped, and how its own power flow compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grid.time.calendar import ProfileTable

PLACE = "city.network"
"""What faults of a grid's file are named after."""


@dataclass(frozen=True)
class GridReport:
    """What was read of a grid's file.

    Args:
        source: Name of the file.
        form: Its format.
        converter: What read it.
        read: Number of elements by table of pandapower; empty tables are left out.
        guessed: What the file does not say and was assumed, one sentence each.
        dropped: What the file says and was left out, one sentence each.
        compared: How the file's own results compare with a power flow of what was read, one sentence each.
        synthetic: What tells that this grid was made, not measured; empty for a real one.
    """

    source: str
    form: str
    converter: str
    read: Mapping[str, int]
    guessed: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    compared: tuple[str, ...] = ()
    synthetic: str = ""

    @property
    def text(self) -> str:
        """The report, one line a quantity."""
        counts = ", ".join(f"{count:,} {table}" for table, count in self.read.items())
        lines = [f"grid: {self.source}"]
        for name, value in (
            *((("synthetic", self.synthetic),) if self.synthetic else ()),
            ("format", self.form),
            ("converter", self.converter),
            ("read", counts),
            *(("guessed", line) for line in self.guessed or ("nothing",)),
            *(("dropped", line) for line in self.dropped or ("nothing",)),
            *(("compared", line) for line in self.compared or ("the file holds no results to compare with",)),
        ):
            lines.append(f"  {name:9} {value}")
        return "\n".join(lines)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of a run should know of the grid's file."""
        said = (self.synthetic, *self.guessed, *self.dropped, *self.compared)
        return tuple(f"Grid: {sentence}" for sentence in said if sentence)

    @property
    def as_record(self) -> dict[str, Any]:
        """The report as a manifest keeps it."""
        return {
            "source": self.source, "format": self.form, "converter": self.converter, "read": dict(self.read),
            "guessed": list(self.guessed), "dropped": list(self.dropped), "compared": list(self.compared),
            "synthetic": self.synthetic,
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class ReadGrid:
    """A grid that was read.

    Args:
        net: The pandapower net, opaque.
        report: What was read of the file.
        profiles: Profiles that the file holds, relative to the values of the net; None where it holds none. Elements
            name theirs in ``profile_p`` and ``profile_q``.
    """

    net: Any
    report: GridReport
    profiles: ProfileTable | None = None
