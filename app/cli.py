"""The command line. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grid.errors import InputError

if TYPE_CHECKING:
    from app.results.folder import Result

DEFECT, WRONG_INPUT, INFEASIBLE = 1, 2, 3
"""Exit statuses besides 0; see the README."""

app = typer.Typer(
    name="gridcarbon",
    help="A city's electricity and its carbon: power flow, dispatch, carbon tracing and a dashboard.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIO", help="Scenario file (YAML).")]
ResultFolder = Annotated[Path, typer.Argument(metavar="RESULT", help="A result folder.")]
Days = Annotated[int | None, typer.Option(help="Days to run, instead of the scenario's.")]
Convention = Annotated[str, typer.Option(help="Who bears the losses: operator, load, generator or average.")]
Host = Annotated[str, typer.Option(help="Address to serve on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to serve on; 0 takes a free one.")]


@app.command()
def demo(
    days: Annotated[int, typer.Option(help="Days to run.")] = 7,
    out: Annotated[Path, typer.Option(help="Folder of the two results.")] = Path("runs/demo"),
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Open the dashboard.")] = True,
    host: Host = "127.0.0.1",
    port: Port = 8050,
) -> None:
    """Run the reference city unmanaged and optimal, say what changed, and open the dashboard on it."""
    from app.studies.demo import print_comparison, run_demo  # noqa: PLC0415
    from app.terminal import bar  # noqa: PLC0415

    with bar() as progress:
        unmanaged, optimal = run_demo(out, days, progress)
    print_comparison(unmanaged, optimal)
    typer.echo(f"results: {out / 'unmanaged'} and {out / 'optimal'}")
    if serve:
        _serve(out, host, port)
    _exit_for(optimal)


@app.command()
def check(scenario: ScenarioFile, days: Days = None) -> None:
    """Validate a scenario, and say what it would run."""
    from app.scenario.describe import describe  # noqa: PLC0415
    from app.scenario.load import load_scenario  # noqa: PLC0415

    typer.echo(describe(load_scenario(scenario, days)))


@app.command()
def run(
    scenario: ScenarioFile,
    out: Annotated[Path, typer.Option(help="The result folder.")],
    days: Days = None,
) -> None:
    """Run one scenario into a result folder; a result of the same scenario there is returned at once."""
    from app.results.run import run as run_scenario  # noqa: PLC0415
    from app.scenario.load import load_scenario  # noqa: PLC0415
    from app.terminal import bar  # noqa: PLC0415

    with bar() as progress:
        result = run_scenario(load_scenario(scenario, days), out, progress)
    _print_summary(result)
    _exit_for(result)


@app.command()
def serve(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A result, or a folder of results.")] = Path(
        "runs/demo"
    ),
    host: Host = "127.0.0.1",
    port: Port = 8050,
) -> None:
    """Serve the dashboard."""
    _serve(folder, host, port)


@app.command()
def export(
    source: Annotated[Path, typer.Argument(metavar="SCENARIO-or-RESULT", help="Scenario file or result folder.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File to write (.json).")],
    step: Annotated[int, typer.Option(help="Step of the run.")] = 0,
) -> None:
    """Write the pandapower net with all assets at a step of the run."""
    from app.reports.pandapower_net import export_step  # noqa: PLC0415

    export_step(source, file, step)
    typer.echo(f"wrote {file}: step {step}, load it with pandapower.from_json")


@app.command()
def inventory(
    folder: ResultFolder,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Workbook to write (.xlsx).")],
    activities: Annotated[Path | None, typer.Option(help="CSV of fuels, waste and processes.")] = None,
    base_year: Annotated[int | None, typer.Option(help="Base year; default: that of the run.")] = None,
    population: Annotated[int | None, typer.Option(min=1, help="Inhabitants.")] = None,
    floor_area: Annotated[float | None, typer.Option(min=1.0, help="Floor area [m²].")] = None,
    convention: Annotated[str, typer.Option(help="Who bears the losses; by GPC it is the operator.")] = "operator",
) -> None:
    """Write the city's greenhouse-gas inventory by GPC as a workbook, with its reconciliation."""
    from app.reports.inventory import about, city_inventory, reconciliation, sources  # noqa: PLC0415
    from app.results.folder import open_result  # noqa: PLC0415
    from carbon.inventory.workbook import write_workbook  # noqa: PLC0415

    result = open_result(folder)
    made = city_inventory(
        result, activities, base_year=base_year, population=population, floor_area_m2=floor_area, convention=convention
    )
    books = reconciliation(result)
    write_workbook(made, books, about(result), sources(result), file)
    typer.echo(f"BASIC {made.basic_kg / 1000:,.1f} t, BASIC+ {made.basic_plus_kg / 1000:,.1f} t CO2e in the period")
    for entry in books.entries:
        typer.echo(f"  {entry.book:8} {'= ' * entry.total}{entry.name}: {entry.kg:,.3f} kg")
    typer.echo(f"wrote {file}")


