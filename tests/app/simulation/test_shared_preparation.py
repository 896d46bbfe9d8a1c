from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.scenario import check_scenario
from app.simulation.inputs import SimulationInputs, prepare
from grid.errors import ScenarioError
from grid.sharing import SharedPreparation, sharing_preparation

pytestmark = pytest.mark.slow

CARS = {"kind": "ev_fleet", "name": "cars", "bus": "5", "vehicles": 40, "v2g_share": 0.5}
LIMIT = {"kinds": ["ev_fleet"], "charge_max_share": 0.5}
FACTORS = Path(__file__).parents[3] / "carbon" / "factors" / "germany_2023.csv"


def scenario(**changes: Any) -> dict[str, Any]:
    """A summer day of a small net, with changes."""
    return {
        "name": "small", "city": {"network": "case33bw", "own_generation": "weather"},
        "period": {"start": "2030-07-02", "days": 1, "step_minutes": 60},
        "assets": [CARS, {"kind": "pv", "name": "roof", "bus": "7", "p_peak_mw": 1.0}],
        "dispatch": {"strategy": "unmanaged"},
    } | changes  # fmt: skip


def arrays_of(inputs: SimulationInputs) -> dict[str, Any]:
    """All that a run takes from its preparation."""
    upstream, found = inputs.upstream, {}
    found["withdrawal"] = inputs.loaded.city.withdrawal()
    found["weather"] = inputs.weather.t_dry_bulb_degc, inputs.weather.ghi_w_per_m2
    found["upstream"] = upstream.ci_kg_per_mwh, upstream.price_per_mwh, upstream.p_mw, upstream.renewable_share
    found["year"] = inputs.ci_year_kg_per_mwh, inputs.renewable_share_year
    for flexibility in inputs.flexibilities:
        found[flexibility.name] = (flexibility.start, flexibility.stop, flexibility.unmanaged_power())
        found[f"{flexibility.name} at"] = (flexibility.shares.indices, flexibility.shares.data)
    found["notes"] = inputs.notes
    return found


def same(one: SimulationInputs, other: SimulationInputs) -> None:
    found, expected = arrays_of(one), arrays_of(other)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        for a, b in zip(found[name], values, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=name)


def prepared(raw: dict[str, Any], folder: Path = Path()) -> SimulationInputs:
    return prepare(check_scenario(raw, folder, "small"))


def afresh(raw: dict[str, Any]) -> SimulationInputs:
    """As if nothing was kept, within a block or not."""
    with sharing_preparation(SharedPreparation(most_bytes=0)):
        return prepared(raw)


VARIANTS: tuple[dict[str, Any], ...] = (
    {"carbon": {"factor_set": "germany_2023", "boundary": "lifecycle"}, "seed": 3},
    {"city": {"network": "case33bw", "demand_growth": 0.5}, "power_limits": [LIMIT]},
    {"weather": "potsdam-try", "dispatch": {"strategy": "unmanaged", "v2g": True}},
)


def test_variants_with_shared_preparation_are_those_prepared_afresh() -> None:
    with sharing_preparation(SharedPreparation()) as kept:
        first = prepared(scenario())
        for changes in VARIANTS:
            variant = prepared(scenario(**changes))
            assert variant.loaded.city.network is first.loaded.city.network
            same(variant, afresh(scenario(**changes)))
        again, found = prepared(scenario()), kept.found
    same(again, first)
    assert again.upstream is first.upstream
    assert again.loaded.city is first.loaded.city
    assert again.flexibilities[0] is first.flexibilities[0]
    assert found > kept.made


def test_a_file_that_changes_between_two_variants_is_read_again(tmp_path: Path) -> None:
    shutil.copy(FACTORS, tmp_path / "own.csv")
    raw = scenario(carbon={"factor_set": "own.csv"})
    with sharing_preparation():
        before = prepared(raw, tmp_path)
        text = (tmp_path / "own.csv").read_text()
        (tmp_path / "own.csv").write_text(text.replace("germany", "Germany "))
        assert prepared(raw, tmp_path).factors is not before.factors
        (tmp_path / "own.csv").write_text("technology\n")
        with pytest.raises(ScenarioError, match="required column"):
            prepared(raw, tmp_path)
