"""Numbers as a language writes them: German sets a comma where English sets a point, and reads "1.233" as a thousand.

Thousands are set apart by a narrow space in every language. A text is taken for a number only as a whole, with its sign
and its unit, so that names such as ``MV3.101``, codes such as ``I.1.2`` and versions stay as they are.
"""

from __future__ import annotations

import re
from typing import Final

DECIMAL_COMMA: Final = frozenset({"de"})
"""Languages that write a comma before decimals."""
SEPARATORS: Final = {"point": ".\u202f", "comma": ",\u202f"}
"""What charts set before decimals and between thousands (Plotly's `layout.separators`)."""
_GERMAN = ("%H:%M\n%-d.%-m.%Y", "%-d.%-m.\n%Y", "%-m.%Y", "%-d.%-m.%Y, %H:%M")
_YEAR_FIRST = ("%H:%M\n%Y/%-m/%-d", "%-m/%-d\n%Y", "%Y/%-m", "%Y/%-m/%-d %H:%M")
TIME_LABELS: Final = {"de": _GERMAN, "ja": _YEAR_FIRST, "zh": _YEAR_FIRST}
"""Labels of a time axis in hours, days and months, and of a moment: Plotly knows names of months in English alone."""
_NUMBER = r"[+\u2212-]?\d[\d\u202f]*(?:\.\d+)?(?:e[+-]?\d+)?"
_UNIT = r"(?:[ \u00a0]?[%°]|[ \u00a0][^\W\d_][^\s\d.,]{0,11})?"
_VALUE = re.compile(rf"\(?(?:[~≈≤≥<>±] ?)?{_NUMBER}{_UNIT}(?: [–/] {_NUMBER}{_UNIT})?\)?")


def number_in(language: str, text: str) -> str:
    """A text that is a number, maybe with a sign and a unit, as the language writes it; any other as it is."""
    if language not in DECIMAL_COMMA or "." not in text or _VALUE.fullmatch(text) is None:
        return text
    return text.replace(".", ",")


def separators_in(language: str) -> str:
    """Decimal mark and mark of thousands of charts in a language."""
    return SEPARATORS["comma" if language in DECIMAL_COMMA else "point"]
