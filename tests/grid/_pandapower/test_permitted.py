"""Net files of others: nothing in them is run or read from elsewhere, and each way to be broken is one fault."""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandapower as pp
import pandapower.control
import pandas as pd
import pytest
from pandapower.timeseries import DFData, OutputWriter

from grid._pandapower import network_of, read_file
from grid._pandapower.permitted import MOST_NESTED
from grid.errors import InputError
from grid.files.content import LIMIT_VARIABLE

Change = Callable[[dict[str, Any]], None]


def small_net() -> Any:
    """Two buses, a line, a load and a controller with data of its own."""
    net = pp.create_empty_network(name="small")
    a, b = pp.create_bus(net, 20.0, name="a"), pp.create_bus(net, 20.0, name="b", geodata=(8.0, 50.0))
    pp.create_ext_grid(net, a)
    pp.create_line_from_parameters(net, a, b, 1.0, 0.3, 0.3, 10.0, 0.3, name="line")
    pp.create_load(net, b, 0.5, 0.1, name="load")
    source = DFData(pd.DataFrame({"x": [1.0, 2.0]}))
    pandapower.control.ConstControl(net, "load", "p_mw", [0], profile_name=["x"], data_source=source)
    OutputWriter(net, [0, 1], output_path=None).log_variable("res_bus", "vm_pu", eval_function=np.max)
    return net


@pytest.fixture(scope="module")
def text() -> str:
    return str(pp.to_json(small_net()))


def written(folder: Path, text: str, change: Change) -> Path:
    content = json.loads(text)
    change(content)
    path = folder / "net.json"
    path.write_text(json.dumps(content))
    return path


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as error:
        read_file(path)
    assert len(error.value.faults) == 1, str(error.value)
    return str(error.value)


def test_what_pandapower_writes_is_read_as_pandapower_reads_it(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text, lambda _: None)
    ours, theirs = read_file(path), pp.from_json_string(text, convert=True)
    tables = [name for name, table in theirs.items() if isinstance(table, pd.DataFrame) and not name.startswith("_")]
    assert len(tables) > 60
    for name in tables:
        if name not in {"controller", "output_writer"}:
            pd.testing.assert_frame_equal(ours[name], theirs[name])
    controller = ours.controller.object.iloc[0]
    assert type(controller) is pandapower.control.ConstControl
    assert controller.data_source.df["x"].tolist() == [1.0, 2.0]
    assert type(ours.output_writer.object.iloc[0]) is OutputWriter


def table(text: str, **keywords: Any) -> dict[str, Any]:
    return {"_module": "pandas.core.frame", "_class": "DataFrame", "_object": text, "orient": "split", **keywords}


def cell(content: Any) -> dict[str, Any]:
    return table(json.dumps({"columns": ["object"], "index": [0], "data": [[content]]}))


INTRUDER = {"_module": "intruder", "_class": "Intruder", "_object": "{}"}
LINES = '{"object":' + json.dumps(INTRUDER) + '}\n{"object":null}'
CONTROLLER = {"_module": "pandapower.control.controller.const_control", "_class": "ConstControl"}
HOSTILE: dict[str, tuple[Any, str]] = {
    "a table of JSON lines": (table(LINES, lines=True, orient="records"), "is no keyword of what a net file holds"),
    "JSON lines without the keyword": (table(LINES), "must be JSON"),
    "a module that runs when it is imported": (
        {"_module": "numpy.f2py.__main__", "_class": "main", "_object": "{}"}, "names a class that no pandapower net"),
    "a module of pandapower that nothing imports": (
        {"_module": "pandapower.test.run_tests", "_class": "X", "_object": "{}"}, "names a class that no pandapower"),
    "a path for a table": (table("/etc/hostname.json"), "must be JSON"),
    "an address for a table": (table("file:///etc/hostname"), "must be JSON"),
    "a path in quotation marks": (table('"/etc/hostname.json"'), "must be a table in JSON"),
    "another keyword of pandas": (table('{"columns":[],"index":[],"data":[]}', encoding="idna"), "is no keyword"),
    "a type that is none": (table('{"columns":["a"],"index":[],"data":[]}', dtype={"a": "S999999999"}), "no type"),
    "rows of other lengths": (table('{"columns":["a"],"index":[0],"data":[[1,2]]}'), "must be a table in JSON"),
    "memory without bound": ({"_module": "numpy", "_class": "void", "_object": 10**12}, "names a class that no"),
    "a class in a cell": (cell(INTRUDER), "names a class of a module that no pandapower net needs; got 'intruder'"),
    "a class in an object": (
        cell({**CONTROLLER, "_object": json.dumps({"x": INTRUDER})}), "names a class of a module that no"),
    "an attribute that is code": (
        cell({**CONTROLLER, "_object": json.dumps({"a=1;import os": 1})}), "is no name of an attribute"),
    "an attribute of Python": (cell({**CONTROLLER, "_object": json.dumps({"__deepcopy__": 1})}), "is no name of"),
    "half a signature": ({"_module": "pandas.core.frame", "_object": "{}"}, "must have _module, _class and _object"),
}  # fmt: skip


