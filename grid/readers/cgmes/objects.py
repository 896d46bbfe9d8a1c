"""Objects of CIM as all profiles together state them: by identifier, with their attributes and references."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from grid.errors import Fault

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"


class CimObject:
    """One object while it is gathered.

    Its `values` are texts, and identifiers of what it refers to, by ``Class.attribute``; `at_boundary` says whether a
    profile of the boundary states it.
    """

    def __init__(self, key: str, kind: str) -> None:
        """An object of which nothing is stated yet.

        Args:
            key: Its identifier, without marks.
            kind: Its class.
        """
        self.key, self.kind = key, kind
        self.values: dict[str, str] = {}
        self.at_boundary = False

    @property
    def name(self) -> str:
        """Its name, else its identifier."""
        return self.values.get("IdentifiedObject.name", "").strip() or self.key

    def flag(self, attribute: str, *, default: bool = True) -> bool:
        """A truth value."""
        stated = self.values.get(attribute)
        return default if stated is None else stated.strip().casefold() == "true"


class CimObjects:
    """All objects, and the faults found in them so far."""

    def __init__(self, n_files: int) -> None:
        """None yet.

        Args:
            n_files: Number of files that state them.
        """
        self.n_files, self.version, self.profiles = n_files, "", ""
        self.faults: list[Fault] = []
        self.looked_at: set[str] = set()
        self._all: dict[str, CimObject] = {}
        self._by_kind: dict[str, dict[str, CimObject]] = {}

    def add(self, root: Any) -> None:
        """Adds what a profile states, given as the root of its XML."""
        about: list[str] = []
        for element in root:
            kind = _local(element.tag)
            if kind in {"FullModel", "DifferenceModel"}:
                about += [part.text or "" for part in element if _local(part.tag) == "Model.profile"]
                if kind == "FullModel":
                    continue
            self._add(element, kind, any("Boundary" in profile for profile in about))
        self.profiles += " ".join(about) + " "

    def _add(self, element: Any, kind: str, at_boundary: bool) -> None:
        stated = element.attrib.get(f"{RDF}ID")
        key = _key(stated or element.attrib.get(f"{RDF}about", ""))
        found = self._all.get(key)
        if found is None:
            found = self._all[key] = CimObject(key, kind)
            self._by_kind.setdefault(kind, {})[key] = found
        elif stated and found.kind != kind:  # a profile that tells of it before the one that states it
            self._by_kind[found.kind].pop(key)
            self._by_kind.setdefault(kind, {})[key] = found
            found.kind = kind
        found.at_boundary |= at_boundary
        for part in element:
            resource = part.attrib.get(f"{RDF}resource")
            found.values[_local(part.tag)] = (part.text or "") if resource is None else _key(resource)

    def of(self, *kinds: str) -> Iterator[CimObject]:
        """The objects of classes, class by class, in the order of the files."""
        for kind in kinds:
            self.looked_at.add(kind)
            yield from self._by_kind.get(kind, {}).values()

    def get(self, key: str | None) -> CimObject | None:
        """The object of an identifier."""
        return self._all.get(key or "")

    def followed(self, start: CimObject | None, *attributes: str) -> CimObject | None:
        """What an object refers to, by one reference after the other."""
        for attribute in attributes:
            start = None if start is None else self.get(start.values.get(attribute))
        return start

    def count_by_kind(self) -> Counter[str]:
        """Number of objects by class."""
        return +Counter({kind: len(found) for kind, found in self._by_kind.items()})

    def number(self, found: CimObject, attribute: str, default: float | None = None, *others: str) -> float:
        """A finite number of an object; a fault, and NaN, where it is none, or is missing and has no default.

        Args:
            found: The object.
            attribute: The attribute.
            default: What is taken where nothing is stated.
            others: Attributes that are looked at where the first is not stated.
        """
        for each in (attribute, *others):
            text = found.values.get(each, "").strip()
            if not text:
                continue
            try:
                value = float(text)
            except ValueError:
                value = math.nan
            if not math.isfinite(value):
                self.fault(found, each, "must be a finite number", text)
            return value
        if default is None:
            self.fault(found, attribute, "is missing")
            return math.nan
        return default

    def fault(self, found: CimObject, attribute: str, rule: str, value: object = None) -> None:
        """Notes a fault of an object."""
        place = f"{found.kind} {found.name!r:.80}"
        self.faults.append(Fault(f"{place}, {attribute.rpartition('.')[2]}" if attribute else place, rule, value))


def _local(tag: Any) -> str:
    return str(tag).rpartition("}")[2]


def _key(text: str) -> str:
    """An identifier without the marks that profiles put before it; the name of a value of an enumeration."""
    return text.rpartition("#")[2].removeprefix("urn:uuid:").removeprefix("_")