@app.command()
def statement(
    folder: ResultFolder,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Statement to write (.json); its steps go beside it.")],
    consumer: Annotated[str, typer.Option(help="A data centre, an asset, or a GPC line such as I.1.2.")],
    contracts: Annotated[Path | None, typer.Option(help="YAML file of contracts and certificates.")] = None,
    convention: Convention = "operator",
) -> None:
    """Write the carbon statement of one consumer: scope 2 by both methods, 24/7 score, provenance."""
    from app.reports.inventory import export_statement  # noqa: PLC0415
    from app.results.folder import open_result  # noqa: PLC0415

    document, hours = export_statement(open_result(folder), consumer, contracts, file, convention)
    typer.echo(f"wrote {document} and {hours}")


@app.command()
def why(
    folder: ResultFolder, name: Annotated[str, typer.Argument(metavar="NAME", help="A key of summary.json.")]
) -> None:
    """Say where a key figure comes from, as JSON: formula, inputs, factors, convention, version, scenario."""
    import json  # noqa: PLC0415

    from app.results.explain import why as account  # noqa: PLC0415
    from app.results.folder import open_result  # noqa: PLC0415

    typer.echo(json.dumps(account(open_result(folder), name).as_dict(), indent=2, ensure_ascii=False))


@app.command()
def designs(
    file: Annotated[
        Path | None, typer.Argument(metavar="[DESIGNS]", help="Designs file; default: the shipped one.")
    ] = None,
    days: Days = None,
) -> None:
    """Run one scenario with several designs, and set them side by side."""
    from app.studies.designs import compare_designs, print_designs, shipped_designs  # noqa: PLC0415
    from app.terminal import bar  # noqa: PLC0415

    with bar() as progress:
        comparison = compare_designs(file or shipped_designs(), days, progress)
    print_designs(comparison)


@app.command()
def hosting(
    scenario: ScenarioFile,
    data_centre: Annotated[str, typer.Option(help="Which data centre; its size is what is sought.")],
    bus: Annotated[list[str] | None, typer.Option(help="Bus to try; may be given several times.")] = None,
    n_minus_1: Annotated[bool, typer.Option("--n-1", help="Within limits after any single outage too.")] = False,
    days: Days = None,
) -> None:
    """Say how large a data centre a bus can take within the limits of the grid."""
    from app.scenario.load import load_scenario  # noqa: PLC0415
    from app.studies.hosting.capacity import hosting_in_scenario  # noqa: PLC0415

    found = hosting_in_scenario(load_scenario(scenario, days), data_centre, bus, n_minus_1=n_minus_1)
    for row in found:
        typer.echo(f"{row.bus}: {row.p_it_mw:.1f} MW of IT, {row.p_facility_mw:.2f} MW at the meter")
        if row.binding is not None:
            b = row.binding
            after = f" after the outage of {b.outage}" if b.outage else ""
            typer.echo(f"  next: {b.element} {b.quantity} {b.value:.4g} against {b.limit:.4g}, step {b.step}{after}")
        for name in row.outages_left_out:
            typer.echo(f"  left out: the outage of {name} breaks a limit without any data centre")


