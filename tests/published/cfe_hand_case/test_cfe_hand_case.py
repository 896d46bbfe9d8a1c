from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from carbon.reporting.cfe import cfe_score

CASE = json.loads((Path(__file__).parent / "case.json").read_text())


@pytest.mark.parametrize("name", CASE["expected_percent"])
def test_scores(name: str) -> None:
    score = cfe_score(*(np.array(CASE[key], dtype=float) for key in ("load_mwh", "contracted_mwh", "grid_share")))
    assert 100 * getattr(score, name) == pytest.approx(CASE["expected_percent"][name], abs=CASE["tolerance_percent"])
