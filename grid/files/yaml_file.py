"""YAML 1.2 files: their content, unchecked, and the line on which each part of it stands."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from grid.errors import Fault, InputError, ScenarioError, nearest
from grid.files.content import beside, is_file, is_folder, read_text, shown_path

MOST_NESTED: Final = 50
"""Lists and mappings within each other; scenarios have about seven."""
MOST_PARTS: Final = 1_000_000
"""Values of a file, each counted as often as aliases (``*name``) repeat it."""
MOST_DIGITS: Final = 300
"""Of a whole number; no quantity has more, and Python itself refuses to write larger ones."""
_PART = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_TAG: Final = "tag:yaml.org,2002:"
_STR, _INT, _FLOAT, _BOOL, _NULL, _DATE, _MERGE = (
    f"{_TAG}{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "merge")
)
_PLAIN: Final[tuple[tuple[str, str, str], ...]] = (
    (_BOOL, r"true|True|TRUE|false|False|FALSE", "tTfF"),
    (_INT, r"[-+]?0b[01_]+|[-+]?0o[0-7_]+|[-+]?0x[0-9a-fA-F_]+|[-+]?[0-9][0-9_]*", "-+0123456789"),
    (
        _FLOAT,
        r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*|(?=[eE]))|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?i:inf)|\.(?i:nan)",
        "-+0123456789.",
    ),
    (_NULL, r"~|null|Null|NULL|", "~nN\0"),
    (
        _DATE,
        r"\d{4}-\d\d-\d\d|\d{4}-\d\d?-\d\d?[Tt \t]+\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?",
        "0123456789",
    ),
    (_MERGE, r"<<", "<"),
)
"""What a word without quotation marks means by YAML 1.2, of which dates and merge keys are not a part."""
_WRITTEN_AS_DATE: Final = re.compile(next(pattern for tag, pattern, _ in _PLAIN if tag == _DATE))


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the compiled one where it is
    """PyYAML's parser with the words of YAML 1.2: ``no`` is no truth value, ``1:30`` no number."""

    yaml_implicit_resolvers: Mapping[str, list[Any]] = {
        first or "": [
            (tag, re.compile(rf"(?:{pattern})\Z")) for tag, pattern, firsts in _PLAIN if (first or "\0") in firsts
        ]
        for first in ["", *sorted({letter for _, _, firsts in _PLAIN for letter in firsts if letter != "\0"})]
    }


@dataclass(frozen=True, eq=False)
class YamlFile:
    """A YAML file that has been read.

    Args:
        content: What it says, as plain mappings, lists and values; merge keys (``<<``) are resolved.
        root: The same as nodes that know their lines; None for an empty file.
    """

    content: Any
    root: Node | None

    def line_of(self, place: str) -> int | None:
        """The line, from 1, of a place such as ``assets[3].bus``, or of the innermost part around it that stands there.

        None where the file is empty, or the place does not begin within it.
        """
        parts = _PART.findall(place.partition(": ")[0])
        return self.line_at([int(index) if index and len(index) < 10 else key or index for index, key in parts])

    def line_at(self, keys: Sequence[str | int]) -> int | None:
        """The line, from 1, of a place given by its keys and places in lists; otherwise as `line_of`."""
        if self.root is None:
            return None
        node, line = self.root, None
        for key in keys:
            if isinstance(key, int) and isinstance(node, SequenceNode) and key < len(node.value):
                node = node.value[key]
                line = _line(node)
            elif isinstance(key, str) and isinstance(node, MappingNode):
                found = next(((name, value) for name, value in node.value if name.value == key), None)
                if found is not None:  # a place may name the kind of an asset too, which is no key
                    line, node = _line(found[0]), found[1]
        return line

    @contextmanager
    def naming_lines(self) -> Iterator[None]:
        """Gives faults of the file, raised within the context, the lines on which they stand."""
        try:
            yield
        except InputError as error:
            faults = [
                fault if fault.line is not None else replace(fault, line=self.line_of(fault.place))
                for fault in error.faults
            ]
            raise type(error)(faults, error.source) from error


