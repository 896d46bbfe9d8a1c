"""Hosting capacities of a scenario's buses, kept beside its results so that the map can show them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from polars.exceptions import PolarsError

from grid.errors import InputError

if TYPE_CHECKING:
    from app.studies.hosting.capacity import Hosting

FOLDER = ".hosting"
"""Folder beside the results, hidden so that it is taken for none of them."""


def kept_at(results: Path, scenario_hash: str, kind: str = "") -> Path:
    """Where the capacities of a scenario lie in a folder of results: those of data centres, or of a kind of assets."""
    return results / FOLDER / (f"{scenario_hash}.{kind}.csv" if kind else f"{scenario_hash}.csv")


def keep(results: Path, scenario_hash: str, found: Sequence[Hosting], kind: str = "") -> Path:
    """Writes capacities into a folder of results, whole or not at all; says where.

    Args:
        results: The folder.
        scenario_hash: Hash of the scenario.
        found: The capacities.
        kind: Kind of assets that they are of; empty for data centres, which the map shows.

    Raises:
        OSError: If they cannot be written.
    """
    from app.studies.hosting.capacity import hosting_table  # noqa: PLC0415  slow to import

    place = kept_at(results, scenario_hash, kind)
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_suffix(".draft")
    draft.write_text(hosting_table(found).write_csv(), encoding="utf-8")
    draft.replace(place)
    return place


def kept_capacities(results: Path, scenario_hash: str) -> dict[str, float] | None:
    """Largest rated IT power by bus [MW], as it was kept; None where nothing was.

    Raises:
        InputError: If what is there is no such table.
    """
    place = kept_at(results, scenario_hash)
    if not place.is_file():
        return None
    try:
        rows = pl.read_csv(place, schema_overrides={"bus": pl.String}).select("bus", pl.col("size").cast(pl.Float64))
    except (PolarsError, OSError) as error:
        reason = f"is no table of hosting capacities ({error}); delete it, and make it with `gridcarbon hosting`"
        raise InputError.single(str(place), reason) from error
    return dict(rows.iter_rows())
