"""`gridcarbon compare`: the table printed and written, and what is refused."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from app.results.comparison import what_differs
from app.results.folder import Result, open_result
from app.results.verification import MANIFEST, sealed
from app.studies.differences.table import BY_AVERAGE, BY_MARGINAL
from tests.app.command_line import gridcarbon, refused


def with_scenario(result: Result, folder: Path, **changes: Any) -> Result:
    """A copy of a result with another scenario."""
    shutil.copytree(result.path, folder)
    (folder / "scenario.yaml").write_text(yaml.safe_dump({**result.scenario, **changes}), encoding="utf-8")
    (folder / MANIFEST).write_text(json.dumps(sealed(result.manifest, folder)), encoding="utf-8")
    return open_result(folder)


def test_the_rows_of_causes_sum_to_the_difference(results: dict[str, Result]) -> None:
    before, after = results["unmanaged"], results["optimal"]
    done = gridcarbon("compare", before.path, after.path, "--format", "csv")
    assert (done.returncode, done.stderr) == (0, "")
    table = pl.read_csv(io.StringIO(done.stdout))
    cost = table.columns[-1]
    assert table["what"][:3].to_list() == ["optimal", "unmanaged", "difference"]
    for column, key in ((BY_AVERAGE, "emissions_t"), (cost, "cost")):
        assert table[column][0] == pytest.approx(after.summary[key], rel=1e-12)
        assert table[column][1] == pytest.approx(before.summary[key], rel=1e-12)
    assert table[BY_MARGINAL][:2].to_list() == [None, None]
    kinds = table[3:].filter(pl.col("of").is_null() | (pl.col("of") == ""))
    for column in (BY_AVERAGE, BY_MARGINAL, cost):
        assert kinds[column].sum() == pytest.approx(table[column][2], rel=1e-9, abs=1e-8 * abs(table[column][0] or 0.0))
    uses = table[3:].filter(pl.col("of") != "", pl.col("what") == "timing")
    assert uses[BY_AVERAGE].sum() == pytest.approx(kinds.filter(what="timing")[BY_AVERAGE].item(), rel=1e-6)


def test_the_table_is_printed_and_written(results: dict[str, Result], tmp_path: Path) -> None:
    folders = results["unmanaged"].path, results["optimal"].path
    printed = gridcarbon("compare", *folders)
    assert "| difference" in printed.stdout
    file = tmp_path / "why.xlsx"
    done = gridcarbon("compare", *folders, "--out", file)
    assert done.returncode == 0
    assert done.stdout.startswith(f"wrote {file}: ")
    assert pl.read_excel(file, engine="openpyxl")["what"][2] == "difference"


def test_what_is_wrong_is_said(results: dict[str, Result], tmp_path: Path) -> None:
    one = results["unmanaged"].path
    refused(gridcarbon("compare", one, tmp_path / "nothing"), "nothing", "no such folder")
    refused(gridcarbon("compare", one, one, "--format", "mdd"), "must be one of", "did you mean 'md'?")
    other = with_scenario(
        results["optimal"], tmp_path / "longer", period={"start": "2031-01-01", "days": 7, "step_minutes": 15}
    )
    refused(gridcarbon("compare", one, other.path),
            "is of another period: 7 days from 2031-01-01 in steps of 15 minutes, not 2 days from")  # fmt: skip


@pytest.mark.parametrize(("changes", "words"), [
    ({"city": {"network": "elsewhere", "time_zone": "Europe/Berlin"}}, "is of another city or grid"),
    ({"weather": "greensboro-tmy3"}, "has other inputs: weather"),
    ({"upstream": {"region": "japan"}}, "has other inputs: upstream"),
    ({"dispatch": {"strategy": "smart"}}, ""),
])  # fmt: skip
def test_only_equal_period_city_and_inputs_are_compared(
    changes: dict[str, Any], words: str, results: dict[str, Result], tmp_path: Path
) -> None:
    other = with_scenario(results["optimal"], tmp_path / "other", **changes)
    assert what_differs(results["unmanaged"], other) == words
