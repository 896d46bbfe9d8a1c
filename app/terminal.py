"""The progress bar of the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from app.simulation.phases import Progress


@contextmanager
def bar() -> Iterator[Progress]:
    """A progress callback that draws on the terminal (on standard error) while the context lasts.

    A phase in which functions are compiled, which only a first run does, says so; what comes late in it is compiled by
    another process meanwhile.
    """
    from rich import progress  # noqa: PLC0415  slow to import
    from rich.console import Console  # noqa: PLC0415  slow to import

    from app.compilation import compiling_aside  # noqa: PLC0415  slow to import
    from grid.code_cache import telling_of_compilation  # noqa: PLC0415  slow to import

    columns = (progress.TextColumn("{task.description:>24}"), progress.BarColumn(), progress.TimeElapsedColumn())
    with progress.Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, progress.TaskID] = {}

        def tell(phase: str, share: float) -> None:
            if phase not in tasks:
                tasks[phase] = bars.add_task(phase, total=1.0)
            bars.update(tasks[phase], completed=share)

        def tell_compiling() -> None:
            if tasks:
                phase = list(tasks)[-1]
                bars.update(tasks[phase], description=f"{phase} (compiling, once)")

        with compiling_aside(), telling_of_compilation(tell_compiling):
            yield tell
