"""Many results at once: table, sensitivity, bands and frontier."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import IndexUrl, TableFile, TableFormat, say_table

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

    from app.studies.ensembles.runs import Ensemble


Places = Annotated[
    list[str], typer.Argument(metavar="DIR…", help="Results, folders of results, stores (folder or URL).")
]
StorePlace = Annotated[str, typer.Argument(metavar="STORE", help="A store (folder or URL), or a folder of results.")]
Sweep = Annotated[str | None, typer.Option(help="Name of the sweep, if the store holds several.")]
Infeasible = Annotated[bool, typer.Option("--with-infeasible", help="Count runs that kept not every limit too.")]
Better = Annotated[str | None, typer.Option(help="lower or higher; default: as the key figure declares.")]
Out = Annotated[
    list[Path] | None,
    typer.Option(help="File to write, several if repeated: .csv, .xlsx, .parquet, .md a table, .png, .svg a picture."),
]


def table(
    places: Places,
    columns: Annotated[str, typer.Option(help="Columns, with commas between; `all` for every one.")] = "",
    sort: Annotated[str | None, typer.Option(help="Column to sort by.")] = None,
    descending: Annotated[bool, typer.Option("--descending", help="The greatest value first.")] = False,
    where: Annotated[str | None, typer.Option(help='Only runs of which this is true, in SQL: "cost < 900".')] = None,
    form: TableFormat = None,
    out: TableFile = None,
    index: IndexUrl = None,
) -> None:
    """Set results side by side: a row a run with what was varied and its key figures."""
    from app.studies.ensembles.files import check_table
    from app.studies.ensembles.sources import ensemble_at
    from app.studies.ensembles.table import results_table

    chosen = check_table(form, out)
    ensemble = ensemble_at(places, index=index)
    asked = tuple(name.strip() for name in columns.split(",") if name.strip())
    found = results_table(ensemble, asked, sort=sort, descending=descending, where=where)
    typer.echo(ensemble.counted(), err=True)
    if where is not None:
        typer.echo(f"  --where holds for {found.height} of {ensemble.runs.height}", err=True)
    say_table(found, chosen, out)


def sensitivity(
    store: StorePlace,
    figure: Annotated[str, typer.Option(help="Key figure, such as emissions_t.")],
    out: Out = None,
    with_infeasible: Infeasible = False,
    sweep: Sweep = None,
    index: IndexUrl = None,
) -> None:
    """Say which of the varied parameters move a key figure, and how sure that is."""
    from app.studies.ensembles.pictures import picture_of_sensitivity
    from app.studies.ensembles.sensitivity import sensitivity as sensitivity_of

    ensemble = _ensemble(store, sweep, index, out)
    found = sensitivity_of(ensemble, figure, with_infeasible=with_infeasible)
    typer.echo(f"{ensemble.label(figure)}: {found.method} over {found.runs} runs, as {found.why}")
    _deliver(ensemble, found.table(), lambda: picture_of_sensitivity(ensemble, found), found.notes, out)


def bands(
    store: StorePlace,
    figures: Annotated[str, typer.Option(help="Key figures, with commas between; default: all that vary.")] = "",
    out: Out = None,
    with_infeasible: Infeasible = False,
    sweep: Sweep = None,
    index: IndexUrl = None,
) -> None:
    """Say between which values key figures lie: P10, P50, P90, and how far the last tenth of the runs moved them."""
    from app.studies.ensembles.bands import bands as bands_of
    from app.studies.ensembles.pictures import picture_of_bands

    ensemble = _ensemble(store, sweep, index, out)
    asked = tuple(name.strip() for name in figures.split(",") if name.strip())
    found = bands_of(ensemble, asked, with_infeasible=with_infeasible)
    _deliver(ensemble, found.table, lambda: picture_of_bands(ensemble, found), found.notes, out)


def pareto(
    store: StorePlace,
    x: Annotated[str, typer.Option("--x", help="First key figure or parameter.")] = "cost",
    y: Annotated[str, typer.Option("--y", help="Second key figure or parameter.")] = "emissions_t",
    x_better: Better = None,
    y_better: Better = None,
    out: Out = None,
    with_infeasible: Infeasible = False,
    sweep: Sweep = None,
    index: IndexUrl = None,
) -> None:
    """Name the runs that no other betters: one figure gets better from them only if the other gets worse."""
    from app.studies.ensembles.frontier import pareto_frontier
    from app.studies.ensembles.pictures import picture_of_frontier

    ensemble = _ensemble(store, sweep, index, out)
    found = pareto_frontier(ensemble, x, y, (x_better, y_better), with_infeasible=with_infeasible)
    best = found.table().select("name", *ensemble.parameters, x, y)
    _deliver(ensemble, best, lambda: picture_of_frontier(ensemble, found), found.notes, out)


def _ensemble(store: str, sweep: str | None, index: str | None, out: list[Path] | None) -> Ensemble:
    """The runs of a sweep, once it is known that what is made of them can be written."""
    from app.studies.ensembles.files import PICTURE_FORMATS, TABLE_FORMATS, check_files
    from app.studies.ensembles.sources import sweep_at

    check_files(out or (), (*TABLE_FORMATS, *PICTURE_FORMATS))
    return sweep_at(store, sweep, index=index)


def _deliver(
    ensemble: Ensemble,
    found: pl.DataFrame,
    picture: Callable[[], Figure],
    notes: tuple[str, ...],
    out: list[Path] | None,
) -> None:
    """Prints a table, writes it and its picture into the files asked for, and says which runs do not count."""
    from app.studies.ensembles.files import PICTURE_FORMATS, markdown, table_bytes, write
    from app.studies.ensembles.pictures import picture_bytes

    typer.echo(ensemble.counted(), err=True)
    for note in notes:
        typer.echo(f"  {note}", err=True)
    typer.echo(markdown(found), nl=False)
    for file in out or ():
        form = file.suffix.removeprefix(".")
        write(file, picture_bytes(picture(), form) if form in PICTURE_FORMATS else table_bytes(found, form))
        typer.echo(f"wrote {file}")
