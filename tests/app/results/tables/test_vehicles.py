"""Sessions, coefficients and what V2G avoided: the same energy and carbon as in the ledgers, and a case by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from app.accounts.storage import Stores
from app.results.columns import TABLES
from app.results.folder import Result
from app.results.key_figures import evaluate, figure_named
from app.results.run import run_scenario
from app.results.tables.v2g import avoided
from app.results.tables.vehicles import charging_hours, sessions, vehicle_classes
from app.scenario import check_scenario
from app.simulation.marginal import Marginal
from carbon.reporting.marginal import regional_marginal
from carbon.stocks.operation import StockOperation
from carbon.tracing.flows import Flows, Sources
from carbon.tracing.proportional_sharing import trace
from grid.flexibility.flexibility import Flexibility, Reservoir, one_hot
from grid.flexibility.labels import Labels
from grid.time.clock import Clock

pytestmark = pytest.mark.slow

RELATIVE = 1e-6


@pytest.fixture(params=[0, 1], ids=["unmanaged", "optimal"])
def result(request: pytest.FixtureRequest, demo: tuple[Result, Result]) -> Result:
    return demo[request.param]


def test_sessions_hold_the_energy_of_the_fleet_at_every_bus(result: Result) -> None:
    net = (pl.col("energy_kwh") - pl.col("v2g_kwh")).sum() / 1000
    by_session = result.table("sessions").group_by(pl.col("bus").cast(pl.String)).agg(net.alias("mwh"))
    hours = result.summary["step_hours"]
    fleet = result.table("assets").filter(pl.col("asset").cast(pl.String) == "homes")
    by_asset = fleet.group_by(pl.col("bus").cast(pl.String)).agg((pl.col("p_mw").sum() * hours).alias("fleet_mwh"))
    both = by_asset.join(by_session, on="bus", how="full", coalesce=True).collect()
    assert both.height > 50
    np.testing.assert_allclose(both["mwh"].fill_null(0), both["fleet_mwh"], rtol=RELATIVE, atol=1e-9)


def test_what_cars_draw_and_give_back_stands_apart_and_gives_what_their_sessions_hold(result: Result) -> None:
    hours = result.summary["step_hours"]
    fleet = result.table("assets").filter(pl.col("asset").cast(pl.String) == "homes").collect()
    given = fleet.filter(pl.col("fed_in_mw") > 0)
    assert fleet["drawn_mw"].sum() * hours == pytest.approx(result.summary["ev_energy_mwh"], rel=RELATIVE)
    assert given["fed_in_mw"].sum() * hours == pytest.approx(result.summary["v2g_energy_mwh"], rel=RELATIVE)
    np.testing.assert_allclose(fleet["drawn_mw"] - fleet["fed_in_mw"], fleet["p_mw"], atol=1e-12)
    sessions = result.table("sessions").collect()
    drawn_kg = (fleet["drawn_mw"] * fleet["ci_kg_per_mwh"]).sum() * hours
    given_kg = (given["fed_in_mw"] * given["fed_in_ci_kg_per_mwh"]).sum() * hours
    assert drawn_kg == pytest.approx(sessions["charged_kg"].sum(), rel=RELATIVE)
    assert given_kg == pytest.approx(sessions["v2g_kg"].sum(), rel=RELATIVE)


def test_sessions_hold_the_carbon_of_the_ledger(result: Result) -> None:
    frame, ledger = result.table("sessions").collect(), result.table("ledger").collect()
    assert frame["emissions_kg"].sum() == pytest.approx(ledger["vehicle_kg"].sum(), rel=RELATIVE)
    of_road = result.table("sectors").filter(pl.col("gpc_code").cast(pl.String) == "II.1.2").collect()
    assert frame["emissions_kg"].sum() == pytest.approx(of_road["emissions_kg"].sum(), rel=RELATIVE)
    np.testing.assert_allclose(frame["charged_kg"] - frame["v2g_kg"], frame["emissions_kg"], atol=1e-9)
    charged = frame.filter(pl.col("energy_kwh") > 0)
    np.testing.assert_allclose(
        charged["charged_g_per_kwh"], 1000 * charged["charged_kg"] / charged["energy_kwh"], rtol=0, atol=2.0**-11
    )


def test_classes_and_hours_sum_to_the_sessions(result: Result) -> None:
    frame = result.table("sessions").collect()
    for table in ("vehicle_classes", "charging_hours"):
        groups = result.table(table).collect()
        for column in set(groups.columns) & {"energy_kwh", "v2g_kwh", "charged_kg", "v2g_kg", "driven_km", "driven_kg"}:
            assert groups[column].sum() == pytest.approx(frame[column].sum(), rel=1e-9, abs=1e-9), (table, column)
    assert result.table("vehicle_classes").collect()["vehicle_class"].to_list() == ["medium"]
    lowest = result.table("buses").select(pl.col("ci_kg_per_mwh").min()).collect().item()
    highest = result.table("buses").select(pl.col("ci_kg_per_mwh").max()).collect().item()
    assert result.table("charging_hours").collect()["charged_g_per_kwh"].is_between(lowest, highest).all()


def test_the_credit_is_what_was_replaced_less_released_and_wear(result: Result) -> None:
    credit = result.table("v2g_credit").collect()
    energy = result.summary["v2g_energy_mwh"]
    for reference in ("marginal", "average"):
        rows = credit.filter(pl.col("reference").cast(pl.String) == reference)
        assert rows["energy_mwh"].sum() == pytest.approx(energy, rel=RELATIVE)
        total = (rows["replaced_kg"] - rows["released_kg"] - rows["wear_kg"]).sum()
        key = f"v2g_avoided_elsewhere_not_in_inventory_{reference}_t"
        assert result.summary[key] == pytest.approx(total / 1000)
    if energy:
        nodal = result.table("nodal").collect()["marginal_below_kg_per_mwh"]
        marginal, average = (
            credit.filter(pl.col("reference").cast(pl.String) == name) for name in ("marginal", "average")
        )
        assert nodal.min() <= marginal["replaced_kg"].sum() / energy <= nodal.max()
        above = result.table("nodal").collect()["marginal_above_kg_per_mwh"]
        released = marginal["released_kg"].sum() / energy  # marginal of the hours of charging, over both efficiencies
        assert above.min() / 0.9 <= released <= above.max() / 0.7
        assert average["released_kg"].sum() == pytest.approx(
            result.table("sessions").collect()["v2g_kg"].sum(), rel=1e-6
        )


CITY = {"network": "mv_oberrhein"}


def small(folder: Path, **fleet: Any) -> Result:
    """A day of 200 cars that may feed in, on a medium-voltage grid, with steps of an hour."""
    cars = {"kind": "ev_fleet", "name": "cars", "bus": "Bus 34", "vehicles": 200, "v2g_share": 1.0,
            "vehicle_class": {"compact": 0.5, "large": 0.5}, **fleet}  # fmt: skip
    scenario = {
        "name": "cars", "city": CITY, "period": {"start": "2030-01-14", "days": 1, "step_minutes": 60},
        "weather": "greensboro-tmy3",
        "dispatch": {"strategy": "optimal", "carbon_price_per_t": 150}, "assets": [cars],
    }  # fmt: skip
    return run_scenario(check_scenario(scenario, Path(), "cars"), folder)


@pytest.fixture(scope="module")
def unworn(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Cars whose batteries cost no carbon."""
    return small(tmp_path_factory.mktemp("small") / "unworn", wear_carbon_kg_per_mwh=0.0)