@pytest.mark.parametrize("how", HOSTILE)
@pytest.mark.parametrize("name", ["load", "anything"])
def test_what_no_net_needs_is_refused(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch, how: str, name: str
) -> None:
    (tmp_path / "intruder.py").write_text("raise SystemExit('it ran')\n")
    monkeypatch.syspath_prepend(tmp_path)
    content, message = HOSTILE[how]
    before = set(sys.modules)
    path = written(tmp_path, text, lambda net: net["_object"].__setitem__(name, content))
    assert message in refusal(path)
    assert not {"intruder", "numpy.f2py.__main__", "pandapower.test.run_tests"} & (set(sys.modules) - before)


def test_columns_of_a_table_are_named_by_text(tmp_path: Path, text: str) -> None:
    def numbered(net: dict[str, Any]) -> None:
        load = net["_object"]["load"]
        content = json.loads(load["_object"])
        load["_object"] = json.dumps({**content, "columns": [*content["columns"][:-1], 7]})

    assert "load: must have columns that are named by text; got 7" in refusal(written(tmp_path, text, numbered))


def test_functions_are_not_looked_up(tmp_path: Path, text: str) -> None:
    function = {"_module": "os", "_class": "function", "_object": "system"}
    path = written(tmp_path, text, lambda net: net["_object"].__setitem__("anything", function))
    assert read_file(path).anything == "os.system"


def test_the_second_of_two_equal_keys_hides_nothing(tmp_path: Path, text: str) -> None:
    twice = text.replace('"_module": "pandas.core.frame"', '"_module": "intruder", "_module": "pandas.core.frame"', 1)
    path = tmp_path / "net.json"
    path.write_text(twice)
    assert len(read_file(path).bus) == 2
    assert "intruder" not in sys.modules


NET = {"_module": "pandapower.auxiliary", "_class": "pandapowerNet"}
BROKEN: dict[str, tuple[Change, str]] = {
    "a table that is a number": (lambda net: net["_object"].__setitem__("bus", 5), "bus: must be a table"),
    "a table that is nothing": (lambda net: net["_object"].__setitem__("line", None), "line: must be a table"),
    "tables that are a list": (lambda net: net.__setitem__("_object", []), "must be a mapping of tables"),
    "deep nesting": (lambda net: net["_object"].__setitem__("x", nested(MOST_NESTED + 5)), "is nested deeper than 60"),
    "a net within a net": (
        lambda net: net["_object"].__setitem__("x", {**NET, "_object": {"bus": INTRUDER}}), "names a class of a"),
    "a load without powers": (
        lambda net: net["_object"].__setitem__("load", table('{"columns":["bus","q_mvar","scaling","in_service"],'
                                                             '"index":[0],"data":[[1,0.1,1.0,true]]}')),
        "load: lacks a column; got 'p_mw'"),
    "a power that is a text": (
        lambda net: replace_in(net, "load", "0.5", '"plenty"'), "must be a number; got 'plenty'"),
    "a bus with a large number": (
        lambda net: replace_in(net, "bus", '"index":[0,1]', '"index":[0,99999999999]'), "numbered by whole numbers"),
    "a frequency that is a list": (lambda net: net["_object"].__setitem__("f_hz", [50]), "f_hz: must be a number"),
}  # fmt: skip


def nested(depth: int) -> Any:
    content: Any = 0
    for _ in range(depth):
        content = [content]
    return content


def replace_in(net: dict[str, Any], name: str, old: str, new: str) -> None:
    frame = net["_object"][name]
    assert old in frame["_object"]
    frame["_object"] = frame["_object"].replace(old, new, 1)
    frame.pop("dtype")


@pytest.mark.slow
@pytest.mark.parametrize("how", BROKEN)
def test_each_way_to_be_broken_is_one_fault(tmp_path: Path, text: str, how: str) -> None:
    change, message = BROKEN[how]
    assert message in refusal(written(tmp_path, text, change))


def test_a_text_nested_without_end_is_one_fault(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    path.write_text("[" * 200_000)
    assert "is not a complete JSON file: it is nested too deeply" in refusal(path)


def test_a_file_that_unpacks_without_end_is_one_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT_VARIABLE, "2")
    path = tmp_path / "net.json.gz"
    path.write_bytes(gzip.compress(b" " * 20_000_000))
    assert f"unpacks to more than 2 MB; if that is meant, raise the limit with {LIMIT_VARIABLE}" in refusal(path)


def test_pipes_devices_and_folders_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "endless.json").symlink_to("/dev/zero")
    for name in ("pipe.json", "folder.json", "endless.json", "x" * 300 + ".json", "nul\0.json"):
        assert "city.network: no file" in refusal(tmp_path / name)


def test_powers_that_cannot_be_meant_are_refused(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text, lambda net: replace_in(net, "load", "0.5", "1e6"))
    with pytest.raises(InputError, match=r"p_mw: must be at most 100,000 MW \(is it in kW or W\?\); got 1000000"):
        network_of(read_file(path))
