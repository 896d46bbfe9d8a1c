"""Between which values key figures lie in most runs of a sweep."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from dash.development.base_component import Component

from app.dashboard import cards
from app.dashboard.comparing.chosen import sweeps_beside
from app.dashboard.view import View
from app.failures import StoreError
from app.studies.ensembles.bands import bands
from app.studies.ensembles.runs import is_shown
from app.studies.ensembles.sources import sweep_at
from grid.errors import InputError

BEHIND = cards.Behind((), (), "Key figures of the runs, as the index holds them; all count alike.").of_columns({
    "Key figure": "as declared in the list of key figures, each with its formula", "Unit": "unit of the key figure",
    "Runs": "COUNT of the runs that have the figure and count",
    **{f"P{share}": f"value below which {share} % of the runs lie, linear between the two runs next to it, in the unit "
       "named; rests on the emission factors of each run where the key figure does" for share in (10, 50, 90)},
})  # fmt: skip


def band_cards(view: View) -> Iterator[Component]:
    """P10, P50 and P90 of the key figures of each sweep that is stored with the results."""
    for sweep in (record.sweep for record in sweeps_beside(view)):
        try:
            ensemble = sweep_at(str(view.results.place), sweep)
            found = bands(ensemble)
        except (InputError, StoreError) as error:
            yield cards.nothing(f"Spread of the sweep {sweep}", f"There is no band: {_reason(error)}.")
            continue
        rows = found.table.filter(pl.col("figure").map_elements(is_shown, return_dtype=pl.Boolean))
        named = pl.col("figure").map_elements(ensemble.words, return_dtype=pl.String).alias("Key figure")
        frame = rows.select(named, pl.col("unit").alias("Unit"), pl.col("runs").alias("Runs"),
                            *(pl.col(f"p{share}").alias(f"P{share}") for share in (10, 50, 90)))  # fmt: skip
        words = " ".join(f"{note[0].upper()}{note[1:]}." for note in found.notes)
        subtitle = f"One run in ten is below P10, one above P90; of the runs as the sweep drew them. {words}"
        yield cards.table_card(
            f"Spread of the sweep {sweep}", subtitle, frame, digits=3, key=f"band-{sweep}", why=BEHIND
        )


def _reason(error: InputError | StoreError) -> str:
    return "; ".join(fault.rule for fault in error.faults) if isinstance(error, InputError) else str(error)
