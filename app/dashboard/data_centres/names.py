"""What kinds of cooling, power chains and changes are called on the page."""

from __future__ import annotations

from app.dashboard.text import COOLING, POWER_CHAINS
from carbon.data_centre import DataCentre
from carbon.data_centre.studies import Combination, DesignChange

_CHANGES = {
    "containment": "aisles contained",
    "supply_27": "air of 27 °C",
    "fill": "hall filled to 90 %",
    "led_lighting": "light where people are",
    "heat_reuse": "heat given away",
    **COOLING,
    **POWER_CHAINS,
    "modern_ups": POWER_CHAINS["staged"],
}
AS_IT_IS = "as it is"


def change_name(change: DesignChange) -> str:
    """A short name of a change; the title of one that the catalogue's user added."""
    return _CHANGES.get(change.id, change.title)


def design_name(design: Combination) -> str:
    """What a design changes, in words."""
    return ", ".join(change_name(change) for change in design.changes) or AS_IT_IS


def described(spec: DataCentre) -> str:
    """How a data centre is cooled and fed, in words."""
    if spec.stated is not None:
        return f"a stated PUE of {spec.stated.pue:g}, its plant not described"
    cooling = COOLING.get(spec.cooling.kind, spec.cooling.kind)
    chain = POWER_CHAINS.get(spec.power_chain.kind, spec.power_chain.kind)
    return f"{cooling}; {chain}"
