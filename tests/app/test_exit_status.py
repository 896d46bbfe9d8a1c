"""How a command ends that a signal ends, or whose dispatch has no answer."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from app import cli
from app.commands.exit_status import ending_signals, status_without_dispatch
from optimizer.horizon.rolling import dispatch
from optimizer.window.diagnosis import UnboundedDispatchError
from tests.optimizer.small_cases import battery, clock_of, feeder, problem_on


@pytest.fixture
def _signals_by_default() -> Iterator[None]:
    """As in a command that a terminal starts; a shell starts those in its background with some ignored."""
    defaults = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
        signal.SIGHUP: signal.SIG_DFL,
    }
    before = {number: signal.signal(number, handler) for number, handler in defaults.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_signals_by_default")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("typers", [False, True])
def test_signals_end_a_command_alike_and_leave_no_trace(
    number: signal.Signals, status: int, typers: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[bool] = []

    def command() -> None:
        try:
            os.kill(os.getpid(), number)
            signal.pause()
        except KeyboardInterrupt:
            ended.append(True)
            if typers:
                raise SystemExit(130) from None
            raise

    monkeypatch.setattr(cli, "app", command)
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert (end.value.code, ended) == (status, [True])
    assert signal.getsignal(signal.SIGTERM) is signal.getsignal(signal.SIGHUP) is signal.SIG_DFL


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending_signals() as received:
            os.kill(os.getpid(), signal.SIGHUP)
        assert received == []
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_thread_leaves_signals_to_the_main_one() -> None:
    seen: list[object] = []

    def look() -> None:
        with ending_signals():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [signal.SIG_DFL]


def test_a_dispatch_without_an_answer_is_no_defect(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock, network = clock_of(3), feeder()
    store = battery(network, clock, 2, e_mwh=0.2, e_start=0.1)
    problem = problem_on(network, clock, [store], 1.0, import_max_mw=1.5, grid_limits=False, elastic=False)
    monkeypatch.setattr(cli, "app", lambda: dispatch(problem))
    with pytest.raises(SystemExit) as end:
        cli.main()
    said = capsys.readouterr().err
    assert end.value.code == 3
    assert said.startswith("infeasible: no dispatch meets all of these")
    assert "import_limit at 2030-03-04T0" in said
    assert "at most 1.5 MW" in said


def test_a_cost_without_end_is_the_inputs_fault() -> None:
    endless = UnboundedDispatchError((("export_mw", 1.0),))
    assert status_without_dispatch(endless) == 2
    assert status_without_dispatch(RuntimeError("a defect")) is None
