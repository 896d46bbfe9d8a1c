"""Hosting capacity of every bus of a scenario, as a study that is asked for in the web app."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.scenario import check_scenario
from app.simulation.phases import Progress
from app.studies.hosting.capacity import hosting_table
from app.studies.hosting.growth import KINDS, hosting_in_scenario
from app.studies.hosting.kept import file_name

STUDY = "hosting"
"""First word of the study; the second is what grows, as in `app.studies.hosting.growth`."""
PHASE = "hosting capacity"


def hosting_of_all_buses(
    content: Mapping[str, Any], folder: Path, name: str, what: str, progress: Progress
) -> tuple[str, str]:
    """The largest size of something at every bus that is supplied, one bus at a time, in the critical steps.

    Args:
        content: The scenario.
        folder: Folder that file names in it are relative to.
        name: What the scenario is called where it is faulty.
        what: What grows: one of `KINDS`, or a data centre of the scenario.
        progress: Told phase and share; what it raises ends the search.

    Returns:
        Name and content of the file that keeps the capacities (`app.studies.hosting.kept`).

    Raises:
        InputError: If the scenario is faulty, or has nothing of that name.
    """
    loaded = check_scenario(content, folder, name)
    buses = loaded.city.network.buses
    wanted = [bus for bus, node in zip(buses.names, buses.node, strict=True) if node >= 0]
    progress(PHASE, 0.0)
    found = hosting_in_scenario(
        loaded, what, wanted, every_step=False, progress=lambda _bus, share: progress(PHASE, share)
    )
    kind = what if what in KINDS else ""
    return file_name(loaded.scenario.sha256, kind), hosting_table(found).write_csv()
