"""Texts of pages in other languages: catalogues that agree, forms with values, and what must stay as it is."""

from __future__ import annotations

import re

import pytest
from dash import dcc, html
from dash_ag_grid import AgGrid

from app.dashboard.figures.chart import framed, go
from app.dashboard.language import LANGUAGES, Language, catalogue_in, say
from app.dashboard.language.grid_words import GRID_WORDS
from app.dashboard.language.numbers import number_in
from app.dashboard.language.spoken import cells_in, figure_in, page_catalogue, spoken, text_in

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
    ("Voltages of buses: 37 follow from measurements, 196 rest on expectations.",
     "Spannungen der Knoten: 37 folgen aus Messungen, 196 beruhen auf Erwartungen."),
    ("Losses 0.081 MW (0.080 – 0.082); import 13.992 MW (13.817 – 14.369).",
     "Verluste 0,081 MW (0,080 – 0,082); Bezug 13,992 MW (13,817 – 14,369)."),
    ("Own generation", "Eigene Erzeugung"), ("Data centre north", "Rechenzentrum north"),
    ("Over a year, north has a PUE of 1.233. It meets 1.3: 0.067 below.",
     "Über ein Jahr hat north einen PUE von 1,233. Die Grenze 1,3 ist eingehalten: 0,067 darunter."),
    (" with 1.070.", " mit 1,070."),
    ("−7.7 points, 11\u00a0% less", "−7,7 Prozentpunkte, 11\u00a0% weniger"),
    ("Reference city 2030, unmanaged", "Reference city 2030, unmanaged"),
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


@pytest.mark.parametrize(("text", "written"), [
    ("1.233", "1,233"), ("\u221219.40\u00a0t", "\u221219,40\u00a0t"), ("60.1 %", "60,1 %"),
    ("2\u202f719.83", "2\u202f719,83"), ("0.381 kg/kWh", "0,381 kg/kWh"), ("\u2264 1.200", "\u2264 1,200"),
    ("1.1e-08 MWh", "1,1e-08 MWh"), ("65.0 – 84.0", "65,0 – 84,0"), ("27.99", "27,99"),
    ("MV3.101 Bus 86", "MV3.101 Bus 86"), ("I.1.2", "I.1.2"), ("2.4.6", "2.4.6"), ("price=0.5", "price=0.5"),
    ("numpy 2.4", "numpy 2.4"), ("25. November", "25. November"), ("sessions.csv", "sessions.csv"),
])  # fmt: skip
def test_numbers_have_a_decimal_comma_in_german_and_names_and_codes_stay(text: str, written: str) -> None:
    assert number_in("de", text) == written
    assert (number_in("en", text), number_in("ja", text)) == (text, text)
    assert say("de", "{amount} less than {name}", amount=text, name="0.5-run").startswith(written)


def test_charts_have_the_separators_of_the_language() -> None:
    figure = framed(go.Figure(go.Scatter(x=[0, 1], y=[1, 2], text=["1.5", "2.5"])), "light")
    said = figure_in(figure, "de")
    assert (said["layout"]["separators"], said["data"][0]["text"]) == (",\u202f", ["1,5", "2,5"])
    days = framed(go.Figure(go.Scatter(x=["2030-12-01T00:00:00", "2030-12-02T00:00:00"], y=[1, 2])), "light")
    axis = figure_in(days, "de")["layout"]["xaxis"]
    assert [stop["value"] for stop in axis["tickformatstops"]] == ["%H:%M\n%-d.%-m.%Y", "%-d.%-m.\n%Y", "%-m.%Y"]
    assert axis["hoverformat"] == "%-d.%-m.%Y, %H:%M"
    assert figure_in(figure, "ja")["layout"]["separators"] == ".\u202f"
    assert figure.layout.template.layout.separators == ".\u202f"


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
