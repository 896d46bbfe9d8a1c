"""Sentences on limits: which line is worst, when, against which limit, and which of the other results keeps it."""

from __future__ import annotations

from app.dashboard.answers.others import comparable_names, short_label
from app.dashboard.answers.words import Parts, element_place, joined, moment_place, quantity_words, steps_words, told
from app.dashboard.cards import Place, Sentence
from app.dashboard.view import View
from app.studies.answers.limits import (
    IMPORT,
    LOADING,
    UNBALANCE,
    UNSOLVED,
    VOLTAGE,
    Broken,
    Extreme,
    broken_limits,
    extreme_in,
    relief,
    worst_line,
)

_ONE = {
    LOADING: "1 line or transformer is beyond the limit in {steps}",
    VOLTAGE: "1 bus is beyond the limit in {steps}",
    UNBALANCE: "1 bus with unbalance is beyond the limit in {steps}",
}
_MANY = {
    LOADING: "{n} lines or transformers are beyond the limit in {steps}",
    VOLTAGE: "{n} buses are beyond the limit in {steps}",
    UNBALANCE: "{n} buses with unbalance are beyond the limit in {steps}",
}
COUNTS = (*_ONE.values(), *_MANY.values())
"""How many elements are beyond a limit, in English."""


def worst_sentence(view: View) -> Sentence | None:
    """The worst line, when, and against which limit; if a limit is broken, which result keeps it."""
    line, broken = worst_line(view.result), broken_limits(view.result)
    if line is None:
        return None
    worst = next((one.worst for one in broken if one.worst is not None), None)
    parts = told(
        view, "The worst line is {line} at {value} on {time}{against}{rest}.", line=element_place(view, line),
        value=quantity_words(line.value, LOADING), time=moment_place(view, line.time), against=_against(view, line),
        rest=relieved(view, worst) if worst is not None else kept_here(view),
    )  # fmt: skip
    return Sentence(tuple(parts), key="worst-line", why="line_loading_max_percent")


def _against(view: View, line: Extreme) -> str:
    if line.limit is None:
        return view.say("; no limit is set for lines")
    limit = quantity_words(line.limit, LOADING)
    if line.steps:
        return view.say(", above the limit of {limit}", limit=limit)
    if line.value > line.limit:
        return view.say(", at the limit of {limit}", limit=limit)
    return view.say(", below the limit of {limit}", limit=limit)


def relieved(view: View, worst: Extreme) -> Parts:
    """Which result keeps the limit that `worst` breaks, or comes nearest; the first is one that keeps all limits."""
    others = [relief(worst, view.results[name], name) for name in comparable_names(view)]
    if not others:
        return [view.say("; no result to compare says what removes it")]
    kept = [one for one in others if one.kept] or [one for one in others if not one.element_steps]
    best = kept[0] if kept else min(others, key=lambda one: one.element_steps)
    place = Place(short_label(view, best.name), view.link("/grid", result=best.name, at=worst.time))
    if kept:
        value = extreme_in(worst, view.results[best.name])
        if value is None:
            return told(view, "; {result} removes it", result=place)
        at_worst = quantity_words(value, worst.quantity)
        return told(view, "; {result} removes it ({value} at worst)", result=place, value=at_worst)
    here = relief(worst, view.result, view.name).element_steps
    if best.element_steps >= here:
        return [view.say("; none of the compared results removes it or comes nearer")]
    return told(
        view, "; none of the compared results removes it, {result} comes nearest: limits of this kind are exceeded "
        "{there} times instead of {here} (by element and step)", result=place, there=str(best.element_steps),
        here=str(here),
    )  # fmt: skip


def kept_here(view: View) -> Parts:
    """That this result keeps all limits, and which compared one does not."""
    for name in comparable_names(view):
        broken = broken_limits(view.results[name])
        if broken:
            place = Place(short_label(view, name), view.link("/grid", result=name))
            words = joined(view, [_count(view, one) for one in broken])
            return told(view, "; no limit is broken here, but in {result} {broken}", result=place, broken=words)
    return [view.say("; no limit is broken at any step")]


def broken_sentence(view: View) -> Sentence | None:
    """How many elements break which limit and for how many steps; None where none is broken."""
    broken = broken_limits(view.result)
    if not broken:
        return None
    words = joined(view, [_count(view, one) for one in broken])
    return Sentence((view.say("In this result {broken}.", broken=words),), key="broken-limits", why="violation_steps")


def _count(view: View, one: Broken) -> str:
    steps = steps_words(view, one.steps)
    if one.quantity == UNSOLVED:
        return view.say("the power flow has no solution in {steps}", steps=steps)
    if one.quantity == IMPORT:
        return view.say("the import is above its limit in {steps}", steps=steps)
    if one.elements == 1:
        return view.say(_ONE[one.quantity], steps=steps)
    return view.say(_MANY[one.quantity], n=one.elements, steps=steps)
