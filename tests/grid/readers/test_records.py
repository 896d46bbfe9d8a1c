"""Records of a table of a file: what many of them share is one fault."""

from __future__ import annotations

from grid.errors import Fault
from grid.readers.records import FileRecords

N = 1000


def records(column: str, *values: object) -> FileRecords:
    return FileRecords("line", [{column: value} for value in values], [f"l{k}" for k in range(len(values))], [])


def test_unknown_names_of_a_column_are_one_fault_with_the_nearest_to_the_first() -> None:
    lines = records("from_bus", "quay", *(f"qay {k}" for k in range(N)))
    found = lines.index("from_bus", {"quay": 7, **{f"hill {k}": k for k in range(N)}})
    assert found.tolist() == [7] + [-1] * N
    (fault,) = lines.faults
    assert str(fault).startswith(
        "line, from_bus: no such bus; 1,000 of 1,001 are wrong: l1, l2, l3, l4, l5 and 995 more; got 'qay 0'"
    )
    assert fault.suggestion == "quay"


def test_a_single_unknown_name_is_a_fault_of_its_record() -> None:
    lines = records("from_bus", "quay", "qay", "quay")
    lines.index("from_bus", {"quay": 0})
    assert lines.faults == [Fault("line l1, from_bus", "no such bus", "qay", "quay")]


def test_cells_that_are_no_truth_values_are_one_fault() -> None:
    lines = records("in_service", "yes", "ja", "", "nein")
    assert lines.flag("in_service").tolist() == [True, False, True, False]
    assert [str(fault) for fault in lines.faults] == [
        "line, in_service: must be true or false; 2 of 4 are wrong: l1, l3; got 'ja'"
    ]
