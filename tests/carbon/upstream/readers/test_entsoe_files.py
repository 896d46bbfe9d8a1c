from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from carbon.factors import load_factor_set
from carbon.upstream import upstream_from_csv
from grid.errors import InputError
from grid.time.clock import Clock

HOUR = timedelta(hours=1)
START = datetime(2026, 2, 1, tzinfo=UTC)
FOUR = Clock(START, HOUR, 4)
GENERATION = (
    "DateTime(UTC)\tResolutionCode\tAreaCode\tAreaDisplayName\tAreaTypeCode\tAreaMapCode\tProductionType"
    "\tActualGenerationOutput[MW]\tActualConsumption[MW]\tUpdateTime(UTC)"
)
LOAD = (
    "DateTime(UTC)\tResolutionCode\tAreaCode\tAreaDisplayName\tAreaTypeCode\tAreaMapCode\tTotalLoad[MW]"
    "\tUpdateTime(UTC)"
)
PRICES = (
    "InstanceCode\tDateTime(UTC)\tResolutionCode\tAreaCode\tAreaDisplayName\tAreaTypeCode\tMapCode\tContractType"
    "\tSequence\tPrice[Currency/MWh]\tCurrency\tUpdateTime(UTC)"
)
AUSTRIA = "10YAT-APG------L\tAustria (AT)\tBZN/CTA/CTY\tAT"
GERMANY = "10Y1001A1001A82H\tDE-LU\tBZN\tDE_LU"
UPDATED = "2026-02-05 10:48:37"


def time(hour: float) -> str:
    return f"{START + hour * HOUR:%Y-%m-%d %H:%M:%S}"


def generation_row(
    hour: float, kind: str, p_mw: float | str, taken: str = "", area: str = AUSTRIA, code: str = "PT60M"
):
    return f"{time(hour)}\t{code}\t{area}\t{kind}\t{p_mw}\t{taken}\t{UPDATED}"


def price_row(hour: float, price: float, contract: str = "Day-ahead\t1", area: str = AUSTRIA, currency: str = "EUR"):
    return f"ab12\t{time(hour)}\tPT60M\t{area}\t{contract}\t{price}\t{currency}\t{UPDATED}"


def generation_rows(area: str = AUSTRIA, water_mw: float = 300.0) -> list[str]:
    """4 h of a zone: 300 MW of hydropower, 100 MW of gas, 50 MW of pumped storage that takes 20 MW."""
    return [
        row
        for hour in range(4)
        for row in (
            generation_row(hour, "Hydro Run-of-river and poundage", water_mw, "0.0", area),
            generation_row(hour, "Fossil Gas", 100.0, "", area),
            generation_row(hour, "Hydro Pumped Storage", 50.0, "20.0", area),
        )
    ]


def write(path: Path, header: str, rows: list[str]) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def library(folder: Path, *, load: bool = False) -> Path:
    """A folder as it is downloaded: two zones, a file each of generation, prices and, if wanted, load."""
    rows = generation_rows() + generation_rows(GERMANY, water_mw=10.0)
    write(folder / "2026_02_AggregatedGenerationPerType_16.1.B_C_r3.csv", GENERATION, rows)
    prices = [price_row(hour, 10.0 * hour, area=area) for hour in range(4) for area in (AUSTRIA, GERMANY)]
    prices += [price_row(0, 999.0, "Intraday\t1"), price_row(0, 888.0, "Day-ahead\t2")]
    write(folder / "2026_02_EnergyPrices_12.1.D_r3.csv", PRICES, prices)
    if load:
        rows = [f"{time(hour)}\tPT60M\t{AUSTRIA}\t{500 + 100 * (hour == 3)}\t{UPDATED}" for hour in range(4)]
        write(folder / "2026_02_ActualTotalLoad_6.1.A_r3.csv", LOAD, rows)
    return folder


def refused(path: Path, clock: Clock = FOUR, **options) -> str:
    with pytest.raises(InputError) as caught:
        upstream_from_csv(path, clock, **options)
    return str(caught.value)


def test_a_folder_as_it_is_downloaded(tmp_path: Path):
    upstream = upstream_from_csv(library(tmp_path), FOUR, area="AT")
    gas = load_factor_set().value("gas")
    assert upstream.ci_kg_per_mwh == pytest.approx([gas / 4] * 4)
    assert upstream.renewable_share == pytest.approx(0.75)
    assert upstream.price_per_mwh == pytest.approx([0, 10, 20, 30])
    assert set(upstream.technologies) == {"hydro", "gas"}
    assert upstream.missing_hours == 0


