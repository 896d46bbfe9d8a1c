"""Faults of an input: gathered first, raised together, each with place, rule, value and the nearest right answer."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST_SHOWN = 200
"""Faults that a message lists; the others are counted."""
NAME_TAG = "·"
"""How names begin that tell what is meant where a key takes a name or a mapping; no key of a file begins so."""
_LONGEST_SHOWN = 200
_LONGEST_RULE = 3000
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with an input.

    Args:
        place: Where it stands, as a path into the input, e.g. ``assets[3].bus``.
        rule: What holds for a right input, or what is wrong, e.g. ``must be greater than 0``.
        value: What was found instead; left out of the message if None.
        suggestion: The nearest right answer, if there is one.
        line: Line of the file on which it stands, from 1; None where the input has no lines.
    """

    place: str
    rule: str
    value: object = None
    suggestion: str | None = None
    line: int | None = None

    def __hash__(self) -> int:
        """That of its words, since what was found may be a list."""
        return hash(str(self))

    def __str__(self) -> str:
        text = _cut(f"{self.place}: {self.rule}" if self.place else self.rule, _LONGEST_RULE)
        if self.line is not None:
            text = f"line {self.line}: {text}"
        if self.value is not None:
            text += f"; got {shown(self.value)}"
        if self.suggestion is not None:
            text += f"; did you mean {self.suggestion!r}?"
        return text


class InputError(ValueError):
    """An input is wrong; ``faults`` lists everything that is wrong with it.

    Args:
        faults: All faults found, at least one.
        source: What was read, such as a file name; heads the message.
    """

    def __init__(self, faults: Iterable[Fault], source: str = "the input") -> None:
        self.faults = tuple(faults)
        self.source = source
        count = f"{len(self.faults)} problem{'s' if len(self.faults) != 1 else ''}"
        more = [f"  … and {len(self.faults) - MOST_SHOWN} more"] if len(self.faults) > MOST_SHOWN else []
        lines = [f"{source} has {count}", *(f"  {fault}" for fault in self.faults[:MOST_SHOWN]), *more]
        super().__init__("\n".join(lines))

    @classmethod
    def single(cls, place: str, rule: str, value: object = None, suggestion: str | None = None) -> InputError:
        """An error with a single fault."""
        return cls([Fault(place, rule, value, suggestion)])


class ScenarioError(InputError):
    """A scenario file is wrong."""


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The one of `names` most like `name`, or None if none is alike (case is ignored)."""
    if len(name) > _LONGEST_NAME:
        return None
    by_folded = {candidate.casefold(): candidate for candidate in names}
    close = difflib.get_close_matches(str(name).casefold(), by_folded, n=1, cutoff=0.5)
    return by_folded[close[0]] if close else None


def listed(names: Sequence[str], most: int = 5) -> str:
    """The first of some names for a sentence, and how many there are beside.

    Args:
        names: The names.
        most: How many of them are said.
    """
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def shown(value: object) -> str:
    """A value as a message shows it: on one line, and cut where it is long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # Python writes no number of more than 4300 digits
        return f"a {type(value).__name__} too large to be shown"
    return _cut(text, _LONGEST_SHOWN)


def _cut(text: str, longest: int) -> str:
    """A text that can be written, cut where it is long."""
    text = text.encode(errors="backslashreplace").decode()
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text):,} characters)"


def raise_if_any(faults: Iterable[Fault], source: str = "the input") -> None:
    """Raises one `InputError` with all `faults`, each once, if there are any."""
    found = tuple(dict.fromkeys(faults))
    if found:
        raise InputError(found, source)
