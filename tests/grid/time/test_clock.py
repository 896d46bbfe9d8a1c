from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from grid.errors import Fault, InputError, nearest
from grid.spec import Spec
from grid.time.clock import Clock

CLOCK = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(minutes=15), 96)


def test_times_are_utc_and_left_labelled() -> None:
    eastern = Clock(datetime(2030, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), timedelta(minutes=15), 4)
    assert eastern.start == datetime(2030, 1, 1, tzinfo=UTC)
    assert eastern.times[1] == np.datetime64("2030-01-01T00:15")
    assert eastern.stop == datetime(2030, 1, 1, 1, tzinfo=UTC)
    assert (CLOCK.step_hours, CLOCK.steps_per_day) == (0.25, 96)
    assert not CLOCK.times.flags.writeable
    assert str(CLOCK.pandas_index().tz) == "UTC"


def test_all_that_is_wrong_with_a_clock_is_said_at_once() -> None:
    with pytest.raises(InputError) as error:
        Clock(datetime(2030, 1, 1), timedelta(0), 0)
    assert [fault.place for fault in error.value.faults] == ["clock.start", "clock.step", "clock.n_steps"]


def test_windows_are_clocks() -> None:
    window = CLOCK.window(4, 8)
    assert window.start == datetime(2030, 1, 1, 1, tzinfo=UTC)
    assert window.n_steps == 4
    with pytest.raises(InputError, match=r"steps must lie within 0\.\.96"):
        CLOCK.window(90, 97)


def test_faults_read_like_the_conventions_say() -> None:
    error = InputError(
        [Fault("assets[0].battery.p_rated_mw", "must be greater than 0", -2),
         Fault("assets[3].bus", "no bus called 'qay'", suggestion="quay")],
        "harbour.yaml",
    )  # fmt: skip
    assert str(error) == (
        "harbour.yaml has 2 problems\n"
        "  assets[0].battery.p_rated_mw: must be greater than 0; got -2\n"
        "  assets[3].bus: no bus called 'qay'; did you mean 'quay'?"
    )
    assert nearest("BUS 3", ["bus 30", "Bus 3"]) == "Bus 3"
    assert nearest("xyz", ["bus 30"]) is None


class Inner(Spec):
    kind: str = "inner"
    p_mw: float = 1.0
    count: int | None = None


class Outer(Spec):
    name: str
    inner: Inner = Inner()
    parts: tuple[Inner, ...] = ()


def test_changes_return_a_validated_copy() -> None:
    outer = Outer(name="a", parts=(Inner(p_mw=2.0),))
    changed = outer.with_changes({"inner.p_mw": 5, "parts.0.count": 3})
    assert (changed.inner.p_mw, changed.parts[0].count, changed.parts[0].p_mw) == (5.0, 3, 2.0)
    assert (outer.inner.p_mw, outer.parts[0].count) == (1.0, None)
    with pytest.raises(ValueError, match="unknown"):
        outer.with_changes({"inner.unknown": 1})
    with pytest.raises(KeyError):
        outer.with_changes({"name.x": 1})


@pytest.mark.parametrize("value", ["3", True, float("nan"), float("inf")])
def test_a_number_is_a_number(value: object) -> None:
    with pytest.raises(ValueError, match="p_mw"):
        Inner.model_validate({"p_mw": value})
    with pytest.raises(ValueError, match="count"):
        Inner.model_validate({"count": value})
