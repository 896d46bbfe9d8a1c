"""What a tonne less costs: which options nothing betters, and from which price of carbon each is the one to prefer."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from app.studies.ensembles.frontier import non_dominated


@dataclass(frozen=True)
class Option:
    """Something that can be chosen.

    Args:
        name: What it is called; unique.
        cost: Its cost without a price of carbon [currency].
        emissions_t: Its emissions, or how they differ from those of a reference [t].
    """

    name: str
    cost: float
    emissions_t: float


@dataclass(frozen=True)
class AbatementStep:
    """From one option to another.

    Args:
        start: Where it begins.
        end: Where it ends.
    """

    start: Option
    end: Option

    @property
    def saved_t(self) -> float:
        """Emissions that it saves [t]; below zero if it adds some."""
        return self.start.emissions_t - self.end.emissions_t

    @property
    def added_cost(self) -> float:
        """What it costs more [currency]; below zero if it saves money."""
        return self.end.cost - self.start.cost

    @property
    def cost_per_t(self) -> float | None:
        """What a tonne less costs [currency/t]; None unless it saves emissions."""
        return self.added_cost / self.saved_t if self.saved_t > 0 else None


def frontier_of(options: Iterable[Option]) -> tuple[Option, ...]:
    """The options that no other betters in both cost and emissions, the cheapest first."""
    every = list(options)
    if not every:
        return ()
    kept = non_dominated(np.array([[one.cost, one.emissions_t] for one in every]))
    found = [one for one, stays in zip(every, kept, strict=True) if stays]
    return tuple(sorted(found, key=lambda one: (one.cost, one.emissions_t, one.name)))


def steps_along(frontier: Sequence[Option]) -> tuple[AbatementStep, ...]:
    """From each option of a frontier to the next, which costs more and emits less; equal ones are passed over."""
    steps = (AbatementStep(start, end) for start, end in itertools.pairwise(frontier))
    return tuple(step for step in steps if step.saved_t > 0)


def preferred_by_price(options: Iterable[Option]) -> tuple[AbatementStep, ...]:
    """From which price of carbon each option is the one to prefer: the steps along the convex part of the frontier.

    At a price p the option with the least ``cost + p emissions`` is preferred. Those that are for some p are the lower
    convex hull of the frontier; its first is preferred up to the first step's cost per tonne, and so on.

    Returns:
        Steps with rising cost per tonne, the first from the cheapest option; empty where one option is best at any
        price of zero or more.
    """
    hull: list[Option] = []
    for option in frontier_of(options):
        if hull and option.emissions_t == hull[-1].emissions_t:  # as good as the one before
            continue
        while len(hull) > 1 and _steeper(hull[-2], hull[-1], option):
            hull.pop()
        hull.append(option)
    return tuple(AbatementStep(start, end) for start, end in itertools.pairwise(hull))


def _steeper(first: Option, second: Option, third: Option) -> bool:
    """Whether a tonne less costs as much or more on the way to the second as from there to the third."""
    to, on = AbatementStep(first, second), AbatementStep(second, third)
    return to.added_cost * on.saved_t >= on.added_cost * to.saved_t


def preferred(options: Iterable[Option], price_per_t: float) -> Option:
    """The option with the least cost and carbon cost together; of equal ones that with the least emissions.

    Args:
        options: The options, at least one.
        price_per_t: Price of carbon [currency/t].
    """
    return min(options, key=lambda one: (one.cost + price_per_t * one.emissions_t, one.emissions_t, one.name))
