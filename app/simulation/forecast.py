"""What the windows of a dispatch know of the steps ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from app.scenario.forecast_file import SEEN, read_forecast
from app.scenario.forecast_spec import ForecastFileSpec
from app.scenario.loaded import LoadedScenario
from grid.arrays import Floats
from grid.city.city import City
from grid.flexibility.flexibility import Flexibility, one_hot
from grid.twin.forecast.history import SeriesKind
from optimizer.forecast.forecast import AutoregressiveError, Persistence
from optimizer.forecast.totals import TotalsByIssue, TotalsForecast

if TYPE_CHECKING:
    from optimizer.problem.problem import Forecast

KIND_OF_TECHNOLOGY: Mapping[str, SeriesKind] = {"solar": "pv", "wind_onshore": "wind", "wind_offshore": "wind"}
"""What generators of the net are forecast as; others are taken as known."""


def forecast_of(loaded: LoadedScenario, flexibilities: Sequence[Flexibility]) -> Forecast | None:
    """The forecast of a scenario with its flexibilities; None where everything is known."""
    scenario, city = loaded.scenario, loaded.city
    spec = scenario.dispatch.forecast
    if isinstance(spec, ForecastFileSpec):
        issues = read_forecast(loaded.folder / spec.file, city.clock)
        first = np.array([issue.first for issue in issues], dtype=np.int64)
        return TotalsByIssue(first, lambda place: _of_file(city, flexibilities, issues[place].totals))
    if spec == "perfect":
        return None
    return Persistence() if isinstance(spec, str) else AutoregressiveError(**spec.model_dump(), seed=scenario.seed)


def forecast_notes(loaded: LoadedScenario) -> list[str]:
    """What a reader should know of a forecast from a file."""
    spec, clock = loaded.scenario.dispatch.forecast, loaded.city.clock
    if not isinstance(spec, ForecastFileSpec):
        return []
    issues = read_forecast(loaded.folder / spec.file, clock)
    totals = issues[-1].totals
    seen = ", ".join(f"{kind} in {np.isfinite(p).sum()}" for kind, p in totals.items() if np.isfinite(p).any())
    known = ", ".join([*(kind for kind in SEEN if kind not in totals), "charging", "prices", "carbon intensity"])
    when = "whenever they begin" if len(issues) == 1 else f"the newest of {len(issues)} forecasts by their beginning"
    told = f"Windows of the dispatch see the totals of {spec.file}, {when}: {seen} of {clock.n_steps} steps"
    return [f"{told}, spread as in truth. In other steps these are known perfectly; so are {known} in all."]


def _of_file(city: City, flexibilities: Sequence[Flexibility], totals: Mapping[str, Floats]) -> TotalsForecast:
    """Totals in the place of true ones, by scaling; where the true total is 0, it is seen as 0."""
    demand_mw, demand_mvar = city.loads.at_buses(city.n_buses)
    p_change, q_change = np.zeros_like(demand_mw), np.zeros_like(demand_mvar)
    available: dict[str, Floats] = {}
    for kind, total in totals.items():
        if kind == "demand":
            beyond = (_relative(total, demand_mw.sum(axis=1)) - 1.0)[:, None]
            p_change += beyond * demand_mw
            q_change += beyond * demand_mvar
            continue
        of_net = _of_net(city, kind)
        assets = [flexibility for flexibility in flexibilities if flexibility.kind == kind]
        fed_in = -sum((each.by_step(each.unmanaged_power()) for each in assets), np.zeros(city.clock.n_steps))
        share = _relative(total, of_net.sum(axis=1) + fed_in)
        p_change -= (share - 1.0)[:, None] * of_net
        available |= {each.name: share for each in assets}
    return TotalsForecast(p_change, q_change, available)


def _relative(seen_mw: Floats, true_mw: Floats) -> Floats:
    """What is seen relative to the truth, shape (T,) [1]; 1 where either is not known or nothing."""
    known = np.isfinite(seen_mw) & (true_mw > 0)
    return np.divide(seen_mw, true_mw, out=np.ones(true_mw.size), where=known)


def _of_net(city: City, kind: str) -> Floats:
    """What the net's own generators of a kind feed in, shape (T, B) [MW]."""
    generators = city.generators
    chosen = np.array([KIND_OF_TECHNOLOGY.get(each) == kind for each in city.technologies], dtype=bool)
    if not chosen.any():
        return np.zeros((city.clock.n_steps, city.n_buses))
    return np.asarray(generators.p_mw()[:, chosen] @ one_hot(generators.bus[chosen], city.n_buses))
