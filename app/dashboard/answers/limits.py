"""Sentences on limits: which line is worst, when, against which limit, and which of the other results keeps it."""

from __future__ import annotations

from app.dashboard.answers.others import comparable_names, short_label
from app.dashboard.answers.words import element_place, joined, moment_place, quantity_words
from app.dashboard.cards import Place, Sentence
from app.dashboard.text import counted
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

_OF = {
    LOADING: ("line or transformer", "lines or transformers"),
    VOLTAGE: ("bus", "buses"),
    UNBALANCE: ("bus with unbalance", "buses with unbalance"),
    IMPORT: ("import",) * 2,
}


def worst_sentence(view: View) -> Sentence | None:
    """The worst line, when, and against which limit; if a limit is broken, which result keeps it."""
    line, broken = worst_line(view.result), broken_limits(view.result)
    if line is None:
        return None
    parts: list[str | Place] = [
        "The worst line is ", element_place(view, line), f" at {quantity_words(line.value, LOADING)} on ",
        moment_place(view, line.time), _against(line),
    ]  # fmt: skip
    worst = next((one.worst for one in broken if one.worst is not None), None)
    parts += relieved(view, worst) if worst is not None else kept_here(view)
    return Sentence((*parts, "."), key="worst-line", why="line_loading_max_percent")


def _against(line: Extreme) -> str:
    if line.limit is None:
        return "; no limit is set for lines"
    way = "above" if line.steps else "at" if line.value > line.limit else "below"
    return f", {way} the limit of {quantity_words(line.limit, LOADING)}"


def relieved(view: View, worst: Extreme) -> list[str | Place]:
    """Which result keeps the limit that `worst` breaks, or comes nearest; the first is one that keeps all limits."""
    others = [relief(worst, view.results[name], name) for name in comparable_names(view)]
    if not others:
        return ["; no result to compare says what removes it"]
    kept = [one for one in others if one.kept] or [one for one in others if not one.element_steps]
    best = kept[0] if kept else min(others, key=lambda one: one.element_steps)
    place = Place(short_label(view, best.name), view.link("/grid", result=best.name, at=worst.time))
    if kept:
        value = extreme_in(worst, view.results[best.name])
        there = "" if value is None else f" ({quantity_words(value, worst.quantity)} at worst)"
        return ["; ", place, f" removes it{there}"]
    here = relief(worst, view.result, view.name).element_steps
    if best.element_steps >= here:
        return ["; none of the compared results removes it or comes nearer"]
    nearer = f" comes nearest: limits of this kind are exceeded {best.element_steps} times instead of {here}"
    return ["; none of the compared results removes it, ", place, f"{nearer} (by element and step)"]


def kept_here(view: View) -> list[str | Place]:
    """That this result keeps all limits, and which compared one does not."""
    for name in comparable_names(view):
        broken = broken_limits(view.results[name])
        if broken:
            place = Place(short_label(view, name), view.link("/grid", result=name))
            return ["; no limit is broken here, but in ", place, f" {joined([_count(one) for one in broken])}"]
    return ["; no limit is broken at any step"]


def broken_sentence(view: View) -> Sentence | None:
    """How many elements break which limit and for how many steps; None where none is broken."""
    broken = broken_limits(view.result)
    if not broken:
        return None
    words = joined([_count(one) for one in broken])
    return Sentence((f"In this result {words}.",), key="broken-limits", why="violation_steps")


def _count(one: Broken) -> str:
    if one.quantity == UNSOLVED:
        return f"the power flow has no solution in {counted(one.steps, 'step')}"
    single, many = _OF[one.quantity]
    if one.quantity == IMPORT:
        return f"the import is above its limit in {counted(one.steps, 'step')}"
    what = f"1 {single} is" if one.elements == 1 else f"{one.elements} {many} are"
    return f"{what} beyond the limit in {counted(one.steps, 'step')}"
