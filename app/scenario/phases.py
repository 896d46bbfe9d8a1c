"""Whether a scenario is solved in one phase or in three, and what that says or leaves unsaid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from grid.city.phases import three_phase_network
from grid.errors import InputError
from grid.network.network import Network
from grid.network.sequence_network import SequenceNetwork

PLACE = "city.phases"
NO_UNBALANCE = (
    "limits.voltage_unbalance_max_percent limits nothing: the power flow is solved as if all phases were balanced "
    "(city.phases)."
)
APART = (
    "The power flow is solved in three phases, and so is that of the dispatch: limits of voltage and loading hold in "
    "each phase, and the unbalance of the voltage is limited in every step."
)


@dataclass(frozen=True, eq=False)
class SolvedPhases:
    """How the power flow of a city is solved.

    Args:
        sequences: The network in symmetrical components; None where it is solved balanced.
        misstated: What that misstates of the net, one sentence each; empty in three phases.
        notes: What else a reader should know of it.
    """

    sequences: SequenceNetwork | None
    misstated: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def declared(self) -> dict[str, Any]:
        """What the manifest of a result says of it."""
        return {"phases": "one" if self.sequences is None else "three", "misstated": list(self.misstated)}


def solved_phases(asked: Literal["auto", "one", "three"], network: Network) -> SolvedPhases:
    """How the power flow of a network is solved.

    Args:
        asked: What the scenario asks for; ``auto``: three phases where the net has asymmetric elements.
        network: The balanced network.

    Raises:
        InputError: If three phases are asked for, and the net has what is not solved so, by name.
    """
    asymmetric = network.misstated
    if asked == "one" or (asked == "auto" and not asymmetric):
        return SolvedPhases(None, asymmetric, ())
    try:
        sequences = three_phase_network(network)
    except InputError as error:
        if asked == "three":
            raise InputError([replace(one, place=f"{PLACE}: {one.place}") for one in error.faults]) from error
        why = "; ".join(f"{fault.place}: {fault.rule}" for fault in error.faults)
        return SolvedPhases(None, (*asymmetric, f"The net is not solved in three phases because of {why}."), ())
    return SolvedPhases(sequences, (), (APART, *sequences.estimated))
