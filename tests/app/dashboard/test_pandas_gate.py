from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from app.dashboard.pandas_gate import PandasGate, needs_models

SLOW_TO_IMPORT = ("pandas", "numba", "scipy", "sqlalchemy", "app.scenario.schema", "carbon.data_centre.spec")


def test_the_server_starts_without_the_libraries_of_models() -> None:
    asked = f"import sys, app.dashboard.server; print([name for name in {SLOW_TO_IMPORT} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_pandas_is_imported_when_no_charts_are_made_and_none_are_begun_meanwhile() -> None:
    gate, order = PandasGate(), []
    gate.enter()
    loading = threading.Thread(target=lambda: (gate.load(), order.append("imported")))
    loading.start()
    while not gate._importing:
        threading.Event().wait(0.001)
    waiting = threading.Thread(target=lambda: (gate.enter(), order.append("charts"), gate.leave()))
    waiting.start()
    assert order == []
    gate.leave()
    for thread in (loading, waiting):
        thread.join(60)
    assert sorted(order) == ["charts", "imported"]
    gate.load()  # there is nothing to do any more
    with gate.charts():
        assert order[-1] in {"charts", "imported"}


@pytest.mark.parametrize(
    ("path", "asked", "needed"),
    [
        ("/shell/page", "", False),
        ("/build/drafts/1/check", "", True),
        ("/_dash-update-component", '{"output": "dc-rules-place.children"}', True),
        ("/_dash-update-component", '{"output": "why-body.children"}', False),
    ],
)
def test_requests_that_need_models_are_known(path: str, asked: str, needed: bool) -> None:
    assert needs_models(path, asked) is needed


def test_who_makes_charts_may_import_and_waits_for_others_who_make_some() -> None:
    gate, others = PandasGate(), threading.Event()
    other = threading.Thread(target=lambda: (gate.enter(), others.wait(60), gate.leave()))
    other.start()
    while not gate._makers:
        threading.Event().wait(0.001)
    threading.Timer(0.05, others.set).start()
    with gate.charts():
        gate.load()
        assert others.is_set()
        assert gate._makers == 1
    other.join(60)
    assert gate._makers == 0


def test_rest_ends_when_nobody_has_made_charts_for_a_while() -> None:
    gate = PandasGate()
    gate.enter()
    begun = time.monotonic()
    threading.Timer(0.05, gate.leave).start()
    gate.rest(0.05)
    assert time.monotonic() - begun >= 0.1
