"""What is to be decided, and what was decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from grid.clock import Clock
from grid.errors import Fault, raise_if_any
from grid.flexibility import Flexibility
from grid.network import Network
from grid.series import Floats, read_only

Strategy = Literal["unmanaged", "smart", "optimal"]
"""``unmanaged``: cars charge at full power on arrival, stores idle, nothing is curtailed, all else follows its demand;
``smart``: charging shifts, without V2G, stores idle; ``optimal``: everything that can move may move."""


@dataclass(frozen=True, eq=False)
class DispatchProblem:
    """Flexible assets on a network, and what energy costs; T steps, B buses, L branches.

    Args:
        clock: The time axis.
        network: The network.
        p_fixed_mw: Withdrawal that cannot be moved, at every bus, shape (T, B) [MW].
        q_fixed_mvar: Reactive withdrawal, at every bus, shape (T, B) [MVAr].
        flexibilities: What may be decided.
        import_price_per_mwh: Price of imports, shape (T,) [currency/MWh].
        export_price_per_mwh: Paid for exports, shape (T,) [currency/MWh]; at most the price of imports with its
            carbon, or energy could be made by importing and exporting at once.
        import_ci_kg_per_mwh: Carbon intensity of imports, shape (T,) [kg/MWh].
        carbon_price_per_kg: Price of carbon [currency/kg].
        import_max_mw: Most import [MW]; infinite for none.
        demand_charge_per_mw_month: Price of the highest import of each calendar month [currency/MW].
        loading_max_percent: Limit of each branch, shape (L,) [%]; infinite where there is none.
        horizon_steps: Steps that each window decides for good.
        look_ahead_steps: Steps that each window sees beyond them.

    Raises:
        InputError: With all that disagrees.
    """

    clock: Clock
    network: Network
    p_fixed_mw: Floats
    q_fixed_mvar: Floats
    flexibilities: tuple[Flexibility, ...]
    import_price_per_mwh: Floats
    export_price_per_mwh: Floats
    import_ci_kg_per_mwh: Floats
    carbon_price_per_kg: float = 0.0
    import_max_mw: float = np.inf
    demand_charge_per_mw_month: float = 0.0
    loading_max_percent: Floats = field(default_factory=lambda: np.array([np.inf]))
    horizon_steps: int = 96
    look_ahead_steps: int = 48

    def __post_init__(self) -> None:
        series = ("import_price_per_mwh", "export_price_per_mwh", "import_ci_kg_per_mwh")
        for name in ("p_fixed_mw", "q_fixed_mvar", *series):
            object.__setattr__(self, name, read_only(getattr(self, name)))
        limit = np.broadcast_to(self.loading_max_percent, (len(self.network.branches),))
        object.__setattr__(self, "loading_max_percent", limit)
        raise_if_any(self._faults(), "the dispatch problem")

    def _faults(self) -> Iterator[Fault]:
        t, b = self.clock.n_steps, len(self.network.buses.names)
        shapes = {
            "p_fixed_mw": (t, b),
            "q_fixed_mvar": (t, b),
            "import_price_per_mwh": (t,),
            "export_price_per_mwh": (t,),
            "import_ci_kg_per_mwh": (t,),
        }
        broken = False
        for name, shape in shapes.items():
            values = getattr(self, name)
            if values.shape != shape:
                yield Fault(name, f"must have shape {shape}", values.shape)
                broken = True
            elif not np.isfinite(values).all():
                yield Fault(name, f"must be finite; step {int(np.argwhere(~np.isfinite(values))[0][0])} is not")
                broken = True
        for name in ("horizon_steps", "look_ahead_steps"):
            if getattr(self, name) < (name == "horizon_steps"):
                yield Fault(name, "must not be negative, and a horizon has at least one step", getattr(self, name))
        names = [flexibility.name for flexibility in self.flexibilities]
        yield from (
            Fault(name, "two flexibilities have this name") for name in {n for n in names if names.count(n) > 1}
        )
        for flexibility in self.flexibilities:
            if flexibility.clock != self.clock:
                yield Fault(flexibility.name, "must be on the clock of the problem")
            elif flexibility.shares.shape[1] != b:
                yield Fault(flexibility.name, f"must know {b} buses", flexibility.shares.shape[1])
        if not broken:
            gain = self.export_price_per_mwh - self.import_cost_per_mwh
            if (gain > 1e-9).any():
                step = int(np.argmax(gain))
                yield Fault(
                    "export_price_per_mwh",
                    f"must not exceed the import price with its carbon; step {step}",
                    float(self.export_price_per_mwh[step]),
                )

    @property
    def import_cost_per_mwh(self) -> Floats:
        """Price of imports with their carbon, shape (T,) [currency/MWh]."""
        return self.import_price_per_mwh + self.carbon_price_per_kg * self.import_ci_kg_per_mwh


@dataclass(frozen=True, eq=False)
class Shortfall:
    """A limit that could not be kept, with the least excess that was found.

    Args:
        step: Step of the clock.
        element: Name of the branch, or ``import``.
        quantity: ``loading_percent`` or ``import_mw``.
        value: What it will be.
        limit: What it should not exceed.
    """

    step: int
    element: str
    quantity: str
    value: float
    limit: float


@dataclass(frozen=True, eq=False)
class Schedule:
    """What every flexible asset does.

    Args:
        clock: The time axis.
        p_mw: Withdrawal of each flexibility by slot, by name, shape (K,) each [MW].
        lp_cost: Objective of the linear programmes over the decided steps, without penalties [currency].
        shortfalls: Limits that the optimizer could not keep.
        windows: Number of linear programmes solved one after another.
        rounds: Linear programmes solved in all, network cuts included.
    """

    clock: Clock
    p_mw: dict[str, Floats]
    lp_cost: float
    shortfalls: tuple[Shortfall, ...] = ()
    windows: int = 0
    rounds: int = 0


def with_strategy(flexibilities: Sequence[Flexibility], strategy: Strategy) -> tuple[Flexibility, ...]:
    """The same flexibilities with only the freedom that a strategy leaves them."""
    if strategy == "optimal":
        return tuple(flexibilities)
    return tuple(
        flexibility.without_feed_in()
        if strategy == "smart" and flexibility.smart
        else flexibility.decided(flexibility.unmanaged_power())
        for flexibility in flexibilities
    )
