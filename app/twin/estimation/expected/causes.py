"""Causes by which elements of a city err together."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import sparse

from app.twin.estimation.elements import CityElements
from app.twin.estimation.expected.history import load_causes
from grid.arrays import Ints
from grid.city.city import City
from grid.twin.estimation.pseudo import of_groups

ONE_PROFILE: Final = 0.95
"""Share of their variance that generators of one profile have in common, and those that the weather moves in one
district [1]; ours, unverified."""
CHARGING: Final = 0.4
"""Share that charging in one district has in common, which one management shifts [1]; ours, unverified."""
ALL_INVERTERS: Final = 0.25
"""Share of the variance of their reactive powers that inverters of different districts have in common, since one
management tells them [1]: 0.24 in the mean of nine weeks of the reference city's year under ``optimal``, 0.14 in
summer to 0.41 in November. What is left of `ONE_PROFILE` is that of a district, by whose voltages it tells them: within
one nearly all do the same."""


def common_causes(
    elements: CityElements, past: City, zone: Ints, weathered: Ints, known: tuple[Ints, Ints]
) -> sparse.csr_array:
    """Loadings of the active and then of the reactive powers of E elements, shape (C, 2 E) [1], see `PseudoInjections`.

    Args:
        elements: The elements.
        past: The city in the weeks before.
        zone: District of every bus, shape (B,).
        weathered: Assets that feed in what the weather gives.
        known: Elements whose active power, and whose reactive power, is what they say themselves: these err alone.
    """
    n = len(elements.name)
    load, generator, asset = (elements.of(origin) for origin in ("load", "generator", "asset"))
    loads = load_causes(past.loads).tocoo()
    at = np.concatenate([load, n + load])[loads.coords[1]]
    of_loads = sparse.csr_array((loads.data, (loads.coords[0], at)), shape=(loads.shape[0], 2 * n))
    groups, shares = np.full((4, 2 * n), -1), np.zeros((4, 2 * n))
    groups[0, generator], groups[1, n + generator] = past.generators.p_profile, past.generators.q_profile
    shares[0, generator] = shares[1, n + generator] = ONE_PROFILE
    district = elements.row[asset] * (zone.max(initial=0) + 1) + zone[elements.bus[asset]]
    groups[0, asset] = groups[0].max(initial=-1) + 1 + district
    shares[0, asset] = np.where(np.isin(asset, weathered), ONE_PROFILE, CHARGING)
    groups[2, n + asset], shares[2, n + asset] = district, ONE_PROFILE - ALL_INVERTERS
    groups[3, n + asset], shares[3, n + asset] = 0, ALL_INVERTERS
    layers = [of_groups(group, share) for group, share in zip(groups, shares, strict=True)]
    alone = np.ones(2 * n)
    alone[known[0]] = alone[n + known[1]] = 0.0
    return sparse.csr_array(sparse.vstack([of_loads, *layers]).multiply(alone))