def test_the_credit_is_in_no_ledger(unworn: Result, tmp_path: Path) -> None:
    """Wear of 1 t/MWh instead of none moves the credit by that, and nothing else in the result."""
    none, much = unworn, small(tmp_path / "worn", wear_carbon_kg_per_mwh=1000.0)
    assert none.summary["v2g_energy_mwh"] > 0.1
    key = "v2g_avoided_elsewhere_not_in_inventory_marginal_t"
    assert none.summary[key] - much.summary[key] == pytest.approx(none.summary["v2g_energy_mwh"])
    for name, value in none.summary.items():
        if "not_in_inventory" not in name:
            assert much.summary[name] == value, name
    for table in set(TABLES) - {"v2g_credit"}:
        assert none.table(table).collect().equals(much.table(table).collect()), table


def test_classes_drive_by_their_own_consumption(unworn: Result) -> None:
    classes = {row["vehicle_class"]: row for row in unworn.table("vehicle_classes").collect().iter_rows(named=True)}
    assert set(classes) == {"compact", "large"}
    assert classes["compact"]["g_per_km"] / classes["large"]["g_per_km"] == pytest.approx(0.15 / 0.21, rel=0.02)


@pytest.fixture
def by_hand() -> SimpleNamespace:
    """Two cars of one fleet: 20 kWh at 300 g/kWh and 10 at 700; then one drives 10 km, the other gives back 5 kWh."""
    clock = Clock(datetime(2030, 1, 14, 23, tzinfo=UTC), timedelta(hours=1), 6)
    start, stop = np.array([0, 0, 3, 3]), np.array([2, 2, 4, 5])
    p_mw = np.array([0.02, 0.01, 0.02, 0.01, 0.0, -0.005, 0.0])
    owner = np.array([0, 1, 0, 1])
    e_start = np.array([0.0, 0.0, 0.0255, 0.027])
    one = np.ones(4)
    operation = StockOperation(
        owner=owner, node=np.zeros(4, int), start=start, stop=stop, p_mw=p_mw, e_start_mwh=e_start,
        eta_charge=0.9 * one, eta_discharge=0.9 * one, retention_per_step=one, vehicle=np.array([True, True]),
        ci_initial_kg_per_mwh=np.zeros(2), renewable_share_initial=np.zeros(2),
    )  # fmt: skip
    flows = Flows(1, np.array([], int), np.array([], int), np.zeros((6, 0)), np.zeros((6, 0)))
    ci = np.array([300.0, 700.0, 500.0, 500.0, 500.0, 500.0])[:, None]
    tracing = trace(flows, Sources(np.array([0]), np.full((6, 1), 5.0), ci, np.zeros((6, 1))), 1.0, operation)
    fleet = Flexibility(
        name="cars", kind="ev_fleet", clock=clock, shares=one_hot(np.zeros(4, int), 1), start=start, stop=stop,
        p_min_mw=-0.02 * one, p_max_mw=0.02 * one, element="storage", place="home",
        vehicle_class=Labels(("compact", "large"), owner.astype(np.int16)),
        reservoir=Reservoir(e_start, e_start, 0 * one, 0.06 * one, 0.9 * one, 0.9 * one, one, owner, vehicle=True,
                            mwh_per_km=0.00015 * one),
    )  # fmt: skip
    more = np.array([300.0, 700.0, 900.0, 900.0, 900.0, 900.0])
    region = regional_marginal(more, np.minimum(more, 800.0), more)
    nan = np.full((6, 1), np.nan)
    buses = SimpleNamespace(names=("home street",), node=np.zeros(1, int))
    return SimpleNamespace(
        inputs=SimpleNamespace(
            clock=clock, flexibilities=(fleet,),
            loaded=SimpleNamespace(scenario=SimpleNamespace(city=SimpleNamespace(time_zone="Europe/Berlin"))),
        ),
        flow=SimpleNamespace(network=SimpleNamespace(buses=buses)),
        accounts=SimpleNamespace(
            tracing=tracing,
            stores=Stores(operation, {"cars": slice(0, 4)}, np.zeros(4, int)),
            side=object(),
        ),
        marginal=Marginal(region, region.at_nodes(np.zeros((6, 1))), np.zeros((6, 1)), nan, nan, nan, ()),
    )  # fmt: skip


