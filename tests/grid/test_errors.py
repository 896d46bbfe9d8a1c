from __future__ import annotations

from grid.errors import Fault


def test_faults_are_told_once_even_if_what_was_found_is_a_list() -> None:
    one, same, other = (Fault("columns", "is of no known format", found) for found in (["a"], ["a"], ["b"]))
    assert list(dict.fromkeys([one, same, other])) == [one, other]
