"""Pages kept beside the results: another server answers from them, and no page is older than what it shows."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from app.dashboard.catalogue import open_catalogue
from app.dashboard.pages import PAGES, overview
from app.dashboard.shell.ahead import Ahead
from app.dashboard.shell.answers import page_answer
from app.dashboard.shell.kept_pages import KeptPages
from app.studies.hosting import kept as hosting
from tests.app.synthetic_results import write_synthetic

QUERY = {"result": "one", "theme": "light"}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write_synthetic(tmp_path / "one", "optimal")
    return tmp_path


class Counted:
    """Makes the page Overview and counts how often."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times = 0
        make = overview.PAGE.content

        def content(view: object) -> object:
            self.times += 1
            return make(view)  # type: ignore[arg-type]

        monkeypatch.setitem(overview.PAGE.__dict__, "content", content)

    def asked(self, place: Path, *, may_keep: bool = True) -> bytes:
        """What a server that was just started answers."""
        return page_answer("/", QUERY, open_catalogue(place, may_keep=may_keep), KeptPages()).content


def test_another_server_answers_without_making_the_page(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Counted(monkeypatch)
    first = made.asked(place)
    assert made.asked(place) == first
    assert made.asked(place, may_keep=False) == first  # it reads what is there
    assert made.times == 1


def test_a_server_that_only_shows_keeps_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Counted(monkeypatch)
    assert made.asked(place, may_keep=False) == made.asked(place, may_keep=False)
    assert made.times == 2
    assert [one.name for one in place.iterdir()] == ["one"]


@pytest.mark.parametrize("other", ["another result", "the same result anew", "capacities of buses"])
def test_a_page_is_made_anew_when_what_it_shows_is_another(
    place: Path, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    made = Counted(monkeypatch)
    made.asked(place)
    if other == "another result":
        write_synthetic(place / "two", "unmanaged")
    elif other == "the same result anew":
        shutil.rmtree(place / "one")
        write_synthetic(place / "one", "unmanaged")
    else:
        hosting.keep(place, "0" * 64, [])
    made.asked(place)
    assert made.times == 2


def test_an_address_without_a_result_shows_the_same_page_as_one_that_names_the_first(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, kept, results = Counted(monkeypatch), KeptPages(), open_catalogue(place, may_keep=True)
    named = page_answer("/", QUERY, results, kept)
    assert page_answer("/", {"theme": "light"}, results, kept) == named
    assert made.times == 1


def test_a_server_makes_its_first_page_before_anybody_asks(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, done = Counted(monkeypatch), threading.Event()
    results, kept = open_catalogue(place), KeptPages()

    def make(path: str, query: dict[str, str]) -> None:
        page_answer(path, query, results, kept)
        done.set()

    Ahead(make).begin({"theme": "light"})
    assert done.wait(60)
    assert page_answer("/", QUERY, results, kept).content
    assert (made.times, len(kept)) == (1, 1)


def test_the_pages_of_a_result_that_comes_are_made_before_anybody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.dashboard.shell.ahead.LOOK_EVERY_S", 0.02)
    made, came, there = [], threading.Event(), {"old": "1"}

    def make(path: str, query: dict[str, str]) -> None:
        made.append((query["result"], path))
        if len(made) == len(PAGES):
            came.set()

    looked = threading.Event()

    def versions() -> dict[str, str]:
        found = dict(there)
        looked.set()
        return found

    others = Ahead(make, versions)
    others.begin({"result": "old"})
    assert looked.wait(20)
    made.clear()
    there["new"] = "1"
    assert came.wait(20)
    assert made == [("new", page.path) for page in PAGES]
