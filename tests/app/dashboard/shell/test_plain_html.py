"""What does not change on a page goes as HTML: the same elements and texts, and no text is taken for markup."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from dash import dcc, html
from dash.development.base_component import Component
from hypothesis import given
from hypothesis import strategies as st

from app.dashboard.pages import PAGES
from app.dashboard.shell.plain_html import KIND, NAMESPACE, html_of, lightened, piece_of
from app.dashboard.view import View
from app.results.folder import Result

Element = tuple[str, tuple[tuple[str, str], ...]]


class Read(HTMLParser):
    """The elements and the text of HTML, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(sorted((name, value or "") for name, value in attrs))))

    def handle_data(self, data: str) -> None:
        self.text += data


def parts(content: Any) -> Iterator[Component | str]:
    """Components and texts of a page, in order."""
    if isinstance(content, list | tuple):
        for one in content:
            yield from parts(one)
    elif isinstance(content, Component):
        yield content
        yield from parts(getattr(content, "children", None))
    elif content is not None:
        yield str(content)


def sent(content: Any) -> Iterator[dict[str, Any] | str]:
    """What of a page is sent: components and texts, in order."""
    if isinstance(content, list):
        for one in content:
            yield from sent(one)
    elif isinstance(content, dict):
        yield content
        yield from sent(content["props"].get("children"))
    elif content is not None:
        yield str(content)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_pages_say_the_same_in_the_same_order(page, results: dict[str, Result]) -> None:
    content = page.make(View.of(results, {"search": "?result=optimal"}))
    text, tags = "", Counter[str]()
    for one in sent(lightened(content)):
        if isinstance(one, str):
            text += one
        elif one["namespace"] == NAMESPACE and one["type"] == KIND:
            read = Read(one["props"]["html"])
            text += read.text
            tags.update([one["props"]["tag"], *(tag for tag, _ in read.elements)])
        elif one["namespace"] == "dash_html_components":
            tags[one["type"].lower()] += 1
    assert text == "".join(one for one in parts(content) if isinstance(one, str))
    made = [one for one in parts(content) if isinstance(one, Component)]
    wanted = Counter(one._type.lower() for one in made if one._namespace == "dash_html_components")
    wanted["a"] += sum(isinstance(one, dcc.Link) for one in made)
    assert tags == +wanted


def test_ids_are_of_one_page_each_since_pages_that_were_left_stay(results: dict[str, Result]) -> None:
    found = Counter[str]()
    for page in PAGES:
        content = page.make(View.of(results, {"search": "?result=optimal"}))
        named = [one for one in parts(content) if isinstance(one, Component) and hasattr(one, "id")]
        found.update({json.dumps(one.id) for one in named})
    assert [name for name, often in found.items() if often > 1] == []


@given(st.text(), st.text())
def test_no_text_is_taken_for_markup(words: str, label: str) -> None:
    (piece,) = [lightened(html.P([html.B(words), label], **{"data-of": label}))]
    read = Read(piece["props"]["html"])
    assert [tag for tag, _ in read.elements] == ["b"]
    assert read.text == words + label
    assert piece["props"]["attributes"] == {"data-of": label}
    inner = Read(lightened(html.P(html.B(words, title=label)))["props"]["html"])
    assert inner.elements == [("b", (("title", label),))]


def test_a_piece_stands_in_other_components_as_what_it_was_made_of() -> None:
    row = html.Tr([html.Td("a < b"), html.Td("1", className="number")])
    assert html_of([html.Tbody([piece_of(row), row])]) == html_of([html.Tbody([row, row])])


def test_what_may_change_and_addresses_that_are_cleaned_stay_components() -> None:
    named, script = html.P("a", id="a"), html.A("b", href="javascript:alert(1)")
    first, second, third = lightened(html.Div([named, script, html.Br()], className="c"))["props"]["children"]
    assert (first["type"], first["props"]["id"]) == ("P", "a")
    assert (second["type"], second["namespace"]) == ("A", "dash_html_components")
    assert third["props"] == {"tag": "br", "attributes": {}, "html": ""}
    link = lightened(html.P(dcc.Link("d", href="/grid?select=bus:1&at=2")))["props"]["html"]
    assert link == '<a href="/grid?select=bus:1&amp;at=2">d</a>'
    mixed = html.P([1, 0.5, None, True, html.Span(hidden=True)])
    assert lightened(mixed)["props"]["html"] == "10.5<span hidden></span>"
