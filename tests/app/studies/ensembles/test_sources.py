"""Where runs come from: results, folders of results, stores with their sweeps."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app.results.folder import Result
from app.results.store.states import NamedRun
from app.results.store.store import opened_store
from app.studies.ensembles.sources import ensemble_at, sweep_at
from grid.errors import InputError
from tests.app.command_line import gridcarbon, refused
from tests.app.results.store.keys import give_key, keys

KEYS = keys(4)
ROOFS = "assets[roofs].p_peak_mw"


@pytest.fixture(scope="module")
def store(results: dict[str, Result], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sweeps; of the first, two runs are done, one failed and one waits."""
    place = tmp_path_factory.mktemp("ensembles") / "store"
    for key, name in zip(KEYS[:2], ("unmanaged", "optimal"), strict=True):
        give_key(Path(shutil.copytree(results[name].path, place / key)), key)
    runs = [NamedRun(f"roofs={n}", key, ("shown",), {ROOFS: n, "dispatch.strategy": "optimal"}) for n, key in
            enumerate(KEYS)]  # fmt: skip
    design = {"kind": "grid", "runs": [[n, "", "", ""] for n in range(4)]}
    with opened_store(place) as opened:
        opened.index.register("roofs", runs, design)
        opened.index.register("others", [NamedRun("only", KEYS[0], (), {"seed": 1})])
        key = opened.index.take("worker", [KEYS[3]], 60.0)
        assert key == KEYS[3]
        assert opened.index.finish(key, "worker", status="failed", reason="out of memory")
    return place


def test_the_runs_of_a_sweep_are_in_its_order_with_every_status(store: Path) -> None:
    found = sweep_at(str(store), "roofs")
    assert found.runs["name"].to_list() == ["roofs=0", "roofs=1", "roofs=2", "roofs=3"]
    assert found.runs["status"].to_list() == ["done", "done", "waiting", "failed"]
    assert found.runs["reason"].to_list() == ["", "", "", "out of memory"]
    assert found.parameters == (ROOFS, "dispatch.strategy")
    assert found.runs[ROOFS].to_list() == [0, 1, 2, 3]
    assert found.runs["sample"].to_list() == [0, 1, 2, 3]
    assert {"cost", "emissions_t", "data_centres.north.pue"} <= {*found.figures}
    assert found.runs["cost"].null_count() == 2
    assert found.currency == "EUR"
    assert found.counted() == "4 runs: 2 done, 1 waiting, 1 failed"


def test_one_of_several_sweeps_must_be_named(store: Path) -> None:
    with pytest.raises(InputError, match=r"--sweep: must say which of the sweeps in .*: 'others', 'roofs'|'roofs', 'o"):
        sweep_at(str(store))
    with pytest.raises(InputError, match=r"no such sweep in .*; got 'roof'; did you mean 'roofs'\?"):
        sweep_at(str(store), "roof")
    assert sweep_at(str(store), "others").runs.height == 1


def test_a_sweep_without_results_is_told_from_a_wrong_figure(tmp_path: Path) -> None:
    with opened_store(tmp_path) as opened:
        opened.index.register("new", [NamedRun(f"run {n}", key, (), {"seed": 1}) for n, key in enumerate(KEYS)])
    for command in (["bands"], ["pareto"], ["sensitivity", "--figure", "cost"]):
        refused(gridcarbon(*command, tmp_path), "STORE: no run has a result yet (4 runs: 4 waiting)")
    assert len(gridcarbon("table", tmp_path).stdout.splitlines()) == 2 + 4


def test_a_lost_index_is_made_again(store: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(store, tmp_path / "store", ignore=shutil.ignore_patterns(".index.sqlite*"))
    found = sweep_at(str(copied), "roofs")
    assert found.runs["status"].to_list() == ["done", "done", "waiting", "waiting"]  # why a run failed was there only
    assert found.runs["cost"].equals(sweep_at(str(store), "roofs").runs["cost"])


def test_folders_and_stores_stand_side_by_side(store: Path, results_folder: Path) -> None:
    plain = ensemble_at([str(results_folder)])
    assert plain.runs["name"].to_list() == ["unmanaged", "optimal"]
    assert plain.parameters == ("dispatch.strategy",)
    both = ensemble_at([str(results_folder), str(store)])
    assert both.runs.height == 2 + 4 + 1
    assert both.parameters == ("dispatch.strategy", "seed", ROOFS)
    assert ensemble_at([str(results_folder / "optimal")]).runs.height == 1
    with pytest.raises(InputError, match="no such folder"):
        ensemble_at([str(store.parent / "nowhere")])


def test_the_commands(store: Path, tmp_path: Path) -> None:
    done = gridcarbon("table", store, "--columns", f"name,{ROOFS},cost", "--sort", "cost", "--where", f"{ROOFS} < 3")
    assert done.returncode == 0, done
    assert done.stderr == "5 runs: 3 done, 1 waiting, 1 failed\n  --where holds for 3 of 5\n"
    assert done.stdout.splitlines()[0].split() == ["|", "name", "|", ROOFS, "|", "cost", "|"]
    assert len(done.stdout.splitlines()) == 2 + 3
    written = gridcarbon("table", store, "--out", tmp_path / "runs.xlsx")
    assert written.stdout == f"wrote {tmp_path / 'runs.xlsx'}: 5 rows\n"
    files = [tmp_path / name for name in ("f.csv", "f.png", "f.svg")]
    outs = [part for file in files for part in ("--out", file)]
    found = gridcarbon("pareto", store, "--sweep", "roofs", *outs)
    assert found.returncode == 0, found
    assert "left out: 1 run failed" in found.stderr
    assert "left out: 1 run waiting" in found.stderr
    assert all(file.stat().st_size > 0 for file in files)


def test_what_cannot_be_told_is_refused(store: Path, tmp_path: Path) -> None:
    refused(gridcarbon("bands", store, "--sweep", "roofs"), "needs at least 10 runs that count; got 2")
    refused(gridcarbon("sensitivity", store, "--sweep", "roofs", "--figure", "cots"), "did you mean 'cost'?")
    refused(gridcarbon("sensitivity", store, "--sweep", "roofs", "--figure", "cost"), "needs at least 10 runs")
    refused(gridcarbon("pareto", store, "--sweep", "roofs", "--x", "import_mwh"), "--x-better: neither of two values")
    refused(gridcarbon("pareto", store, "--sweep", "roofs", "--out", tmp_path / "a.jpeg"), "did you mean '.png'?")
    refused(gridcarbon("table", store, "--format", "xlsx"), "--format: is no text")
    assert list(tmp_path.iterdir()) == []
