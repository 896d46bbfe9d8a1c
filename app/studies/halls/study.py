"""All that is asked of one data centre of a result: its year, the rules, other designs, other places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from app.results.folder import Result
from app.studies.halls.buses import at_buses
from app.studies.halls.site import HallYear, hall_year, under_weather
from app.studies.halls.verdicts import Verdict, verdicts
from carbon.data_centre.facility import Facility
from carbon.data_centre.spec import DataCentre
from carbon.data_centre.studies import (
    DesignYear,
    RetrofitStep,
    Siting,
    best_order,
    combinations,
    compare_sites,
    design_years,
    facility_at,
    one_at_a_time,
)
from grid.units import HOURS_PER_DAY, KWH_PER_MWH
from grid.weather.files import SHIPPED

Progress = Callable[[str, float], None]


@dataclass(frozen=True, eq=False)
class HallStudy:
    """One data centre over a year, and what it could be instead.

    Args:
        spec: The data centre.
        year: Where and when.
        months: A row a month of that year: `month`, `pue`, `wue_l_per_kwh`, `cue_kg_per_kwh`.
        years: The data centre as it is, then combinations of changes, the cheapest first.
        verdicts: The rules.
        alone: Each change alone, those that lower the PUE most first.
        order: Changes one after the other, each time the one that saves most for its money.
        weathers: The same hall under other weather.
        buses: The same hall at other buses, see `at_buses`.
    """

    spec: DataCentre
    year: HallYear
    months: pl.DataFrame
    years: tuple[DesignYear, ...]
    verdicts: tuple[Verdict, ...]
    alone: tuple[RetrofitStep, ...]
    order: tuple[RetrofitStep, ...]
    weathers: Siting
    buses: pl.DataFrame

    @property
    def now(self) -> DesignYear:
        """The data centre as it is."""
        return self.years[0]


def study_hall(result: Result, spec: DataCentre, tell: Progress = lambda _words, _share: None) -> HallStudy:
    """Everything about one data centre.

    Args:
        result: The result, which gives the weather, the imports and the intensities at its buses.
        spec: The data centre, or one that the result does not have.
        tell: Told what is being done, and the share that is done; what it raises ends the study.

    Raises:
        InputError: If a file that the scenario refers to cannot be read.
    """
    tell("the year's weather and imports", 0.0)
    year = hall_year(result)
    designs = combinations(spec)
    years = design_years(designs, year.site, lambda share: tell("designs over the year", 0.1 + 0.6 * share))
    tell("rules", 0.7)
    summary, of_run = result.summary, dict(result.manifest.get("data_centre_metrics") or {}).get(spec.name, {})
    days = (summary.get("steps") or 0) * (summary.get("step_hours") or 0.0) / HOURS_PER_DAY
    judged = verdicts(spec, year.site, years, of_run, days)
    tell("retrofit", 0.75)
    alone, order = one_at_a_time(spec, year.site), best_order(spec, year.site)
    tell("other places", 0.85)
    others = [under_weather(result, year.site, name) for name in sorted(SHIPPED) if name != year.weather]
    return HallStudy(
        spec=spec,
        year=year,
        months=months(facility_at(spec, year.site), year),
        years=years,
        verdicts=judged,
        alone=alone,
        order=order,
        weathers=compare_sites(spec, [year.site, *others]),
        buses=at_buses(result, power_of(result, spec)),
    )


def months(facility: Facility, year: HallYear) -> pl.DataFrame:
    """PUE, WUE and CUE of each calendar month in local time, as ratios of sums.

    Args:
        facility: The facility over the hours of a year.
        year: Where and when.
    """
    site = year.site
    frame = pl.DataFrame(
        {
            "month": site.clock.pandas_index().tz_convert(site.time_zone).month.to_numpy(),
            "it": facility.p_it_mw,
            "total": facility.p_total_mw,
            "water_l": facility.water_l,
            "kg": facility.p_total_mw * site.ci_kg_per_mwh * facility.step_hours,
        }
    )
    it_kwh = pl.col("it").sum() * facility.step_hours * KWH_PER_MWH
    return (
        frame.group_by("month")
        .agg(
            pue=pl.col("total").sum() / pl.col("it").sum(),
            wue_l_per_kwh=pl.col("water_l").sum() / it_kwh,
            cue_kg_per_kwh=pl.col("kg").sum() / it_kwh,
        )
        .sort("month")
    )


def power_of(result: Result, spec: DataCentre) -> pl.DataFrame:
    """Power of a data centre at the meter in each step of the run; flat where the result does not have it."""
    centres = result.table("data_centres").with_columns(pl.col("name").cast(pl.String))
    own = centres.filter(pl.col("name") == spec.name).select("time", pl.col("p_total_mw").alias("p_mw")).collect()
    if not own.is_empty():
        return own
    flat = pl.lit(spec.p_it_rated_mw).alias("p_mw")
    return result.table("city").select("time", flat).collect()
