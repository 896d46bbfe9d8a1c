from __future__ import annotations

import re

import pytest

from app.scenario import check_scenario
from app.twin.open_points import MOST_STEPS, open_points
from tests.app.command_line import gridcarbon, refused, scenario

FEEDER = "name: feeder\ncity: {network: case33bw}\nperiod: {start: 2030-01-01, days: 1, step_minutes: 60}\n"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("feeder")
    period = {"start": "2030-01-01", "days": 8}
    return check_scenario({"name": "feeder", "city": {"network": "case33bw"}, "period": period}, folder, "feeder")


@pytest.mark.parametrize("sought", ["losses", "cost", "carbon"])
def test_what_is_sought_becomes_less_over_all_steps(loaded, sought):
    found = open_points(loaded, sought)
    assert found.steps <= MOST_STEPS < loaded.city.clock.n_steps
    assert found.value < found.value_before
    assert found.violations <= found.violations_before
    assert (found.value == pytest.approx(found.loss_mwh, rel=1e-9)) == (sought == "losses")


def test_the_command_says_the_exchanges_and_what_they_save(tmp_path):
    done = gridcarbon("twin", "open-points", scenario(tmp_path, FEEDER), "--for", "carbon")
    assert done.returncode == 0, done
    assert "close line 34, then open line 7" in done.stdout
    before, after = re.search(r"losses: ([\d.]+) MWh before, ([\d.]+) after", done.stdout).groups()
    assert float(after) == pytest.approx(float(before) * 139.551 / 202.677, rel=0.01)


def test_a_wrong_aim_is_refused(tmp_path):
    refused(
        gridcarbon("twin", "open-points", scenario(tmp_path, FEEDER), "--for", "loss"), "--for", "did you mean 'losses'"
    )
