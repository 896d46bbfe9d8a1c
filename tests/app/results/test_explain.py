from __future__ import annotations

import json
from dataclasses import replace

import pytest

from app.results.explain import recompute, why
from app.results.folder import Result
from grid.errors import InputError


@pytest.mark.parametrize("strategy", [0, 1], ids=["unmanaged", "optimal"])
def test_every_key_figure_follows_from_its_formula(demo: tuple[Result, Result], strategy: int) -> None:
    result = demo[strategy]
    for name, value in result.summary.items():
        again = recompute(result, name)
        if value is None:
            assert again is None, name
        elif name.endswith("_error_mwh"):
            assert again == pytest.approx(value, abs=1e-9), name  # a sum of rounding errors
        else:
            assert again == pytest.approx(value, rel=1e-9, abs=1e-12), name


def test_the_account_is_complete_and_plain_data(demo: tuple[Result, Result]) -> None:
    account = why(demo[1], "emissions_t").as_dict()
    assert json.loads(json.dumps(account)) == {**account, "factors": list(account["factors"])}
    assert account["scenario_hash"] == demo[1].scenario_hash
    assert account["inputs"] == {"ledger": "ledger.parquet, 192 rows"}
    assert {"technology", "value_kg_per_mwh", "source", "status"} <= set(account["factors"][0])
    assert not why(demo[1], "vm_min_pu").factors


def test_an_unknown_figure_is_refused_with_the_nearest(demo: tuple[Result, Result]) -> None:
    with pytest.raises(InputError, match="did you mean 'emissions_t'"):
        why(demo[0], "emision_t")


def test_a_figure_that_an_older_result_lacks_is_told_apart_from_an_unknown_one(results: dict[str, Result]) -> None:
    result = results["optimal"]
    older = replace(result, summary={key: value for key, value in result.summary.items() if key != "emissions_t"})
    with pytest.raises(InputError, match="made before the figure was"):
        why(older, "emissions_t")
