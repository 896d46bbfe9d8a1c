"""What the dashboard says in other languages than English: catalogues by the English text."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Literal

from app.dashboard.language.numbers import number_in
from grid.files.plain_yaml import plain_yaml

Language = Literal["en", "de", "ja", "zh"]
LANGUAGES: dict[Language, str] = {"en": "English", "de": "Deutsch", "ja": "日本語", "zh": "中文"}
"""Languages by their codes (BCP 47), each by its own name."""


def language_named(code: str) -> Language:
    """The language with this code; English for any other."""
    return next((language for language in LANGUAGES if language == code), "en")


@cache
def texts_in(language: Language) -> Mapping[str, str]:
    """Translations of the frame's own texts by the English text; empty for English."""
    return _catalogue(f"{language}.yaml") if language != "en" else {}


@cache
def catalogue_in(language: Language) -> Mapping[str, str]:
    """The same with the names of shipped scenarios, which a result that bears one keeps as it is."""
    return {**texts_in(language), **_catalogue(f"scenarios/{language}.yaml")} if language != "en" else {}


def _catalogue(name: str) -> Mapping[str, str]:
    file = resources.files("app.dashboard.shell") / "languages" / name
    return plain_yaml(file.read_text("utf-8")) or {}


def say(language: Language, text: str, **values: object) -> str:
    """A text in a language; what is not translated stays English.

    Args:
        language: The language.
        text: The English text, with ``{name}`` where a value stands.
        values: Values by name.
    """
    said = catalogue_in(language).get(text, text)
    if not values:
        return said
    return said.format(**{name: number_in(language, one) if isinstance(one, str) else one
                          for name, one in values.items()})  # fmt: skip
