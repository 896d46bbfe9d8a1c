from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from plotly.graph_objects import Figure

from app.dashboard import cards
from app.dashboard.colours import OKABE_ITO, amount, colour_steps, difference, intensity, loading, renewable, voltage
from app.dashboard.figures import city, data_centres, element, ev
from app.dashboard.figures.chart import CONFIG
from app.dashboard.figures.conventions import origin_bars
from app.dashboard.figures.data_centre_year import origins as origins_of_centre
from app.dashboard.grid_map.layers import LAYERS
from app.dashboard.local_time import thinned
from app.dashboard.pages.emissions import totals_by_sector
from app.dashboard.text import change, figure, sector_name
from app.reports.losses import lost_mwh_of_lines
from app.results.columns import TABLES
from app.results.folder import Result
from tests.app.synthetic_results import DATA_CENTRE, FLEET, LIMITS, N_STEPS, STEP_HOURS

ZONE = "Europe/Berlin"


def luminance(colour: str) -> float:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# ---- words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "reference", "kind", "words", "direction"),
    [
        (88.0, 100.0, "relative", "12\u00a0% less than unmanaged", "down"),
        (101.5, 100.0, "relative", "1.5\u00a0% more than unmanaged", "up"),
        (100.001, 100.0, "relative", "as in unmanaged", "same"),
        (-90.0, -100.0, "relative", "10\u00a0% more than unmanaged", "up"),
        (0.0, 0.0, "relative", "as in unmanaged", "same"),
        (5.0, 0.0, "relative", "none in unmanaged", "up"),
        (0.42, 0.40, "points", "2.0 points above unmanaged", "up"),
        (3.0, 10.0, "count", "7 fewer than unmanaged", "down"),
        (None, 10.0, "relative", "", "none"),
        (1.0, None, "relative", "", "none"),
    ],
)
def test_changes_are_told_in_words(value, reference, kind, words, direction):
    told = change(value, reference, "unmanaged", kind, 0)
    assert (told.words, told.direction) == (words, direction)


def test_figures_have_thin_spaces_and_a_true_minus():
    assert figure(1234567.891, 1) == "1\u202f234\u202f567.9"
    assert figure(-2.0, 1) == "\u22122.0"
    assert figure(-0.001, 1) == "0.0"
    assert figure(None, 1) == figure(float("nan"), 1) == "—"


def test_gpc_codes_get_plain_names():
    assert sector_name("I.1.2") == "Homes (I.1.2)"
    assert sector_name("II.1.3") == "Road transport, grid losses (II.1.3)"
    assert sector_name("X.9") == "X.9"


# ---- colours --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("palette", [intensity, amount, lambda t: loading(t, 9), lambda t: renewable(t, 10)])
def test_sequential_palettes_are_monotone_in_lightness_and_stronger_means_more(palette, theme):
    steps = np.diff([luminance(colour) for colour in palette(theme)])
    assert (steps < 0).all() if theme == "light" else (steps > 0).all()


def test_voltage_diverges_from_a_neutral_middle():
    shades = [luminance(colour) for colour in voltage("light", 13)]
    assert np.argmax(shades) == 6
    assert voltage("light", 13)[0][5:7] > voltage("light", 13)[0][1:3]  # blue where low
    assert voltage("light", 13)[-1][1:3] > voltage("light", 13)[-1][5:7]  # orange where high


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_every_class_of_every_layer_has_its_colour(layer, theme):
    assert len(layer.palette(theme)) == len(layer.breaks) + 1
    assert list(layer.breaks) == sorted(layer.breaks)
    assert len(difference(theme, 13)) == len(layer.difference_breaks) + 1
    assert list(layer.difference_breaks) == [-border for border in reversed(layer.difference_breaks)]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("palette", [voltage, difference])
def test_no_colour_of_a_diverging_scale_is_the_grey_of_what_is_not_known(palette, theme):
    for colour in palette(theme, 13):
        channels = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
        assert max(channels) - min(channels) >= 12


def test_a_ramp_keeps_its_ends():
    assert colour_steps(["#000000", "#ffffff"], 3) == ("#000000", "#808080", "#ffffff")


# ---- time -----------------------------------------------------------------------------------------------------------


def test_thinning_keeps_means_and_shows_local_time():
    start = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
    times = pl.datetime_range(start, start + dt.timedelta(days=30), "15m", eager=True, closed="left")
    frame = pl.DataFrame({"time": times, "p_mw": np.arange(len(times), dtype=float)})
    thin, words = thinned(frame, ZONE, most=800)
    assert words == "hourly means"
    assert thin["time"][0] == dt.datetime(2030, 1, 1, 1)
    assert thin["p_mw"].mean() == pytest.approx(frame["p_mw"].mean())


def test_a_line_never_runs_backwards_when_the_clock_goes_back():
    start = dt.datetime(2030, 10, 26, 22, tzinfo=dt.UTC)
    times = pl.datetime_range(start, start + dt.timedelta(hours=8), "15m", eager=True)
    thin, _ = thinned(pl.DataFrame({"time": times, "p_mw": 1.0}), ZONE)
    assert thin["time"].is_sorted()
    assert thin["time"].is_unique().all()


