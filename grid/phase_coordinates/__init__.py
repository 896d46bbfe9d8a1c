"""Power flow in phase coordinates: a node for each phase of each bus, a compiled fixed point for many steps.

Feeders of North America have lines whose phases differ, laterals of one and two phases, regulators phase by phase and
loads between phases. Symmetrical components do not describe them; here every conductor of a bus is a node, every
element its admittance matrix, and every load a current between two nodes that depends on the voltage between them.
"""

import grid.code_cache  # noqa: F401  before any function is compiled
from grid.network.phase_network import PhaseNetwork
from grid.phase_coordinates.flow import NodeFlow, node_flow

__all__ = ["NodeFlow", "PhaseNetwork", "node_flow"]
