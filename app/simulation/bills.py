"""Bills of a run: what the meters of each account say, and what it pays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.scenario.tariffs import local_times, members, tariff_of
from app.simulation.phases import SimulationResult
from app.tariffs import BillingAccount, BillLine, bill
from app.tariffs.bill import Metered
from grid.arrays import Floats
from grid.city.city import City, Elements


@dataclass(frozen=True)
class AccountBill:
    """The bill of an account.

    Args:
        account: The account.
        tariff: Name of its tariff.
        lines: Lines of the bill.
        drawn_mwh: Energy that its meters count as drawn [MWh].
        fed_in_mwh: Energy that they count as fed in [MWh].
    """

    account: BillingAccount
    tariff: str
    lines: tuple[BillLine, ...]
    drawn_mwh: float
    fed_in_mwh: float


def bills(outcome: SimulationResult) -> tuple[AccountBill, ...]:
    """The bill of every account of a run's scenario.

    What assets and data centres draw is what they did in the run; loads and generators of the grid count with what
    their profiles say, where they are supplied.

    Args:
        outcome: The run.
    """
    loaded, hours = outcome.inputs.loaded, outcome.inputs.clock.step_hours
    wholesale = outcome.inputs.upstream.price_per_mwh
    found = []
    for account in loaded.scenario.tariff.accounts:
        tariff = tariff_of(account, loaded.folder)
        drawn, fed_in = _meters(outcome, account)
        at = local_times(loaded.scenario, tariff, outcome.inputs.clock)
        lines = bill(tariff, account, Metered(drawn, fed_in, wholesale, at, hours))
        found.append(AccountBill(account, tariff.name, lines, float(drawn.sum() * hours), float(fed_in.sum() * hours)))
    return tuple(found)


def _meters(outcome: SimulationResult, account: BillingAccount) -> tuple[Floats, Floats]:
    """What the meters of an account count as drawn and as fed in, shape (T,) each [MW]."""
    clock = outcome.inputs.clock
    drawn, fed_in = np.zeros(clock.n_steps), np.zeros(clock.n_steps)
    for what, name in members(outcome.inputs.loaded, account):
        more, less = _of_member(outcome, what, name)
        drawn += more
        fed_in += less
    if account.one_meter:
        net = drawn - fed_in
        return np.maximum(net, 0.0), np.maximum(-net, 0.0)
    return drawn, fed_in


def _of_member(outcome: SimulationResult, what: str, name: str) -> tuple[Floats, Floats]:
    """Power drawn and fed in by a member of an account, each element and device by itself, shape (T,) each [MW]."""
    city = outcome.inputs.loaded.city
    if what == "sector":
        return _of_elements(city, city.loads, city.sector_shares[:, city.sectors.index(name)])
    if what == "generation":
        chosen = np.array([technology == name for technology in city.technologies], dtype=float)
        return _of_elements(city, city.generators, chosen)[::-1]
    drawn, fed_in = np.zeros(city.clock.n_steps), np.zeros(city.clock.n_steps)
    for flexibility in outcome.inputs.flexibilities:
        if flexibility.name == name or flexibility.name.startswith(f"{name}: "):  # and its parts
            p_mw = outcome.p_mw[flexibility.name]
            drawn += flexibility.by_step(np.maximum(p_mw, 0.0))
            fed_in += flexibility.by_step(np.maximum(-p_mw, 0.0))
    return drawn, fed_in


def _of_elements(city: City, elements: Elements, share: Floats) -> tuple[Floats, Floats]:
    """Positive and negative powers of elements of the grid, each times its share, those that are supplied."""
    live = city.network.buses.node[elements.bus] >= 0
    scale = elements.p_scale * share * live
    up, down = np.zeros(elements.profiles.shape[0]), np.zeros(elements.profiles.shape[0])
    for sign in (1.0, -1.0):
        by_profile = np.bincount(
            elements.p_profile, weights=np.maximum(sign * scale, 0.0), minlength=elements.profiles.shape[1]
        )
        positive, negative = np.maximum(elements.profiles, 0.0), np.maximum(-elements.profiles, 0.0)
        up += (positive if sign > 0 else negative) @ by_profile
        down += (negative if sign > 0 else positive) @ by_profile
    return up, down
