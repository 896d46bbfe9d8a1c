"""The index of a store made again."""

from __future__ import annotations

import typer

from app.commands.options import IndexUrl, StorePlace


def reindex(store: StorePlace, index: IndexUrl = None) -> None:
    """Make the index of a store again from its results, when it was lost, damaged, or is of another version."""
    from app.results.store.reindex import reindexed

    done = reindexed(store, index)
    if done.set_aside is not None:
        typer.echo(f"the index that could not be read was set aside: {done.set_aside}")
    shown = [f"{n} {name}{'' if n == 1 else 's'}" for n, name in ((done.results, "result"), (done.sweeps, "sweep"))]
    typer.echo(f"{done.place}: in the index {'is' if done.results == 1 else 'are'} {' and '.join(shown)}")
