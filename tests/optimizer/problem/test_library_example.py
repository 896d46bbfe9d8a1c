"""The example of the README: devices on a net of pandapower's own, and what may be said of the answer."""

from __future__ import annotations

import re

import numpy as np

from tests.places import ROOT

README = ROOT / "README.md"


def example() -> str:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    (found,) = [block for block in blocks if "mv_oberrhein" in block and "from optimizer import" in block]
    return str(found)


def test_the_example_runs_and_its_answer_holds(capsys: object) -> None:
    assert len(example().strip().splitlines()) <= 15
    names: dict[str, object] = {}
    exec(example(), names)  # noqa: S102  it is the README's own
    schedule, problem = names["schedule"], names["problem"]
    assert not schedule.shortfalls  # type: ignore[attr-defined]
    assert abs(schedule.quality.deviation) < 5e-4  # type: ignore[attr-defined]
    cars, battery = problem.flexibilities[1], problem.flexibilities[0]  # type: ignore[attr-defined]
    stored = schedule.energy_mwh(cars)[cars.offsets[1:] - 1]  # type: ignore[attr-defined]
    np.testing.assert_allclose(stored, cars.reservoir.e_end_mwh, atol=1e-6)
    price = problem.import_price_per_mwh  # type: ignore[attr-defined]
    dear = price > np.median(price)
    power = schedule.p_mw[battery.name]  # type: ignore[attr-defined]
    assert power[dear].sum() < 0 < power[~dear].sum()
    assert schedule.nodal_price_per_mwh.shape == (96, 179)  # type: ignore[attr-defined]
    assert np.isfinite(schedule.nodal_price_per_mwh).all()  # type: ignore[attr-defined]
