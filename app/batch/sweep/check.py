"""From a sweep file to checked runs: everything that is wrong with any of them, at once, before any runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.batch.sweep.base import BaseScenario, read_base
from app.batch.sweep.checked import CheckedSweep, Scalar, SweepRun
from app.batch.sweep.design_faults import (
    PlacedFault,
    length_faults,
    name_faults,
    overlap_faults,
    resolve_all,
    sampling_faults,
    set_paths,
)
from app.batch.sweep.paths import ScenarioPath, value_at, with_value, without_gaps
from app.batch.sweep.schema import Paired, Sweep, Variants
from app.batch.sweep.variant_faults import VariantFaults
from app.batch.sweep.variants import Paths, PlannedRun, VariedValue, make_variants
from app.results.store import key_of
from app.scenario import check_scenario
from app.scenario.loaded import LoadedScenario
from app.scenario.messages import faults_of
from grid.errors import Fault, InputError, ScenarioError
from grid.files.yaml_file import YamlFile, read_yaml
from grid.sharing import sharing_preparation


def check_sweep(path: Path, days: int | None = None) -> CheckedSweep:
    """Reads a sweep file and checks every run of it as a scenario is checked.

    Args:
        path: The YAML file.
        days: Overrides ``period.days`` of every run.

    Raises:
        ScenarioError: With all faults of the sweep, its base and its runs, each once with the number of runs that have
            it, its place in the sweep file and its line. Nothing has run then.
    """
    file = read_yaml(path)
    with file.naming_lines():
        sweep, base = _sweep_and_base(file.content, path.parent, str(path))
    with sharing_preparation():
        return _checked(sweep, file, path, base, days)


def check_sweep_content(content: Any, folder: Path, source: str) -> CheckedSweep:
    """Checks the content of a sweep that stands in no file.

    Args:
        content: It, as a file would say it.
        folder: Folder that file names in it are relative to.
        source: What messages call it.

    Raises:
        ScenarioError: As `check_sweep`, without lines.
    """
    sweep, base = _sweep_and_base(content, folder, source)
    with sharing_preparation():
        return _checked(sweep, YamlFile(content, None), folder / source, base, None)


def _sweep_and_base(content: Any, folder: Path, source: str) -> tuple[Sweep, BaseScenario]:
    """The sweep that a file's content describes, by itself, and its base; a base that is not there is told with it."""
    if not isinstance(content, Mapping):
        raise ScenarioError([Fault("", "must be a mapping with at least name, base and design")], source)
    faults: list[Fault] = []
    try:
        sweep = Sweep.model_validate(content)
    except ValidationError as error:
        faults += dict.fromkeys(faults_of(error, Sweep))
        sweep = None
    named = content.get("base") if sweep is None else sweep.base
    try:
        base = read_base(named, folder) if isinstance(named, str | Mapping) else None
    except InputError as error:
        if not faults and any(fault.place != "base" for fault in error.faults):
            raise  # what is wrong within the base's own file
        faults += [fault for fault in error.faults if fault.place == "base"]
        base = None
    if sweep is None or base is None:
        raise ScenarioError(faults, source)
    return sweep, base


def _checked(sweep: Sweep, file: YamlFile, path: Path, base: BaseScenario, days: int | None) -> CheckedSweep:
    content = base.content if isinstance(base.content, Mapping) else {}
    common = [(text, ("changes", text)) for text in sweep.changes]
    paths, found = resolve_all(common, content)
    for text, place in paths.items():
        content = with_value(content, place, sweep.changes[text])
    content = without_gaps(content)
    of_base = _base_faults(content if isinstance(base.content, Mapping) else base.content, base, days)
    varied, unknown = resolve_all(list(set_paths(sweep)), content)
    counted = [*length_faults(sweep), *overlap_faults(sweep, varied)]
    found += [*unknown, *counted, *name_faults(sweep), *sampling_faults(sweep, varied)]
    runs: list[SweepRun] = []
    if not counted and content:
        known = frozenset(str(fault) for fault in of_base)
        runs, more = _runs(_restricted(sweep, varied), varied, replace(base, content=content), days, known)
        found += more
    faults = [_of_base(fault, base, file, sweep) for fault in of_base]
    faults += [placed.fault(file.line_at(placed.place)) for placed in dict.fromkeys(found)]
    if faults:
        raise ScenarioError(faults, str(path))
    design = sweep.design
    parameters = tuple(dict.fromkeys(text for text, place in set_paths(sweep) if place[0] == "design"))
    return CheckedSweep(
        sweep.name, path, tuple(runs), design.kind, parameters, sweep.seed, getattr(design, "samples", None)
    )


def _base_faults(content: Any, base: BaseScenario, days: int | None) -> tuple[Fault, ...]:
    """What is wrong with the base, the changes that all runs share included."""
    try:
        check_scenario(content, base.folder, base.source, days)
    except ScenarioError as error:
        return error.faults
    return ()


