"""What a sweep would run, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.batch.sweep.checked import CheckedSweep, Scalar

MANY_RUNS = 12
"""Names of runs that are listed; of more, the first and the last."""
MANY_VALUES = 6


def describe_sweep(sweep: CheckedSweep) -> str:
    """Number of runs, design, what varies from where to where, and names."""
    runs = sweep.runs
    samples = "" if sweep.samples is None else f", {sweep.samples} samples from seed {sweep.seed}"
    periods = [run.content["period"] for run in runs]
    days, steps = {period["days"] for period in periods}, {period["step_minutes"] for period in periods}
    strategies = dict.fromkeys(str(run.content["dispatch"]["strategy"]) for run in runs)
    step = _span(sorted(steps), "min")
    lines = [
        f"{sweep.name}: valid",
        f"  runs       {len(runs)}",
        f"  design     {sweep.kind}{samples}",
        f"  each       {_span(sorted(days), 'd')} in steps of {step}, {', '.join(strategies)}",
        *_parameters(sweep),
    ]
    tags = dict.fromkeys(tag for run in runs for tag in run.tags)
    lines += [f"  tags       {', '.join(tags)}"] if tags else []
    names = [run.name for run in runs]
    if len(names) > MANY_RUNS:
        names = [*names[: MANY_RUNS // 2], f"… {len(names) - MANY_RUNS} more", *names[-MANY_RUNS // 2 :]]
    return "\n".join([*lines, *(f"  run        {name}" for name in names)])


def _span(values: Sequence[int], unit: str) -> str:
    return f"{values[0]} {unit}" if len(values) == 1 else f"{values[0]} to {values[-1]} {unit}"


def _parameters(sweep: CheckedSweep) -> Iterator[str]:
    for path in dict.fromkeys(path for run in sweep.runs for path in run.parameters):
        yield f"  varies     {path}: {_values([run.parameters.get(path) for run in sweep.runs])}"


def _values(values: Sequence[Scalar]) -> str:
    """The values where they are few, else from where to where numbers go, or how many texts there are."""
    distinct = list(dict.fromkeys(values))
    if len(distinct) <= MANY_VALUES:
        return ", ".join("none" if value is None else f"{value}" for value in distinct)
    numbers = [value for value in distinct if isinstance(value, int | float)]
    if len(numbers) == len(distinct):
        return f"{min(numbers):g} to {max(numbers):g}, {len(distinct)} values"
    return f"{len(distinct)} values, such as {distinct[0]}"
