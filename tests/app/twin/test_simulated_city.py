"""A simulated city: what it says is a stored result, but for what was planted; and all of it arrives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from app.results.folder import open_result
from app.twin.measuring.files import read_measurements
from app.twin.measuring.simulated import NONE, Disturbances, Metering, chosen_sensors, simulated_measurements
from app.twin.measuring.store import opened_measurements
from app.twin.measuring.true_state import true_state
from grid.errors import InputError
from grid.twin.quality import mark
from tests.app.command_line import gridcarbon, refused
from tests.app.twin.broker import mosquitto
from tests.app.twin.small_city import small_city

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return small_city(tmp_path_factory.mktemp("city"), 3, 15)


@pytest.fixture(scope="module")
def state(result):
    return true_state(open_result(result))


def of(state, quantity, kind="bus"):
    chosen = [m for m, name in enumerate(state.quantities) if (state.element_kinds[m], name) == (kind, quantity)]
    return state.values[:, chosen]


def test_the_true_state_keeps_the_balance_of_every_bus(result, state):
    """What buses draw, the external grid included, is what branches lose."""
    assert of(state, "vm_pu").shape == (288, 33)
    lost = of(state, "p_from_mw", "branch").sum(axis=1) + of(state, "p_to_mw", "branch").sum(axis=1)
    np.testing.assert_allclose(of(state, "p_mw").sum(axis=1), -lost, atol=1e-9)
    city = open_result(result).table("city").select("import_mw", "export_mw").collect()
    imported = -of(state, "p_mw")[:, 0]
    np.testing.assert_allclose(imported, city["import_mw"] - city["export_mw"], atol=1e-4)
    assert {name for name, kind in zip(state.elements, state.quantities, strict=True) if kind == "e_mwh"} == {"store"}


def test_only_noise_is_added_where_nothing_is_wrong(state):
    rng = np.random.default_rng(1)
    sensors = chosen_sensors(state, Metering(1.0, 1.0, charging=True), rng)
    frame = simulated_measurements(state, sensors, 0.01, rng, NONE)
    assert set(frame["planted"]) == {"good"}
    assert (mark(frame)["quality"] != "good").mean() < 1e-3
    assert frame.height == state.values.size
    vm = frame.filter(pl.col("quantity") == "vm_pu").sort("element", "time")
    names = sorted(dict.fromkeys(vm["element"]))
    columns = [m for name in names for m, each in enumerate(state.elements)
               if (each, state.quantities[m]) == (name, "vm_pu")]  # fmt: skip
    error = (vm["value"].to_numpy() - state.values[:, columns].T.ravel()) / vm["standard_deviation"].to_numpy()
    assert abs(error.mean()) < 0.03
    assert error.std() == pytest.approx(1.0, abs=0.03)


def test_what_is_planted_is_found_and_hardly_anything_else_is(state):
    rng = np.random.default_rng(2)
    frame = simulated_measurements(state, chosen_sensors(state, Metering(1.0), rng), 0.01, rng)
    found = frame.with_columns(mark(frame)["quality"].alias("found"))
    wrong = found.filter(pl.col("planted") == "good").select((pl.col("found") != "good").mean()).item()
    assert wrong < 1e-3
    hit = (
        found.filter(pl.col("planted") != "good")
        .group_by("planted")
        .agg((pl.col("planted") == pl.col("found")).mean().alias("hit"))
    )
    shares = dict(hit.iter_rows())
    assert set(shares) == {"late", "suspect", "frozen", "duplicate", "out_of_range", "wrong_unit", "missing"}
    assert min(shares.values()) > 0.75, shares
    assert float(np.mean(list(shares.values()))) > 0.9, shares


def test_a_seed_says_what_happens_and_a_wrong_number_is_refused(state):
    def once(seed):
        rng = np.random.default_rng(seed)
        return simulated_measurements(state, chosen_sensors(state, Metering(0.1), rng), 0.01, rng)

    assert once(3).equals(once(3))
    assert not once(3).equals(once(4))
    with pytest.raises(InputError) as raised:
        Disturbances(missing=0.5, frozen=-1)
    assert [fault.place for fault in raised.value.faults] == ["missing", "frozen"]
    with pytest.raises(InputError, match="share"):
        Metering(0.0)


def test_what_is_simulated_arrives_by_file_and_by_broker(result, tmp_path: Path):
    common = ("--share", "0.1", "--seed", "5")
    file = tmp_path / "city.parquet"
    done = gridcarbon("twin", "simulate", result, file, *common)
    assert done.returncode == 0, done.stderr
    assert "late" in done.stdout
    expected = read_measurements(file)
    order = ["received", "element", "quantity", "sequence"]
    with mosquitto(tmp_path) as broker:
        taken = gridcarbon("twin", "run", broker.url(), tmp_path / "twin.db", "--for", "0")
        assert taken.returncode == 0, taken.stderr
        sent = gridcarbon("twin", "simulate", result, broker.url(), *common)
        assert sent.returncode == 0, sent.stderr
        assert sent.stdout.partition(" to ")[0] == done.stdout.partition(" to ")[0]
        taken = gridcarbon("twin", "run", broker.url(), tmp_path / "twin.db", "--for", "3")
        assert taken.returncode == 0, taken.stderr
    with opened_measurements(tmp_path / "twin.db") as store:
        arrived = store.frame()
    missing_said = pl.when(pl.col("value").is_null()).then(pl.lit("missing")).otherwise("quality").alias("quality")
    assert arrived.with_columns(missing_said).sort(order).equals(expected.sort(order))


def test_what_cannot_be_written_is_refused_before_anything_is_read(result, tmp_path: Path):
    refused(gridcarbon("twin", "simulate", result, tmp_path / "city.json"), "must end in .parquet, .csv")
    refused(gridcarbon("twin", "simulate", result, tmp_path / "a.csv", "--noise", "0"), "noise: must be greater than 0")
    refused(gridcarbon("twin", "simulate", result, "mqtt://:1/a"), "host: is missing")
