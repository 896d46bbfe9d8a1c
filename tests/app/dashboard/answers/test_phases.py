"""The sentence on phases: figures of both ways of spreading the powers, and none where phases are not apart."""

from __future__ import annotations

from dataclasses import replace

from app.dashboard.answers.phases import phases_sentence
from app.dashboard.pages.overview import sentences
from app.dashboard.view import View
from app.results.folder import Result

OF_PHASES = {
    "vm_min_pu": 0.99623, "balancing_vm_min_pu": 1.02932, "line_loading_max_percent": 33.206,
    "balancing_line_percent": 18.389, "unbalance_max": 0.00731,
}  # fmt: skip


def view_of(results: dict[str, Result], **figures: float | None) -> View:
    result = results["unmanaged"]
    changed = replace(result, summary={**result.summary, **figures})
    return View.of({"unmanaged": changed}, {"search": "?result=unmanaged"})


def test_phases_that_are_apart_are_told_of_first(results: dict[str, Result]) -> None:
    view = view_of(results, **OF_PHASES)
    sentence = phases_sentence(view)
    assert sentence is not None
    assert "lowest voltage is 0.9962 pu and the worst line at 33.2 %" in sentence.text
    assert "evenly over the phases they would be 1.0293 pu and 18.4 %" in sentence.text
    assert "unbalance is 0.73 %" in sentence.text
    assert sentences(view)[0].key == "phases"


def test_a_balanced_result_has_no_such_sentence(results: dict[str, Result]) -> None:
    assert phases_sentence(view_of(results)) is None
    assert phases_sentence(view_of(results, **{**OF_PHASES, "vm_min_pu": None})) is None
