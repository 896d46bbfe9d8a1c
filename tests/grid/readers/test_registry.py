from __future__ import annotations

from grid.files.grid_endings import GRID_ENDINGS
from grid.readers import FORMATS


def test_the_endings_told_beforehand_are_those_of_all_formats():
    assert tuple(ending for form in FORMATS for ending in form.endings) == GRID_ENDINGS
