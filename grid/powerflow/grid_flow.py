"""What is known of the grid in every step, however it was solved."""

from __future__ import annotations

from typing import Protocol

from grid.arrays import Bools, Floats
from grid.network.network import Complexes, Network
from grid.time.clock import Clock


class GridFlow(Protocol):
    """A solved power flow, balanced or in three phases; T steps, N nodes, B buses, L branches.

    Powers are sums over the phases. Where phases differ, a voltage is the lowest of them and a loading the highest.
    """

    @property
    def clock(self) -> Clock:
        """The time axis."""

    @property
    def network(self) -> Network:
        """The balanced network, whose nodes, buses and branches these are."""

    @property
    def by_newton(self) -> Bools:
        """Steps that pandapower solved instead of the fixed point, shape (T,)."""

    @property
    def failed(self) -> Bools:
        """Steps without a solution, shape (T,)."""

    def between(self, steps: slice) -> GridFlow:
        """The same in some steps that follow each other."""

    def vm_pu(self) -> Floats:
        """Voltage at every bus, shape (T, B) [pu]; NaN where a bus is de-energised."""

    def loading_percent(self) -> Floats:
        """Loading of every branch by current, shape (T, L) [%]; NaN without a rating."""

    def branch_powers_mw(self) -> tuple[Floats, Floats]:
        """Active power entering every branch at its "from" and its "to" end, shape (T, L) each [MW]."""

    def slack_mva(self) -> Complexes:
        """Power that each external grid's node feeds in, shape (T, R) [MW + j MVAr]."""

    def net_import_mw(self, p_mw: Floats) -> Floats:
        """Net import through all external grids, shape (T,) [MW], at a withdrawal of the buses, shape (T, B) [MW]."""

    def injected_mw(self) -> Floats:
        """Active power that enters the grid at each node, shape (T, N) [MW]."""

    def shunt_mw(self) -> Floats:
        """Active power lost in shunts, shape (T, N) [MW]."""

    def impedance_load_mw(self) -> Floats:
        """Active power that constant impedances of wards consume, shape (T, N) [MW]."""
