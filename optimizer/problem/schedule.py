"""What was decided, and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from grid.arrays import Floats
from grid.flexibility.flexibility import Flexibility
from grid.time.clock import Clock


@dataclass(frozen=True, eq=False)
class Shortfall:
    """A limit that could not be kept, with the least excess that was found.

    Args:
        step: Step of the clock.
        element: Name of the branch or bus, ``import``, ``export``, a connection, or ``carbon``.
        quantity: ``loading_percent``, ``vm_pu``, ``unbalance`` (negative over positive sequence [1]), ``import_mw``,
            ``export_mw``, ``connection_mw``, ``emissions_kg`` or ``power_flow``.
        value: What it will be; NaN where the power flow has no solution.
        limit: What it should not pass.
        phase: ``a``, ``b`` or ``c``; empty where it is of all of them.
    """

    step: int
    element: str
    quantity: str
    value: float
    limit: float
    phase: str = ""


@dataclass(frozen=True, eq=False)
class BindingLimit:
    """A limit that costs something to keep.

    Args:
        step: Step of the clock.
        element: Name of the branch or bus, ``import`` or ``export``.
        quantity: ``loading_percent``, ``vm_pu``, ``unbalance``, ``import_mw`` or ``export_mw``.
        price: What relaxing it by one unit for an hour would save [currency/(unit h)]; penalties for limits that are
            exceeded are left out.
        penalty: What it would save of penalties [currency/(unit h)]: 0 where no limit is exceeded, far above any price
            where one is, for which it is a sign and no price.
        phase: ``a``, ``b`` or ``c``; empty where it is of all of them.
    """

    step: int
    element: str
    quantity: str
    price: float
    penalty: float = 0.0
    phase: str = ""


@dataclass(frozen=True)
class Costs:
    """What the schedule costs in the programme, by kind [currency]; penalties are apart.

    Args:
        energy: Imports less exports at their prices.
        carbon: Carbon of imports and of own generation at its price.
        wear_and_fuel: Wear of stores and fuel of engines.
        value: Value of demand that was met, as a negative cost.
        peak: Demand charges.
    """

    energy: float = 0.0
    carbon: float = 0.0
    wear_and_fuel: float = 0.0
    value: float = 0.0
    peak: float = 0.0

    @property
    def total(self) -> float:
        """All of them."""
        return self.energy + self.carbon + self.wear_and_fuel + self.value + self.peak

    def __add__(self, other: Costs) -> Costs:
        return Costs(
            self.energy + other.energy, self.carbon + other.carbon, self.wear_and_fuel + other.wear_and_fuel,
            self.value + other.value, self.peak + other.peak,
        )  # fmt: skip


@dataclass(frozen=True)
class Quality:
    """How far the programme is from the alternating current.

    Args:
        lp_cost: Cost of the decided steps in the programme, penalties excluded [currency].
        ac_cost: The same with imports and exports as the AC power flow has them [currency].
        why_no_bound: Why the value of the programme is no lower bound of what any schedule costs in AC; empty where it
            is one: energy has a positive price in every step, nothing was exceeded, and no row binds that may cut off
            what the grid admits, as rows of voltage from above and rows of loading with a margin do.
    """

    lp_cost: float
    ac_cost: float
    why_no_bound: str = ""

    @property
    def is_bound(self) -> bool:
        """Whether the value of the programme is a lower bound."""
        return not self.why_no_bound

    @property
    def deviation(self) -> float:
        """AC cost less that of the programme, relative to it [1]: how well the programme knows the grid."""
        return (self.ac_cost - self.lp_cost) / max(abs(self.lp_cost), 1e-9)

    @property
    def gap(self) -> float | None:
        """By what share the schedule may cost more than the best [1]; None where there is no bound to compare with."""
        return self.deviation if self.is_bound else None


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
        q_mvar: Reactive withdrawal of the inverters by slot, by name, shape (K,) each [MVAr]; only what is not 0.
        import_mw: Import as the AC power flow has it, shape (T,) [MW].
        export_mw: Export, shape (T,) [MW].
        costs: Cost by kind.
        quality: Programme against AC.
        nodal_price_per_mwh: What a MWh more at each bus costs, shape (T, B) [currency/MWh]; NaN where not known.
            Penalties for limits that are exceeded are left out.
        nodal_penalty_per_mwh: What a MWh more at each bus adds of penalties, shape (T, B) [currency/MWh]: 0 where no
            limit is exceeded, far above any price where one is, for which it is a sign and no price.
        marginal_ci_kg_per_mwh: What a MWh more at each bus emits, shape (T, B) [kg/MWh]; NaN where not known.
        binding: Limits that cost something to keep.
        carbon_cap_price_per_kg: Price at which the cap on carbon would be kept, by window [currency/kg]; without
            penalties, and so 0 where the cap is exceeded, since no price keeps it.
        carbon_cap_penalty_per_kg: What emitting a kilogram more than the cap would save of penalties, by window
            [currency/kg]: 0 where no limit is exceeded.
        duals: Of each constraint of the Pyomo model by name, in the last window, in the order of its index.
        decided_steps: Steps decided before time ran out or the caller cancelled; in the
            others every promise is kept, and no more.
        optimality_gap: By what share the worst window, penalties included, may cost more than its optimum [1]; infinite
            where time ran out before anything was proven, 0 where it did not run out.
        imbalance_mw: Net import beyond what was planned on the forecast, shape (T,) [MW]: 0 where the forecast was
            right, NaN where nothing was decided.
    """

    clock: Clock
    p_mw: dict[str, Floats]
    lp_cost: float
    shortfalls: tuple[Shortfall, ...] = ()
    windows: int = 0
    rounds: int = 0
    q_mvar: Mapping[str, Floats] = field(default_factory=lambda: MappingProxyType({}))
    import_mw: Floats = field(default_factory=lambda: np.empty(0))
    export_mw: Floats = field(default_factory=lambda: np.empty(0))
    costs: Costs = Costs()
    quality: Quality = Quality(0.0, 0.0)
    nodal_price_per_mwh: Floats = field(default_factory=lambda: np.empty((0, 0)))
    nodal_penalty_per_mwh: Floats = field(default_factory=lambda: np.empty((0, 0)))
    marginal_ci_kg_per_mwh: Floats = field(default_factory=lambda: np.empty((0, 0)))
    binding: tuple[BindingLimit, ...] = ()
    carbon_cap_price_per_kg: tuple[float, ...] = ()
    carbon_cap_penalty_per_kg: tuple[float, ...] = ()
    duals: Mapping[str, Floats] = field(default_factory=lambda: MappingProxyType({}))
    decided_steps: int = 0
    optimality_gap: float = 0.0
    imbalance_mw: Floats = field(default_factory=lambda: np.empty(0))

    @property
    def imbalance_mwh(self) -> float:
        """Energy balanced at the grid connection because forecasts were wrong, either way [MWh]."""
        return float(np.nansum(np.abs(self.imbalance_mw))) * self.clock.step_hours

    def energy_mwh(self, flexibility: Flexibility) -> Floats:
        """Energy in the reservoir of a flexibility when each slot ends, shape (K,) [MWh]."""
        return flexibility.energy_mwh(self.p_mw[flexibility.name])

    def at_buses(self, flexibility: Flexibility) -> Floats:
        """Withdrawal of a flexibility at every bus, shape (T, B) [MW]."""
        return flexibility.at_buses(self.p_mw[flexibility.name])

    def curtailed_mwh(self, flexibility: Flexibility) -> float:
        """What a flexibility could have fed in and did not [MWh]."""
        least = np.minimum(flexibility.per_slot(flexibility.p_min_mw), 0.0)
        unused = np.minimum(self.p_mw[flexibility.name], 0.0) - least
        return float(unused.sum()) * self.clock.step_hours