def test_a_kilometre_by_hand(by_hand: SimpleNamespace) -> None:
    """27 kWh hold 13 kg, so 0.15 kWh/km carry 72.2 g/km; charged at 433.3 g/kWh."""
    frame = sessions(by_hand)  # in the order of beginning, then of the car
    assert frame["vehicle"].to_list() == [0, 1, 0, 1]
    np.testing.assert_allclose(frame["energy_kwh"], [30, 30, 0, 0])
    np.testing.assert_allclose(frame["charged_g_per_kwh"][:2], 13_000 / 30)
    assert frame["charged_g_per_kwh"][2:].to_list() == [None, None]
    assert frame["driven_km"].to_list() == pytest.approx([0, 0, 10, 0], abs=1e-9)
    assert frame["g_per_km"][2] == pytest.approx(72.2, abs=0.05)
    assert frame["v2g_kg"][3] == pytest.approx(2.6749, abs=5e-5)
    classes = vehicle_classes(frame)
    assert classes["vehicle_class"].to_list() == ["compact", "large"]
    assert classes["g_per_km"][0] == pytest.approx(72.2, abs=0.05)
    assert classes["g_per_km"][1] is None
    assert classes["net_g_per_kwh"][1] == pytest.approx((13_000 - 2674.9) / 25, abs=0.005)


