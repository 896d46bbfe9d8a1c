"""Sentences on the city: what it emits, how much is renewable, who emits most, which hours are clean."""

from __future__ import annotations

from app.dashboard.answers.words import Parts, told
from app.dashboard.cards import Place, Sentence
from app.dashboard.language.spoken import text_in
from app.dashboard.text import change, figure, sector_name
from app.dashboard.view import View
from app.results.key_figures import declarations
from app.studies.answers.city import carbon_cap, hours_of_day, largest_sector

BASELINE = "\N{OBJECT REPLACEMENT CHARACTER}"
"""What stands for the baseline's name until it is a link."""


def renewable_sentence(view: View) -> Sentence | None:
    """The renewable share of what the city uses, against the baseline, and its distance to the cap on its carbon."""
    share = view.result.summary.get("renewable_share")
    if share is None:
        return None
    parts = told(
        view, "{share} % of what the city uses is renewable{against}; it emits {emissions} t by average "
        "intensity{less}.{cap}", share=figure(100 * share, 1), against=_against(view, "renewable_share"),
        emissions=figure(view.result.summary.get("emissions_t"), 1), less=_against(view, "emissions_t"), cap=_cap(view),
    )  # fmt: skip
    return Sentence(tuple(parts), key="renewable", why="renewable_share")


def _against(view: View, key: str) -> Parts:
    """How a figure differs from the baseline, in words with a link to it; nothing without a baseline."""
    if view.baseline is None:
        return []
    declared = declarations().figures[key]
    kind = "relative" if declared.compared == "amount" else declared.compared
    values = view.result.summary.get(key), view.baseline.summary.get(key)
    words = change(*values, BASELINE, kind, declared.digits, view.say).words
    if not words:
        return []
    before, _, after = words.partition(BASELINE)
    place = Place(view.baseline_label, view.link("/", result=view.baseline_name))
    return [view.say(", "), before, place, after]


def _cap(view: View) -> str:
    cap = carbon_cap(view.result)
    if cap is None:
        return ""
    left = cap.cap_t - cap.emissions_t
    amounts = {"amount": figure(abs(left), 2), "cap": figure(cap.cap_t, 1)}
    if left >= 0:
        return view.say(" Its sources emit {amount} t below the cap of {cap} t.", **amounts)
    return view.say(" Its sources emit {amount} t above the cap of {cap} t.", **amounts)


def sector_sentence(view: View) -> Sentence | None:
    """Who emits most."""
    found = largest_sector(view.result)
    if found is None:
        return None
    sector = text_in(view.language, sector_name(found.gpc_code))
    words = view.say(
        "The largest emitter is {sector}: {emissions} t, {share} % of all.", sector=sector,
        emissions=figure(found.emissions_t, 2), share=figure(100 * found.share, 0),
    )  # fmt: skip
    return Sentence((words,), key="largest-sector", why="emissions_t")


def hours_sentence(view: View) -> Sentence | None:
    """Which hours of the day are cleanest and dirtiest."""
    found = hours_of_day(view.result, view.zone)
    if found is None or found.cleanest == found.dirtiest:
        return None
    words = view.say(
        "A kWh in the city is cleanest from {clean}:00 ({low} g) and dirtiest from {dirty}:00 ({high} g), by local "
        "hour over all days.", clean=f"{found.cleanest:02d}", low=figure(found.cleanest_g_per_kwh, 0),
        dirty=f"{found.dirtiest:02d}", high=figure(found.dirtiest_g_per_kwh, 0),
    )  # fmt: skip
    return Sentence((words,), key="hours", why="ci_mean_g_per_kwh")
