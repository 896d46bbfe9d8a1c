"""Runs in a real browser: watched from any page, cancelled, tried again, and what is said when something goes wrong."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from app.batch.jobs import Jobs, open_jobs
from app.dashboard.catalogue import open_catalogue
from app.failures import StoreError
from app.results.store.store import opened_store
from tests.app.batch.jobs.test_workers import LONG, pid_of
from tests.app.batch.jobs.waiting import of
from tests.app.batch.jobs.waiting import until as wait_until
from tests.app.batch.sweeps import BASE
from tests.app.dashboard.browser.conftest import serving
from tests.app.dashboard.browser.walking import until, visit

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = pytest.mark.browser
LONGEST_S = 300.0
NAME = "sun <b>on</b> roofs"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A store on a file system of 16 MB of its own, where one may be mounted."""
    disk = tmp_path_factory.mktemp("runs") / "store"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    yield disk
    if mounted:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.fixture(scope="module")
def jobs(place: Path) -> Iterator[Jobs]:
    with opened_store(place) as store, open_jobs(store, 1) as opened:
        yield opened


@pytest.fixture(scope="module")
def running(place: Path, jobs: Jobs) -> Iterator[str]:
    """The address of a dashboard that runs scenarios."""
    with serving(open_catalogue(place), jobs) as at:
        yield at


def row(page: sync_api.Page, key: str) -> sync_api.Locator:
    return page.locator(f".runs-row[data-key='{key}']")


def open_drawer(page: sync_api.Page) -> None:
    page.focus("#runs-button")
    page.keyboard.press("Enter")
    page.wait_for_selector("#runs-drawer[open]")


def test_a_run_is_watched_from_any_page_to_its_result(page, running, jobs, tmp_path):
    page.goto(f"{running}/about")
    page.wait_for_selector("#runs-button")
    key = jobs.submit({**BASE, "name": NAME}, tmp_path).key
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # looks at once, else every four seconds
    until(page, lambda: page.inner_text("#runs-state").startswith("1 "), LONGEST_S)  # waiting or running
    open_drawer(page)
    until(page, lambda: row(page, key).inner_text().startswith(NAME))
    until(page, lambda: row(page, key).locator(".runs-status").inner_text() == "Done", LONGEST_S)
    page.keyboard.press("Escape")
    until(page, lambda: page.evaluate("document.activeElement.id") == "runs-button")
    notice = page.locator("#runs-notices .runs-notice")
    assert notice.locator("p").inner_text() == f"{NAME} is done."
    notice.get_by_role("link").click()
    until(page, lambda: f"result={key}" in page.url)
    until(page, lambda: NAME in page.input_value("#result-picker"), LONGEST_S)
    page.reload()
    page.wait_for_selector("#runs-button")
    open_drawer(page)
    until(page, lambda: row(page, key).locator(".runs-status").inner_text() == "Done")
    assert page.locator("#runs-notices .runs-notice").count() == 0  # it was told
    row(page, key).locator(".runs-log-button").click()
    until(page, lambda: "done after" in page.inner_text(".runs-log"))
    assert page.request.get(f"{running}/runs.json").json()["runs"][0]["result"] == key


def test_a_killed_worker_is_said_and_a_run_is_cancelled_and_tried_again_by_keyboard(page, running, jobs, tmp_path):
    key = jobs.submit(LONG, tmp_path).key
    visit(page, f"{running}/")
    open_drawer(page)
    status = row(page, key).locator(".runs-status")
    until(page, lambda: row(page, key).locator(".runs-phase").inner_text().startswith("dispatch"), LONGEST_S)
    first = of(jobs, key).worker
    os.kill(pid_of(first), signal.SIGKILL)
    wait_until(lambda: of(jobs, key).worker != first)
    row(page, key).locator(".runs-log-button").focus()
    page.keyboard.press("Enter")
    until(page, lambda: "died" in page.inner_text(".runs-log"), LONGEST_S)
    row(page, key).get_by_role("button", name="Cancel").focus()
    page.keyboard.press("Enter")
    until(page, lambda: status.inner_text() == "Cancelled")
    assert page.evaluate("document.activeElement.textContent") == "Try again"  # the focus stays where it was
    page.keyboard.press("Enter")
    until(page, lambda: status.inner_text() in {"Waiting", "Running"})
    jobs.cancel(key)
    until(page, lambda: status.inner_text() == "Cancelled")


