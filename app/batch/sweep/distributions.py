"""Distributions of a sampled parameter, each by its quantiles."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Any, ClassVar, Literal, LiteralString

import numpy as np
import scipy
from pydantic import Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from grid.arrays import Floats
from grid.spec import TAG, Spec

Levels = Annotated[
    Annotated[tuple[Any, ...], Tag(f"{TAG}list")] | Annotated[dict[str, Any], Tag(f"{TAG}labelled")],
    Discriminator(lambda given: f"{TAG}labelled" if isinstance(given, dict) else f"{TAG}list"),
]
"""Values that a parameter takes: a list, or a mapping of labels to values where values are long."""


LEAST_SHARE = 1e-12
"""Least quantile that is drawn, since that at 0 of a distribution without bounds is infinite."""
LARGEST = 1e300
"""Width of a distribution that can be computed with."""


class Distribution(Spec, ABC):
    """What a sampled parameter is drawn from."""

    numeric: ClassVar[bool] = True

    @abstractmethod
    def drawn(self, shares: Floats) -> list[Any]:
        """The quantiles at shares between 0 and 1, shape (N,)."""


class NumericDistribution(Distribution):
    """A distribution of numbers."""

    whole: bool = False
    """Whether values are rounded to whole numbers."""

    @abstractmethod
    def quantiles(self, shares: Floats) -> Floats:
        """Quantiles before rounding, shape (N,)."""

    def drawn(self, shares: Floats) -> list[Any]:
        """The quantiles at shares between 0 and 1, shape (N,)."""
        found = self.quantiles(np.clip(shares, LEAST_SHARE, 1 - LEAST_SHARE))
        return [int(value) for value in np.rint(found)] if self.whole else [float(value) for value in found]


class Uniform(NumericDistribution):
    """Every value between two bounds is as likely as any other."""

    kind: Literal["uniform"] = "uniform"
    low: float
    """Lower bound."""
    high: float
    """Upper bound."""

    @model_validator(mode="after")
    def _in_order(self) -> Uniform:
        _refuse_unless(self.low < self.high, "low must be less than high")
        _refuse_unless(self.high - self.low < LARGEST, "low and high are too far apart")
        return self

    def quantiles(self, shares: Floats) -> Floats:
        """Quantiles; of whole numbers each, the bounds included, is as likely as any other."""
        low, high = self.low, self.high
        if not self.whole:
            return np.asarray(low + (high - low) * shares)
        return np.clip(np.floor(low + (high - low + 1) * shares), low, high)


class LogUniform(NumericDistribution):
    """The logarithm is uniform: a doubling is as likely anywhere between the bounds."""

    kind: Literal["loguniform"] = "loguniform"
    low: float = Field(gt=0)
    """Lower bound."""
    high: float
    """Upper bound."""

    @model_validator(mode="after")
    def _in_order(self) -> LogUniform:
        _refuse_unless(self.low < self.high, "low must be less than high")
        return self

    def quantiles(self, shares: Floats) -> Floats:
        """Quantiles, shape (N,)."""
        return np.asarray(scipy.stats.loguniform(self.low, self.high).ppf(shares))


class Normal(NumericDistribution):
    """A normal distribution, cut off at bounds where they are given."""

    kind: Literal["normal"] = "normal"
    mean: float = Field(gt=-1e300, lt=1e300)
    """Mean before it is cut off."""
    standard_deviation: float = Field(gt=0, lt=1e300)
    """Standard deviation before it is cut off."""
    low: float | None = None
    """Least value; default: none."""
    high: float | None = None
    """Highest value; default: none."""

    @model_validator(mode="after")
    def _in_order(self) -> Normal:
        if self.low is not None and self.high is not None:
            _refuse_unless(self.low < self.high, "low must be less than high")
        lowest, highest = self._bounds
        within = float(scipy.stats.norm.cdf(highest) - scipy.stats.norm.cdf(lowest))
        _refuse_unless(within > 1e-6, "low and high leave nothing of the distribution")
        return self

    @property
    def _bounds(self) -> tuple[float, float]:
        """Bounds in standard deviations from the mean."""
        low = -np.inf if self.low is None else (self.low - self.mean) / self.standard_deviation
        high = np.inf if self.high is None else (self.high - self.mean) / self.standard_deviation
        return float(low), float(high)

    def quantiles(self, shares: Floats) -> Floats:
        """Quantiles, shape (N,)."""
        low, high = self._bounds
        return np.asarray(scipy.stats.truncnorm(low, high, loc=self.mean, scale=self.standard_deviation).ppf(shares))


class Triangular(NumericDistribution):
    """Likeliest at its mode, and falling linearly to both bounds."""

    kind: Literal["triangular"] = "triangular"
    low: float
    """Lower bound."""
    mode: float
    """Likeliest value."""
    high: float
    """Upper bound."""

    @model_validator(mode="after")
    def _in_order(self) -> Triangular:
        in_order = self.low <= self.mode <= self.high and self.low < self.high
        _refuse_unless(in_order, "needs low <= mode <= high, and low less than high")
        _refuse_unless(self.high - self.low < LARGEST, "low and high are too far apart")
        return self

    def quantiles(self, shares: Floats) -> Floats:
        """Quantiles, shape (N,)."""
        width = self.high - self.low
        return np.asarray(scipy.stats.triang((self.mode - self.low) / width, loc=self.low, scale=width).ppf(shares))


class Choice(Distribution):
    """One of several values, which may be of any type."""

    numeric: ClassVar[bool] = False
    kind: Literal["choice"] = "choice"
    values: Levels
    """The values: a list, or a mapping of labels to values."""
    weights: tuple[float, ...] | None = None
    """How likely each is, in any scale; default: all equally."""

    @model_validator(mode="after")
    def _weighted(self) -> Choice:
        _refuse_unless(len(self.values) > 0, "needs at least one value")
        if self.weights is not None:
            _refuse_unless(len(self.weights) == len(self.values), "needs as many weights as values")
            right = all(weight >= 0 for weight in self.weights) and sum(self.weights) > 0
            _refuse_unless(right, "weights must be at least 0, and not all of them 0")
        return self

    def drawn(self, shares: Floats) -> list[Any]:
        """Places of the values drawn, shape (N,): whole numbers from 0."""
        weights = np.ones(len(self.values)) if self.weights is None else np.asarray(self.weights)
        bounds = np.cumsum(weights / weights.sum())
        return [int(place) for place in np.minimum(np.searchsorted(bounds, shares, side="right"), len(bounds) - 1)]


AnyDistribution = Annotated[Uniform | LogUniform | Normal | Triangular | Choice, Field(discriminator="kind")]


def _refuse_unless(holds: bool, rule: LiteralString) -> None:
    if not holds:
        raise PydanticCustomError("distribution", rule)
