"""What the dashboard says in other languages: nothing is lacking, and values stand where they stand in English."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from app.dashboard.answers.limits import COUNTS
from app.dashboard.answers.words import MONTHS, WEEKDAYS
from app.dashboard.builder.levers.declared import LEVERS
from app.dashboard.builder.placing import PLACEABLE
from app.dashboard.builder.templates import shipped_templates
from app.dashboard.grid_map.layers import LAYERS
from app.dashboard.language import LANGUAGES, Language, catalogue_in, language_named, say
from app.dashboard.language.spoken import spoken
from app.dashboard.pages import PAGES
from app.dashboard.text import DIFFERENCES
from app.dashboard.view import View
from app.results.folder import Result
from app.results.key_figures import shown_in
from tests.places import ROOT

OTHERS = [language for language in LANGUAGES if language != "en"]
DASHBOARD = ROOT / "app" / "dashboard"
SAID = re.compile(r"""\bsay\((["'])(?P<text>(?:(?!\1).)+)\1""")
"""Texts in calls such as ``app.say("…")`` of scripts."""
SAYING = {"say", "told"}
"""Functions of Python that say a text in a language: ``view.say("…")``, ``say(language, "…")``, ``told(view, "…")``."""


def said_in_scripts(files: Iterable[Path]) -> set[str]:
    return {found["text"] for file in files for found in SAID.finditer(file.read_text(encoding="utf-8"))}


def said_in(files: Iterable[Path]) -> set[str]:
    """First texts in such calls; also those of several lines."""
    found: set[str] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in SAYING
            texts = [one.value for one in node.args[:2] if isinstance(one, ast.Constant)] if named else []
            found |= {text for text in texts if isinstance(text, str)}
    return found


def wanted() -> set[str]:
    """What the frame and sentences say, names of pages, layers, levers and templates, labels of the overview."""
    in_code = said_in(DASHBOARD.rglob("*.py")) | said_in_scripts((DASHBOARD / "assets").glob("*.js"))
    in_sentences = {*DIFFERENCES, *COUNTS, *WEEKDAYS, *MONTHS}
    of_levers = {text for lever in LEVERS for text in (lever.label, lever.group)}
    of_levers |= {one.label for lever in LEVERS for one in lever.choices}
    of_levers |= {lever.unit for lever in LEVERS if lever.unit.isalpha() and lever.unit.islower()} - {"d", "pu"}
    labels = {figure.label[0].upper() + figure.label[1:] for figure in shown_in("overview").values()}
    of_templates = {text for one in shipped_templates() for text in (one.label, one.about)}
    of_layers = {text for layer in LAYERS.values() for text in (layer.title, layer.explanation)}
    return (
        in_code
        | of_templates
        | of_layers
        | {one.label for one in PLACEABLE}
        | labels
        | in_sentences
        | of_levers
        | {page.title for page in PAGES}
    )


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_lacking(language: Language) -> None:
    assert len(wanted()) > 40
    assert sorted(wanted() - catalogue_in(language).keys()) == []


@pytest.mark.parametrize("language", OTHERS)
def test_values_stand_where_they_stand_in_english(language: Language) -> None:
    names = re.compile(r"\{\w*\}")
    assert [text for text, told in catalogue_in(language).items()
            if sorted(names.findall(text)) != sorted(names.findall(told))] == []  # fmt: skip


def test_languages_have_the_same_texts() -> None:
    first, *others = (catalogue_in(language).keys() for language in OTHERS)
    assert all(other == first for other in others)


def test_a_page_in_another_language_leaves_the_english_one_as_it_was(results: dict[str, Result]) -> None:
    view = View.of(results, {"search": "?result=optimal"})
    before = {page.path: str(page.make(view).to_plotly_json()) for page in PAGES}
    for page in PAGES:
        spoken(page.make(View.of(results, {"search": "?result=optimal"})), "de")
    assert {page.path: str(page.make(view).to_plotly_json()) for page in PAGES} == before


def test_what_is_not_translated_stays_english() -> None:
    assert say("ja", "Never said {n} times", n=3) == "Never said 3 times"
    assert (say("zh", "Grid"), say("en", "Grid"), language_named("fr")) == ("电网", "Grid", "en")
