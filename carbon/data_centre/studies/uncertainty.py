"""Bands of a hall's yearly PUE and WUE when its parameters are known as ranges only.

Every sample is one hall, run through the very model that a scenario uses, over all hours at once: its arrays fit the
processor's cache, which is faster than arrays of hours x samples. What follows from the air alone (wet bulb, enthalpy,
humidity) is computed once per hour and shared by all samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from carbon.data_centre.air.outdoor import OutdoorAir
from carbon.data_centre.cooling import Cooling, CoolingTechnology
from carbon.data_centre.priors import HallCase, Prior, load_case
from grid.arrays import Floats, read_only
from grid.errors import Fault, InputError, raise_if_any
from grid.files.spec_faults import faults_of
from grid.units import KW_PER_MW, SECONDS_PER_HOUR

PERCENTS = (5.0, 50.0, 95.0)
POWER_PARAMETERS = ("ups_efficiency", "distribution_loss", "lighting_share")


@dataclass(frozen=True, eq=False)
class PueBand:
    """Percentiles over all samples of what each sample averages over the hours.

    Args:
        percents: Which percentiles, shape (P,) [%].
        pue: Their PUE, shape (P,) [1].
        wue_l_per_kwh: Their site water per IT energy, shape (P,) [L/kWh].
        pue_samples: PUE of every sample, shape (N,) [1].
        wue_samples_l_per_kwh: Water of every sample, shape (N,) [L/kWh].
    """

    percents: Floats
    pue: Floats
    wue_l_per_kwh: Floats
    pue_samples: Floats
    wue_samples_l_per_kwh: Floats


def pue_band(
    case: HallCase | str, air: OutdoorAir, n: int = 1000, seed: int = 0, percents: Sequence[float] = PERCENTS
) -> PueBand:
    """Percentiles of PUE and WUE at constant full IT load.

    Parameters are drawn by Latin hypercube, uniformly within their ranges and independently of each other, as the
    published bands were [1]; the power chain has constant efficiencies side by side, as there.

    Args:
        case: A case, or the name of a shipped one (`carbon.data_centre.priors.case_names`).
        air: Outdoor air of T hours, a year for yearly bands.
        n: Samples.
        seed: Of the draws; the same seed gives the same band.
        percents: Percentiles asked for [%].

    Raises:
        InputError: If there is no such case, a range leads out of what the model allows, or a number is out of range.

    References:
        [1] N. Lei and E. Masanet, Resour. Conserv. Recycl., vol. 182, 106323, 2022.
    """
    faults = [] if n >= 1 else [Fault("n", "must be at least 1", n)]
    faults += [Fault("percents", "must lie within 0..100", p) for p in percents if not 0.0 <= p <= 100.0]
    raise_if_any(faults, "the band")
    case = load_case(case) if isinstance(case, str) else case
    heat = np.empty_like(air.pressure_pa)
    pue, wue = np.empty(n), np.empty(n)
    for i, (heat_share, cooling) in enumerate(halls(case, n, seed)):
        heat.fill(heat_share)  # MW of heat per MW of IT
        demand = cooling.demand(air, heat, heat_share)
        pue[i] = heat_share + demand.p_mw.mean()
        wue[i] = demand.water_kg_per_s.mean() * SECONDS_PER_HOUR / KW_PER_MW
    return PueBand(
        read_only(percents),
        read_only(np.percentile(pue, percents)),
        read_only(np.percentile(wue, percents)),
        read_only(pue),
        read_only(wue),
    )


def halls(case: HallCase, n: int, seed: int) -> Iterator[tuple[float, CoolingTechnology]]:
    """`n` halls of a case: heat per IT power [1] and cooling.

    Raises:
        InputError: If a parameter is not known, or its value is not one that the model allows.
    """
    adapter: TypeAdapter[CoolingTechnology] = TypeAdapter(Cooling)
    for values in draws(case.priors, n, seed):
        power = dict.fromkeys(POWER_PARAMETERS, 0.0) | {"ups_efficiency": 1.0}
        cooling = deepcopy(case.cooling)
        for prior, value in zip(case.priors, values.tolist(), strict=True):
            for path in prior.parameters:
                _set(power, cooling, path, value)
        try:
            yield _heat_share(**power), adapter.validate_python(cooling)
        except ValidationError as error:
            raise InputError(faults_of(error, HallCase), f"a hall drawn for case {case.name!r}") from error


def draws(priors: Sequence[Prior], n: int, seed: int) -> Floats:
    """Values drawn by Latin hypercube, uniform within each range, shape (n, number of ranges)."""
    from scipy.stats import qmc  # noqa: PLC0415  slow to import

    low, high = (np.array([getattr(prior, end) for prior in priors]) for end in ("low", "high"))
    unit = qmc.LatinHypercube(d=len(priors), rng=np.random.default_rng(seed)).random(n)
    return np.asarray(low + unit * (high - low), dtype=np.float64)


def overlap_share(low: float, high: float, published_low: float, published_high: float) -> float:
    """Share of a published band's width that another band covers [1]."""
    common = min(high, published_high) - max(low, published_low)
    return max(common, 0.0) / (published_high - published_low)


def _heat_share(ups_efficiency: float, distribution_loss: float, lighting_share: float) -> float:
    """Heat per IT power of a hall at full load [1]: servers, UPS, distribution and lighting side by side."""
    return 1.0 / ups_efficiency + 1.0 / (1.0 - distribution_loss) - 1.0 + lighting_share


def _set(power: dict[str, float], cooling: dict[str, Any], path: str, value: float) -> None:
    if path in power:
        power[path] = value
        return
    first, *parents = path.split(".")
    if first != "cooling" or not parents:
        names = ", ".join(POWER_PARAMETERS)
        raise InputError.single("parameters", f"must be one of {names}, or begin with 'cooling.'", path)
    place = cooling
    for parent in parents[:-1]:
        place = place.setdefault(parent, {})
    place[parents[-1]] = value