def read_yaml(path: Path) -> YamlFile:
    """Reads a YAML file.

    Raises:
        ScenarioError: If there is no such file, it cannot be read (`grid.files.content.read_text`) or is no YAML; or
            with all that is no plain content: keys that are no text or stand twice, values that are none, tags,
            nesting deeper than `MOST_NESTED`, parts that hold themselves or come to more than `MOST_PARTS`.
    """
    source = shown_path(path)
    if not is_file(path):
        names = [name for name in beside(path) if name.endswith((".yaml", ".yml"))]
        what = "is a folder, not a file" if is_folder(path) else "no such file"
        raise ScenarioError([Fault(source, what, suggestion=nearest(path.name, names))], source)
    try:
        text = read_text(path, "")
    except InputError as error:
        raise ScenarioError(error.faults, source) from error
    root = _composed(text, source)
    content = _Content()
    value = None if root is None else content.value(root)
    if content.faults:
        raise ScenarioError(content.faults, source)
    return YamlFile(value, root)


def _composed(text: str, source: str) -> Node | None:
    """The nodes of a text, after a look at how deep they are nested: the parser itself knows no bound."""
    try:
        line = _too_deep(text)
        root: Node | None = None if line is not None else yaml.compose(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError) as error:  # a ValueError of bytes that are no characters
        mark = getattr(error, "problem_mark", None)
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        fault = Fault("", f"is not readable YAML: {problem}", line=None if mark is None else mark.line + 1)
        raise ScenarioError([fault], source) from error
    if line is not None:
        raise ScenarioError([Fault("", f"is nested deeper than {MOST_NESTED}", line=line)], source)
    return root


def _too_deep(text: str) -> int | None:
    """The first line on which a text is nested deeper than `MOST_NESTED`; None if there is none."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MOST_NESTED:
                return _line(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return None


class _RefusedError(Exception):
    """A value that cannot be what it says."""


class _Content:
    """Makes plain content of nodes; each node once, however many aliases lead to it."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self._made: dict[int, tuple[Any, int]] = {}
        self._open: set[int] = set()
        self._n_parts = 0

    def value(self, node: Node) -> Any:
        """What a node says; None where it is refused."""
        if id(node) in self._open:
            self._refuse(node, "holds itself, by an alias")
            return None
        if id(node) not in self._made:
            self._open.add(id(node))
            before, self._n_parts = self._n_parts, 1
            made = self._make(node)
            self._made[id(node)] = made, self._n_parts
            self._n_parts += before
            self._open.discard(id(node))
        else:
            self._n_parts += self._made[id(node)][1]
        made, _ = self._made[id(node)]
        if self._n_parts > MOST_PARTS:
            if not any("parts" in fault.rule for fault in self.faults):
                self._refuse(node, f"comes to more than {MOST_PARTS:,} parts, with all that aliases repeat")
            return None
        return made

    def _make(self, node: Node) -> Any:
        if isinstance(node, MappingNode):
            return self._mapping(node) if self._has_tag(node, "map") else None
        if isinstance(node, SequenceNode):
            return [self.value(item) for item in node.value] if self._has_tag(node, "seq") else None
        return self._word(node)

    def _word(self, node: Node) -> Any:
        try:
            return _scalar(node)
        except _RefusedError as error:
            self._refuse(node, str(error), node.value[:60])
            return None

    def _mapping(self, node: MappingNode) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, value in node.value:
            if key.tag == _MERGE:
                merged |= {name: item for name, item in self._merged(value).items() if name not in merged}
            elif not isinstance(key, ScalarNode) or key.tag != _STR:
                self._refuse(key, "a key must be text (a name in {{ }} is a template that was not filled in)"
                             if isinstance(key, MappingNode) else "a key must be text, in quotation marks if need be",
                             key.value[:60] if isinstance(key, ScalarNode) else None)  # fmt: skip
            else:
                name = self._word(key)
                if name in own:
                    self._refuse(key, f"key {name!r} stands twice")
                own[name] = self.value(value)
        return {**merged, **own} if merged else own

    def _merged(self, node: Node) -> dict[str, Any]:
        """What a merge key adds: a mapping, or a list of mappings of which the first goes before the others."""
        before = len(self.faults)
        found = self.value(node)
        mappings = found if isinstance(found, list) else [found]
        if len(self.faults) > before:
            return {}
        if not all(isinstance(each, dict) for each in mappings):
            self._refuse(node, "<< needs a mapping, or a list of mappings")
            return {}
        return {name: item for each in reversed(mappings) for name, item in each.items()}

    def _has_tag(self, node: Node, name: str) -> bool:
        if node.tag == f"{_TAG}{name}":
            return True
        self._refuse(node, f"the tag {node.tag.removeprefix(_TAG)[:60]!r} means nothing here")
        return False

    def _refuse(self, node: Node, rule: str, value: object = None) -> None:
        self.faults.append(Fault("", rule, value, line=_line(node)))


