"""Scenario files: where their faults stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.scenario import load_scenario
from grid.errors import ScenarioError


def test_faults_of_a_scenario_name_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "harbour.yaml"
    path.write_text("name: harbour\ncity: {network: case33bw}\nperiod:\n  start: 2030-01-01\n  dais: 1\n")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    message = str(caught.value)
    assert str(path) in message
    assert "line 5: period.dais: unknown key; did you mean 'days'?" in message
    assert "line 3: period.days: is required" in message
