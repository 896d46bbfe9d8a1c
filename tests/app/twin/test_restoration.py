from __future__ import annotations

import re

from tests.app.command_line import gridcarbon, refused, scenario

RINGS = """name: rings
city: {network: mv_oberrhein}
period: {start: 2030-01-01, days: 1, step_minutes: 60}
assets: [{kind: battery, name: depot, bus: Bus 34, p_rated_mw: 2, e_rated_mwh: 8}]
"""


def test_the_command_says_what_to_switch_and_what_is_missing(tmp_path):
    file = scenario(tmp_path, RINGS)
    done = gridcarbon("twin", "restore", file, "--branch", "Line 10", "--step", 12, "--hours", 2, "--island", "depot")
    assert done.returncode == 0, done
    lost = float(re.search(r"([\d.]+) MWh would be missing", done.stdout).group(1))
    missing = float(re.search(r"not supplied: ([\d.]+) MWh", done.stdout).group(1))
    assert 0 < missing < lost
    minutes = [float(minute) for minute in re.findall(r"^ *(\d+) min: (?:open|close)", done.stdout, flags=re.MULTILINE)]
    assert minutes == [30.0 * k for k in range(1, len(minutes) + 1)]
    assert "MW supplied again" in done.stdout
    sooner = gridcarbon("twin", "restore", file, "--branch", "Line 10", "--step", 12, "--hours", 2, "--island", "depot",
                        "--crews", 2)  # fmt: skip
    assert "by crew 2" in sooner.stdout
    at = [float(minute) for minute in re.findall(r"^ *(\d+) min: (?:open|close)", sooner.stdout, flags=re.MULTILINE)]
    assert at == [30.0 * (k // 2 + 1) for k in range(len(at))]
    assert float(re.search(r"not supplied: ([\d.]+) MWh", sooner.stdout).group(1)) < missing
    remote = [part for name in re.findall(r"(?:open|close) (.+) by", done.stdout) for part in ("--remote", name)]
    quicker = gridcarbon("twin", "restore", file, "--branch", "Line 10", "--step", 12, "--hours", 2, *remote)
    assert float(re.search(r"not supplied: ([\d.]+) MWh", quicker.stdout).group(1)) < missing


def test_all_that_is_wrong_is_said_at_once(tmp_path):
    file = scenario(tmp_path, RINGS)
    refused(
        gridcarbon("twin", "restore", file, "--branch", "Line 1O", "--step", 99, "--island", "depott"),
        "3 problems", "--branch: no line or transformer called 'Line 1O'", "--step: must lie within 0..20",
        "--island: no battery at a bus called 'depott'; did you mean 'depot'?",
    )  # fmt: skip
