"""Texts of pages in other languages: catalogues that agree, forms with values, and what must stay as it is."""

from __future__ import annotations

import re

import pytest
from dash import dcc, html
from dash_ag_grid import AgGrid

from app.dashboard.figures.chart import framed, go
from app.dashboard.language import LANGUAGES, Language, catalogue_in
from app.dashboard.language.grid_words import GRID_WORDS
from app.dashboard.language.spoken import cells_in, page_catalogue, spoken, text_in

OTHERS = [language for language in LANGUAGES if language != "en"]
NAMES = re.compile(r"\{\w*\}")


def test_languages_have_the_same_texts_of_pages() -> None:
    first, *others = (page_catalogue(language) for language in OTHERS)
    assert len(first) > 400
    assert all(other.keys() == first.keys() for other in others)


@pytest.mark.parametrize("language", OTHERS)
def test_values_stand_in_every_language(language: Language) -> None:
    assert [text for text, said in page_catalogue(language).items()
            if sorted(NAMES.findall(text)) != sorted(NAMES.findall(said))] == []  # fmt: skip


@pytest.mark.parametrize(("text", "said"), [
    ("Loading [%]", "Auslastung [%]"),
    ("Over a year, north has a PUE of 1.233. It meets 1.3: 0.067 below.",
     "Über ein Jahr hat north einen PUE von 1.233. Die Grenze 1.3 ist eingehalten: 0.067 darunter."),
    (" with 1.070.", " mit 1.070."),
    ("Homes, grid losses (I.1.3)", "Haushalte, Netzverluste (I.1.3)"),
    ("light where people are, immersion", "Licht, wo Menschen sind, Immersionskühlung"),
    ("The numbers as a table: 16 rows", "Die Zahlen als Tabelle: 16 Zeilen"),
    ("City 2030: 7 days from 25 November 2030. Times are local, Europe/Berlin.",
     "City 2030: 7 Tage ab 25. November 2030. Zeiten sind Ortszeit, Europe/Berlin."),
    ("MV3.101 Bus 86", "MV3.101 Bus 86"),
    ("Ran from Monday to Friday", "Ran from Monday to Friday"),
])  # fmt: skip
def test_texts_are_said_whole_by_their_form_or_sentence_by_sentence(text: str, said: str) -> None:
    assert (text_in("de", text), text_in("en", text)) == (said, text)


def test_charts_and_attributes_are_said_and_code_is_not() -> None:
    figure = framed(go.Figure(go.Scatter(x=[0, 1], y=[1, 2], name="Charging")), "light", y_title="Power [MW]")
    page = html.Div([
        html.H2("Charging", **{"aria-label": "Why? Charging"}), html.Code("Power"), dcc.Graph(figure=figure),
    ])  # fmt: skip
    said = spoken(page, "de")
    heading, code, graph = said.children
    assert (heading.children, getattr(heading, "aria-label"), code.children) == ("Laden", "Warum? Laden", "Power")
    assert graph.figure["layout"]["yaxis"]["title"]["text"] == "Leistung [MW]"
    assert [trace["name"] for trace in graph.figure["data"]] == ["Laden"]
    assert (figure.layout.yaxis.title.text, figure.data[0].name) == ("Power [MW]", "Charging")


def test_tables_say_their_own_words_and_cells() -> None:
    grid = AgGrid(columnDefs=[{"field": "loss", "headerName": "Losses [MW]"}], dashGridOptions={"rowHeight": 34})
    spoken(grid, "de")
    assert grid.columnDefs[0]["headerName"] == "Verluste [MW]"
    assert grid.dashGridOptions["rowHeight"] == 34
    assert grid.dashGridOptions["localeText"]["contains"] == "Enthält"
    assert cells_in([{"what": "Homes", "n": 1}], "de") == [{"what": "Haushalte", "n": 1}]


@pytest.mark.parametrize("language", OTHERS)
def test_every_word_of_tables_is_translated(language: Language) -> None:
    assert sorted({*GRID_WORDS.values()} - page_catalogue(language).keys() - catalogue_in(language).keys()) == []


def test_english_is_not_touched() -> None:
    page = html.P("Charging")
    assert spoken(page, "en") is page
    assert page.children == "Charging"
