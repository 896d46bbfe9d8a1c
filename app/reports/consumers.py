"""Who uses electricity in a run, as the consumers of scope 2: data centres, assets, fleets and sectors."""

from __future__ import annotations

import numpy as np
import polars as pl

from app.results.folder import Result
from carbon.reporting.scope2 import Consumer
from carbon.reporting.statement import Overlap
from carbon.tracing.convention_names import OPERATOR
from grid.arrays import Floats, ratio
from grid.city.city import UNSPECIFIED_SECTOR
from grid.errors import InputError, nearest

REGION = "city"
"""Market of the city, unless the contracts name another."""


def consumer_names(result: Result) -> tuple[str, ...]:
    """Data centres, assets that use power, hydrogen stations, fleets and sectors: of all there can be a statement.

    Batteries are none: what they charge is used where they feed it in, and their losses are those of the energy
    industries.
    """
    users = result.table("consumers").select(pl.col("consumer").cast(pl.String).unique().sort())
    known = set(result.table("data_centres").select(pl.col("name").cast(pl.String).unique()).collect()["name"])
    by_kind = sorted(users.collect()["consumer"], key=lambda name: (name not in known, name))
    return (*by_kind, *_lines(result))


def city_consumers(result: Result) -> tuple[str, ...]:
    """Those consumers that together are the whole city: its sectors and its fleets.

    Data centres and most other assets are parts of their sectors. What the statements of these sum to, without what
    fleets return, is the carbon of consumption and cars in the run's ledger, hydrogen apart: a station answers for
    what it draws when it draws it, the ledger counts its fuel when it leaves the tank.
    """
    return (*car_fleets(result), *_lines(result))


def car_fleets(result: Result) -> tuple[str, ...]:
    """Names of fleets of cars, which may feed back what they drew."""
    users = result.table("consumers").select(pl.col("consumer").cast(pl.String).unique().sort()).collect()["consumer"]
    cars = {name for name, asset in result.manifest["assets"].items() if asset["vehicles"]}
    return tuple(name for name in users if name in cars)


def sector_line(result: Result, name: str) -> str | None:
    """The GPC line that holds all of a consumer; None for lines themselves, fleets and hydrogen stations.

    Their electricity stands in no other statement: that of fleets and stations is of no sector's consumption.
    """
    asset = result.manifest["assets"].get(name)
    if asset is None or asset["element"] == "storage":
        return None
    return f"{asset.get('gpc_code') or UNSPECIFIED_SECTOR}.2"


def overlap(result: Result, name: str) -> Overlap:
    """What a consumer's statement must not be added to."""
    parts = [other for other in consumer_names(result) if sector_line(result, other) == name]
    return Overlap(sector_line(result, name), tuple(parts))


def read_consumer(result: Result, name: str, region: str = REGION, convention: str = OPERATOR) -> Consumer:
    """One consumer over time.

    What generation of its own covers in a step is not purchased: it is a line of its own, and the carbon of the power
    at its bus belongs to the rest.

    Args:
        result: The result.
        name: Name of a data centre, an asset or a fleet, or a GPC line such as ``I.1.2``.
        region: Market in which it buys.
        convention: Who bears the losses of the grid.

    Raises:
        InputError: If there is no such consumer.
    """
    names = consumer_names(result)
    if name not in names:
        raise InputError.single(
            "--consumer", f"no such consumer; there are {', '.join(names)}", name, nearest(name, names)
        )
    frame = _of_sector(result, name) if name in _lines(result) else _of_user(result, name)
    used, free, returned = (frame[name].to_numpy() for name in ("energy_mwh", "carbon_free_mwh", "returned_mwh"))
    carbon = read_consumer_carbon(result, name, convention)
    on_site = np.minimum(used, _made_on_site(result, name, used.size))
    purchased = used - on_site
    return Consumer(
        name,
        region,
        purchased,
        ratio(carbon["emissions_kg"].to_numpy(), purchased, 0.0),
        np.clip(ratio(free - on_site, purchased, 0.0), 0.0, 1.0),
        returned,
        carbon["returned_kg"].to_numpy(),
        on_site,
    )


def _made_on_site(result: Result, name: str, n_steps: int) -> Floats:
    """What generation without fuel on a consumer's own site feeds in, shape (n_steps,) [MWh].

    What stands on a site has its name and a colon before its own: `north: PV`.
    """
    own = [other for other, asset in result.manifest["assets"].items()
           if other.startswith(f"{name}: ") and asset["fuel_free"]]  # fmt: skip
    if not own:
        return np.zeros(n_steps)
    rows = result.table("assets").filter(pl.col("asset").cast(pl.String).is_in(own))
    fed = rows.group_by("time").agg(pl.col("fed_in_mw").sum())
    made: Floats = fed.sort("time").collect()["fed_in_mw"].to_numpy() * float(result.summary["step_hours"])
    return made


def used_on_site_share(result: Result, asset: str, n_steps: int) -> Floats:
    """Share of an asset's feed-in that the consumer uses on whose site it stands, shape (n_steps,) [1]; else 0.

    That part is not purchased, so no contract can cover a load with it again.
    """
    owner, colon, _ = asset.partition(": ")
    if not colon or not result.manifest["assets"][asset]["fuel_free"] or owner not in consumer_names(result):
        return np.zeros(n_steps)
    made = _made_on_site(result, owner, n_steps)
    return ratio(np.minimum(_of_user(result, owner)["energy_mwh"].to_numpy(), made), made, 0.0)


def read_consumer_carbon(result: Result, name: str, convention: str) -> pl.DataFrame:
    """Carbon of one consumer under a convention, step by step; columns `time`, `emissions_kg` and `returned_kg`."""
    text = {column: pl.col(column).cast(pl.String) for column in ("convention", "consumer")}
    rows = result.table("consumer_carbon").with_columns(**text)
    mine = rows.filter(pl.col("convention") == convention, pl.col("consumer") == name)
    return mine.sort("time").select("time", "emissions_kg", "returned_kg").collect()


def _lines(result: Result) -> tuple[str, ...]:
    """GPC lines of sectors that are not cars."""
    known = result.table("sectors").filter(pl.col("carbon_free_mwh").is_not_null())
    return tuple(known.select(pl.col("gpc_code").cast(pl.String).unique().sort()).collect()["gpc_code"])


def _of_sector(result: Result, code: str) -> pl.DataFrame:
    rows = result.table("sectors").filter(pl.col("gpc_code").cast(pl.String) == code).sort("time")
    return rows.select("energy_mwh", "carbon_free_mwh", returned_mwh=pl.lit(0.0)).collect()


def _of_user(result: Result, name: str) -> pl.DataFrame:
    rows = result.table("consumers").filter(pl.col("consumer").cast(pl.String) == name).sort("time")
    return rows.select("energy_mwh", "carbon_free_mwh", "returned_mwh").collect()
