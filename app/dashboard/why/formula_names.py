"""What the formula of a column of a table on a page names: columns of the result's tables, and key figures."""

from __future__ import annotations

import re
from functools import cache

from app.results.key_figures import declarations

_NAME = re.compile(r"`(\w+)`|(?<![\w/.])([A-Za-z]\w*_\w+)\b(?![/.]\w)")
"""A name in backticks, or with an underscore in it and no part of a path."""


def names_in(formula: str) -> tuple[str, ...]:
    """Names in a formula, each once, in their order."""
    return tuple(dict.fromkeys(quoted or plain for quoted, plain in _NAME.findall(formula)))


@cache
def of_key_figures() -> frozenset[str]:
    """Names of all key figures, of those of a family without family and member."""
    known = declarations()
    return frozenset(known.figures) | {name for family in known.families.values() for name in family.figures}