def test_energy_stands_in_the_local_hour_in_which_it_flowed(by_hand: SimpleNamespace) -> None:
    """23:00 UTC in January is midnight in Berlin."""
    hours = charging_hours(by_hand)
    assert hours["hour"].to_list() == [0, 1, 3]
    assert hours["energy_kwh"].to_list() == pytest.approx([40, 20, 0])
    assert hours["charged_g_per_kwh"].to_list() == [pytest.approx(300), pytest.approx(700), None]
    assert hours["v2g_kwh"].to_list() == pytest.approx([0, 0, 5])


def test_the_credit_by_hand_takes_the_side_on_which_less_is_used(by_hand: SimpleNamespace) -> None:
    """5 kWh that replace 800 g/kWh avoid 1.3251 kg; against the mean of the bus, 500 g/kWh, they cost carbon.

    Marginal and mean intensity are the same when the car charges, so both bases release the same here. (The mean holds
    what the car itself feeds in, a thousandth of the power there.)
    """
    credit = avoided(by_hand)
    rows = {(row["vehicle_class"], row["reference"]): row["avoided_kg"] for row in credit.iter_rows(named=True)}
    assert rows["large", "marginal"] == pytest.approx(1.3251, abs=5e-5)
    assert rows["large", "average"] == pytest.approx(2.5 - 2.6749, abs=5e-4)
    assert rows["compact", "marginal"] == 0
    key = "v2g_avoided_elsewhere_not_in_inventory_marginal_t"
    found = evaluate([figure_named(key)], {"v2g_credit": credit.lazy()}.__getitem__)
    assert found[key] == pytest.approx(1.3251e-3, abs=5e-8)


def test_both_sides_of_the_marginal_credit_are_marginal(by_hand: SimpleNamespace) -> None:
    """Charged when a MWh more emits 900 kg, 5 kWh took 5 / 0.81 x 0.9 = 5.5556 kg, whatever the mean was then."""
    region = regional_marginal(np.full(6, 900.0), np.full(6, 800.0), np.full(6, 900.0))
    by_hand.marginal = replace(by_hand.marginal, region=region, nodes=region.at_nodes(np.zeros((6, 1))))
    rows = {(row["vehicle_class"], row["reference"]): row for row in avoided(by_hand).iter_rows(named=True)}
    assert rows["large", "marginal"]["released_kg"] == pytest.approx(5 / 0.81 * 0.9, abs=1e-9)
    assert rows["large", "marginal"]["avoided_kg"] == pytest.approx(4.0 - 5 / 0.81 * 0.9, abs=1e-9)
    assert rows["large", "average"]["released_kg"] == pytest.approx(2.6749, abs=5e-5)
