from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.batch.order import WaitingRuns


@dataclass(frozen=True)
class Run:
    key: str
    content: Mapping[str, Any]


def runs(*pairs: tuple[str, float]) -> list[Run]:
    """Runs of a city and a price of carbon; the price decides nothing before the dispatch."""
    return [
        Run(f"{city}{price:g}", {"name": f"{city} {price}", "city": {"network": city}, "dispatch": {"price": price}})
        for city, price in pairs
    ]


def all_of(waiting: WaitingRuns, worker: str = "a", workers: tuple[str, ...] = ("a",)) -> list[str]:
    return list(iter(lambda: waiting.next_for(worker, workers), None))


def test_one_worker_gets_every_run_once_city_by_city_in_order() -> None:
    waiting = WaitingRuns(runs(("x", 1), ("y", 1), ("x", 2), ("y", 2), ("x", 3)))
    assert len(waiting) == 5
    assert all_of(waiting) == ["x1", "x2", "x3", "y1", "y2"]
    assert len(waiting) == 0


def test_two_workers_begin_with_different_cities_and_help_each_other_at_the_end() -> None:
    waiting, workers = WaitingRuns(runs(("x", 1), ("x", 2), ("x", 3), ("y", 1), ("y", 2))), ("a", "b")
    got = [(worker, waiting.next_for(worker, workers)) for worker in "ababab"]
    assert got == [("a", "x1"), ("b", "y1"), ("a", "x2"), ("b", "y2"), ("a", "x3"), ("b", None)]


def test_a_worker_takes_what_has_most_in_common_with_what_it_has_in_memory() -> None:
    def run(key: str, city: str, weather: str) -> Run:
        return Run(key, {"name": key, "city": city, "weather": weather})

    waiting = WaitingRuns([run("1", "x", "dry"), run("2", "y", "wet"), run("3", "y", "wet"), run("4", "x", "wet")])
    waiting.discard(["2", "3"])
    assert waiting.next_for("a", ("a",)) == "1"
    for key in ("2", "3"):
        waiting.put_back(key)
    assert waiting.next_for("a", ("a",)) == "4"


def test_what_comes_back_is_next() -> None:
    waiting = WaitingRuns(runs(("x", 1), ("x", 2)))
    assert waiting.next_for("a", ("a",)) == "x1"
    waiting.put_back("x1")
    assert all_of(waiting) == ["x1", "x2"]
