"""Pages in the language of who reads them: their texts are English where they are made, and are said here at the end.

A text that `app.dashboard.language.say` made already is left as it is, and so is whatever no catalogue has: names of
results, buses and devices, what a scenario, a source or a licence says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import plotly.graph_objects as go
from dash.development.base_component import Component

from app.dashboard.language.catalogues import Language, texts_in
from app.dashboard.language.grid_words import GRID_WORDS
from app.dashboard.language.numbers import TIME_LABELS, number_in, separators_in
from grid.files.plain_yaml import plain_yaml

_RATE = r"[\d\u202f,.]+ [A-Z]{3}/t"
_VALUES = {
    "n": r"[\d\u202f,.\u2212-]+",
    "m": r"[\d\u202f]+",
    "rows": r"[\d\u202f]+ rows?",
    "change": r"[+\u2212\d][^ ]*(?:\u00a0%)?",
    "rate": rf"{_RATE}(?: to {_RATE})?",
    "weekday": r"[A-Z][a-z]{2}",
    "day": r"\d{1,2}",
    "month": r"[A-Z][a-z]{2,8}",
    "year": r"\d{4}",
    "time": r"[\d:]{5}",
    "zone": r"[\w/+-]+",
    "code": r"[IVX]+\.[\d.x]+",
    "share": r"\d+[ \u00a0]?%",
    "signed": r"[+\u2212][\d\u202f.]+",
    "difference": r"[+\u2212]\d[\d\u202f.]*(?: [^\s,]+)?",
    "part": r"[\d.]+[ \u00a0]%",
    "metric": r"[A-Z]+",
    "before": r"\S+",
}
"""What may stand for a name in braces, where that is not just anything."""
_ANYTHING = r"(?:(?!\. [A-Z\d]).)+?"
"""A value of any other name, which goes over no end of a sentence."""
_NAMED = re.compile(r"\{(\w+)\}")
_SENTENCES = re.compile(r"(?<=\.) (?=[A-Z\d])")
MOST_CATEGORIES = 60
"""Names on an axis that are said; of more texts the axis is one of times."""
_ATTRIBUTES = ("label", "placeholder", "title", "aria-label")
_WITHOUT_SPACES = ("ja", "zh")


@cache
def page_catalogue(language: Language) -> Mapping[str, str]:
    """Translations of texts of pages by the English text; empty for English."""
    file = resources.files("app.dashboard.shell") / "languages" / "pages" / f"{language}.yaml"
    return {} if language == "en" else plain_yaml(file.read_text("utf-8"))


def spoken(content: Any, language: Language) -> Any:
    """Components with their texts, and the texts of their charts, in a language.

    Args:
        content: A component, a list of them, a text, or None; components are changed in place, but not what several
            may share: columns, options and figures.
        language: The language; nothing is done for English.
    """
    if language == "en" or content is None:
        return content
    if isinstance(content, str):
        return text_in(language, content)
    if isinstance(content, list | tuple):
        return [spoken(one, language) for one in content]
    if isinstance(content, Component):
        _say_component(content, language)
    return content


def _say_component(component: Component, language: Language) -> None:
    for name in _ATTRIBUTES:
        value = getattr(component, name, None)
        if isinstance(value, str):
            setattr(component, name, text_in(language, value))
    changed = {
        "data": _options_in(getattr(component, "data", None), language),
        "columnDefs": _columns_in(getattr(component, "columnDefs", None), language),
        "figure": _figure_in(getattr(component, "figure", None), language),
        "dashGridOptions": _grid_in(getattr(component, "dashGridOptions", None), language),
    }
    for name, value in changed.items():
        if value is not None:
            setattr(component, name, value)
    children = getattr(component, "children", None)
    if children is not None and getattr(component, "_type", "") not in {"Code", "Store"}:
        component.children = spoken(children, language)


def _options_in(options: Any, language: Language) -> list[Any] | None:
    """What a picker offers; options may be those of every page, so that others take their place."""
    if not isinstance(options, list):
        return None
    return [one | {"label": text_in(language, one["label"])}
            if isinstance(one, dict) and isinstance(one.get("label"), str) else one for one in options]  # fmt: skip


def _columns_in(columns: Any, language: Language) -> list[Any] | None:
    """Columns of a table, which may be those of every page, too."""
    return columns and [one | {"headerName": text_in(language, one.get("headerName") or one["field"])}
                        for one in columns]  # fmt: skip


def _figure_in(figure: Any, language: Language) -> Any:
    return figure_in(figure, language) if isinstance(figure, go.Figure) else None


def _grid_in(options: Any, language: Language) -> dict[str, Any] | None:
    if not isinstance(options, dict):
        return None
    return options | {"localeText": {key: text_in(language, text) for key, text in GRID_WORDS.items()}}


def cells_in(rows: list[dict[str, Any]], language: Language) -> list[dict[str, Any]]:
    """Rows of a table with the texts of their cells in a language."""
    if language == "en":
        return rows
    return [{field: text_in(language, cell) if isinstance(cell, str) else cell for field, cell in row.items()}
            for row in rows]  # fmt: skip


def figure_in(figure: go.Figure, language: Language) -> Any:
    """A chart with its titles, notes and names of traces in a language; as JSON holds it, but in English."""
    if language == "en":
        return figure
    written: dict[str, Any] = figure.to_plotly_json()
    layout = written.setdefault("layout", {})
    layout["separators"] = separators_in(language)
    titled = [axis for name, axis in layout.items() if name.startswith(("xaxis", "yaxis"))]
    titled += [trace["colorbar"] for trace in written.get("data", ()) if "colorbar" in trace]
    for axis in titled:
        _time_axis(axis, language)
    for note in (*layout.get("annotations", ()), *(one["title"] for one in titled if "title" in one)):
        if isinstance(note, dict) and isinstance(note.get("text"), str):
            note["text"] = text_in(language, note["text"])
    for trace in (*written.get("data", ()), *layout.get("annotations", ())):
        for key in ("name", "text", "x", "y"):
            if isinstance(trace.get(key), str):
                trace[key] = text_in(language, trace[key])
            elif isinstance(trace.get(key), list | tuple) and len(trace[key]) <= MOST_CATEGORIES:
                trace[key] = [text_in(language, one) if isinstance(one, str) else one for one in trace[key]]
    return written


def _time_axis(axis: dict[str, Any], language: Language) -> None:
    """Has an axis of times name its days by numbers, in the order of the language."""
    stops = axis.get("tickformatstops")
    if stops and language in TIME_LABELS:
        *labels, moment = TIME_LABELS[language]
        axis["tickformatstops"] = [stop | {"value": label} for stop, label in zip(stops, labels, strict=True)]
        axis["hoverformat"] = moment


@lru_cache(maxsize=4096)
def text_in(language: Language, text: str) -> str:
    """A text in a language: whole, by its form, or sentence by sentence; what no catalogue has stays as it is."""
    core = text.strip(" ")
    if not core:
        return text
    before, after = text[: text.index(core)], text[text.index(core) + len(core) :]
    found = _found(language, core)
    if found is None:
        parts = _SENTENCES.split(core)
        between = "" if language in _WITHOUT_SPACES else " "
        found = between.join(_found(language, part) or number_in(language, part) for part in parts)
    return f"{before}{found}{after}"


def _found(language: Language, text: str) -> str | None:
    exact = page_catalogue(language).get(text) or texts_in(language).get(text)
    if exact is not None:
        return exact
    for form, said in _forms(language):
        match = form.fullmatch(text)
        if match is not None:
            return said.format(**{name: text_in(language, value) for name, value in match.groupdict().items()})
    parts = text.split(", ")
    said_parts = [_found(language, part) for part in parts] if len(parts) > 1 else [None]
    return None if None in said_parts else ", ".join(filter(None, said_parts))


@cache
def _forms(language: Language) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Texts with values as patterns, with what is said; those with most text of their own come first."""
    texts = [text for text in page_catalogue(language) if _NAMED.search(text)]
    texts.sort(key=lambda text: -len(_NAMED.sub("", text)))
    return tuple((_pattern(text), page_catalogue(language)[text]) for text in texts)


def _pattern(text: str) -> re.Pattern[str]:
    """All texts of a form, with its values as groups."""
    parts, seen = [], set()
    for place, part in enumerate(_NAMED.split(text)):
        if place % 2 == 0:
            parts.append(re.escape(part))
        else:
            parts.append(f"(?P={part})" if part in seen else f"(?P<{part}>{_VALUES.get(part, _ANYTHING)})")
            seen.add(part)
    return re.compile("".join(parts), re.DOTALL)
