"""YAML files: what they say, and on which line."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from app.scenario import load_scenario
from app.scenario.yaml_file import YamlFile, read_yaml
from grid.errors import Fault, ScenarioError

TEXT = """\
# a comment
name: harbour
period: {start: 2030-01-01, days: 1}
defaults: &battery
  kind: battery
  p_rated_mw: 2
assets:
  - <<: *battery
    name: one
  - kind: battery
    name: two
    p_rated_mw: -2
"""


@pytest.fixture
def file(tmp_path: Path) -> YamlFile:
    path = tmp_path / "harbour.yaml"
    path.write_text(TEXT)
    return read_yaml(path)


def test_content_is_plain_and_merge_keys_are_resolved(file: YamlFile) -> None:
    assert file.content["assets"][0] == {"kind": "battery", "p_rated_mw": 2, "name": "one"}
    assert file.content["period"]["start"] == dt.date(2030, 1, 1)
    assert type(file.content["assets"]) is list


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("name", 2), ("period.days", 3), ("assets", 7), ("assets[0]", 8), ("assets[0].name", 9), ("assets[1]", 10),
        ("assets[1].battery.p_rated_mw", 12),  # the kind between is no key
        ("assets[1].bus", 10), ("assets[7].bus", 7), ("nothing", None), ("", None),
        ("assets[1].name: row 3", 11),
    ],
)  # fmt: skip
def test_a_place_has_the_line_of_the_innermost_part_that_stands_there(
    file: YamlFile, place: str, line: int | None
) -> None:
    assert file.line_of(place) == line


def test_a_fault_with_a_line_keeps_it(file: YamlFile) -> None:
    with pytest.raises(ScenarioError) as caught, file.naming_lines():
        raise ScenarioError([Fault("name", "is odd", line=77), Fault("name", "is odd")], "harbour.yaml")
    assert [fault.line for fault in caught.value.faults] == [77, 2]
    assert str(caught.value).splitlines()[2] == "  line 2: name: is odd"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("name: a\ncity: b\nname: c\n", 3, "key 'name' stands twice"),
        ("a:\n  b: 1\n  b: 2\n", 3, "key 'b' stands twice"),
        ("a: 1\nb: [1\n", 3, "is not readable YAML"),
        ("a: *nowhere\n", 1, "undefined alias"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(ScenarioError, match=words) as caught:
        read_yaml(path)
    assert caught.value.faults[0].line == line


def test_norway_is_a_country_and_not_a_truth_value(tmp_path: Path) -> None:
    path = tmp_path / "norway.yaml"
    path.write_text("holidays: NO\nv2g: true\n")
    assert read_yaml(path).content == {"holidays": "NO", "v2g": True}


def test_faults_of_a_scenario_name_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "harbour.yaml"
    path.write_text("name: harbour\ncity: {network: case33bw}\nperiod:\n  start: 2030-01-01\n  dais: 1\n")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    message = str(caught.value)
    assert str(path) in message
    assert "line 5: period.dais: unknown key; did you mean 'days'?" in message
    assert "line 3: period.days: is required" in message
