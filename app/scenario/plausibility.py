"""Whether what files say can be true of the city and the period of a scenario."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from app.scenario.forecast_file import IssuedTotals, read_forecast
from app.scenario.forecast_spec import ForecastFileSpec
from app.scenario.loaded import LoadedScenario
from app.scenario.place import city_place
from app.scenario.sun_clock import sun_doubt
from carbon.upstream import Upstream
from grid.assets.limit_curve import read_limit_curve
from grid.errors import Fault

_PLACE: Final = "dispatch.forecast.file"
_FAR: Final = 100.0
"""A forecast that is so many times the truth, or the truth so many times the forecast, is in another unit."""
_KIND: Final = {"solar": "pv", "wind_onshore": "wind", "wind_offshore": "wind"}
_OF_WEATHER: Final = ("pv", "wind")
_BEYOND: Final = 3.0
"""Sun or wind that is forecast to be so many times what is installed is in another unit; ours [1]."""
_PERCENT: Final = 110.0
_IDLE: Final = 20.0
"""Limits on an asset that are all so many times its power are in another unit; ours [1]."""
_PER_UNIT_MW: Final = 5.0
"""What is installed, above which less than 1 MW at the most may be a number per unit; ours [MW]."""


def forecast_faults(loaded: LoadedScenario) -> Iterator[Fault]:
    """That totals of a forecast from a file are in another unit than MW, by the city's demand and what is installed."""
    spec, city = loaded.scenario.dispatch.forecast, loaded.city
    if not isinstance(spec, ForecastFileSpec):
        return
    true_mw = city.loads.at_buses(city.n_buses)[0].sum(axis=1)
    issues = read_forecast(loaded.folder / spec.file, city.clock)
    for issue in issues:
        seen_mw = issue.totals.get("demand", np.full(city.clock.n_steps, np.nan))
        known = np.isfinite(seen_mw) & (true_mw > 0)
        if not known.any() or not seen_mw[known].any():
            continue
        times = abs(float(seen_mw[known].mean() / true_mw[known].mean()))
        if not 1 / _FAR < times < _FAR:
            unit = "kW" if times > 1 else "GW"
            rule = f"its demand must be in MW; in the mean it is {times:.3g} times that of the city: is it in {unit}?"
            yield Fault(_PLACE, rule, f"{seen_mw[known].mean():.4g} MW")
            break
    for kind in _OF_WEATHER:
        installed_mw, most = installed(loaded, kind), _highest(issues, kind)
        if installed_mw > 0 and most > _BEYOND * installed_mw:
            unit = "percent of what is installed, or kW" if most <= _PERCENT else "kW"
            rule = (
                f"its {kind} must be in MW; it reaches {most:,.4g} where {installed_mw:,.4g} MW are installed: is it in"
            )
            yield Fault(_PLACE, f"{rule} {unit}?", f"{most:.4g} MW")


def forecast_doubts(loaded: LoadedScenario) -> Iterator[str]:
    """What a reader should ask of a forecast from a file that can be right, in words."""
    spec = loaded.scenario.dispatch.forecast
    if not isinstance(spec, ForecastFileSpec):
        return
    issues, clock = read_forecast(loaded.folder / spec.file, loaded.city.clock), loaded.city.clock
    for kind in _OF_WEATHER:
        installed_mw, most = installed(loaded, kind), _highest(issues, kind)
        if most > 0 and not installed_mw:
            yield f"{spec.file}: nothing of its {kind} is installed in the city"
        elif 0 < most <= 1 and installed_mw >= _PER_UNIT_MW:
            told = f"{spec.file}: its {kind} never exceeds {most:.3g} MW where {installed_mw:,.4g} MW are installed"
            yield f"{told}: is it relative to these?"
    place = city_place(loaded.scenario.city, loaded.city.network.buses)
    for issue in issues:
        doubt = sun_doubt(issue.totals["pv"], clock, place.longitude) if "pv" in issue.totals else None
        if doubt is not None:
            yield f"{spec.file}: {doubt}"
            return


def profile_doubts(loaded: LoadedScenario) -> Iterator[str]:
    """What a reader should ask of solar power in profiles of a grid of one's own, in words."""
    city = loaded.city
    solar = np.array([technology == "solar" for technology in city.technologies], dtype=bool)
    if city.profiles_report is None or not solar.any():
        return
    doubt = sun_doubt(
        city.generators.p_mw()[:, solar].sum(axis=1),
        city.clock,
        city_place(loaded.scenario.city, city.network.buses).longitude,
    )
    if doubt is not None:
        yield f"Profiles: {doubt}"


def upstream_doubts(upstream: Upstream, longitude: float) -> Iterator[str]:
    """What a reader should ask of solar power in a file of generation, in words.

    Args:
        upstream: What the file holds of the period.
        longitude: Of the city, east positive [degree].
    """
    if "solar" in upstream.technologies:
        p_mw = upstream.p_mw[:, upstream.technologies.index("solar")]
        doubt = sun_doubt(p_mw, upstream.clock, longitude)
        if doubt is not None:
            yield doubt


def installed(loaded: LoadedScenario, kind: str) -> float:
    """What the city has of photovoltaics or wind [MW]: of assets rated, of the net's own the most in the period."""
    city = loaded.city
    own = np.array([_KIND.get(technology) == kind for technology in city.technologies], dtype=bool)
    of_net = float(city.generators.p_mw()[:, own].sum(axis=1).max()) if own.any() else 0.0
    return of_net + sum(asset.power_mw for asset in loaded.assets if asset.kind == kind)


def _highest(issues: Sequence[IssuedTotals], kind: str) -> float:
    """The most of a kind that is forecast [MW]; 0 where nothing is."""
    seen = [issue.totals[kind] for issue in issues if kind in issue.totals]
    return max((float(p_mw[np.isfinite(p_mw)].max(initial=0.0)) for p_mw in seen), default=0.0)


def idle_limits(loaded: LoadedScenario) -> Iterator[str]:
    """Files of limits on power that limit nothing in the period of a scenario, in words."""
    clock, zone = loaded.city.clock, loaded.scenario.city.time_zone
    limits = [limit for asset in loaded.assets for limit in asset.power_limits]
    files = dict.fromkeys(limit.file for limit in (*limits, *loaded.power_limits) if limit.file is not None)
    for file in files:
        times = read_limit_curve(Path(file), zone).times
        if times[-1] <= clock.times[0] or times[0] >= clock.times[-1] + np.timedelta64(clock.step):
            first, last = (str(time.astype("datetime64[m]")).replace("T", " ") for time in times[[0, -1]])
            yield f"{Path(file).name} limits nothing in the period: it holds from {first} to {last} UTC"
    for asset in loaded.assets:
        for file in dict.fromkeys(limit.file for limit in asset.power_limits if limit.file is not None):
            values = read_limit_curve(Path(file), zone).values
            stated = [values[name] for name in ("charge_max_mw", "discharge_max_mw") if name in values]
            least = min((float(each.min()) for each in stated), default=0.0)
            if np.isfinite(least) and least > _IDLE * asset.power_mw > 0:
                told = f"{Path(file).name} limits nothing of {asset.name}: its least limit is {least:,.4g} MW, and"
                yield f"{told} {asset.power_mw:,.4g} MW are the most that it can draw or feed in: is it in kW?"
