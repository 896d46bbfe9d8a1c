"""The sentences of the page Grid: the worst line, all limits that are broken, the dirtiest district in the evening."""

from __future__ import annotations

from app.dashboard.answers.districts import district_sentence
from app.dashboard.answers.limits import broken_sentence, worst_sentence
from app.dashboard.cards import Sentence
from app.dashboard.view import View


def grid_sentences(view: View) -> list[Sentence]:
    """What there is to know of the grid first."""
    found = (worst_sentence(view), broken_sentence(view), district_sentence(view))
    return [one for one in found if one is not None]
