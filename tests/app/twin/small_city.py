"""A small city with sun and a battery, run once: what is measured in tests of the twin."""

from __future__ import annotations

from pathlib import Path

from tests.app.command_line import gridcarbon, scenario

SMALL_CITY = """
name: small city
city: {{network: case33bw}}
period: {{start: 2030-06-17, days: {days}, step_minutes: {step_minutes}}}
assets:
  - {{kind: pv, name: roofs, bus: '17', p_peak_mw: 1}}
  - {{kind: battery, name: store, bus: '24', p_rated_mw: 0.2, e_rated_mwh: 0.8}}
dispatch: {{strategy: unmanaged}}
"""


def small_city(folder: Path, days: int, step_minutes: int) -> Path:
    """The result of the city over some days, in the folder."""
    text = SMALL_CITY.format(days=days, step_minutes=step_minutes)
    done = gridcarbon("run", scenario(folder, text), "--out", folder / "result")
    assert done.returncode == 0, done.stderr
    return folder / "result"