def _scalar(node: Node) -> Any:
    """The value of a word.

    Raises:
        _RefusedError: If it is not what its tag or its form says.
    """
    text = node.value
    try:
        if node.tag == _STR:
            return _text(text)
        if node.tag == _INT:
            return _whole(text)
        if node.tag == _FLOAT:
            return float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
        if node.tag == _DATE:
            return _date(text)
    except (ValueError, OverflowError) as error:
        raise _RefusedError(f"is no {_NAMES[node.tag]}: {error}") from error
    if node.tag == _BOOL and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if node.tag == _NULL and text.lower() in {"", "~", "null"}:
        return None
    named = _NAMES.get(node.tag)
    raise _RefusedError(
        f"is no {named}" if named else f"the tag {node.tag.removeprefix(_TAG)[:60]!r} means nothing here"
    )


_NAMES: Final = {_STR: "text", _INT: "whole number", _FLOAT: "number", _DATE: "date", _BOOL: "truth value",
                 _NULL: "empty value"}  # fmt: skip


def _text(text: str) -> str:
    """A text that can be written and shown."""
    if text.isprintable():
        return text
    odd = [letter for letter in text if (letter < " " and letter not in "\t\n\r") or "\ud800" <= letter <= "\udfff"
           or letter == "\x7f"]  # fmt: skip
    if odd:
        raise ValueError(f"holds the character U+{ord(odd[0]):04X}, which cannot be shown")
    return text


def _whole(text: str) -> int:
    digits = text.replace("_", "")
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"has more than {MOST_DIGITS} digits")
    sign, digits = (-1 if digits[:1] == "-" else 1), digits.lstrip("+-")
    base = {"0b": 2, "0o": 8, "0x": 16}.get(digits[:2].lower(), 10)
    return sign * int(digits if base == 10 else digits[2:], base)


def _date(text: str) -> dt.date | dt.datetime | str:
    """A date, or a date with a time; without an offset as it stands. One that does not exist (2030-02-30) is text.

    Where a date is needed, that is told with all other faults.

    Raises:
        ValueError: If it is not written as a date.
    """
    try:
        return _date_of(text)
    except (ValueError, OverflowError):
        if _WRITTEN_AS_DATE.fullmatch(text):
            return text
        raise


def _date_of(text: str) -> dt.date | dt.datetime:
    if len(text) == 10:
        return dt.date.fromisoformat(text)
    found = re.fullmatch(r"(\d{4})-(\d\d?)-(\d\d?)[Tt \t]+(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?[ \t]*(.*)", text)
    if found is None:
        raise ValueError("a date is such as 2030-01-31")
    *parts, fraction, zone = found.groups()
    microsecond = int(((fraction or "") + "000000")[:6])
    year, month, day, hour, minute, second = map(int, parts)
    stamp = dt.datetime(year, month, day, hour, minute, second, microsecond)
    if not zone:
        return stamp
    hours, _, minutes = zone.lstrip("+-").partition(":")
    offset = dt.timedelta() if zone == "Z" else dt.timedelta(hours=int(hours), minutes=int(minutes or 0))
    return stamp.replace(tzinfo=dt.timezone(-offset if zone[0] == "-" else offset))


def _line(part: Node | yaml.Event) -> int:
    return 1 if part.start_mark is None else int(part.start_mark.line) + 1
