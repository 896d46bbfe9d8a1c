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
    return results / FOLDER / file_name(scenario_hash, kind)


def file_name(scenario_hash: str, kind: str = "") -> str:
    """Name of the file of a scenario's capacities, of data centres or of a kind of assets."""
    return f"{scenario_hash}.{kind}.csv" if kind else f"{scenario_hash}.csv"


def keep(results: Path, scenario_hash: str, found: Sequence[Hosting], kind: str = "") -> Path:
    """Writes capacities into a folder of results, whole or not at all; says where.

    Args:
        results: The folder.
        scenario_hash: Hash of the scenario.
        found: The capacities.
        kind: Kind of assets that they are of; empty for data centres.

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


def kept_capacities(results: Path, scenario_hash: str, kind: str = "") -> dict[str, float] | None:
    """Largest size by bus, as it was kept, in the unit of the kind; None where nothing was.

    Args:
        results: The folder of results.
        scenario_hash: Hash of the scenario.
        kind: Kind of assets; empty for data centres [MW of IT].

    Raises:
        InputError: If what is there is no such table.
    """
    rows = kept_table(results, scenario_hash, kind)
    return None if rows is None else dict(rows.select("bus", "size").iter_rows())


def kept_table(results: Path, scenario_hash: str, kind: str = "") -> pl.DataFrame | None:
    """The capacities as `hosting_table` has them; arguments and faults as in `kept_capacities`."""
    place = kept_at(results, scenario_hash, kind)
    if not place.is_file():
        return None
    numbers = pl.col("size", "p_peak_mw", "value", "limit").cast(pl.Float64)
    try:
        rows = pl.read_csv(place, schema_overrides={"bus": pl.String})
        return rows.select("bus", numbers, pl.col("binding", "quantity").cast(pl.String))
    except (PolarsError, OSError) as error:
        reason = f"is no table of hosting capacities ({error}); delete it, and make it with `gridcarbon hosting`"
        raise InputError.single(str(place), reason) from error
