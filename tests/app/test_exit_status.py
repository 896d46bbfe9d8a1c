"""How a command ends that a signal ends."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from app import cli
from app.commands.exit_status import ending_signals


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
