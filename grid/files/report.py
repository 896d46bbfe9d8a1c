"""What was read of a file, in figures that a reader can compare with her own totals."""

from __future__ import annotations

from dataclasses import dataclass

MOST_INVENTED = 0.2
"""Share of a run's steps whose values may be filled in, of the energy that may be cut or dropped, and of the cells that
may be unreadable; what exceeds it is refused."""


@dataclass(frozen=True)
class FileReport:
    """What was read of a file.

    Args:
        kind: What it is, such as ``weather``.
        source: Its name.
        form: The format that it was read as.
        rows: Rows read, and what of them was used.
        period: From when to when, in the words of the file's own time.
        zone: How its time stamps were placed.
        step: How far its rows are apart.
        gaps: What was missing, and how it was filled.
        totals: Energy and other totals, before and after mending.
        mended: What was changed, with its effect.
        dropped: What was left out, with its effect.
    """

    kind: str
    source: str
    form: str
    rows: str
    period: str
    zone: str
    step: str
    gaps: str = "none"
    totals: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The report, one line a quantity, at most one screen."""
        lines = [f"{self.kind}: {self.source}"]
        for name, value in (
            ("format", self.form),
            ("rows", self.rows),
            ("period", self.period),
            ("zone", self.zone),
            ("step", self.step),
            ("gaps", self.gaps),
            *(("total", line) for line in self.totals),
            *(("mended", line) for line in self.mended or ("nothing",)),
            *(("dropped", line) for line in self.dropped or ("nothing",)),
        ):
            lines.append(f"  {name:9} {value}")
        return "\n".join(lines)
