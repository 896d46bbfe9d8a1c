"""One cause of a file that cannot be read is one fault, which says what the file is."""

from __future__ import annotations

from pathlib import Path

import pytest

from grid.errors import InputError
from grid.readers import read_grid_file
from tests.grid.readers.right_files import CASE

VERSION_1 = CASE.replace("mpc = feeder", "[baseMVA, bus, gen, branch] = feeder").replace("mpc.", "")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("case.m", CASE[: CASE.index("mpc.branch") + 60], "ends within the table mpc.branch"),
        ("case.m", CASE[: CASE.index("mpc.gen") + 20], "ends within the table mpc.gen"),
        ("case.m", VERSION_1, "is a case of version 1"),
        ("map.geojson", '{"type": "Feature"}\n{"type": "Feature"}\n', "is JSON lines, a value in every line"),
    ],
)
def test_one_cause_is_one_fault(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError) as caught:
        read_grid_file(tmp_path / name)
    assert said in str(caught.value)
    assert len(caught.value.faults) == 1, caught.value


@pytest.mark.parametrize(("stated", "version"), [("'1'", "1"), ("'2'", "2"), ('"2"', "2")])
def test_the_version_of_a_case_is_the_stated_one(tmp_path: Path, stated: str, version: str) -> None:
    (tmp_path / "case.m").write_text(CASE.replace("'2'", stated))
    assert read_grid_file(tmp_path / "case.m").report.form == f"MATPOWER case, version {version}"
