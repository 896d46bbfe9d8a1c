"""Stores that tests fill with small results, which no simulation made."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.results.folder import Result
from app.results.store.store import Store, open_store
from tests.app.synthetic_results import write_synthetic

Put = Callable[[str], Path]


@pytest.fixture(scope="session")
def one_result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return write_synthetic(tmp_path_factory.mktemp("one") / "result", "optimal", with_devices=False)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "store")
    yield opened
    opened.close()


@pytest.fixture
def put(store: Store, one_result: Result) -> Put:
    """Puts a result into the store without telling the index."""

    def copy(key: str) -> Path:
        return Path(shutil.copytree(one_result.path, Path(store.place) / key))

    return copy
