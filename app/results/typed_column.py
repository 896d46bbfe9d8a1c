"""A column of a table from values whose type is not known before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

_LARGEST = 2**63 - 1


def typed_column(values: Sequence[Any], name: str = "", in_words: Callable[[Any], str] = str) -> pl.Series:
    """A column of the type that all its values have: truth values, whole numbers, numbers, else texts.

    Args:
        values: Its values; None where there is none.
        name: Its name.
        in_words: Makes a text of a value, where values have no type in common.
    """
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {bool}:
        return pl.Series(name, values, dtype=pl.Boolean)
    if kinds <= {int} and all(value is None or -_LARGEST <= value <= _LARGEST for value in values):
        return pl.Series(name, values, dtype=pl.Int64)
    if kinds <= {int, float}:
        return pl.Series(name, values, dtype=pl.Float64, strict=False)
    return pl.Series(name, [None if value is None else in_words(value) for value in values], dtype=pl.String)
