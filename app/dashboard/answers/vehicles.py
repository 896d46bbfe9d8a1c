"""Sentences on electric cars: what V2G changes, by which accounting, and when charging is clean."""

from __future__ import annotations

from collections.abc import Sequence

from app.dashboard.answers.others import comparable_names, short_label
from app.dashboard.answers.words import steps_words, told
from app.dashboard.cards import Place, Sentence
from app.dashboard.text import figure
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
        charged = figure(charged_mwh(result), 1)
        words = view.say("Cars charge {charged} MWh here and give nothing back.", charged=charged)
        return [Sentence((words,), key="v2g", why="v2g_energy_mwh"), *_elsewhere(view)]
    smart = smart_among(view.results, comparable_names(view), result)
    if smart:
        return [_alone(view, smart)]
    return [_mixed(view)]


def _alone(view: View, smart: str) -> Sentence:
    """The effect of V2G alone."""
    other = view.results[smart]
    effect = v2g_effect(view.result, other)
    parts = told(
        view, "V2G, {fed} MWh fed in, changes {tonnes}, against {result}{apart}. Feeder overloads: "
        "{overloads}{others}.",
        fed=figure(effect.fed_mwh, 2), tonnes=_tonnes(view, effect), result=_place(view, smart),
        apart=_apart(view, other_differences(view.result, other)), overloads=_overloads(view, effect),
        others=_unmanaged(view, smart),
    )  # fmt: skip
    return Sentence(tuple(parts), key="v2g", why="v2g_energy_mwh")


def _apart(view: View, also: Sequence[str]) -> str:
    """In what the run without V2G differs besides."""
    if not also:
        return view.say(" (managed charging without V2G)")
    more = len(also) - _MOST_NAMED
    named = view.say(", ").join(also[:_MOST_NAMED]) + (view.say(" and {n} more", n=more) if more > 0 else "")
    return view.say(" (which differs in {named} too)", named=named)


def _mixed(view: View) -> Sentence:
    """That the effect of V2G cannot be told from that of managed charging, and how to tell it."""
    build = view.link("/build", build_from=view.name, build_set="dispatch.v2g:false")
    run = Place(view.say("build the same without V2G"), build)
    if view.baseline is None:
        fed = figure(fed_in_mwh(view.result), 2)
        words = told(view, "Cars give {fed} MWh back; to see what that changes, {run}.", fed=fed, run=run)
        return Sentence(tuple(words), key="v2g", why="v2g_energy_mwh")
    effect = v2g_effect(view.result, view.baseline)
    parts = told(
        view, "Against {result}, this changes {tonnes}; feeder overloads: {overloads}. That mixes managed charging and "
        "V2G: to see V2G alone, {run}.", result=_place(view, view.baseline_name), tonnes=_tonnes(view, effect),
        overloads=_overloads(view, effect), run=run,
    )  # fmt: skip
    return Sentence(tuple(parts), key="v2g", why="v2g_energy_mwh")


def _tonnes(view: View, effect: V2GEffect) -> str:
    return view.say(
        "the city's emissions by {average} by average intensity (as inventories count) and by {marginal} by marginal "
        "intensity (what it causes in the grid above)", average=_amount(view, effect.average_t),
        marginal=_amount(view, effect.marginal_t),
    )  # fmt: skip


def _amount(view: View, value: float | None) -> str:
    if value is None:
        return view.say("an unknown amount")
    return f"{'+' if value > 0 else ''}{figure(value, 2)} t"


def _overloads(view: View, effect: V2GEffect) -> str:
    if not effect.before.elements and not effect.after.elements:
        return view.say("none with V2G, none without")
    after, before = _count(view, effect.after), _count(view, effect.before)
    return view.say("{after} with V2G, {before} without", after=after, before=before)


def _unmanaged(view: View, smart: str) -> str:
    """Overloads of the baseline, where that is another run than the one without V2G."""
    if view.baseline is None or view.baseline_name == smart:
        return ""
    return f"; {view.baseline_label}: {_count(view, overloads(view.baseline))}"


def _count(view: View, one: Overloads) -> str:
    if not one.elements:
        return view.say("none")
    steps = steps_words(view, one.steps)
    if one.elements == 1:
        return view.say("1 line or transformer in {steps}", steps=steps)
    return view.say("{n} lines or transformers in {steps}", n=one.elements, steps=steps)


def _elsewhere(view: View) -> list[Sentence]:
    """Which compared result has V2G, if this has none."""
    name = next((name for name in comparable_names(view) if has_v2g(view.results[name])), "")
    if not name:
        return []
    place = Place(short_label(view, name), view.link("/ev", result=name))
    return [Sentence(tuple(told(view, "With V2G: see {result}.", result=place)), key="v2g-elsewhere")]


def _hours(view: View) -> list[Sentence]:
    found = charging_hours(view.result)
    if found is None or found.cleanest == found.dirtiest:
        return []
    words = view.say(
        "A charged kWh is cleanest at {clean}:00 ({low} g) and dirtiest at {dirty}:00 ({high} g), of the local hours "
        "in which cars charge.", clean=f"{found.cleanest:02d}", low=figure(found.cleanest_g_per_kwh, 0),
        dirty=f"{found.dirtiest:02d}", high=figure(found.dirtiest_g_per_kwh, 0),
    )  # fmt: skip
    return [Sentence((words,), key="charging-hours", why="ev_ci_g_per_kwh")]


def _place(view: View, name: str) -> Place:
    return Place(short_label(view, name), view.link("/ev", result=name))
