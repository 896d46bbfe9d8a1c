"""Settings of all tests, and what many of them start from."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings

from grid.assets import Site
from grid.city.city import City, make_city
from grid.city.source import GridSource, read_grid
from grid.time.clock import Clock
from grid.weather.weather import weather_for

settings.register_profile("repeatable", deadline=None, derandomize=True, max_examples=30)
settings.register_profile("thorough", deadline=None, derandomize=True, max_examples=200)
settings.register_profile("quick", deadline=None, derandomize=True, max_examples=6)
settings.load_profile("repeatable")

TIME_ZONE = "Europe/Berlin"
SLOW_MODULE = re.compile(r"^pytestmark = \[?pytest\.mark\.(slow|browser)\b", re.MULTILINE)
"""How a module says that all its tests are slow."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves modules of slow tests unread where these are left out, since what they import takes seconds."""
    if config.option.markexpr != "not slow" or collection_path.suffix != ".py":
        return None
    return SLOW_MODULE.search(collection_path.read_text(encoding="utf-8")) is not None or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks as slow what needs a browser, or a run that is made once for all tests; puts the files in order.

    Files with slow tests come first, so that no process is left with a long one when the others have nothing more to
    do. Of those that need what is made once, one comes before all and the rest last: none waits while it is made. It
    also has most functions compiled, so those of the app, which need them, come late too: the others find them then.
    """
    makes, slow = dict[Path, None](), set[Path]()
    for item in items:
        names = {"made_once", "browser"} & set(getattr(item, "fixturenames", ()))
        if names:
            item.add_marker(pytest.mark.slow)
        if "made_once" in names:
            makes[item.path] = None
        if item.get_closest_marker("slow"):
            slow.add(item.path)
    first = next(iter(makes), None)
    app = Path(__file__).parent / "app"
    items.sort(
        key=lambda item: (item.path != first, item.path not in slow, item.path in makes, app in item.path.parents)
    )


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """Makes a folder once for all processes of a test run: the first that asks makes it, the others wait for it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def folder(name: str, make: Callable[[Path], object]) -> Path:
        finished = shared / name
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not finished.exists():
                draft = shared / f"{name}.draft"
                make(draft)
                draft.rename(finished)
        return finished

    return folder


@pytest.fixture(scope="session")
def reference_source() -> GridSource:
    return read_grid("reference")


@pytest.fixture(scope="session")
def winter_city(reference_source: GridSource) -> City:
    """The reference city on three days in December."""
    clock = Clock(datetime(2030, 12, 6, tzinfo=UTC), timedelta(minutes=15), 3 * 96)
    return make_city(reference_source, clock, holidays="DE")


@pytest.fixture(scope="session")
def winter_site(winter_city: City) -> Site:
    weather = weather_for("greensboro-tmy3", winter_city.clock, TIME_ZONE, 53.6, 11.4)
    return Site(winter_city, weather, TIME_ZONE)


@pytest.fixture(scope="session")
def summer_site(reference_source: GridSource) -> Site:
    clock = Clock(datetime(2030, 6, 17, tzinfo=UTC), timedelta(minutes=15), 2 * 96)
    city = make_city(reference_source, clock, holidays="DE")
    return Site(city, weather_for("greensboro-tmy3", clock, TIME_ZONE, 53.6, 11.4), TIME_ZONE)
