"""The dispatch problem: flexible assets on a network, prices and limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from grid.arrays import Floats, read_only
from grid.errors import Fault, raise_if_any
from grid.flexibility.flexibility import Flexibility
from grid.network.network import Complexes, Network
from grid.sharing import shared
from grid.time.clock import Clock
from optimizer.problem.objective import Weights
from optimizer.problem.phases import PhaseConnections
from optimizer.problem.role_faults import role_faults

Extension = Callable[[Any], None]
"""Adds constraints, variables or terms of the objective ``m.cost`` to the Pyomo model of a window
(`optimizer.window.model`) before it is compiled."""

Forecast = Callable[["DispatchProblem", int, int], "DispatchProblem"]
"""Given the problem as it is, the first step of a window and the step after its last: the problem as it is seen then,
on the same clock and network, with the same devices. Only those steps are looked at. It must answer the same to the
same question, or results cannot be repeated."""

NetworkModel = Literal["ac", "dc"]
"""``ac``: losses, currents and voltages of the AC power flow; ``dc``: flows of the linear power flow, no losses."""

Strategy = Literal["unmanaged", "smart", "optimal"]
"""``unmanaged``: cars charge at full power on arrival, stores idle, nothing is curtailed, all else follows its demand;
``smart``: charging shifts, without V2G, stores idle; ``optimal``: everything that can move may move."""


def _unlimited() -> Floats:
    return np.array([np.inf])


@dataclass(frozen=True, eq=False)
class DispatchProblem:
    """Flexible assets on a network, and what energy costs; T steps, B buses, L branches.

    Args:
        clock: The time axis.
        network: The network.
        p_fixed_mw: Withdrawal that cannot be moved, at every bus, shape (T, B) [MW].
        q_fixed_mvar: Reactive withdrawal, at every bus, shape (T, B) [MVAr].
        flexibilities: What may be decided.
        loads_mva: What loads that depend on voltage draw at 1 pu at the buses `Network.voltage_dependent_bus`, part of
            the fixed withdrawal, shape (T, V) [MW + j MVAr]; None: all that is fixed there.
        import_price_per_mwh: Price of imports, shape (T,) [currency/MWh].
        export_price_per_mwh: Paid for exports, shape (T,) [currency/MWh]; at most the price of imports with its
            carbon, or energy could be made by importing and exporting at once.
        import_ci_kg_per_mwh: Carbon intensity of imports, shape (T,) [kg/MWh].
        carbon_price_per_kg: Price of carbon [currency/kg].
        carbon_cap_kg: Most carbon of imports and own generation over the whole clock [kg]; `CarbonBudget` shares it
            among windows. Infinite for none.
        import_max_mw: Most import [MW]; infinite for none.
        export_max_mw: Most export [MW]; infinite for none.
        demand_charge_per_mw_month: Price of the highest import of each calendar month [currency/MW].
        loading_max_percent: Limit of each branch, shape (L,) [%]; infinite where there is none.
        vm_min_pu: Least voltage of each bus, shape (B,) [pu]; 0 where there is none.
        vm_max_pu: Greatest voltage of each bus, shape (B,) [pu]; infinite where there is none.
        stored_value_per_mwh: Worth of a MWh that a store of constant efficiency holds beyond what it is due when a
            window ends before the clock does [currency/MWh]; where it is 0, a window empties a store as far as it may.
        import_marginal_ci_kg_per_mwh: What one MWh more of import emits, shape (T,) [kg/MWh], for
            `Schedule.marginal_ci_kg_per_mwh`; it decides nothing. None: imports count there at their mean intensity.
        reactive_cost_per_mvarh: Price of reactive power that inverters draw or supply [currency/MVArh]; the default
            (ours) keeps them from moving it where it helps nothing.
        reactive: Whether inverters may move reactive power, where there are limits of voltage.
        grid_limits: Whether the grid's losses and limits count; without them all buses are one.
        network_model: How the grid's limits are known; ``dc`` for meshed transmission grids, where generators hold
            the voltages: limits of loading then hold in the linear power flow, and there are no losses.
        phases: On which phases everything is: losses and limits are then those of the power flow in three phases, and
            limits of branches and buses hold in each of them; None: all is balanced.
        elastic: Whether a limit that cannot be kept may be exceeded at a penalty, and is then reported; else the
            problem has no solution, and `InfeasibleDispatchError` says why.
        horizon_steps: Steps that each window decides for good.
        look_ahead_steps: Steps that each window sees beyond them.
        sessions: Whether fleets are stated session by session (``each``), or as combinations of whole schedules
            (``aggregated``, `optimizer.aggregation.window`), where a window allows it; ``auto``: combined where
            there are many. Both deliver every session, at the same cost to a gap of 5e-5.
        time_limit_s: Most time for the whole dispatch [s]; what is not decided by then is guessed, and
            `Schedule.optimality_gap` says how far that may be from the optimum.
        objective: What cost, carbon and peak import weigh against each other; None: the cost, with all its prices.
            Prices and duals of the schedule are then in units of the objective.
        forecast: What each window knows of the steps ahead; None: all. What is done meets the problem as it stands
            here, and the difference is balanced at the grid connection.
        extend: Adds constraints or terms of the objective to the Pyomo model of every window
            (`optimizer.window.model.window_model`).

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
    loads_mva: Complexes | None = None
    carbon_price_per_kg: float = 0.0
    carbon_cap_kg: float = np.inf
    import_max_mw: float = np.inf
    export_max_mw: float = np.inf
    demand_charge_per_mw_month: float = 0.0
    loading_max_percent: Floats = field(default_factory=_unlimited)
    vm_min_pu: Floats = field(default_factory=lambda: np.zeros(1))
    vm_max_pu: Floats = field(default_factory=_unlimited)
    stored_value_per_mwh: float = 0.0
    import_marginal_ci_kg_per_mwh: Floats | None = None
    reactive_cost_per_mvarh: float = 0.1
    reactive: bool = True
    grid_limits: bool = True
    network_model: NetworkModel = "ac"
    phases: PhaseConnections | None = None
    elastic: bool = True
    horizon_steps: int = 96
    look_ahead_steps: int = 48
    sessions: Literal["auto", "each", "aggregated"] = "auto"
    time_limit_s: float = np.inf
    extend: Extension | None = None
    objective: Weights | None = None
    forecast: Forecast | None = None

    def __post_init__(self) -> None:
        for name in ("p_fixed_mw", "q_fixed_mvar", *_SERIES):
            object.__setattr__(self, name, read_only(getattr(self, name)))
        n_buses, n_branches = len(self.network.buses.names), len(self.network.branches)
        for name, n in (("loading_max_percent", n_branches), ("vm_min_pu", n_buses), ("vm_max_pu", n_buses)):
            limit = np.asarray(getattr(self, name), dtype=np.float64)
            object.__setattr__(self, name, np.broadcast_to(limit, (n,)) if limit.size == 1 else limit)
        raise_if_any(self._faults(), "the dispatch problem")

    def _faults(self) -> Iterator[Fault]:
        shape_faults = list(self._shape_faults())
        yield from shape_faults
        if not shape_faults:
            yield from self._price_faults()
        for name in ("horizon_steps", "look_ahead_steps"):
            if getattr(self, name) < (name == "horizon_steps"):
                yield Fault(name, "must not be negative, and a horizon has at least one step", getattr(self, name))
        for name in _NOT_NEGATIVE:
            if not getattr(self, name) >= 0:
                yield Fault(name, "must be at least 0", getattr(self, name))
        if self.network_model not in ("ac", "dc"):
            yield Fault("network_model", "must be 'ac' or 'dc'", self.network_model)
        if self.phases is not None and (self.network_model == "dc" or self.network.decided_by_voltage):
            rule = "must be None for a linear power flow, and where elements hold a voltage or follow it"
            yield Fault("phases", rule)
        if self.sessions not in ("auto", "each", "aggregated"):
            yield Fault("sessions", "must be 'auto', 'each' or 'aggregated'", self.sessions)
        names = [flexibility.name for flexibility in self.flexibilities]
        yield from (
            Fault(n, "two flexibilities have this name") for n in sorted({n for n in names if names.count(n) > 1})
        )
        for flexibility in self.flexibilities:
            if flexibility.clock != self.clock:
                yield Fault(flexibility.name, "must be on the clock of the problem")
            elif flexibility.shares.shape[1] != len(self.network.buses.names):
                rule = f"must know {len(self.network.buses.names)} buses"
                yield Fault(flexibility.name, rule, flexibility.shares.shape[1])
            yield from role_faults(flexibility)

    def _shape_faults(self) -> Iterator[Fault]:
        t, b, n_branches = self.clock.n_steps, len(self.network.buses.names), len(self.network.branches)
        shapes: dict[str, tuple[int, ...]] = {"p_fixed_mw": (t, b), "q_fixed_mvar": (t, b)}
        marginal = () if self.import_marginal_ci_kg_per_mwh is None else ("import_marginal_ci_kg_per_mwh",)
        for name, shape in (shapes | dict.fromkeys((*_SERIES, *marginal), (t,))).items():
            values = getattr(self, name)
            if values.shape != shape:
                yield Fault(name, f"must have shape {shape}", values.shape)
            elif not np.isfinite(values).all():
                yield Fault(name, f"must be finite; step {int(np.argwhere(~np.isfinite(values))[0][0])} is not")
        loads = (t, self.network.voltage_dependent_bus.size)
        if self.loads_mva is not None and self.loads_mva.shape != loads:
            yield Fault("loads_mva", f"must have shape {loads}", self.loads_mva.shape)
        for name, n in (("loading_max_percent", n_branches), ("vm_min_pu", b), ("vm_max_pu", b)):
            limit = getattr(self, name)
            if limit.shape != (n,):
                yield Fault(name, f"must have shape ({n},)", limit.shape)
            elif np.isnan(limit).any():
                yield Fault(name, "must not be NaN")
        if self.phases is not None:
            yield from self.phases.faults(t, b, self.flexibilities)
        if self.vm_min_pu.shape == self.vm_max_pu.shape and (self.vm_min_pu > self.vm_max_pu).any():
            bus = int(np.argmax(self.vm_min_pu > self.vm_max_pu))
            limits = (float(self.vm_min_pu[bus]), float(self.vm_max_pu[bus]))
            yield Fault(f"vm_min_pu of {self.network.buses.names[bus]!r}", "must not exceed vm_max_pu", limits)

    def _price_faults(self) -> Iterator[Fault]:
        gain = self.export_price_per_mwh - self.import_cost_per_mwh
        if (gain > 1e-9).any():
            step = int(np.argmax(gain))
            rule = f"must not exceed the import price with its carbon; step {step}"
            yield Fault("export_price_per_mwh", rule, float(self.export_price_per_mwh[step]))

    def loads_between(self, first: int, stop: int) -> Complexes | None:
        """What loads that depend on voltage draw at 1 pu in some steps, shape (stop - first, V); None without any."""
        at = self.network.voltage_dependent_bus
        if not at.size:
            return None
        if self.loads_mva is not None:
            return self.loads_mva[first:stop]
        return np.asarray(self.p_fixed_mw[first:stop, at] + 1j * self.q_fixed_mvar[first:stop, at])

    def with_fixed(
        self, powers: Sequence[tuple[Flexibility, Floats]], flexibilities: tuple[Flexibility, ...]
    ) -> DispatchProblem:
        """The same with what some flexibilities draw by slot, shape (K,) each [MW], as fixed withdrawal.

        Args:
            powers: These flexibilities and their powers.
            flexibilities: What is left to decide.
        """
        fixed = self.p_fixed_mw.copy()
        for flexibility, p_mw in powers:
            fixed += flexibility.at_buses(p_mw)
        phases = None if self.phases is None else self.phases.with_fixed(powers)
        loads_mva = self.loads_between(0, self.clock.n_steps)
        return replace(self, p_fixed_mw=fixed, flexibilities=flexibilities, loads_mva=loads_mva, phases=phases)

    @property
    def import_cost_per_mwh(self) -> Floats:
        """Price of imports with their carbon, shape (T,) [currency/MWh]."""
        return self.import_price_per_mwh + self.carbon_price_per_kg * self.import_ci_kg_per_mwh

    @property
    def alternating(self) -> bool:
        """Whether the AC power flow has a say."""
        return self.grid_limits and self.network_model == "ac"

    @property
    def limits_voltage(self) -> bool:
        """Whether any bus has a limit of voltage, or of its unbalance, that counts."""
        unbalance = self.phases is not None and np.isfinite(self.phases.unbalance_max_percent)
        limited = unbalance or (self.vm_min_pu > 0).any() or np.isfinite(self.vm_max_pu).any()
        return self.alternating and bool(limited)


_NOT_NEGATIVE = (
    *("carbon_price_per_kg", "carbon_cap_kg", "import_max_mw", "export_max_mw"),
    *("demand_charge_per_mw_month", "time_limit_s", "stored_value_per_mwh", "reactive_cost_per_mvarh"),
)
_SERIES = ("import_price_per_mwh", "export_price_per_mwh", "import_ci_kg_per_mwh")


def with_strategy(flexibilities: Sequence[Flexibility], strategy: Strategy) -> tuple[Flexibility, ...]:
    """The same flexibilities with only the freedom that a strategy leaves them."""
    if strategy == "optimal":
        return tuple(flexibilities)
    return tuple(
        flexibility.without_feed_in() if strategy == "smart" and flexibility.smart else _unmanaged(flexibility)
        for flexibility in flexibilities
    )


@shared()
def _unmanaged(flexibility: Flexibility) -> Flexibility:
    """The same with its power fixed to what it draws when nobody manages it."""
    return flexibility.decided(flexibility.unmanaged_power())
