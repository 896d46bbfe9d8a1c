"""What can be wrong with a sweep before any of its runs is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from app.batch.sweep.distributions import Choice, Normal
from app.batch.sweep.paths import Keys, ScenarioPath, resolve
from app.batch.sweep.schema import FullGrid, OneAtATime, Paired, Sweep, Variants
from app.batch.sweep.variants import SAMPLED, levels_of
from grid.errors import Fault

REPLICATED = {"weather": "weather", "years": "period.start", "seeds": "seed"}
"""What replications set, by the key of theirs."""


@dataclass(frozen=True)
class PlacedFault:
    """A fault at a place in the sweep file, as keys, since paths in keys have dots and brackets of their own."""

    place: Keys
    rule: str
    value: object = None
    suggestion: str | None = None

    def __hash__(self) -> int:
        """That of place and rule, since what was found may be a mapping."""
        return hash((self.place, self.rule))

    def fault(self, line: int | None) -> Fault:
        """The fault in words, with the line on which it stands."""
        return Fault(written(self.place), self.rule, self.value, self.suggestion, line)


def written(place: Keys) -> str:
    """A place as text, such as ``design.parameters.assets[roofs].p_peak_mw[2]``."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place).removeprefix(".")


def set_paths(sweep: Sweep) -> Iterator[tuple[str, Keys]]:
    """Every path that a sweep sets, with its place in the file, design and replications; not the common changes."""
    design = sweep.design
    if isinstance(design, Variants):
        for number, variant in enumerate(design.variants):
            yield from ((path, ("design", "variants", number, "changes", path)) for path in variant.changes)
    elif isinstance(design, Paired):
        yield from ((path, ("design", "columns", path)) for path in design.columns)
    else:
        yield from ((path, ("design", "parameters", path)) for path in design.parameters)
    for key, path in REPLICATED.items():
        if getattr(sweep.replications, key):
            yield path, ("replications", key)


def resolve_all(
    found: Sequence[tuple[str, Keys]], content: Mapping[str, Any]
) -> tuple[dict[str, ScenarioPath], list[PlacedFault]]:
    """The place in the base of every path, and a fault for each that has none."""
    paths: dict[str, ScenarioPath] = {}
    faults = []
    texts = tuple(dict.fromkeys(text for text, _ in found))
    resolved = {text: resolve(text, content, texts) for text in texts}
    for text, place in found:
        path = resolved[text]
        if isinstance(path, Fault):
            faults.append(PlacedFault(place, path.rule, None, path.suggestion))
        else:
            paths[text] = path
    return paths, faults


def overlap_faults(sweep: Sweep, paths: Mapping[str, ScenarioPath]) -> Iterator[PlacedFault]:
    """Paths of one run that set one place twice, or a whole and a part of it."""
    design = sweep.design
    of_all = [(path, place) for path, place in set_paths(sweep) if place[:2] != ("design", "variants")]
    groups = [of_all]
    if isinstance(design, Variants):
        groups = [
            [(path, ("design", "variants", number, "changes", path)) for path in variant.changes] + of_all
            for number, variant in enumerate(design.variants)
        ]
    for group in groups:
        known = [(paths[text], place) for text, place in group if text in paths]
        for (first, at), (second, place) in combinations(known, 2):
            if isinstance(design, OneAtATime) and "replications" not in {at[0], place[0]}:
                continue
            if first.overlaps(second):
                yield PlacedFault(place, f"sets what {written(at)} sets too")


