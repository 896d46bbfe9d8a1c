"""Indented JSON is that of the standard library, to the letter."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.files.indented_json import indented

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside) | st.tuples(inside, inside),
)


@given(VALUES)
def test_it_is_the_text_of_the_standard_library(content: Any) -> None:
    assert indented(content) == json.dumps(content, indent=2, allow_nan=False)


@pytest.mark.parametrize("content", [float("nan"), {"a": float("inf")}, {"a": [{"b": 1.0}, [float("nan")]]}])
def test_what_is_not_finite_is_refused(content: Any) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        indented(content)
