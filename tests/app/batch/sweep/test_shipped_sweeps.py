"""The shipped sweep of what is uncertain."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from app.batch.sweep import check_sweep

UNCERTAINTY = Path(str(resources.files("app") / "sweeps" / "uncertainty.yaml"))


def test_uncertainty_varies_weather_adoption_prices_and_factors_within_their_ranges() -> None:
    sweep = check_sweep(UNCERTAINTY, days=1)
    assert len(sweep.runs) == 64
    drawn = {path: {run.parameters[path] for run in sweep.runs} for path in sweep.parameters}
    assert drawn["weather"] == {"greensboro-tmy3", "potsdam-try"}
    assert {start[:4] for start in drawn["period.start"]} == {"2028", "2029", "2030", "2031", "2032"}
    for technology in ("lignite", "hard_coal", "gas", "oil"):
        positions = drawn[f"carbon.factor_position.{technology}"]
        assert -1 <= min(positions) < -0.5
        assert 0.5 < max(positions) <= 1
    assert len(drawn["adoption.ev_share"]) == 64
