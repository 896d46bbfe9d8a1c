"""Power flow in three phases: sequences from pandapower, a compiled fixed point for many steps, extremes by phase.

A net with single-phase loads and generators is not described by a balanced power flow: the lowest voltage is that of
one phase, the highest current that of one conductor. Here every step is solved for three phases, with pandapower's own
models of lines and transformers in the zero, positive and negative sequence.
"""

import grid.code_cache  # noqa: F401  before any function is compiled
from grid._pandapower import sequence_network, sequences_of
from grid.network.sequence_network import SequenceNetwork
from grid.three_phase.flow import ThreePhaseFlow, three_phase_flow, three_phase_windows
from grid.three_phase.loads import PhaseLoads
from grid.three_phase.power_flow import PhasePowerFlow, phase_power_flow

__all__ = [
    "PhaseLoads",
    "PhasePowerFlow",
    "SequenceNetwork",
    "ThreePhaseFlow",
    "phase_power_flow",
    "sequence_network",
    "sequences_of",
    "three_phase_flow",
    "three_phase_windows",
]
