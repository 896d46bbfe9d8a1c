"""The presets against measured hours of 2023, which are not part of the project; and the score card made of them."""

from __future__ import annotations

import csv

import pytest

from benchmarks.upstream_presets import BEGIN, END, PAGE, SCORES, ZONES, Row, rows
from tests.places import SHARED_DATA

ABSENT = "the measured hours of 2023 are not part of the project"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not SHARED_DATA.is_dir(), reason=ABSENT)]


@pytest.fixture(scope="module")
def found() -> dict[tuple[str, str, str, str], Row]:
    return {(row.preset, row.quantity, row.weather, row.months): row for row in rows()}


@pytest.mark.parametrize(("preset", "least"), [("germany", 0.80), ("japan", 0.80), ("california", 0.80)])
def test_intensity_agrees_in_months_that_no_parameter_was_set_by(found, preset: str, least: float):
    score = found[preset, "intensity", "own", "held out"].score
    assert score.r >= least
    assert abs(score.bias) <= (35 if preset == "japan" else 25)  # its level is the country's, the hours are Tokyo's
    assert score.sd_within_day == pytest.approx(score.sd_within_day_measured, rel=0.15)


def test_german_price_agrees_in_months_that_no_parameter_was_set_by(found):
    score = found["germany", "price", "own", "held out"].score
    assert score.r >= 0.70
    assert abs(score.bias) <= 15
    assert score.sd_within_day == pytest.approx(score.sd_within_day_measured, rel=0.15)
    assert score.at_or_below_zero == pytest.approx(score.at_or_below_zero_measured, rel=0.30)


def test_default_weather_gives_germany_the_level_and_the_spread_of_2023(found):
    score = found["germany", "intensity", "default", "held out"].score
    assert abs(score.bias) <= 25
    assert score.sd_within_day == pytest.approx(score.sd_within_day_measured, rel=0.30)


def test_the_score_card_is_what_the_benchmark_finds(found):
    with SCORES.open(encoding="utf-8", newline="") as file:
        written = {(row["preset"], row["quantity"], row["weather"], row["months"]): row for row in csv.DictReader(file)}
    assert written.keys() == found.keys()
    for key, row in found.items():
        assert float(written[key]["r"]) == pytest.approx(row.score.r, abs=0.011)
        assert float(written[key]["bias"]) == pytest.approx(row.score.bias, abs=0.11)
    table = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    assert {line.split("|")[1].strip() for line in table.splitlines()[3:] if line} == set(ZONES)
