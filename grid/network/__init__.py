"""The electrical network as arrays, and what its buses draw: buses, branches, admittances, injections."""

from grid.network.injections import Injections
from grid.network.network import Branches, Buses, Complexes, Network

__all__ = ["Branches", "Buses", "Complexes", "Injections", "Network"]
