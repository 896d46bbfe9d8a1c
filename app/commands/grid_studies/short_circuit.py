"""Short-circuit currents before and after the plants of a scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import ScenarioFile

PLACE = "--breaking-limit"


def short_circuit(
    scenario: ScenarioFile,
    s_sc_max: Annotated[
        float | None,
        typer.Option(min=1, help="Short-circuit power of the grid above at most [MVA], if not in the net."),
    ] = None,
    s_sc_min: Annotated[
        float | None, typer.Option(min=1, help="Short-circuit power of the grid above at least [MVA].")
    ] = None,
    breaking_limit: Annotated[
        list[str] | None, typer.Option(PLACE, metavar="KV=KA", help="Breaking limit at a rated voltage; repeatable.")
    ] = None,
    inverter_k: Annotated[float, typer.Option(min=0, max=5, help="Fault over rated current of converters.")] = 1.2,
    out: Annotated[Path | None, typer.Option(help="Table to write: .csv, .xlsx, .parquet, .md, .json.")] = None,
    rows: Annotated[int, typer.Option(min=1, help="Rows to print.")] = 20,
) -> None:
    """Say how strong short circuits are at every bus (IEC 60909), without and with the plants of a scenario."""
    from app.scenario import load_scenario
    from app.studies.ensembles.files import check_table, markdown, table_bytes, write
    from app.studies.short_circuit import short_circuits
    from grid.network.fault_levels import FaultStrength

    form, limits = check_table(None, out), breaking_limits(breaking_limit or [])
    found = short_circuits(load_scenario(scenario, 1), FaultStrength(s_sc_max, s_sc_min), limits, inverter_k)
    typer.echo(markdown(found.table.head(rows)), nl=False)
    for sentence in found.assumptions:
        typer.echo(f"assumed: {sentence}")
    if out is not None:
        write(out, table_bytes(found.table, form))
        typer.echo(f"wrote {out}: {found.table.height} buses")


def breaking_limits(given: list[str]) -> dict[float, float]:
    """Breaking limits by rated voltage, from texts such as ``10=20``.

    Raises:
        InputError: With all texts that are none.
    """
    from grid.errors import Fault, raise_if_any

    limits: dict[float, float] = {}
    faults = []
    for text in given:
        kv, _, ka = text.partition("=")
        try:
            limits[float(kv)] = float(ka)
        except ValueError:
            faults.append(Fault(PLACE, "must be a voltage [kV] and a current [kA], such as 10=20", text))
    raise_if_any(faults)
    return limits
