"""Memory that a run no longer needs goes back to the system."""

from __future__ import annotations

import ctypes

import psutil
import pytest

from grid.memory import FreedMemory, give_back_memory, memory_mb

SMALL, MANY = 3000, 60_000
"""Sizes that the C library takes from its heap, where the last of them keeps all others [byte]; 180 MB in all."""


needs_trim = pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library has no malloc_trim"
)


def test_memory_is_that_which_the_system_counts() -> None:
    assert memory_mb() == pytest.approx(psutil.Process().memory_info().rss / 1e6, rel=0.05)


@needs_trim
def test_what_was_freed_is_given_back_although_something_above_it_is_still_needed() -> None:
    held = [bytes(bytearray(SMALL)) for _ in range(MANY)]
    last = held[-1]
    full = memory_mb()
    del held
    give_back_memory()
    assert memory_mb() < full - 100
    assert len(last) == SMALL


@needs_trim
@pytest.mark.parametrize(("keeps_mb", "given_back"), [(50.0, True), (1000.0, False)])
def test_what_was_freed_is_kept_for_the_next_run_up_to_a_size(keeps_mb: float, given_back: bool) -> None:
    freed = FreedMemory(keeps_mb)
    freed.give_back()  # the first time all of it
    held = [bytes(bytearray(SMALL)) for _ in range(MANY)]
    last = held[-1]
    full = memory_mb()
    del held
    freed.give_back()
    assert (memory_mb() < full - 100) is given_back
    give_back_memory()
    assert memory_mb() < full - 100
    assert len(last) == SMALL
