"""YAML files: what they say, and on which line."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import Any

import pytest

from grid.errors import Fault, ScenarioError
from grid.files.yaml_file import YamlFile, read_yaml

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


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("yes", "yes"), ("off", "off"), ("TRUE", True), ("~", None), ("", None), ("017", 17), ("0o17", 15),
        ("0x1F", 31), ("-1_000", -1000), ("1:30", "1:30"), ("1e3", 1000.0), (".5", 0.5), ("-.inf", float("-inf")),
        ("1.5.2", "1.5.2"), ("2030-01-31", dt.date(2030, 1, 31)), ("2030-1-31", "2030-1-31"), ("=", "="), ("-", [None]),
        ("2030-01-31T12:00:00+02:00", dt.datetime(2030, 1, 31, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))),
        ("2030-01-31 12:00:00.5", dt.datetime(2030, 1, 31, 12, 0, 0, 500_000)),
        ("'<<'", "<<"), ("!!str 5", "5"), ("!!float 5", 5.0), ('"\\u00e9"', "é"),
    ],
)  # fmt: skip
def test_a_word_means_what_yaml_1_2_says(tmp_path: Path, word: str, value: Any) -> None:
    path = tmp_path / "word.yaml"
    path.write_text(f"a:\n  {word}\n")
    assert read_yaml(path).content == {"a": value}


def test_merge_keys_give_way_to_a_mappings_own_and_the_first_of_several_goes_before_the_others(tmp_path: Path) -> None:
    path = tmp_path / "merge.yaml"
    path.write_text("a: &a {x: 1, y: 1}\nb: &b {x: 2, z: 2}\nc: {<<: [*a, *b], y: 3}\n")
    assert read_yaml(path).content["c"] == {"x": 1, "z": 2, "y": 3}


LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]\n" for k in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("name: {{NAME}}\n", 1, "a key must be text (a name in {{ }} is a template that was not filled in)"),
        ("a: 1\n5: b\n", 2, "a key must be text, in quotation marks if need be; got '5'"),
        ("? [a, b]\n: c\n", 1, "a key must be text"),
        ("a: !!bool maybe\n", 1, "is no truth value; got 'maybe'"),
        ("a: !!int maybe\n", 1, "is no whole number"),
        ("a: !!timestamp maybe\n", 1, "is no date: a date is such as 2030-01-31"),
        ('a: !!timestamp ""\n', 1, "is no date"),
        ("a: !!python/name:os.system\n", 1, "means nothing here"),
        ("a: !!set {b, c}\n", 1, "the tag 'set' means nothing here"),
        (f"a: {'9' * 5000}\n", 1, "is no whole number: has more than 300 digits"),
        (f"a: 0x{'f' * 5000}\n", 1, "is no whole number: has more than 300 digits"),
        ('a: "\\0"\n', 1, "is no text: holds the character U+0000"),
        ("a: &a [*a]\n", 1, "holds itself, by an alias"),
        ("a: &a {<<: *a}\n", 1, "holds itself, by an alias"),
        ("a: {<<: 5}\n", 1, "<< needs a mapping"),
        (LAUGHS, 5, "comes to more than 1,000,000 parts"),
        ("a: " + "[" * 60 + "]" * 60, 1, "is nested deeper than 50"),
        ("[" * 200_000, 1, "is nested deeper than 50"),
        ("a: b\0c\n", None, "is not readable YAML"),
    ],
)
def test_what_is_no_plain_content_is_one_fault(tmp_path: Path, text: str, line: int | None, words: str) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(text)
    with pytest.raises(ScenarioError) as caught:
        read_yaml(path)
    assert words in str(caught.value)
    assert [fault.line for fault in caught.value.faults][:1] == [line]
    assert len(caught.value.faults) == 1


def test_what_only_looks_like_a_date_is_text(tmp_path: Path) -> None:
    path = tmp_path / "dates.yaml"
    path.write_text("a: [2030-02-30, 2030-13-01, 2030-02-28, 2030-02-28T25:00:00, 2030-02-28 23:00:00]\n")
    assert read_yaml(path).content["a"] == [
        "2030-02-30", "2030-13-01", dt.date(2030, 2, 28), "2030-02-28T25:00:00", dt.datetime(2030, 2, 28, 23),
    ]  # fmt: skip


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text("a: !!bool maybe\n5: 2030-13-01\nb: 1\nb: !!set {}\n")
    with pytest.raises(ScenarioError) as caught:
        read_yaml(path)
    assert [fault.line for fault in caught.value.faults] == [1, 2, 4, 4]


def test_bytes_that_are_no_text_are_said_so(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes("name: Köln\n".encode("latin-1"))
    with pytest.raises(ScenarioError, match="is not text in UTF-8: invalid start byte at byte 7"):
        read_yaml(path)


@pytest.mark.slow
def test_ten_thousand_entries_take_seconds(tmp_path: Path) -> None:
    path = tmp_path / "long.yaml"
    path.write_text("assets:\n" + "- {kind: battery, name: b, bus: quay, p_rated_mw: 0.2, e_rated_mwh: 1}\n" * 10_000)
    begun = time.process_time()
    assert len(read_yaml(path).content["assets"]) == 10_000
    assert time.process_time() - begun < 10
