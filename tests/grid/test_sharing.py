from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from grid.sharing import MOST_UNUSED, SharedPreparation, keep_latest, shared, sharing_preparation
from grid.spec import Spec


class Rating(Spec):
    p_mw: float


@dataclass(frozen=True, eq=False)
class Machine:
    name: str


def counting() -> tuple[list[object], Callable[..., list[object]]]:
    """A function of anything, and the list of what it was called with."""
    calls: list[object] = []

    @shared()
    def made(argument: object, factor: float = 2.0) -> list[object]:
        calls.append(argument)
        return [argument, factor]

    return calls, made


def test_nothing_is_kept_unless_asked_for() -> None:
    calls, made = counting()
    assert made("a") is not made("a")
    with sharing_preparation():
        made("a")
    made("a")
    assert calls == ["a"] * 4


def test_the_same_arguments_give_the_same_result_however_they_are_given() -> None:
    calls, made = counting()
    with sharing_preparation() as kept:
        assert made("a") is made(argument="a") is made("a", factor=2.0)
        assert made("a", 3.0) is not made("a")
    assert calls == ["a", "a"]
    assert (kept.made, kept.found) == (2, 3)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0), (1, True), (0.0, -0.0), ("1", 1), ((1, 2), (12,)), ({"a": 1}, {"a": 2}), (None, "None"),
        (np.zeros(2), np.zeros(3)), (np.zeros(2), np.zeros(2, dtype=np.int64)), (np.zeros((1, 2)), np.zeros(2)),
        (Rating(p_mw=1.0), Rating(p_mw=2.0)), (Machine("a"), Machine("a")),
    ],
)  # fmt: skip
def test_arguments_that_differ_are_told_apart(one: object, other: object) -> None:
    calls, made = counting()
    with sharing_preparation():
        assert made(one) is not made(other)
        assert made(one) is made(one)
    assert len(calls) == 2


@pytest.mark.parametrize(
    "make", [lambda: np.arange(3.0), lambda: Rating(p_mw=1.0), lambda: {"a": (1.0, [2.0])}, lambda: 10.0**20]
)
def test_equal_content_is_the_same_argument(make: Callable[[], object]) -> None:
    calls, made = counting()
    with sharing_preparation():
        assert made(make()) is made(make())
    assert len(calls) == 1


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    file, folder = tmp_path / "in" / "a.csv", tmp_path / "in"

    @shared(files=lambda given: [given["path"]])
    def content(path: Path) -> list[str]:
        return [each.read_text() for each in sorted(path.iterdir())] if path.is_dir() else [path.read_text()]

    folder.mkdir()
    file.write_text("1")
    with sharing_preparation():
        for path in (file, folder):
            assert content(path) is content(path)
        file.write_text("2")
        assert content(file) == content(folder) == ["2"]
        other = tmp_path / "new"
        other.write_text("3")
        other.replace(file)
        assert content(file) == content(folder) == ["3"]


def test_a_refusal_is_not_kept() -> None:
    calls = []

    @shared()
    def refused(value: int) -> None:
        calls.append(value)
        raise ValueError(value)

    with sharing_preparation():
        for _ in range(2):
            with pytest.raises(ValueError, match="1"):
                refused(1)
    assert calls == [1, 1]


def test_what_was_used_last_is_kept_and_no_more_than_allowed() -> None:
    calls = []

    @shared()
    def zeros(n: int, number: int) -> np.ndarray:
        calls.append(number)
        return np.zeros(n)

    kept = SharedPreparation(most_bytes=2_000)
    with sharing_preparation(kept):
        for number in (1, 2, 1, 3, 1, 2):  # 100 floats are 800 bytes: two fit
            zeros(100, number)
            assert kept.n_bytes <= kept.most_bytes
        zeros(1000, 4)
        zeros(1000, 4)
    assert calls == [1, 2, 3, 2, 4, 4]


def test_what_a_result_holds_on_to_counts() -> None:
    @shared()
    def later(n: int) -> Callable[[], object]:
        return partial(np.sum, np.zeros(n)[:1])

    with sharing_preparation(SharedPreparation(most_bytes=10_000)) as kept:
        later(1000)
        assert 8_000 < kept.n_bytes < 9_000
        assert later(2000) is not later(2000)


def test_one_that_is_given_outlives_the_block_and_an_inner_block_shares_the_outer_one() -> None:
    calls, made = counting()
    kept = SharedPreparation()
    for _ in range(2):
        with sharing_preparation(kept), sharing_preparation() as inner:
            assert inner is kept
            made("a")
    assert calls == ["a"]


def test_of_what_is_large_only_the_latest_is_kept() -> None:
    calls: list[str] = []

    @shared(latest=True)
    def made(name: str) -> np.ndarray:
        calls.append(name)
        return np.zeros(1000)

    with sharing_preparation() as kept:
        first = made("a")
        assert made("a") is first
        other = keep_latest("other", ("a", 1), lambda: np.ones(10))
        assert keep_latest("other", ("a", 1), lambda: np.zeros(10)) is other
        n_bytes = kept.n_bytes
        made("b")
        assert kept.n_bytes == n_bytes
        assert made("a") is not first
        assert keep_latest("other", ("a", 2), lambda: np.zeros(10)) is not other
        assert kept.n_bytes == n_bytes
    assert calls == ["a", "b", "a"]
    assert keep_latest("other", ("a", 2), lambda: np.ones(10)) is not keep_latest("other", ("a", 2), lambda: other)


def test_what_no_block_has_a_use_for_is_let_go() -> None:
    calls, made = counting()
    kept = SharedPreparation()
    for block in range(2 * MOST_UNUSED):
        with sharing_preparation(kept):
            made("always")
            made(block)
            with sharing_preparation():  # is no block of its own
                made("always")
    assert len(calls) == 1 + 2 * MOST_UNUSED
    with sharing_preparation(kept):
        made(MOST_UNUSED)
        assert len(calls) == 1 + 2 * MOST_UNUSED
        made(MOST_UNUSED - 1)
        assert len(calls) == 2 + 2 * MOST_UNUSED