@app.command()
def frontier(
    scenario: ScenarioFile,
    points: Annotated[int, typer.Option(min=2, help="Most points, each a dispatch of the whole period.")] = 6,
    out: Annotated[Path | None, typer.Option(help="CSV file to write the points to.")] = None,
    days: Days = None,
) -> None:
    """Say what each tonne less costs: dispatches from the cheapest to the cleanest."""
    from app.scenario.load import load_scenario  # noqa: PLC0415
    from app.studies.planning import check_out, cost_against_carbon, print_frontier, write_frontier  # noqa: PLC0415
    from app.terminal import bar  # noqa: PLC0415

    if out is not None:
        check_out(out)
    loaded = load_scenario(scenario, days)
    with bar() as progress:
        found = cost_against_carbon(loaded, points, progress)
    print_frontier(found, loaded.scenario.currency)
    if out is not None:
        write_frontier(found, out)
        typer.echo(f"wrote {out}")


@app.command()
def estimate(
    scenario: ScenarioFile,
    representative: Annotated[int, typer.Option(min=1, help="Days to dispatch.")] = 12,
    against_full: Annotated[bool, typer.Option("--against-full", help="Dispatch all days too: say the error.")] = False,
    days: Days = None,
) -> None:
    """Estimate cost and carbon of a long period from a few of its days, chosen and weighted by tsam."""
    from app.scenario.load import load_scenario  # noqa: PLC0415
    from app.studies.planning import estimate as estimate_period  # noqa: PLC0415
    from app.studies.planning import estimate_in_words  # noqa: PLC0415

    loaded = load_scenario(scenario, days)
    typer.echo(estimate_in_words(estimate_period(loaded, representative, against_full=against_full), loaded))


@app.command()
def factors() -> None:
    """List the sets of emission factors with their sources."""
    from app.scenario.describe import factor_table  # noqa: PLC0415

    typer.echo(factor_table())


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    import json  # noqa: PLC0415

    from app.scenario.schema import schema as scenario_schema  # noqa: PLC0415

    typer.echo(json.dumps(scenario_schema(), indent=2))


def _serve(folder: Path, host: str, port: int) -> None:
    from app.dashboard import serve as serve_dashboard  # noqa: PLC0415

    serve_dashboard(folder, host, port, open_browser=sys.stdout.isatty())


def _print_summary(result: Result) -> None:
    typer.echo(f"{result.manifest['name']} ({result.manifest['strategy']}): {result.manifest['status']}")
    for key, value in result.summary.items():
        shown = "–" if value is None else f"{value:,.6g}"
        typer.echo(f"  {key:34} {shown}")
    typer.echo(f"result: {result.path}")


def _exit_for(result: Result) -> None:
    """Ends with status 3 where a need could not be met, naming the limits in conflict."""
    if result.manifest["status"] != "infeasible":
        return
    typer.echo("infeasible: not every need and limit can be kept; see violations.parquet", err=True)
    for conflict in result.manifest["limits_in_conflict"]:
        typer.echo(f"  {conflict['element']}: {conflict['quantity']} above {conflict['limit']:g}", err=True)
    raise typer.Exit(INFEASIBLE)


def main() -> None:
    """Runs the command line: what is wrong with the input is said in full, never as a traceback."""
    try:
        app()
    except InputError as error:
        typer.echo(str(error), err=True)
        sys.exit(WRONG_INPUT)
    except Exception as error:  # a defect of ours: say so, and keep the traceback for those who ask
        if os.environ.get("GRIDCARBON_TRACEBACK"):
            raise
        typer.echo(f"gridcarbon failed, which is a defect: {type(error).__name__}: {error}", err=True)
        typer.echo("Set GRIDCARBON_TRACEBACK=1 to see where.", err=True)
        sys.exit(DEFECT)
