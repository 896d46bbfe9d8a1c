"""The cheapest reinforcement of a small grid, against all sets of the same measures in full AC."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandapower as pp
import polars as pl
import pytest

from app.results.folder import Result
from app.results.run import run_scenario
from app.scenario import check_scenario
from app.studies.reinforcement import study
from app.studies.reinforcement.costs import read_costs, shipped_costs
from grid.errors import InputError
from tests.app.command_line import gridcarbon, refused

pytestmark = pytest.mark.slow

LIMITS = {"vm_min_pu": 0.97, "vm_max_pu": 1.05, "line_loading_max_percent": 100, "trafo_loading_max_percent": 100}


def weak_net(file: Path) -> None:
    """A town behind a line that is too weak, and a street behind a transformer where voltage is too low."""
    net = pp.create_empty_network(name="weak")
    source, town, street = (pp.create_bus(net, kv, name=name) for name, kv in
                            (("source", 10.0), ("town", 10.0), ("street", 0.4)))  # fmt: skip
    pp.create_ext_grid(net, source)
    pp.create_line(net, source, town, 2.0, "NA2XS2Y 1x95 RM/25 6/10 kV", name="weak line")
    pp.create_transformer(net, town, street, "0.4 MVA 10/0.4 kV", name="station")
    pp.create_load(net, town, 4.6, 0.5, name="town")
    pp.create_load(net, street, 0.3, 0.1, name="street")
    pp.to_json(net, str(file))


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    folder = tmp_path_factory.mktemp("weak")
    weak_net(folder / "weak.json")
    raw: dict[str, Any] = {
        "name": "weak", "city": {"network": "weak.json"}, "limits": LIMITS,
        "period": {"start": "2030-01-01", "days": 1, "step_minutes": 60},
    }  # fmt: skip
    return run_scenario(check_scenario(raw, folder, "weak"), folder / "run")


def test_it_is_the_cheapest_of_all_sets(result: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every set of the offered measures, at most one tap each, tried by the same AC test; the cheapest that passes."""
    seen: dict[str, Any] = {}

    def every_set(cost: Any, passes: Any, groups: Any, relief: Any) -> Any:
        seen["found"] = real(cost, passes, groups, relief)
        sets = (np.array(bits, dtype=bool) for bits in product((False, True), repeat=cost.size))
        allowed = [one for one in sets if all(one[group].sum() <= 1 for group in groups)]
        seen["best"] = min(float(cost[one].sum()) for one in allowed if passes(one))
        seen["sets"] = len(allowed)
        return seen["found"]

    real = study.cheapest_set
    monkeypatch.setattr(study, "cheapest_set", every_set)
    found = study.reinforce(result, read_costs(shipped_costs()))
    assert found.kept
    assert found.cost == pytest.approx(seen["best"])
    assert 0 < found.tests < seen["sets"]
    assert {measure.kind for measure in found.chosen} >= {"cable"}
    assert "weak line" in found.broken
    assert found.cost_of_nothing > found.cost


def test_the_command_says_what_and_writes_what_was_offered(result: Result, tmp_path: Path) -> None:
    file = tmp_path / "measures.csv"
    done = gridcarbon("reinforce", result.path, "--out", file)
    assert done.returncode == 0, done.stderr
    assert "all limits kept in AC" in done.stdout
    assert "costs are unverified" in done.stdout
    table = pl.read_csv(file)
    assert table["chosen"].any()
    assert (table["relief"] > 0).all()
    refused(gridcarbon("reinforce", result.path, "--costs", tmp_path / "none.csv"), "no such file")


def test_a_faulty_table_of_costs_is_refused_with_all_faults(tmp_path: Path) -> None:
    text = shipped_costs().read_text(encoding="utf-8")
    (tmp_path / "costs.csv").write_text(text.replace("100000", "many", 1).replace("tap,off-load", "taps,off-load"))
    with pytest.raises(InputError) as error:
        read_costs(tmp_path / "costs.csv")
    assert "per_km: must be a number, at least 0; not so in rows; got [2], the first of 'many'" in str(error.value)
    assert "measure: has no row; got 'tap'; did you mean 'taps'?" in str(error.value)
