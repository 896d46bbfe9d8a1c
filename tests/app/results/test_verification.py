"""Results that are not as they were written, or not of this format: told by name, and never in the way of others."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.dashboard import create_app
from app.results.folder import Result, find_results, open_result
from app.results.verification import MANIFEST, HashedFile
from grid.errors import InputError
from tests.app.command_line import gridcarbon, refused


@pytest.fixture
def result(results_folder: Path, tmp_path: Path) -> Result:
    """A result that may be damaged, beside a sound one."""
    for name in ("damaged", "sound"):
        shutil.copytree(results_folder / "optimal", tmp_path / name)
    return open_result(tmp_path / "damaged")


def _altered(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))


@pytest.mark.parametrize("name", ["buses.parquet", "scenario.yaml", "summary.json", "topology.json", MANIFEST])
def test_a_bit_that_flips_in_any_file_is_found(result: Result, name: str) -> None:
    result.verify()
    _altered(result.path / name)
    with pytest.raises(InputError, match=f"{name}: (is not as it was written|cannot be read)"):
        open_result(result.path).verify()
    told: list[str] = []
    lazily = name.endswith(".parquet")
    assert list(find_results(result.path.parent, told.append)) == ["damaged"] * lazily + ["sound"]
    assert len(told) == (not lazily)


def _with(**changes: Any) -> Callable[[str], str]:
    return lambda text: json.dumps({**json.loads(text), **changes})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_with(format=1), "is of the older format 1, written by gridcarbon 0.1.0; run its scenario again"),
        (_with(format=3), "is of format 3, written by gridcarbon 0.1.0; this one reads format 2"),
        (_with(format="2"), "is not that of a result of gridcarbon"),
        (_with(columns="of another version"), "is not as it was written"),
        (_with(status="infeasible"), "is not as it was written"),
        (lambda _text: '{"name": "a web page", "icons": []}', "is not that of a result of gridcarbon"),
        (lambda _text: '{"scenario_hash": "0", "versions": 3}', "older format 1, written by another gridcarbon"),
        (lambda _text: "[]", "is not that of a result of gridcarbon"),
        (lambda text: text[: len(text) // 2], "cannot be read"),
        (lambda _text: "[" * 100_000, "cannot be read"),
        (lambda _text: "", "cannot be read"),
    ],
)
def test_other_manifests_are_refused_by_name(result: Result, change: Callable[[str], str], words: str) -> None:
    file = result.path / MANIFEST
    file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(InputError, match=words):
        open_result(result.path)
    told: list[str] = []
    assert list(find_results(result.path.parent, told.append)) == ["sound"]
    assert "left out" in told[0]
    done = gridcarbon("verify", result.path.parent)
    refused(done, words)
    assert "sound: all" in done.stdout


def test_results_with_other_tables_are_refused(result: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.results.verification.columns_digest", lambda: "of this version")
    with pytest.raises(InputError, match="is of a result with other tables, written by gridcarbon"):
        open_result(result.path)


def test_all_that_is_wrong_is_said_at_once(result: Result) -> None:
    (result.path / "buses.parquet").unlink()
    _altered(result.path / "city.parquet")
    with pytest.raises(InputError) as damaged:
        result.verify()
    assert [Path(fault.place).name for fault in damaged.value.faults] == ["buses.parquet", "city.parquet"]


def test_the_dashboard_says_what_is_damaged_and_serves_the_rest(result: Result) -> None:
    _altered(result.path / "city.parquet")
    results = find_results(result.path.parent)
    client = create_app(results).server.test_client()
    said = client.get("/shell/page?path=/&result=damaged").text
    assert "city.parquet" in said
    assert "look at another result" in said
    answer = client.get("/download/damaged/city.csv")
    assert (answer.status_code, answer.mimetype) == (500, "text/plain")
    assert "city.parquet: is not as it was written" in answer.text
    assert client.get("/download/sound/city.csv").status_code == 200


def test_the_hash_of_a_file_that_is_hashed_as_it_is_written_is_that_of_its_bytes(tmp_path: Path) -> None:
    file = tmp_path / "table"
    with HashedFile(file) as opened:
        opened.write(b"first")
        opened.writelines(iter([b"second" * 10_000, b"", b"third"]))
    assert opened.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert file.stat().st_size == 60_010
