"""What to switch after a fault."""

from __future__ import annotations

from typing import Annotated

import typer

from app.commands.options import ScenarioFile


def restore(
    scenario: ScenarioFile,
    branch: Annotated[str, typer.Option(help="Line or transformer that fails.")],
    step: Annotated[int, typer.Option(help="Step of the scenario in which it fails.")] = 0,
    hours: Annotated[float, typer.Option(help="How long the repair takes [h].")] = 4.0,
    remote: Annotated[
        list[str] | None, typer.Option(help="Branch whose switches are controlled from afar; repeatable.")
    ] = None,
    remote_min: Annotated[float, typer.Option(min=0, help="Time that such a switch takes [min].")] = 1.0,
    manual_min: Annotated[float, typer.Option(min=0, help="Time that a crew takes for any other [min].")] = 30.0,
    crews: Annotated[int, typer.Option(min=1, help="Crews for these, on their ways at the same time.")] = 1,
    island: Annotated[
        list[str] | None, typer.Option(help="Battery that can supply an island by itself; repeatable.")
    ] = None,
    vm_min_pu: Annotated[float, typer.Option(min=0.5, max=1.0, help="Least voltage until the repair.")] = 0.9,
    vm_max_pu: Annotated[float, typer.Option(min=1.0, max=1.5, help="Highest voltage until the repair.")] = 1.1,
    loading_max_percent: Annotated[float, typer.Option(min=1.0, help="Highest loading until the repair.")] = 100.0,
) -> None:
    """Say what to switch after a fault, in which order, and what stays without supply; radial and in AC after each."""
    from app.scenario import load_scenario
    from app.scenario.schema import LimitsSpec
    from app.twin.restoration import FaultCase, restoration_lines, restoration_of

    limits = LimitsSpec(
        vm_min_pu=vm_min_pu, vm_max_pu=vm_max_pu, line_loading_max_percent=loading_max_percent,
        trafo_loading_max_percent=loading_max_percent,
    )  # fmt: skip
    fault = FaultCase(branch, step, hours, remote or (), remote_min, manual_min, island or (), crews)
    for line in restoration_lines(*restoration_of(load_scenario(scenario), fault, limits)):
        typer.echo(line)
