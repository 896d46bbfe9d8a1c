"""How well the shipped regions agree with measured hours; made by ``python -m benchmarks.upstream_presets``."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from carbon.upstream.market.region import REFERENCE

_SCORES = Path(__file__).parents[1] / "regions" / "scores.csv"


@dataclass(frozen=True)
class PresetScore:
    """Agreement of a shipped region with the measured hours of 2023.

    Args:
        preset: Name of the region.
        quantity: Average intensity [kg/MWh] or day-ahead price [currency/MWh].
        weather: The region's own weather of 2023, or the default weather, that of Potsdam in another year.
        months: ``fit`` for the months by which parameters were set, ``held out`` for the others, or ``all``.
        hours: Hours compared.
        r: Coefficient of correlation.
        bias: Mean of simulated less measured, in the unit of the quantity.
        sd_within_day: Standard deviation of the simulated hours from the mean of their day, in that unit.
        sd_within_day_measured: That of the measured hours.
    """

    preset: str
    quantity: Literal["intensity", "price"]
    weather: Literal["own", "default"]
    months: Literal["fit", "held out", "all"]
    hours: int
    r: float
    bias: float
    sd_within_day: float
    sd_within_day_measured: float


@cache
def preset_scores() -> tuple[PresetScore, ...]:
    """All scores, in the order of the file."""
    with _SCORES.open(encoding="utf-8", newline="") as file:
        return tuple(
            PresetScore(
                preset=row["preset"],
                quantity="price" if row["quantity"] == "price" else "intensity",
                weather="own" if row["weather"] == "own" else "default",
                months="fit" if row["months"] == "fit" else "held out" if row["months"] == "held out" else "all",
                hours=int(row["hours"]),
                r=float(row["r"]),
                bias=float(row["bias"]),
                sd_within_day=float(row["sd_within_day"]),
                sd_within_day_measured=float(row["sd_within_day_measured"]),
            )
            for row in csv.DictReader(file)
        )


def score_of(
    name: str, *, weather: Literal["own", "default"], quantity: Literal["intensity", "price"] = "intensity"
) -> PresetScore | None:
    """The score of a shipped region in months that no parameter was set by; None where no hours were measured."""
    preset = REFERENCE if name == "reference" else name
    found = (score for score in preset_scores() if (score.preset, score.weather) == (preset, weather))
    return next((score for score in found if score.quantity == quantity and score.months != "fit"), None)


def score_sentence(name: str, *, own_weather: bool) -> str:
    """What a reader of a marginal figure should know of the hours of a region.

    Args:
        name: Of a shipped region, or the path of one of your own.
        own_weather: Whether the region was given weather of its own.
    """
    score = score_of(name, weather="own" if own_weather else "default")
    if score is None:
        return "The hours of this region were not compared with measured ones: what shifting saves is the model's word."
    with_weather = "its own weather of that year" if own_weather else "the default weather, Potsdam's, of another year"
    return (
        f"Against the measured hours of 2023, with {with_weather}: correlation of the intensity {score.r:.2f}, "
        f"bias {score.bias:+.0f} g/kWh, spread within a day {score.sd_within_day:.0f} instead of "
        f"{score.sd_within_day_measured:.0f} g/kWh (docs/upstream_presets.md)."
    )
