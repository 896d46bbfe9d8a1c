"""Forecasts that are made again and again while a period goes on, each from what is known by then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from app.twin.forecasts.period import OperatedCity
from app.twin.forecasts.powers import city_powers
from grid.errors import InputError
from grid.twin.forecast.forecaster import Forecaster, QuantileForecast, with_arrived


def repeated_forecasts(
    forecasters: Sequence[Forecaster], city: OperatedCity | None = None, every_hours: int | None = None
) -> Iterator[tuple[Forecaster, QuantileForecast]]:
    """The forecasts of a period, each with what made it; trained once, on what was measured before the period.

    Args:
        forecasters: Made with what was measured until the period begins.
        city: The city; what its profiles and assets say of the period arrives as it goes on.
        every_hours: Time between two forecasts, the first at the beginning of the period [h]; None: that one alone.

    Raises:
        InputError: If that is no whole number of steps.
    """
    if city is None or every_hours is None:
        yield from ((forecaster, forecaster.issue()) for forecaster in forecasters)
        return
    clock, powers, every = city.ahead.clock, city_powers(city.ahead), timedelta(hours=every_hours)
    if every % clock.step:
        raise InputError.single("--every", f"must be a multiple of the steps of {clock.step}", str(every))
    for first in range(0, clock.n_steps, every // clock.step):
        for forecaster in forecasters:
            arrived = powers.p_mw[forecaster.series.kind].sum(axis=1)[:first]
            yield forecaster, forecaster.issue(with_arrived(forecaster.series, arrived))
