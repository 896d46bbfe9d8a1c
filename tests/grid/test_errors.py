from __future__ import annotations

from grid.errors import Fault, listed


def test_faults_are_told_once_even_if_what_was_found_is_a_list() -> None:
    one, same, other = (Fault("columns", "is of no known format", found) for found in (["a"], ["a"], ["b"]))
    assert list(dict.fromkeys([one, same, other])) == [one, other]


def test_names_are_listed_up_to_some_and_the_others_counted() -> None:
    names = [f"n{k}" for k in range(1205)]
    assert [listed(names[:n], 3) for n in (0, 1, 3, 4)] == ["", "n0", "n0, n1, n2", "n0, n1, n2 and 1 more"]
    assert listed(names) == "n0, n1, n2, n3, n4 and 1,200 more"
