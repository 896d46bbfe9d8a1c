"""Facts that answers are made from: on synthetic results by hand, on a small city by its tables."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from app.results.folder import Result
from app.studies.answers.certainty import figure_bands, unverified_inputs
from app.studies.answers.city import carbon_cap, hours_of_day, largest_sector
from app.studies.answers.hydrogen import hydrogen_answer, hydrogen_limits
from app.studies.answers.limits import LOADING, VOLTAGE, broken_limits, extreme_in, relief, worst_line
from app.studies.answers.vehicles import (
    Overloads,
    charging_hours,
    has_v2g,
    is_smart,
    other_differences,
    overloads,
    smart_among,
    v2g_effect,
)
from tests.app.three_results import NARROW


def with_scenario(result: Result, **changes: Any) -> Result:
    changed = replace(result)
    changed.__dict__["scenario"] = {**result.scenario, **changes}
    return changed


def test_the_worst_line_is_where_the_tables_have_it(three_results: dict[str, Result]) -> None:
    found = worst_line(three_results["unmanaged"])
    assert found is not None
    rows = three_results["unmanaged"].table("branches").filter(pl.col("kind").cast(pl.String) == "line").collect()
    most = rows.sort(LOADING, descending=True).row(0, named=True)
    assert (found.element, found.value, found.time) == (NARROW, most[LOADING], most["time"])
    assert (found.limit, found.steps) == (60.0, 2)
    kept = worst_line(three_results["smart"])
    assert kept is not None
    assert (kept.steps, kept.limit) == (0, 60.0)


def test_broken_limits_are_counted_by_quantity_and_the_worst_is_the_farthest_beyond(results: dict[str, Result]) -> None:
    result = results["unmanaged"]
    rows = result.table("violations").with_columns(pl.col("element", "quantity").cast(pl.String)).collect()
    found = {one.quantity: one for one in broken_limits(result)}
    assert set(found) == set(rows["quantity"].unique())
    for quantity, one in found.items():
        mine = rows.filter(pl.col("quantity") == quantity)
        assert (one.elements, one.steps) == (mine["element"].n_unique(), mine["time"].n_unique())
        assert one.worst is not None
        assert one.worst.value == (mine["value"].min() if quantity == VOLTAGE else mine["value"].max())
    assert sum(one.element_steps for one in found.values()) == rows.height


def test_another_result_keeps_the_limit_or_not(three_results: dict[str, Result]) -> None:
    worst = broken_limits(three_results["unmanaged"])[0].worst
    assert worst is not None
    smart = three_results["smart"]
    kept = relief(worst, smart, "smart")
    assert (kept.kept, kept.element_steps) == (True, 0)
    mine = smart.table("branches").filter(pl.col("branch").cast(pl.String) == NARROW).collect()
    assert extreme_in(worst, smart) == mine[LOADING].max() < worst.value
    assert not relief(worst, three_results["unmanaged"], "unmanaged").kept


def test_v2g_is_told_from_managed_charging(three_results: dict[str, Result]) -> None:
    unmanaged, smart, v2g = (three_results[name] for name in ("unmanaged", "smart", "v2g"))
    assert [is_smart(one) for one in (unmanaged, smart, v2g)] == [False, True, False]
    assert [has_v2g(one) for one in (unmanaged, smart, v2g)] == [False, False, True]
    assert smart_among(three_results, ["unmanaged", "smart"], v2g) == "smart"
    assert smart_among(three_results, ["unmanaged"], v2g) == ""
    assert other_differences(v2g, smart) == ()
    assert "dispatch.strategy" in other_differences(v2g, unmanaged)


def test_the_effect_of_v2g_has_both_accountings(three_results: dict[str, Result]) -> None:
    effect = v2g_effect(three_results["v2g"], three_results["smart"])
    mine, theirs = three_results["v2g"].summary, three_results["smart"].summary
    assert effect.average_t == mine["emissions_t"] - theirs["emissions_t"]
    key = "emissions_marginal_not_in_inventory_t"
    assert effect.marginal_t == mine[key] - theirs[key]
    assert effect.average_t is not None
    assert effect.marginal_t is not None
    assert effect.average_t < 0 < effect.marginal_t
    assert overloads(three_results["unmanaged"]) == Overloads(1, 2)
    assert (effect.before, effect.after) == (Overloads(0, 0), Overloads(0, 0))


def test_hours_are_those_of_the_wall_clock(results: dict[str, Result]) -> None:
    city = hours_of_day(results["optimal"], "Europe/Berlin")
    utc = hours_of_day(results["optimal"], "UTC")
    assert city is not None
    assert utc is not None
    assert (city.cleanest, city.dirtiest) == ((utc.cleanest + 2) % 24, (utc.dirtiest + 2) % 24)
    assert city.cleanest_g_per_kwh == utc.cleanest_g_per_kwh < city.dirtiest_g_per_kwh
    charged = charging_hours(results["optimal"])
    assert charged is not None
    assert (charged.cleanest, charged.dirtiest) == (7, 23)


def test_the_largest_sector_and_the_cap(results: dict[str, Result]) -> None:
    result = results["optimal"]
    found = largest_sector(result)
    assert found is not None
    sums = result.table("sectors").group_by(pl.col("gpc_code").cast(pl.String)).agg(pl.col("emissions_kg").sum())
    rows = dict(sums.collect().iter_rows())
    assert found.gpc_code == max(rows, key=lambda code: rows[code])
    assert found.share == pytest.approx(max(rows.values()) / sum(rows.values()))
    assert carbon_cap(result) is None
    capped = carbon_cap(with_scenario(result, dispatch={"strategy": "optimal", "carbon_cap_t": 50.0}))
    assert capped is not None
    assert (capped.cap_t, capped.emissions_t) == (50.0, result.summary["emissions_source_t"])


def test_hydrogen_is_the_mean_by_mass_and_limits_are_the_published(results: dict[str, Result]) -> None:
    found = hydrogen_answer(results["optimal"])
    assert found is not None
    table = results["optimal"].table("hydrogen").collect()
    mean = table["emissions_kg"].to_numpy().sum() / table["refuelled_kg"].to_numpy().sum()
    assert found.kg_per_kg == pytest.approx(mean)
    assert found.most_kg_per_kg == table["emissions_kg_per_kg"].max()
    assert found.time.tzinfo is not None
    assert found.time.utcoffset() == dt.timedelta(0)
    assert [round(one.kg_per_kg, 6) for one in hydrogen_limits()] == [3.38, 4.0, 4.9, 14.51]


def test_what_was_not_checked_is_named(three_results: dict[str, Result]) -> None:
    result = three_results["v2g"]
    found = unverified_inputs(result, by_factors=True)
    assert {one["status"] for one in found.factors} <= {"unverified", "secondary"}
    assert len(found.factors) == sum(one["status"] != "verified" for one in result.manifest["factors"])
    assert found.numbers == tuple(result.manifest["basis"]["caveats"])
    paths = [path for path, _ in found.constants]
    assert "assets[turbine].losses_percent" in paths
    without = unverified_inputs(result, by_factors=False)
    assert (without.factors, without.numbers, without.constants) == ((), (), found.constants)


def test_a_folder_without_sweeps_has_no_bands(three_folder: Path, three_results: dict[str, Result]) -> None:
    assert figure_bands(three_folder, three_results["v2g"], "emissions_t").found == ()
