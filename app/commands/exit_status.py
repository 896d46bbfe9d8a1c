"""Exit statuses besides 0, and the one that a result ends with."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from app.results.folder import Result

FAILED = 1
"""gridcarbon itself failed, or a store could not be reached."""
WRONG_INPUT = 2
"""The input is wrong; nothing was written."""
INFEASIBLE = 3
"""A need could not be met or a limit not be kept: the result was written and says which; where no dispatch meets the
needs at all, nothing was written, and they are named."""

BY_SIGNAL = 128
"""What the number of a signal that ended a command is added to."""


@contextmanager
def ending_signals() -> Iterator[list[int]]:
    """Lets SIGTERM and SIGHUP end a command as Ctrl+C does, so that what it was writing is removed.

    A signal that is ignored, as `nohup` has it, stays so. Only the main thread of a process can do this.

    Yields:
        The numbers of the signals received, in order.
    """
    received: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        raise KeyboardInterrupt

    main = threading.current_thread() is threading.main_thread()
    taken = [n for n in (signal.SIGTERM, signal.SIGHUP) if main and signal.getsignal(n) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, interrupt)
    try:
        yield received
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def status_without_dispatch(error: Exception) -> int | None:
    """Status of an error which says that a dispatch has no answer; None for any other error.

    Args:
        error: What ended a command. Its text names the needs and limits in conflict, or what may grow without end.
    """
    from optimizer import InfeasibleDispatchError, UnboundedDispatchError  # slow to import, and seldom needed

    if isinstance(error, InfeasibleDispatchError):
        return INFEASIBLE
    return WRONG_INPUT if isinstance(error, UnboundedDispatchError) else None


def exit_for(result: Result) -> None:
    """Ends with status 3 where the result is infeasible, after naming the limits in conflict on standard error.

    Raises:
        typer.Exit: With status 3.
    """
    if result.manifest["status"] != "infeasible":
        return
    typer.echo("infeasible: not every need and limit can be kept; see violations.parquet", err=True)
    for conflict in result.manifest["limits_in_conflict"]:
        limit = "" if conflict["limit"] is None else f" against {conflict['limit']:g}"
        step = f"step {conflict['step']}" + (f" ({conflict['time']})" if "time" in conflict else "")
        typer.echo(f"  {conflict['element']}: {conflict['quantity']}{limit}, {step}: {conflict['why']}", err=True)
    raise typer.Exit(INFEASIBLE)
