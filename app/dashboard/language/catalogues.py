"""What the dashboard says in other languages than English: catalogues by the English text."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Literal

import yaml

Language = Literal["en", "de", "ja", "zh"]
LANGUAGES: dict[Language, str] = {"en": "English", "de": "Deutsch", "ja": "日本語", "zh": "中文"}
"""Languages by their codes (BCP 47), each by its own name."""


def language_named(code: str) -> Language:
    """The language with this code; English for any other."""
    return next((language for language in LANGUAGES if language == code), "en")


@cache
def catalogue_in(language: Language) -> Mapping[str, str]:
    """Translations by the English text; empty for English."""
    file = resources.files("app.dashboard.shell") / "languages" / f"{language}.yaml"
    return {} if language == "en" else (yaml.safe_load(file.read_text("utf-8")) or {})


def say(language: Language, text: str, **values: object) -> str:
    """A text in a language; what is not translated stays English.

    Args:
        language: The language.
        text: The English text, with ``{name}`` where a value stands.
        values: Values by name.
    """
    said = catalogue_in(language).get(text, text)
    return said.format(**values) if values else said