def test_a_failed_run_says_why_wherever_one_is(page, running, jobs, tmp_path):
    visit(page, f"{running}/")
    store = jobs.store
    with open_jobs(store, 0) as elsewhere:
        key = elsewhere.submit({**BASE, "name": "bad luck"}, tmp_path).key
        if store.index.cancel([key]):  # so that no worker takes it
            wait_until(lambda: of(jobs, key).status == "cancelled")
    with store.index.database.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE runs SET status = 'running', worker = 'x', lease_until = 1e12 WHERE key = ?", (key,)
        )
    until(page, lambda: page.inner_text("#runs-state").startswith("1 ·"), LONGEST_S)
    store.index.finish(key, "x", status="failed", reason="its net has 2 problems\n  bus: no bus called 'x'")
    notice = page.locator("#runs-notices .runs-notice")
    until(page, lambda: notice.count() == 1, LONGEST_S)
    assert notice.locator("p").inner_text() == "bad luck failed: its net has 2 problems · bus: no bus called 'x'"


def test_a_server_that_is_gone_is_said_and_its_queue_is_there_when_it_is_back(browser, tmp_path):
    place = tmp_path / "queue"  # of its own, where no worker takes what waits
    context = browser.new_context()
    page = context.new_page()  # whose console may say that nobody answers
    with ExitStack() as first:
        store = first.enter_context(opened_store(place))
        at = first.enter_context(serving(open_catalogue(place), first.enter_context(open_jobs(store, 0))))
        visit(page, at)
        open_drawer(page)
        with open_jobs(store, 0) as elsewhere:
            key = elsewhere.submit({**BASE, "name": "later", "seed": 77}, tmp_path).key
        until(page, lambda: row(page, key).locator(".runs-status").inner_text() == "Waiting", LONGEST_S)
    port = int(at.rpartition(":")[2])
    until(page, lambda: "The server does not answer" in page.inner_text("#runs-drawer [role=alert]"), LONGEST_S)
    with opened_store(place) as store, open_jobs(store, 0) as jobs, serving(open_catalogue(place), jobs, port):
        until(page, lambda: not page.is_visible("#runs-drawer [role=alert]"), LONGEST_S)
        assert row(page, key).locator(".runs-status").inner_text() == "Waiting"
        jobs.cancel(key)
    context.close()


def test_a_full_disk_is_said_and_the_queue_goes_on_when_there_is_room(page, running, jobs, place, tmp_path):
    if not place.is_mount():
        pytest.skip("nobody may mount a file system here")
    visit(page, running)
    with filled(place / ".filler", but=700_000):
        weeks = {**BASE, "period": {**BASE["period"], "days": 15}}  # whose result takes more
        key = jobs.submit(weeks, tmp_path).key
        until(page, lambda: "held up" in page.inner_text("#runs-state"), LONGEST_S)
        open_drawer(page)
        said = page.inner_text("#runs-drawer [role=alert]")
        assert all(words in said for words in ("The queue is held up", "the disk is full", "nothing is lost"))
        until(page, lambda: row(page, key).locator(".runs-status").inner_text() == "Waiting", LONGEST_S)
        with filled(place / ".rest", but=0), pytest.raises(StoreError, match="the disk is full"):
            jobs.submit({**BASE, "name": "no room"}, tmp_path)
    until(page, lambda: row(page, key).locator(".runs-status").inner_text() == "Done", LONGEST_S)
    until(page, lambda: not page.is_visible("#runs-drawer [role=alert]"))
    jobs.store.open(key).verify()


@contextmanager
def filled(file: Path, but: int) -> Iterator[None]:
    """A file system filled with a file, but for so many bytes."""
    size = shutil.disk_usage(file.parent).free - but
    with file.open("wb", buffering=0) as filler, suppress(OSError):
        while size > 0:
            size -= filler.write(bytes(min(size, 1 << 20)))
    yield
    file.unlink()