@pytest.mark.parametrize("area", ["AT", "10YAT-APG------L", "Austria (AT)"])
def test_an_area_is_known_by_map_code_code_and_name(tmp_path: Path, area: str):
    assert upstream_from_csv(library(tmp_path), FOUR, area=area).renewable_share == pytest.approx(0.75)


def test_prices_in_another_currency_than_the_scenarios_are_told(tmp_path: Path):
    prices = [price_row(hour, 10.0 * hour, currency="PLN") for hour in range(4)]
    write(library(tmp_path) / "2026_02_EnergyPrices_12.1.D_r3.csv", PRICES, prices)
    report = upstream_from_csv(tmp_path, FOUR, area="AT", currency="EUR").report
    assert report is not None
    assert any("prices of the file are in PLN" in line for line in report.mended)


def test_load_beyond_generation_is_an_import_of_unknown_origin(tmp_path: Path):
    upstream = upstream_from_csv(library(tmp_path, load=True), FOUR, area="AT")
    unknown_mw = upstream.p_mw[:, upstream.technologies.index("unknown")]
    # load 500 and pumping 20 less generation 450, discharge included
    assert unknown_mw == pytest.approx([70, 70, 70, 170])
    factors = load_factor_set()
    expected = (100 * factors.value("gas") + 70 * factors.value("unknown")) / 470
    assert upstream.ci_kg_per_mwh[0] == pytest.approx(expected)


def test_one_file_needs_prices(tmp_path: Path):
    path = write(tmp_path / "generation.csv", GENERATION, generation_rows())
    assert "has no prices here, so put the files of EnergyPrices beside it" in refused(path)
    assert upstream_from_csv(path, FOUR, price_per_mwh=70.0).price_per_mwh == pytest.approx(70.0)


def test_files_of_before_2024_have_three_kinds_of_area_and_no_units(tmp_path: Path):
    header = (
        "DateTime\tResolutionCode\tAreaCode\tAreaTypeCode\tAreaName\tMapCode\tProductionType\tActualGenerationOutput"
        "\tActualConsumption\tUpdateTime"
    )
    rows = [
        f"{time(hour)}.000\tPT60M\t{code}\t{kind}\tAustria {kind}\tAT\t{name}\t{p_mw}\t\t2021-02-05 10:48:37"
        for hour in range(4)
        for code, kind, factor in (("1", "CTY", 2), ("2", "BZN", 1), ("3", "CTA", 3))
        for name, p_mw in (("Solar", 100), ("Fossil Hard coal", 100 * factor))
    ]
    write(tmp_path / "2021_02_AggregatedGenerationPerType_16.1.B_C.csv", header, rows)
    header = "DateTime\tResolutionCode\tAreaCode\tAreaTypeCode\tAreaName\tMapCode\tPrice\tCurrency\tUpdateTime"
    rows = [f"{time(hour)}.000\tPT60M\t2\tBZN\tAustria BZN\tAT\t{hour}\tEUR\t2021-01-01 00:00:00" for hour in range(4)]
    write(tmp_path / "2021_02_DayAheadPrices_12.1.D.csv", header, rows)
    upstream = upstream_from_csv(tmp_path, FOUR)
    assert upstream.renewable_share == pytest.approx(0.5)  # of the bidding zone
    assert upstream.price_per_mwh == pytest.approx(np.arange(4.0))


def test_quarters_and_hours_stand_side_by_side(tmp_path: Path):
    rows = [generation_row(hour, "Solar", 100) for hour in range(4)]
    rows += [generation_row(q / 4, "Fossil Gas", 100 * (q % 4), code="PT15M") for q in range(16)]
    path = write(tmp_path / "generation.csv", GENERATION, rows)
    upstream = upstream_from_csv(path, Clock(START, HOUR / 4, 16), price_per_mwh=1.0)
    assert upstream.renewable_share == pytest.approx(np.tile([1, 1 / 2, 1 / 3, 1 / 4], 4))
    hourly = upstream_from_csv(path, FOUR, price_per_mwh=1.0)
    assert hourly.p_mw.sum(axis=1) == pytest.approx([250.0] * 4)


def test_of_a_value_published_twice_the_last_counts(tmp_path: Path):
    late = generation_row(1, "Fossil Gas", 300.0).replace(UPDATED, "2026-03-01 00:00:00")
    path = write(tmp_path / "generation.csv", GENERATION, [late, *generation_rows()])
    upstream = upstream_from_csv(path, FOUR, price_per_mwh=1.0)
    assert upstream.p_mw[:, upstream.technologies.index("gas")] == pytest.approx([100, 300, 100, 100])


