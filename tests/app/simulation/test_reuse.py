from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.results.columns import TABLES
from app.results.folder import Result
from app.results.run import store
from app.scenario import check_scenario
from app.simulation import PhaseReuse, SimulationResult, simulate
from grid.sharing import sharing_preparation

pytestmark = pytest.mark.slow

BOTH = ("dispatch", "power flow")
TIMED = {"seconds", "reused", "files", "sha256"}


def scenario(strategy: str = "unmanaged", **changes: Any) -> dict[str, Any]:
    """A summer day of a small net with cars, a battery and a data centre."""
    return {
        "name": "small", "city": {"network": "case33bw"},
        "period": {"start": "2030-07-02", "days": 1, "step_minutes": 60},
        "assets": [
            {"kind": "ev_fleet", "name": "cars", "bus": "5", "vehicles": 20, "v2g_share": 0.5},
            {"kind": "battery", "name": "store", "bus": "9", "p_rated_mw": 0.5, "e_rated_mwh": 1},
            {"kind": "pv", "name": "roof", "bus": "7", "p_peak_mw": 1.0},
        ],
        "data_centres": [{"name": "hall", "bus": "12", "p_it_rated_mw": 0.2, "deferrable_share": 0.2}],
        "dispatch": {"strategy": strategy, "carbon_price_per_t": 80, "v2g": True}, "limits": {"import_max_mw": 3.9},
    } | changes  # fmt: skip


def run(raw: dict[str, Any], reuse: PhaseReuse | None = None) -> SimulationResult:
    return simulate(check_scenario(raw, Path(), "small"), reuse=reuse)


def same(found: Result, expected: Result) -> None:
    """Equal in every table byte for byte, in every key figure, and in the manifest but for timings."""
    tables = [{name: result.manifest["files"][f"{name}.parquet"] for name in TABLES} for result in (found, expected)]
    assert tables[0] == tables[1]
    assert found.summary == expected.summary
    about = [{key: each for key, each in result.manifest.items() if key not in TIMED} for result in (found, expected)]
    assert about[0] == about[1]


FACTORS = {"carbon": {"boundary": "lifecycle"}}
UPSTREAM = {"upstream": {"region": "germany_2030"}, "tariff": {"import_markup_per_mwh": 10}}


@pytest.mark.parametrize("in_files", [False, True])
def test_what_differs_in_factors_or_upstream_is_bit_for_bit_what_it_is_by_itself(
    in_files: bool, tmp_path: Path
) -> None:
    folder = tmp_path / "kept" if in_files else None
    found = []
    with sharing_preparation():
        assert not run(scenario(), PhaseReuse(folder)).reused if in_files else True
        reuse = PhaseReuse(folder)
        assert run(scenario(), reuse).reused == (BOTH if in_files else ())
        for number, changes in enumerate((FACTORS, UPSTREAM)):
            base = run(scenario(), reuse)
            store(base, tmp_path / f"base {number}")  # what is kept for its tables is taken for those of the variant
            reused = run(scenario(**changes), reuse)
            assert reused.reused == BOTH
            assert reused.accounts.side is base.accounts.side
            found.append(store(reused, tmp_path / f"reused {number}"))
    for number, changes in enumerate((FACTORS, UPSTREAM)):
        same(found[number], store(run(scenario(**changes)), tmp_path / f"alone {number}"))


def test_an_optimal_run_is_reused_where_nothing_that_decides_differs(tmp_path: Path) -> None:
    optimal = scenario("optimal", carbon={"conventions": ["operator"]})
    with sharing_preparation():
        reuse = PhaseReuse(tmp_path / "kept")
        first = run(optimal, reuse)
        again = run(scenario("optimal"), PhaseReuse(tmp_path / "kept"))
        assert (first.reused, again.reused) == ((), BOTH)
        assert again.schedule.rounds == first.schedule.rounds > 0
        same(store(again, tmp_path / "again"), store(run(scenario("optimal")), tmp_path / "alone"))
        assert "dispatch" not in run(scenario("optimal", tariff={"import_markup_per_mwh": 10}), reuse).reused