def length_faults(sweep: Sweep) -> Iterator[PlacedFault]:
    """Columns of two lengths, lists without values, and too many runs."""
    design = sweep.design
    if isinstance(design, FullGrid | OneAtATime):
        for path, levels in design.parameters.items():
            if not levels:
                yield PlacedFault(("design", "parameters", path), "needs at least one value")
            yield from _repeated(("design", "parameters", path), levels)
    if isinstance(design, Paired):
        lengths = {path: len(column) for path, column in design.columns.items()}
        longest = max(lengths, key=lambda path: lengths[path])
        for path, length in lengths.items():
            if length != lengths[longest]:
                rule = f"has {length} values, {longest} has {lengths[longest]}; columns are of one length"
                yield PlacedFault(("design", "columns", path), rule)
        if lengths[longest] == 0:
            yield PlacedFault(("design", "columns"), "need at least one value")
        if design.names is not None and len(design.names) != lengths[longest]:
            rule = f"has {len(design.names)} names for {lengths[longest]} values in a column"
            yield PlacedFault(("design", "names"), rule)
    for key in REPLICATED:
        yield from _repeated(("replications", key), getattr(sweep.replications, key))
    if sweep.n_runs > sweep.max_runs:
        times = sweep.replications.n_runs
        of_design = f"{sweep.design.n_runs:,} runs" + (f" × {times:,} replications" if times > 1 else "")
        rule = f"comes to {sweep.n_runs:,} runs ({_product(sweep)}{of_design}), more than max_runs: {sweep.max_runs:,}"
        yield PlacedFault(("design",), f"{rule}; sample it, or raise max_runs if that many are meant")


def _product(sweep: Sweep) -> str:
    if not isinstance(sweep.design, FullGrid):
        return ""
    return " × ".join(str(len(levels)) for levels in sweep.design.parameters.values()) + " = "


def _repeated(place: Keys, levels: Any) -> Iterator[PlacedFault]:
    seen: dict[str, str | int] = {}
    for _, value, key in levels_of(levels):
        words = f"{'' if isinstance(value, int | float) and not isinstance(value, bool) else type(value)}"
        words += repr(float(value)) if not words and abs(value) < 2**53 else repr(value)
        if words in seen:
            yield PlacedFault((*place, key), "stands twice, which makes the same run twice", value)
        seen.setdefault(words, key)


def name_faults(sweep: Sweep) -> Iterator[PlacedFault]:
    """Names that two runs share."""
    design = sweep.design
    names: list[tuple[str, Keys]] = []
    if isinstance(design, Variants):
        names = [(variant.name, ("design", "variants", k, "name")) for k, variant in enumerate(design.variants)]
    elif isinstance(design, Paired) and design.names is not None:
        names = [(name, ("design", "names", k)) for k, name in enumerate(design.names)]
    seen: dict[str, Keys] = {}
    for name, place in names:
        if name in seen:
            yield PlacedFault(place, f"is the name of {written(seen[name][:-1] or place)} too", name)
        seen.setdefault(name, place)


def sampling_faults(sweep: Sweep, paths: Mapping[str, ScenarioPath]) -> Iterator[PlacedFault]:
    """Distributions of numbers where no number, or no such number, may stand."""
    if not isinstance(sweep.design, SAMPLED):
        return
    for text, distribution in sweep.design.parameters.items():
        path, at = paths.get(text), ("design", "parameters", text)
        if isinstance(distribution, Choice):
            yield from _repeated((*at, "values"), distribution.values)
            continue
        yield from _whole_bounds(at, distribution)
        if path is None or (path.takes_numbers and (distribution.whole or not path.takes_whole_numbers_only)):
            continue
        if path.takes_numbers:
            yield PlacedFault(at, "takes whole numbers only; say whole: true")
        else:
            listed = f"takes one of {', '.join(map(str, path.choices))}" if path.choices else "takes no numbers"
            yield PlacedFault(at, f"{listed}; draw it by kind: choice", distribution.kind)


def _whole_bounds(at: Keys, distribution: Any) -> Iterator[PlacedFault]:
    """Bounds of whole numbers that are none."""
    if isinstance(distribution, Normal) or not distribution.whole:
        return
    for bound in ("low", "high"):
        value = getattr(distribution, bound)
        if value != round(value):
            yield PlacedFault((*at, bound), "must be a whole number where whole: true", value)
