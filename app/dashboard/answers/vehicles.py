"""Sentences on electric cars: what V2G changes, by which accounting, and when charging is clean."""

from __future__ import annotations

from app.dashboard.answers.others import comparable_names, short_label
from app.dashboard.cards import Place, Sentence
from app.dashboard.text import counted, figure
from app.dashboard.view import View
from app.studies.answers.vehicles import (
    Overloads,
    V2GEffect,
    charged_mwh,
    charging_hours,
    fed_in_mwh,
    has_v2g,
    other_differences,
    overloads,
    smart_among,
    v2g_effect,
)

_MOST_NAMED = 3


def vehicle_sentences(view: View) -> list[Sentence]:
    """What V2G changes, and when a charged kilowatt-hour is cleanest; none where there are no cars."""
    if not charged_mwh(view.result):
        return []
    return [*v2g_sentences(view), *_hours(view)]


def v2g_sentences(view: View) -> list[Sentence]:
    """What V2G changes against the run with managed charging and no V2G; without one, that there is none."""
    result = view.result
    if not has_v2g(result):
        words = f"Cars charge {figure(charged_mwh(result), 1)} MWh here and give nothing back."
        return [Sentence((words,), key="v2g", why="v2g_energy_mwh"), *_elsewhere(view)]
    smart = smart_among(view.results, comparable_names(view), result)
    if smart:
        return [_alone(view, smart)]
    return [_mixed(view)]


def _alone(view: View, smart: str) -> Sentence:
    """The effect of V2G alone."""
    other = view.results[smart]
    also = other_differences(view.result, other)
    named = ", ".join(also[:_MOST_NAMED]) + (f" and {len(also) - _MOST_NAMED} more" if len(also) > _MOST_NAMED else "")
    apart = f" (which differs in {named} too)" if also else " (managed charging without V2G)"
    effect = v2g_effect(view.result, other)
    parts = (
        f"V2G, {figure(effect.fed_mwh, 2)} MWh fed in, changes {_tonnes(effect)}, against ", _place(view, smart),
        f"{apart}. Feeder overloads: {_overloads(effect)}{_unmanaged(view, smart)}.",
    )  # fmt: skip
    return Sentence(parts, key="v2g", why="v2g_energy_mwh")


def _mixed(view: View) -> Sentence:
    """That the effect of V2G cannot be told from that of managed charging, and how to tell it."""
    build = view.link("/build", build_from=view.name, build_set="dispatch.v2g:false")
    run = Place("build the same without V2G", build)
    if view.baseline is None:
        words = f"Cars give {figure(fed_in_mwh(view.result), 2)} MWh back; to see what that changes, "
        return Sentence((words, run, "."), key="v2g", why="v2g_energy_mwh")
    effect = v2g_effect(view.result, view.baseline)
    words = f", this changes {_tonnes(effect)}; feeder overloads: {_overloads(effect)}."
    mixed = f"{words} That mixes managed charging and V2G: to see V2G alone, "
    parts = ("Against ", _place(view, view.baseline_name), mixed, run, ".")
    return Sentence(parts, key="v2g", why="v2g_energy_mwh")


def _tonnes(effect: V2GEffect) -> str:
    return (
        f"the city's emissions by {_amount(effect.average_t)} by average intensity (as inventories count) and by "
        f"{_amount(effect.marginal_t)} by marginal intensity (what it causes in the grid above)"
    )


def _amount(value: float | None) -> str:
    if value is None:
        return "an unknown amount"
    return f"{'+' if value > 0 else ''}{figure(value, 2)} t"


def _overloads(effect: V2GEffect) -> str:
    if not effect.before.elements and not effect.after.elements:
        return "none with V2G, none without"
    return f"{_count(effect.after)} with V2G, {_count(effect.before)} without"


def _unmanaged(view: View, smart: str) -> str:
    """Overloads of the baseline, where that is another run than the one without V2G."""
    if view.baseline is None or view.baseline_name == smart:
        return ""
    return f"; {view.baseline_label}: {_count(overloads(view.baseline))}"


def _count(one: Overloads) -> str:
    if not one.elements:
        return "none"
    what = "1 line or transformer" if one.elements == 1 else f"{one.elements} lines or transformers"
    return f"{what} in {counted(one.steps, 'step')}"


def _elsewhere(view: View) -> list[Sentence]:
    """Which compared result has V2G, if this has none."""
    name = next((name for name in comparable_names(view) if has_v2g(view.results[name])), "")
    if not name:
        return []
    place = Place(short_label(view, name), view.link("/ev", result=name))
    return [Sentence(("With V2G: see ", place, "."), key="v2g-elsewhere")]


def _hours(view: View) -> list[Sentence]:
    found = charging_hours(view.result)
    if found is None or found.cleanest == found.dirtiest:
        return []
    words = (
        f"A charged kWh is cleanest at {found.cleanest:02d}:00 ({figure(found.cleanest_g_per_kwh, 0)} g) and dirtiest "
        f"at {found.dirtiest:02d}:00 ({figure(found.dirtiest_g_per_kwh, 0)} g), of the local hours in which cars "
        "charge."
    )
    return [Sentence((words,), key="charging-hours", why="ev_ci_g_per_kwh")]


def _place(view: View, name: str) -> Place:
    return Place(short_label(view, name), view.link("/ev", result=name))
