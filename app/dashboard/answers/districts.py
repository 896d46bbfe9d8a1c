"""A sentence on districts: which is dirtiest at an hour of the day, and where its power comes from then."""

from __future__ import annotations

import datetime as dt

import polars as pl

from app.dashboard.answers.words import joined, moment_words, told
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
    parts = told(
        view, "At {hour}:00 the dirtiest district is {district} with {most} g/kWh over all days{alike}, the cleanest "
        "{last} with {least} g/kWh. On {time} {because}.", hour=f"{hour:02d}", district=Place(zone, asked),
        most=figure(most, 0), alike=_as_much(view, alike), last=last, least=figure(least, 0),
        time=Place(moment_words(view, moment), asked), because=_because(view, reason),
    )  # fmt: skip
    return Sentence(tuple(parts), key="dirtiest-district")


def _as_much(view: View, names: list[str]) -> str:
    """Districts that are as dirty in the digits shown."""
    if len(names) > _MOST_NAMED:
        return view.say(" (as {n} others)", n=len(names))
    return view.say(" (as {names})", names=joined(view, names)) if names else ""


def dirtiest_moment(view: View, hour: int) -> dt.datetime | None:
    """Beginning of the step in which the city's power is dirtiest at a local hour, UTC; None if there is none."""
    at = pl.col("time").dt.convert_time_zone(view.zone)
    rows = (
        view.result.table("city").filter(at.dt.hour() == hour, pl.col("ci_kg_per_mwh").is_not_null())
        .sort("ci_kg_per_mwh", "time", descending=[True, False]).select("time").head(1).collect()
    )  # fmt: skip
    return None if rows.is_empty() else rows["time"][0]


def _because(view: View, reason: Reason) -> str:
    """Where a district's power comes from, in words that end a sentence."""
    renewable = reason.renewable_share
    share = "" if renewable is None else view.say("{share} % of it is renewable", share=figure(100 * renewable, 0))
    if not reason.inflows:
        return view.say("; ").join(filter(None, (view.say("no power reaches it from elsewhere"), share)))
    first, arriving = reason.inflows[0], sum(one.p_mw for one in reason.inflows)
    intensity = "" if first.ci_kg_per_mwh is None else view.say(" at {ci} g/kWh", ci=figure(first.ci_kg_per_mwh, 0))
    from_where = {"power": figure(arriving, 2), "origin": first.origin, "through": first.through, "at": intensity}
    if len(reason.inflows) == 1:
        most = view.say("all of the {power} MW that reach it come from {origin} by {through}{at}", **from_where)
    else:
        part = figure(100 * first.p_mw / arriving, 0)
        most = view.say("{part} % of the {power} MW that reach it come from {origin} by {through}{at}", part=part,
                        **from_where)  # fmt: skip
    fed_in = -sum(p_mw for _, p_mw, _ in reason.devices if p_mw < 0)
    own = view.say("nothing in it feeds in")
    if fed_in > 0:
        own = view.say("its own devices feed in {power} MW", power=figure(fed_in, 2))
    return view.say("; ").join(filter(None, (most, own, share)))
