"""Compilation beside the first run: a second process compiles the tracing while this one prepares and dispatches.

Which of them compiles a function is settled function by function (`grid.code_cache`), so nothing is compiled twice and
nothing waits for more than it needs. The second process lives no longer than the first, however that ends: it ends when
the pipe between them does, and never while it writes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from grid.threads import processors

_COMMAND = "from app.compilation import compile_until_alone; compile_until_alone()"
SECONDS_TO_END = 5.0
"""After that a second process that does not end by itself is killed [s]."""


@contextmanager
def compiling_aside() -> Iterator[None]:
    """While the context lasts another process compiles the tracing, if none of it is kept and a processor is free."""
    from carbon.tracing.tracing_kernel import factorise_block  # noqa: PLC0415  slow to import
    from grid.code_cache import SETTINGS, is_kept  # noqa: PLC0415  slow to import

    if is_kept(factorise_block) or processors() == 1:
        yield
        return
    kept_in = {"NUMBA_CACHE_DIR": SETTINGS.CACHE_DIR} if SETTINGS.CACHE_DIR else {}
    other = subprocess.Popen(  # noqa: S603  our own module
        [sys.executable, "-P", "-c", _COMMAND],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=os.environ | kept_in, start_new_session=True,
    )  # fmt: skip
    try:
        yield
    finally:
        _end(other)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Closes the pipe to a process and waits until it has ended."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def compile_until_alone() -> None:
    """Compiles the tracing; ends the process as soon as nobody holds the other end of its standard input."""
    from carbon.tracing.compilation import compile_tracing  # noqa: PLC0415  only in the second process
    from grid.code_cache import SAVING  # noqa: PLC0415

    def end_when_alone() -> None:
        sys.stdin.buffer.read()
        with SAVING:
            os._exit(0)

    Thread(target=end_when_alone, daemon=True).start()
    compile_tracing()