# ---- figures --------------------------------------------------------------------------------------------------------


def test_the_stack_adds_up_to_what_the_city_takes(results: dict[str, Result]):
    frame = results["unmanaged"].table("city").collect()
    traces = {trace.name: np.array(trace.y, dtype=float) for trace in city.power_stack(frame, ZONE, "light").data}
    np.testing.assert_allclose(
        traces["Import"] + traces["Local generation"], traces["Consumption and losses"], rtol=1e-9
    )
    np.testing.assert_allclose(
        traces["From stores"] + traces["Into stores"], -frame["storage_mw"].to_numpy(), atol=1e-12
    )


def test_hourly_sectors_keep_all_emissions(results: dict[str, Result]):
    sectors = results["optimal"].table("sectors").collect()
    hourly = city.hourly_sectors(sectors, ZONE)
    days = N_STEPS * STEP_HOURS / 24
    assert hourly["emissions_kg"].sum() * days == pytest.approx(sectors["emissions_kg"].sum())
    assert set(hourly["hour"]) == set(range(24))


def test_losses_and_small_sectors_are_gathered():
    time = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
    kg = {"I.1.2": 600.0, "I.1.3": 10.0, "I.2.2": 389.0, "I.2.3": 0.5, "I.4.2": 0.4, "I.6.2": 0.1}
    sectors = pl.DataFrame(
        {"time": [time] * 6, "gpc_code": list(kg), "energy_mwh": 1.0, "emissions_kg": list(kg.values())}
    )
    hourly = city.hourly_sectors(sectors, "UTC")
    assert hourly["sector"].to_list() == [
        "Homes (I.1.2)",
        "Commerce and public buildings (I.2.2)",
        city.OTHERS,
        city.LOSSES,
    ]
    assert hourly["emissions_kg"].to_list() == pytest.approx([600, 389, 0.5, 10.5])


def test_the_heat_strip_shows_a_cell_for_each_sector_and_hour(results: dict[str, Result]):
    hourly = city.hourly_sectors(results["optimal"].table("sectors").collect(), ZONE)
    (heat,) = city.heat_strip(hourly, "dark").data
    assert np.array(heat.z).shape == (hourly["sector"].n_unique(), 24)
    assert heat.zmin == 0
    assert heat.zmax == city.common_top([hourly]) == 2000.0  # the round number above 1502.7
    (wider,) = city.heat_strip(hourly, "dark", 5000.0).data
    assert wider.zmax == 5000.0


@pytest.mark.parametrize(("most", "top"), [(0.0, 1.0), (1502.7, 2000.0), (2000.0, 2000.0), (0.031, 0.04), (6.1, 8.0)])
def test_one_scale_ends_at_a_round_number_above_all_cells(most: float, top: float):
    frames = [pl.DataFrame({"emissions_kg": [most, -5.0]}), pl.DataFrame({"emissions_kg": [most / 3]})]
    assert city.common_top(frames) == pytest.approx(top)
    assert city.common_top([]) == 1.0


def test_totals_by_sector_are_the_summary(results: dict[str, Result]):
    lost_mwh = lost_mwh_of_lines(results["optimal"])
    table = totals_by_sector(results["optimal"].table("sectors").collect(), lost_mwh)
    assert table["Emissions [t]"].sum() == pytest.approx(results["optimal"].summary["emissions_t"])
    assert table["Share [%]"].sum() == pytest.approx(100)
    energy_mwh = dict(table.select("Sector", "Energy [MWh]").iter_rows())
    lines = [line for line in lost_mwh if sector_name(line) in energy_mwh]
    assert lines
    for line in lines:
        assert energy_mwh[sector_name(line)] == pytest.approx(lost_mwh[line])
        assert lost_mwh[line] > 0


def test_the_fleet_charges_and_gives_back_what_the_summary_says(results: dict[str, Result]):
    result = results["optimal"]
    power = ev.fleet_power(result.table("assets"), [FLEET])
    charged = power["charging_mw"].sum() * STEP_HOURS
    assert charged == pytest.approx(result.summary["ev_energy_mwh"])
    assert power["v2g_mw"].sum() * STEP_HOURS == pytest.approx(result.summary["v2g_energy_mwh"])
    assert power["charging_kg_per_h"].sum() * STEP_HOURS / charged == pytest.approx(result.summary["ev_ci_g_per_kwh"])
    hourly = ev.hourly_intensity(power, ZONE)
    weighted = (hourly["ci_g_per_kwh"] * hourly["share"]).fill_nan(0).sum()
    assert weighted == pytest.approx(result.summary["ev_ci_g_per_kwh"])


def test_v2g_stands_below_zero_in_its_own_panel(results: dict[str, Result]):
    powers = {name: ev.fleet_power(result.table("assets"), [FLEET]) for name, result in results.items()}
    chart = ev.charging_power(powers, ZONE, "light")
    below = [trace for trace in chart.data if trace.name.startswith("V2G")]
    assert [trace.yaxis for trace in below] == ["y2"]  # only the optimal result gives back
    assert min(below[0].y) < 0 >= max(below[0].y)


