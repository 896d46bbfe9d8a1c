"""Wrong files of every kind: each is refused with its faults, or read; nothing else happens."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import tempfile
from pathlib import Path
from random import Random

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.scenario.load import check_scenario
from grid.errors import InputError
from tests.app.synthetic_results import write_synthetic
from tests.fuzz.campaign import changed_content
from tests.fuzz.mutants import changed_bytes, changed_text, changed_tree
from tests.fuzz.readers import Reader, readers
from tests.fuzz.results import damage, read_result
from tests.fuzz.scenarios import KINDS, SCENARIO, changed_scenario

pytestmark = pytest.mark.slow

READERS = readers()
"""Made once: some write files of other programs."""
BUDGET = {
    "net.json": 3, "net.json.gz": 2, "weather.csv": 4, "region.yaml": 8, "sweep.yaml": 3, "net_with_results.json": 2,
    "net.xlsx": 4, "ieee9.zip": 3, "case.m": 4, "case.mat": 4, "valley.nc": 4, "pgm.json": 4, "map.geojson": 4,
    "small.uct": 3, "street.dss": 2, "lines.csv": 4,
}  # fmt: skip
"""Files that take longer to read, and how many are tried."""


@pytest.fixture(scope="module")
def right_result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_synthetic(tmp_path_factory.mktemp("right") / "result", "unmanaged").path


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_a_right_file_is_read(tmp_path: Path, reader: Reader) -> None:
    path = tmp_path / reader.name
    for name, content in reader.beside.items():
        (tmp_path / name).write_bytes(content)
    path.write_bytes(reader.content)
    assert reader.read(path) is not None


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_a_wrong_file_is_refused_or_read(tmp_path: Path, reader: Reader) -> None:
    path = tmp_path / reader.name
    for name, content in reader.beside.items():
        (tmp_path / name).write_bytes(content)

    @settings(max_examples=BUDGET.get(reader.name, 12), suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 2**32))
    def tried(seed: int) -> None:
        path.write_bytes(changed_content(Random(seed), reader)[1])
        with contextlib.suppress(InputError):
            reader.read(path)

    tried()


@settings(max_examples=5, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_a_wrong_scenario_is_refused_or_read(seed: int) -> None:
    changed = changed_tree(Random(seed), SCENARIO)
    with contextlib.suppress(InputError):
        check_scenario(changed, Path(), "scenario")


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_a_damaged_result_is_refused_or_read(right_result: Path, seed: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "result"
        shutil.copytree(right_result, copy)
        damage(Random(seed), copy)
        with contextlib.suppress(InputError):
            read_result(copy)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_change_makes_scenarios_that_repeat_by_seed(kind: str) -> None:
    made = [changed_scenario(Random(seed), kind) for seed in range(20)]
    assert made == [changed_scenario(Random(seed), kind) for seed in range(20)]
    assert {found for found, _ in made} == {kind}
    assert len({content for _, content in made}) > 10


def test_mutants_differ_from_what_they_are_made_of_and_repeat_by_seed() -> None:
    trees = [json.dumps(changed_tree(Random(seed), SCENARIO), default=str) for seed in range(20)]
    assert trees == [json.dumps(changed_tree(Random(seed), SCENARIO), default=str) for seed in range(20)]
    assert len({*trees, json.dumps(SCENARIO, default=str)}) > 15
    assert len({changed_text(Random(seed), "a: 1\nb: 2\n") for seed in range(30)}) > 15
    assert len({changed_bytes(Random(seed), b"0123456789") for seed in range(30)}) > 15


def test_a_table_of_more_columns_than_are_read_is_refused(tmp_path: Path) -> None:
    wide = next(reader for reader in READERS if reader.name == "it_load.csv")
    path = tmp_path / wide.name
    path.write_text("time_utc,utilisation" + ",x" * 30_000 + "\n")
    with pytest.raises(InputError, match="must have at most 20,000 columns"):
        wide.read(path)


def test_a_packed_table_of_more_numbers_than_are_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRIDCARBON_FILE_LIMIT_MB", "0.1")
    profiles = next(reader for reader in READERS if reader.name == "profiles.parquet")
    file = io.BytesIO()
    pl.DataFrame({"time_utc": [0] * 200_000}).write_parquet(file)
    path = tmp_path / profiles.name
    path.write_bytes(file.getvalue())
    with pytest.raises(InputError, match="holds 200,000 rows and 1 columns, more than 1 MB"):
        profiles.read(path)
