"""What one check found in the rows of a file of charging sessions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One kind of fault in the rows of a file; a row can have several.

    Args:
        check: Its name.
        rows: Rows that have it, as they stand in the file.
        mended: Rows kept by applying the rule.
        dropped: Rows left out because of it; the others that have it were left out because of an earlier check.
        rule: What is done.
    """

    check: str
    rows: int
    mended: int
    dropped: int
    rule: str