def test_grams_per_kilometre_are_weighted_by_distance():
    sessions = pl.DataFrame({"driven_km": [10.0, 30.0, 0.0, None], "g_per_km": [100.0, 20.0, 500.0, 500.0]})
    assert ev.mean_g_per_km(sessions) == pytest.approx(40.0)
    assert ev.mean_g_per_km(sessions.clear()) is None


def test_the_histogram_counts_every_session(results: dict[str, Result]):
    chart = ev.per_kilometre({"optimal": results["optimal"].table("sessions").collect()}, "light")
    assert sum(chart.data[0].y) == pytest.approx(100)


def test_water_and_carbon_per_computing_agree_with_the_summary(results: dict[str, Result]):
    result = results["optimal"]
    centres = result.table("data_centres").collect()
    frame = data_centres.with_water_and_carbon(centres)
    weight = frame["p_it_mw"] / frame["p_it_mw"].sum()
    for column in ("wue_l_per_kwh", "cue_kg_per_kwh"):
        expected = result.summary[f"data_centres.{DATA_CENTRE}.{column}"]
        assert (frame[column] * weight).sum() == pytest.approx(expected)
    unknown = data_centres.with_water_and_carbon(centres.with_columns(ci_kg_per_mwh=pl.lit(None, pl.Float64)))
    assert unknown["cue_kg_per_kwh"].null_count() == len(unknown)


def test_the_pue_chart_marks_the_target_and_keeps_it_in_view(results: dict[str, Result]):
    chart = data_centres.pue_lines(results["optimal"].table("data_centres").collect(), ZONE, "light")
    (target,) = chart.layout.shapes
    assert target.y0 == target.y1 == data_centres.PUE_TARGET == 1.3
    low, high = chart.layout.yaxis.range
    assert low <= 1.0
    assert high > data_centres.PUE_TARGET


def test_the_day_of_an_element_marks_its_limits(results: dict[str, Result]):
    rows = results["optimal"].table("buses").filter(pl.col("bus").cast(pl.String) == "Bus 20").collect()
    chart = element.bus_day(rows.head(96), LIMITS, "EUR", ZONE, "light")
    assert {shape.y0 for shape in chart.layout.shapes} == {LIMITS["vm_min_pu"], LIMITS["vm_max_pu"]}
    assert len(chart.data[0].x) == 96


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_empty_tables_give_charts_that_say_why(theme):
    def none(name: str) -> pl.DataFrame:
        return pl.DataFrame(schema=TABLES[name])

    charts: list[Figure] = [
        city.power_stack(none("city"), ZONE, theme), city.intensity_lines(none("city"), ZONE, theme),
        city.heat_strip(city.hourly_sectors(none("sectors"), ZONE), theme), ev.charging_power({}, ZONE, theme),
        ev.intensity_by_hour({}, theme), ev.per_kilometre({"a": none("sessions")}, theme),
        data_centres.pue_lines(none("data_centres"), ZONE, theme),
        data_centres.power_chain(none("data_centres"), ZONE, theme),
        element.bus_day(none("buses"), {}, "EUR", ZONE, theme),
    ]  # fmt: skip
    for chart in charts:
        assert len(chart.data) == 0
        assert chart.layout.annotations[0].text.endswith(".")


def test_the_end_of_an_axis_of_shares_has_room_for_its_label():
    origins = pl.DataFrame({"consumer": ["Homes", "Homes"], "source": ["solar", "import"], "energy_mwh": [1.0, 3.0]})
    layout = origin_bars(origins, "light").layout
    assert layout.xaxis.range == (0, 100)
    assert layout.margin.r > 9  # half of "100" at 12 px


def test_charts_send_nothing_anywhere():
    assert CONFIG["showSendToCloud"] is False
    assert {button for group in CONFIG["modeBarButtons"] for button in group} == {
        "toImage", "zoom2d", "pan2d", "resetScale2d",
    }  # fmt: skip
    assert len(set(OKABE_ITO.values())) == 7


def test_a_source_of_power_has_one_colour_whatever_stands_beside_it():
    sectors = pl.DataFrame(
        {"consumer": ["Homes"] * 3, "source": ["solar", "hydro", "import"], "energy_mwh": [1.0, 2, 3]}
    )
    centre = pl.DataFrame({"hour": [0] * 4, "source": ["import", "gas", "hydro", "stores"], "p_mw": [4.0, 3, 2, 1]})
    first, second = ({bar.name: bar.marker.color for bar in figure.data}
                     for figure in (origin_bars(sectors, "light"), origins_of_centre(centre, "light")))  # fmt: skip
    assert {name: second[name] for name in ("hydro", "import")} == {name: first[name] for name in ("hydro", "import")}
    assert len({*first.values(), *second.values()}) == 5


def test_panels_that_need_room_are_scrolled_by_themselves():
    wide, plain = (
        str(cards.chart("Losses", "", Figure(), key="losses", least_px=px).to_plotly_json()) for px in (620, 0)
    )
    assert ("sideways" in wide, "'minWidth': '620px'" in wide) == (True, True)
    assert "sideways" not in plain
    assert "minWidth" not in plain
