from __future__ import annotations

import subprocess
import sys

from app.batch.process import has_ended, in_short, process_name
from tests.places import ROOT

SAY_NAME = "from app.batch.process import process_name; print(process_name(), flush=True); input()"


def test_a_process_lives_until_it_ends() -> None:
    assert not has_ended(process_name())
    with subprocess.Popen(
        [sys.executable, "-c", SAY_NAME], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        name = other.stdout.readline().strip()
        assert name != process_name()
        assert not has_ended(name)
        other.kill()
    assert has_ended(name)


def test_a_number_that_was_given_again_is_another_process() -> None:
    host, number, begun, place = process_name().split(":")
    assert has_ended(f"{host}:{number}:{int(begun) - 1}:{place}")


def test_nothing_is_known_of_other_machines_and_other_names() -> None:
    host, number, begun, place = process_name().split(":")
    elsewhere = f"{int(place, 16) ^ 1:08x}"
    assert not has_ended(f"{host}:{number}:{int(begun) - 1}:{elsewhere}")
    assert not has_ended("somebody")


def test_people_are_shown_host_and_number() -> None:
    assert in_short("node-1:4121:99:0123abcd") == "node-1:4121"
    assert in_short("tcp://10.0.0.1:4000") == "tcp://10.0.0.1:4000"