def test_hours_that_were_not_published_are_filled_and_counted(tmp_path: Path):
    rows = [row for row in generation_rows() if not row.startswith(time(2))]
    rows += [generation_row(hour, kind, p_mw) for hour in (4, 5) for kind, p_mw in
             (("Hydro Run-of-river and poundage", 300.0), ("Fossil Gas", 100.0))]  # fmt: skip
    path = write(tmp_path / "generation.csv", GENERATION, rows)
    upstream = upstream_from_csv(path, Clock(START, HOUR, 6), price_per_mwh=1.0)
    assert upstream.missing_hours == 1
    assert upstream.ci_kg_per_mwh[2] == pytest.approx(upstream.ci_kg_per_mwh[1])


def test_a_run_of_which_a_quarter_would_be_invented_is_refused(tmp_path: Path):
    rows = [row for row in generation_rows() if not row.startswith(time(2))]
    message = refused(write(tmp_path / "generation.csv", GENERATION, rows), price_per_mwh=1.0)
    assert "must have values in 80% of the run; what would have to be filled in is; got '25%'" in message


def test_solar_power_that_is_not_published_by_night_is_none(tmp_path: Path):
    clock = Clock(START, HOUR, 72)
    rows = [generation_row(hour, "Fossil Gas", 8000.0) for hour in range(72)]
    rows += [
        generation_row(hour, "Solar", 1000.0 * min(hour % 24 - 6, 17 - hour % 24))
        for hour in range(72)
        if 7 <= hour % 24 < 17
    ]
    path = write(tmp_path / "generation.csv", GENERATION, rows)
    upstream = upstream_from_csv(path, clock, price_per_mwh=1.0)
    solar = upstream.p_mw[:, upstream.technologies.index("solar")].reshape(3, 24)
    assert not solar[:, :7].any()
    assert not solar[:, 17:].any()
    assert solar[:, 7:17].min() == 1000.0
    assert solar.max() == 5000.0
    assert upstream.missing_hours == 0


def test_a_long_gap_is_named_by_its_time(tmp_path: Path):
    rows = [generation_row(hour, "Solar", 1.0) for hour in (*range(10), *range(300, 310))]
    message = refused(write(tmp_path / "generation.csv", GENERATION, rows), Clock(START, HOUR, 310), price_per_mwh=1.0)
    assert "2026-02-01T10:00 UTC: must have no gap of more than 168 hours; here begins one of hours; got 290" in message


def test_several_areas_are_refused_without_a_choice(tmp_path: Path):
    path = library(tmp_path)
    assert "area: holds 2 areas; name one of them as the area" in refused(path)
    assert "AT, DE_LU" in refused(path)
    assert "no such area" in refused(path, area="Atlantis")
    assert "did you mean 'DE_LU'" in refused(path, area="DE_L")


def test_faults_have_file_and_row_all_at_once(tmp_path: Path):
    rows = generation_rows()
    rows[1] = generation_row(0, "Fossil Gas", "plenty")
    rows[3] = rows[3].replace(time(1), "yesterday")
    rows[5] = rows[5].replace("PT60M", "P1D")
    write(tmp_path / "generation.csv", GENERATION, rows)
    write(tmp_path / "prices.csv", PRICES, [price_row(0, 1.0), price_row(1, 1.0, currency="CHF")])
    message = refused(tmp_path)
    assert "generation.csv, value: must be a number, or empty; not so in rows; got [3]" in message
    assert "generation.csv, time: must be times such as 2026-02-01 00:00:00; not so in rows; got [5]" in message
    assert "generation.csv, resolution: must be PT15M, PT30M or PT60M; not so in rows; got [7]" in message
    assert "Currency: must be one for all prices; got 'CHF, EUR'" in message


def test_files_that_are_none_of_the_library_are_named(tmp_path: Path):
    assert "must hold files of ENTSO-E's File Library" in refused(tmp_path)
    path = write(tmp_path / "units.csv", GENERATION.replace("ProductionType", "GenerationUnitType"), generation_rows())
    assert "ProductionType: is a required column" in refused(path)
    other = tmp_path / "other"
    other.mkdir()
    write(other / "mine.csv", "time_utc,ci_kg_per_mwh", ["2026-02-01T00:00Z,3"])
    message = refused(other)
    assert "other has 1 problem" in message  # not one for each column that it lacks
    assert "is no file of ENTSO-E's File Library" in message
    assert "['time_utc', 'ci_kg_per_mwh']" in message
    (other / "mine.csv").unlink()
    header = GENERATION.replace("ActualGenerationOutput", "Generation").replace("ResolutionCode", "Resolution")
    write(other / "near.csv", header, generation_rows())
    message = refused(other)
    assert "ResolutionCode: is a required column" in message
    assert "values: needs a column that begins with ActualGenerationOutput, TotalLoad, Price" in message
