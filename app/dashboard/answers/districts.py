"""A sentence on districts: which is dirtiest at an hour of the day, and where its power comes from then."""

from __future__ import annotations

import datetime as dt

import polars as pl

from app.dashboard.answers.words import joined, moment_words
from app.dashboard.cards import Place, Sentence
from app.dashboard.grid_map.reasons import Reason, reason_of
from app.dashboard.text import figure
from app.dashboard.view import View
from app.studies.answers.districts import districts_at

EVENING = 19
"""Local hour that planners ask about: the evening peak."""
_MOST_NAMED = 3


def district_sentence(view: View, hour: int = EVENING) -> Sentence | None:
    """Which district's power is dirtiest at a local hour of all days, and why; None with fewer than two districts."""
    found = [(one.name, one.ci_kg_per_mwh) for one in districts_at(view.result, hour, view.zone)]
    moment = dirtiest_moment(view, hour)
    if len(found) < 2 or moment is None:
        return None
    (zone, most), (last, least) = found[0], found[-1]
    alike = [name for name, value in found[1:] if figure(value, 0) == figure(most, 0)]
    asked = view.link("/grid", at=moment, layer="carbon", select=f"zone:{zone}")
    reason = reason_of(view.result, zone, moment.timestamp() * 1000)
    told = (
        f" with {figure(most, 0)} g/kWh over all days{_as_much(alike)}, the cleanest {last} with "
        f"{figure(least, 0)} g/kWh. On "
    )
    parts = (
        f"At {hour:02d}:00 the dirtiest district is ", Place(zone, asked),
        told,
        Place(moment_words(moment, view.zone), asked), f" {_because(reason)}.",
    )  # fmt: skip
    return Sentence(parts, key="dirtiest-district")


def _as_much(names: list[str]) -> str:
    """Districts that are as dirty in the digits shown."""
    if len(names) > _MOST_NAMED:
        return f" (as {len(names)} others)"
    return f" (as {joined(names)})" if names else ""


def dirtiest_moment(view: View, hour: int) -> dt.datetime | None:
    """Beginning of the step in which the city's power is dirtiest at a local hour, UTC; None if there is none."""
    at = pl.col("time").dt.convert_time_zone(view.zone)
    rows = (
        view.result.table("city").filter(at.dt.hour() == hour, pl.col("ci_kg_per_mwh").is_not_null())
        .sort("ci_kg_per_mwh", "time", descending=[True, False]).select("time").head(1).collect()
    )  # fmt: skip
    return None if rows.is_empty() else rows["time"][0]


def _because(reason: Reason) -> str:
    """Where a district's power comes from, in words that end a sentence."""
    share = "" if reason.renewable_share is None else f"{figure(100 * reason.renewable_share, 0)} % of it is renewable"
    if not reason.inflows:
        return f"no power reaches it from elsewhere{f'; {share}' if share else ''}"
    first, arriving = reason.inflows[0], sum(one.p_mw for one in reason.inflows)
    part = "all" if len(reason.inflows) == 1 else f"{figure(100 * first.p_mw / arriving, 0)} %"
    intensity = "" if first.ci_kg_per_mwh is None else f" at {figure(first.ci_kg_per_mwh, 0)} g/kWh"
    fed_in = -sum(p_mw for _, p_mw, _ in reason.devices if p_mw < 0)
    own = f"its own devices feed in {figure(fed_in, 2)} MW" if fed_in > 0 else "nothing in it feeds in"
    told = (
        f"{part} of the {figure(arriving, 2)} MW that reach it come from {first.origin} by {first.through}{intensity}"
    )
    return "; ".join(filter(None, (told, own, share)))
