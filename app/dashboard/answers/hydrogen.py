"""Sentences on hydrogen: the carbon of a kilogram, when it is most, and the published limits."""

from __future__ import annotations

from app.dashboard.answers.words import moment_place
from app.dashboard.cards import Sentence
from app.dashboard.text import figure
from app.dashboard.view import View
from app.studies.answers.hydrogen import hydrogen_answer, hydrogen_limits


def hydrogen_sentences(view: View) -> list[Sentence]:
    """How much carbon a kilogram carries and how that compares with published limits; none where none was refuelled."""
    found = hydrogen_answer(view.result)
    if found is None:
        return []
    mean = (
        f"A kilogram of hydrogen carries {figure(found.kg_per_kg, 2)} kg on average ({figure(found.refuelled_kg, 0)} "
        f"kg refuelled); most, {figure(found.most_kg_per_kg, 2)} kg, at {found.station} on "
    )
    when = moment_place(view, found.time, "/hydrogen")
    limits = hydrogen_limits()
    kept = next((one for one in limits if found.kg_per_kg <= one.kg_per_kg), None)
    above = found.kg_per_kg - limits[0].kg_per_kg
    best = f"It keeps {kept.name}" if kept else "It keeps none of them"
    best += f"; it is {figure(above, 2)} kg/kg above {limits[0].name}" if kept != limits[0] else ""
    words = ", ".join(f"{one.name} {figure(one.kg_per_kg, 2)}" for one in limits)
    boundary = "" if view.result.manifest.get("boundary") == "lifecycle" else (
        " The limits count the whole chain; this result counts direct emissions only, so it may look better than it is."
    )  # fmt: skip
    told = f"Published limits of clean hydrogen [kg/kg]: {words}. {best}.{boundary}"
    why = "hydrogen_emissions_kg_per_kg"
    return [Sentence((mean, when, "."), key="hydrogen", why=why), Sentence((told,), key="hydrogen-limits")]
