"""Districts at an hour of the day: as the map ranks them, and by hand."""

from __future__ import annotations

import polars as pl
import pytest

from app.dashboard.grid_map.districts import over_period
from app.results.folder import Result
from app.studies.answers.districts import districts_at

ZONE = "Europe/Berlin"


@pytest.mark.parametrize("hour", [3, 12, 19])
def test_they_are_ranked_as_on_the_map(three_results: dict[str, Result], results: dict[str, Result], hour: int) -> None:
    for result in (three_results["v2g"], results["optimal"]):
        rows = [row for row in over_period(result, "carbon", hour) if row["value"] is not None and row["mwh"] > 0]
        known = {row["zone"]: (row["value"], row["mwh"]) for row in rows}
        found = districts_at(result, hour, ZONE)
        assert {one.name for one in found} == set(known)
        for one in found:
            assert (one.ci_kg_per_mwh, one.drawn_mwh) == pytest.approx(known[one.name], rel=1e-5)
        intensities = [one.ci_kg_per_mwh for one in found]
        assert intensities == sorted(intensities, reverse=True)


def test_a_district_at_the_end_of_one_line_draws_what_the_line_brings(three_results: dict[str, Result]) -> None:
    result = three_results["unmanaged"]
    (campus,) = [one for one in districts_at(result, 19, ZONE) if one.name == "Campus"]
    evening = pl.col("time").dt.convert_time_zone(ZONE).dt.hour() == 19
    rows = result.table("branches").filter(evening, pl.col("branch") == "Campus feeder").collect()
    lost = result.table("branches").filter(evening, pl.col("branch") == "Campus line 1").collect()
    arrived = -rows["p_to_mw"].to_numpy().sum()
    line_loss = (lost["p_from_mw"] + lost["p_to_mw"]).to_numpy().sum()
    assert campus.drawn_mwh == pytest.approx(arrived - line_loss)
