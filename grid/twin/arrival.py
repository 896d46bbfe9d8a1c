"""Measurements as they arrive: each batch is marked beside what the same places said shortly before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import polars as pl

from grid.twin.measurements import MEASUREMENT_COLUMNS, PLACE, QUALITIES, in_measurement_columns
from grid.twin.quality import QualityRules, mark

KEPT: int = 48
"""Rows of a place beside which the next are marked."""


class ArrivalMarks:
    """Marks batches and counts their qualities.

    Args:
        rules: By what a measurement counts as what.
        ranges: Of places that have their own, see `grid.twin.quality.mark`.
    """

    def __init__(self, rules: QualityRules | None = None, ranges: pl.DataFrame | None = None) -> None:
        self._rules, self._ranges = rules, ranges
        self._before = pl.DataFrame(schema=dict(MEASUREMENT_COLUMNS))
        self._counts: Counter[str] = Counter()

    @property
    def counts(self) -> Mapping[str, int]:
        """How many rows had each of `QUALITIES` when they arrived."""
        return {name: self._counts[name] for name in QUALITIES}

    def take(self, frame: pl.DataFrame, *, count: bool = True) -> pl.DataFrame:
        """A batch with its marks, as far as they show on arrival: what follows may show more.

        Args:
            frame: With `MEASUREMENT_COLUMNS`.
            count: Whether it is counted; not if it was before, as after a restart.
        """
        frame = in_measurement_columns(frame)
        places = frame.select(PLACE).unique()
        beside = self._before.join(places, on=list(PLACE), how="semi")
        marked = mark(pl.concat([beside, frame]), self._rules, self._ranges).tail(frame.height)
        if count:
            self._counts.update(marked["quality"].to_list())
        others = self._before.join(places, on=list(PLACE), how="anti")
        recent = pl.concat([beside, frame]).sort("time", maintain_order=True).group_by(PLACE).tail(KEPT)
        self._before = pl.concat([others, recent.select(*MEASUREMENT_COLUMNS)])
        return marked
