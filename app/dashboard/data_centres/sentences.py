"""What the page says first: whether the data centre meets its limit, and what would make it meet a stricter one."""

from __future__ import annotations

from app.dashboard.cards import Place, Sentence
from app.dashboard.data_centres.builder_links import of_design
from app.dashboard.data_centres.names import design_name
from app.dashboard.figures.data_centres import PUE_TARGET
from app.dashboard.text import figure
from app.dashboard.view import View
from app.studies.halls.study import HallStudy
from app.studies.halls.verdicts import target_rule
from carbon.data_centre.studies import DesignYear, cheapest_that_keeps

STRICTER = 1.2
"""What planners ask next: grade 1 of GB 40879-2021, and new data centres in Germany (EnEfG section 11)."""


def of_limit(study: HallStudy) -> Sentence:
    """Whether it meets the usual limit over the year, and by how much."""
    pue = study.now.value("pue")
    if pue is None:
        return Sentence((f"{study.spec.name} draws no power for computing, so it has no PUE.",), "dc-limit")
    margin = figure(abs(PUE_TARGET - pue), 3)
    met, side = ("meets", "below") if pue <= PUE_TARGET else ("does not meet", "above")
    words = f"Over a year, {study.spec.name} has a PUE of {figure(pue, 3)}. It {met} {PUE_TARGET:g}: {margin} {side}."
    return Sentence((words,), "dc-limit")


def of_target(view: View, study: HallStudy, target: float) -> Sentence:
    """The cheapest change that makes it meet a limit that the reader sets."""
    name, pue = study.spec.name, study.now.value("pue")
    if pue is None:
        return Sentence((f"{name} has no PUE to be lowered.",), "dc-target")
    if pue <= target:
        return Sentence((f"It meets {target:g} as it is, {figure(target - pue, 3)} below it.",), "dc-target")
    found = cheapest_that_keeps(study.years, target_rule(target))
    if found is None:
        best = min(study.years, key=lambda year: year.value("pue") or float("inf"))
        before = f"No combination of the catalogue's changes makes it meet {target:g}; the lowest is "
        after = f" with {figure(best.value('pue'), 3)}."
        return Sentence((before, _place(view, study, best), after), "dc-target")
    before, cost = f"What makes it meet {target:g} at the least cost: ", figure(found.design.capital_cost, 0)
    after = f". Its PUE is then {figure(found.value('pue'), 3)}, for about {cost} EUR (unverified order of magnitude)."
    return Sentence((before, _place(view, study, found), after), "dc-target")


def _place(view: View, study: HallStudy, year: DesignYear) -> Place:
    """A design by name, and the way to it in the builder."""
    return Place(design_name(year.design), of_design(view, study.spec, year.design))