def _of_base(fault: Fault, base: BaseScenario, file: YamlFile, sweep: Sweep) -> Fault:
    """A fault of the base, at its place and line in the sweep, or in the file that the sweep names."""
    shared = f" (in the base of all {sweep.n_runs:,} runs)"
    if base.file is None:
        place = f"base.{fault.place}".rstrip(".")
        return replace(fault, place=place, rule=fault.rule + shared, line=file.line_of(place))
    line = base.file.line_of(fault.place)
    where = f"base {sweep.base}" + (f", line {line}" if line is not None else "")
    place = ": ".join(filter(None, (where, fault.place)))
    return replace(fault, place=place, rule=fault.rule + shared, line=file.line_of("base"))


def _restricted(sweep: Sweep, paths: Mapping[str, ScenarioPath]) -> Sweep:
    """The sweep without what it varies at paths that the schema does not know, so that the rest can be checked."""
    design = sweep.design
    if isinstance(design, Variants):
        kept = tuple(
            variant.model_copy(update={"changes": {k: v for k, v in variant.changes.items() if k in paths}})
            for variant in design.variants
        )
        return sweep.model_copy(update={"design": design.model_copy(update={"variants": kept})})
    key = "columns" if isinstance(design, Paired) else "parameters"
    known = {text: values for text, values in getattr(design, key).items() if text in paths}
    return sweep.model_copy(update={"design": design.model_copy(update={key: known})})


@dataclass(frozen=True, eq=False)
class _Made:
    """A run whose scenario is valid."""

    variant: PlannedRun
    loaded: LoadedScenario


def _runs(
    sweep: Sweep, paths: Mapping[str, ScenarioPath], base: BaseScenario, days: int | None, known: frozenset[str]
) -> tuple[list[SweepRun], list[PlacedFault]]:
    """The runs of a sweep, and what is wrong with those that are not valid."""
    start = value_at(base.content, ScenarioPath("period.start", ("period", "start"), ()))
    if not _varies(sweep):
        return [], []
    variants = make_variants(sweep, paths, str(start) if start is not None else None)
    gathered = VariantFaults(sweep, known)
    made: list[_Made] = []
    for variant in variants:
        content = _content(base.content, variant)
        try:
            made.append(_Made(variant, check_scenario(content, base.folder, base.source, days)))
        except ScenarioError as error:
            gathered.add(variant, content, error.faults)
    runs = [_run(each.variant, each.loaded, base, paths) for each in made]
    return runs, [*gathered.faults(len(variants)), *_repeated_names(variants), *_same_scenarios(runs, made)]


def _varies(sweep: Sweep) -> bool:
    """Whether anything is left of a design whose unknown paths were taken out."""
    design = sweep.design
    if isinstance(design, Variants):
        return True
    return bool(design.columns if isinstance(design, Paired) else design.parameters)


def _content(base: Mapping[str, Any], variant: PlannedRun) -> dict[str, Any]:
    """The scenario of a run, under the name of its base and its own."""
    content: Mapping[str, Any] = base
    for change in variant.changes:
        content = with_value(content, change.path, change.value)
    if not any(change.path.keys == ("name",) for change in variant.changes) and isinstance(content.get("name"), str):
        content = {**content, "name": f"{content['name']}: {variant.name}"}
    return dict(without_gaps(content))


def _run(planned: PlannedRun, loaded: LoadedScenario, base: BaseScenario, paths: Paths) -> SweepRun:
    content = loaded.scenario.model_dump(mode="json")
    changes = {change.path.text: change for change in planned.changes}
    parameters = {text: _parameter(path, changes.get(text), content, base) for text, path in paths.items()}
    return SweepRun(
        planned.name, planned.tags, parameters, content, loaded.folder, key_of(loaded), planned.in_design
    )  # fmt: skip


def _parameter(
    path: ScenarioPath, change: VariedValue | None, content: Mapping[str, Any], base: BaseScenario
) -> Scalar:
    """What a parameter is in a run: its value, or what the sweep calls it where it is no single value."""
    if path.is_item:
        if change is not None and change.label is not None:
            return change.label
        found = value_at(base.content, path) if change is None else change.value
        return None if found is None else "base" if change is None else change.words
    found = value_at(content, path)
    if found is None or isinstance(found, bool | int | float | str):
        return found
    return "base" if change is None else change.words


def _repeated_names(variants: Sequence[PlannedRun]) -> list[PlacedFault]:
    """Names made from values that two runs share."""
    seen: dict[str, PlannedRun] = {}
    faults: list[PlacedFault] = []
    for variant in variants:
        if variant.name in seen and "variants" not in variant.place and variant.name not in {f.value for f in faults}:
            rule = (
                "two runs have this name, made from their values; give long values labels, as in {small: …, large: …}"
            )
            faults.append(PlacedFault(variant.place, rule, variant.name))
        seen.setdefault(variant.name, variant)
    return faults


def _same_scenarios(runs: Sequence[SweepRun], made: Sequence[_Made]) -> list[PlacedFault]:
    """Runs under two names that are one scenario, and so would be one result."""
    first: dict[str, str] = {}
    faults = []
    for run, each in zip(runs, made, strict=True):
        if first.setdefault(run.key, run.name) != run.name:
            faults.append(PlacedFault(each.variant.place, f"is the same scenario as run {first[run.key]!r}", run.name))
    return faults
