"""Stores that tests fill with small results, which no simulation made."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import s3fs

from app.results.folder import Result, open_result
from app.results.store.store import Store, opened_store
from app.scenario import check_scenario
from app.simulation.phases import SimulationResult, simulate
from tests.app.results.store.keys import give_key
from tests.app.results.store.services import postgresql, s3_server
from tests.app.synthetic_results import write_synthetic

Put = Callable[[str], Path]
ResultOf = Callable[[str], Result]


@pytest.fixture(scope="session")
def one_result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return write_synthetic(tmp_path_factory.mktemp("one") / "result", "optimal", with_devices=False)


@pytest.fixture(scope="session")
def outcome() -> SimulationResult:
    """A run of a small net over a day."""
    raw = {"name": "small", "city": {"network": "case33bw"},
           "period": {"start": "2030-01-14", "days": 1, "step_minutes": 60},
           "dispatch": {"strategy": "unmanaged"}}  # fmt: skip
    return simulate(check_scenario(raw, Path(), "small"))


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def s3_bucket() -> Iterator[str]:
    """URL of a bucket; the environment says where and as whom, as it does for users."""
    with s3_server() as address, pytest.MonkeyPatch.context() as patch:
        for name, value in {"AWS_ENDPOINT_URL": address, "AWS_ACCESS_KEY_ID": "user", "AWS_SECRET_ACCESS_KEY": "secret",
                            "AWS_DEFAULT_REGION": "us-east-1"}.items():  # fmt: skip
            patch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()
        s3fs.S3FileSystem().mkdir("s3://stores")
        yield "s3://stores"
        s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies of remote results, and their indexes, do not go to the folders of the user."""
    for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path_factory.mktemp(name)))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def index(request: pytest.FixtureRequest) -> str | None:
    """Where the index lies: beside the results, or on a server."""
    return request.getfixturevalue("postgresql_url") if request.param == "postgresql" else None


@pytest.fixture
def store(tmp_path: Path, index: str | None) -> Iterator[Store]:
    with opened_store(tmp_path / "store", index) as opened:
        yield opened


@pytest.fixture
def result_of(tmp_path_factory: pytest.TempPathFactory, one_result: Result) -> ResultOf:
    """The result of the scenario with one of `keys`, in no store."""

    def copy(key: str) -> Result:
        folder = Path(shutil.copytree(one_result.path, tmp_path_factory.mktemp("result") / key))
        give_key(folder, key)
        return open_result(folder)

    return copy


@pytest.fixture
def put(store: Store, one_result: Result) -> Put:
    """Puts a result into the store without telling the index."""

    def copy(key: str) -> Path:
        folder = Path(shutil.copytree(one_result.path, Path(store.place) / key))
        give_key(folder, key)
        return folder

    return copy
