"""Values of the map against the tables they come from: every cell in its class, every halo a violation."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dashboard.grid_map import chunks
from app.dashboard.grid_map.chunks import chunk_bytes, in_class, layer_values, power_of_buses, time_axis
from app.dashboard.grid_map.geometry import branch_names, bus_names, ends_of
from app.dashboard.grid_map.layers import LAYERS
from app.results.folder import Result
from app.studies.hosting.capacity import Hosting
from app.studies.hosting.kept import keep, kept_at
from grid.errors import InputError
from tests.app.synthetic_results import N_BUSES, N_STEPS

OF_BUSES = [key for key, layer in LAYERS.items() if layer.table and layer.of_lines != "own"]
OF_BRANCHES = [key for key, layer in LAYERS.items() if layer.of_lines == "own"]


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch):
    """Chunks of fewer steps than a day, whose last one is shorter."""
    monkeypatch.setattr(chunks, "MOST_CELLS", 81 * 50)


def decoded(result: Result, layer: str) -> tuple[np.ndarray, np.ndarray]:
    """Values and violations that the browser gets, all chunks together."""
    axis, n = time_axis(result), N_BUSES + len(result.topology["branches"])
    values, bits = [], []
    for chunk in range(axis.n_chunks):
        content, cells = chunk_bytes(result, layer, chunk), len(axis.steps_of(chunk)) * n
        values.append(np.frombuffer(content[: 4 * cells], "<f4").reshape(-1, n))
        packed = np.frombuffer(content[4 * cells :], np.uint8)
        bits.append(
            np.unpackbits(packed, bitorder="little")[:cells].reshape(-1, n) if len(packed) else np.zeros((0, n))
        )
    return np.vstack(values), np.vstack(bits).astype(bool)


def of_table(result: Result, layer: str) -> np.ndarray:
    """The table's own values in the shown unit, by step and element, read without the code that is tested."""
    what = LAYERS[layer]
    key = "branch" if what.of_lines == "own" else "bus"
    names = branch_names(result) if key == "branch" else bus_names(result)
    frame = result.table(what.table).collect()
    total = sum(frame[column].cast(pl.Float64).fill_null(float("nan")).to_numpy() for column in what.columns)
    assert frame[key].cast(pl.String).to_list()[: len(names)] == names
    return np.asarray(total).reshape(-1, len(names)) * what.factor


@pytest.mark.parametrize("layer", [*OF_BUSES, *OF_BRANCHES])
@pytest.mark.parametrize("name", ["unmanaged", "optimal"])
def test_no_cell_is_in_another_class_than_the_table_puts_it(results: dict[str, Result], small_chunks, name, layer):
    result, breaks = results[name], LAYERS[layer].breaks
    values, _ = decoded(result, layer)
    shown = values[:, N_BUSES:] if layer in OF_BRANCHES else values[:, :N_BUSES]
    table = of_table(result, layer)
    assert (np.isnan(shown) == np.isnan(table)).all()
    known = ~np.isnan(table)
    assert np.count_nonzero(np.digitize(shown[known].astype(float), breaks) != np.digitize(table[known], breaks)) == 0
    np.testing.assert_allclose(shown[known], table[known], rtol=2e-7)


@given(st.lists(st.sampled_from([0.9, 0.95, 0.97, 1.03, 1.1, 300.0]), min_size=1), st.integers(-3, 3))
def test_values_beside_a_border_stay_on_their_side(borders: list[float], ulps: int):
    values = np.array(borders)
    for _ in range(abs(ulps)):
        values = np.nextafter(values, np.inf if ulps > 0 else -np.inf)
    breaks = sorted(set(borders))
    rounded = in_class(values, breaks)
    np.testing.assert_array_equal(np.digitize(rounded.astype(float), breaks), np.digitize(values, breaks))
    np.testing.assert_allclose(rounded, values, rtol=2e-7)


@pytest.mark.parametrize("layer", ["voltage", "loading"])
@pytest.mark.parametrize("name", ["unmanaged", "optimal"])
def test_halos_are_exactly_the_violations(results: dict[str, Result], small_chunks, name, layer):
    result, quantity = results[name], LAYERS[layer].violated
    _, marked = decoded(result, layer)
    elements = [*bus_names(result), *branch_names(result)]
    times = result.table("city").collect()["time"].to_list()
    found = {(times[step], elements[element]) for step, element in zip(*np.nonzero(marked), strict=True)}
    rows = result.table("violations").with_columns(pl.col("element", "quantity").cast(pl.String)).collect()
    rows = rows.filter(pl.col("quantity") == quantity)
    assert found == set(rows.select("time", "element").iter_rows())


def test_there_are_violations_of_both_kinds_to_mark(results: dict[str, Result]):
    kinds = results["unmanaged"].table("violations").collect()["quantity"].cast(pl.String)
    assert set(kinds) == {"vm_pu", "loading_percent"}


def test_lines_carry_the_intensity_of_the_bus_that_sends(results: dict[str, Result]):
    result = results["unmanaged"]
    values = layer_values(result, "carbon", range(N_STEPS))
    names, power = bus_names(result), result.table("branches").collect()
    for place in (5, 17, 30):
        branch = result.topology["branches"][place]
        p_from = power.filter(pl.col("branch").cast(pl.String) == branch["name"])["p_from_mw"].to_numpy()
        sender = [names.index(branch["from_bus"] if p >= 0 else branch["to_bus"]) for p in p_from]
        np.testing.assert_allclose(values[:, N_BUSES + place], values[np.arange(N_STEPS), sender])


def test_lines_carry_the_mean_price_of_their_ends(results: dict[str, Result]):
    values = layer_values(results["optimal"], "price", range(5, 9))
    ends = ends_of(results["optimal"])[7]
    np.testing.assert_allclose(values[:, N_BUSES + 7], values[:, ends].mean(axis=1))


def test_losses_are_what_enters_a_line_at_both_ends(results: dict[str, Result]):
    frame = results["optimal"].table("branches").collect()
    lost = layer_values(results["optimal"], "losses", range(N_STEPS))[:, N_BUSES:]
    assert lost.sum() == pytest.approx(1000 * (frame["p_from_mw"] + frame["p_to_mw"]).sum())
    assert (lost >= 0).all()


def test_what_is_drawn_at_buses_is_what_their_branches_bring(results: dict[str, Result]):
    result = results["optimal"]
    drawn = power_of_buses(result, range(10))
    lost = layer_values(result, "losses", range(10))[:, N_BUSES:].sum(axis=1) / 1000
    np.testing.assert_allclose(drawn.sum(axis=1), -lost, atol=1e-9)  # all that is fed in is drawn or lost
    leaf = bus_names(result).index("Bus 37")  # one branch brings all that it draws
    branch = result.table("branches").filter(pl.col("branch").cast(pl.String) == "Line 37").head(10).collect()
    np.testing.assert_allclose(drawn[:, leaf], -branch["p_to_mw"].to_numpy())


def test_a_chunk_is_whole_days_and_no_more_than_it_may_hold(results: dict[str, Result], monkeypatch):
    assert time_axis(results["optimal"]).chunk_steps == 7 * 96
    monkeypatch.setattr(chunks, "MOST_CELLS", 81 * 100)
    assert time_axis(results["optimal"]).chunk_steps == 96
    monkeypatch.setattr(chunks, "MOST_CELLS", 10)
    assert time_axis(results["optimal"]).chunk_steps == 1


def test_moments_lie_in_steps(results: dict[str, Result]):
    axis = time_axis(results["optimal"])
    assert axis.step_at(axis.ms_at(17)) == axis.step_at(axis.ms_at(18) - 1) == 17
    assert (axis.step_at(0), axis.step_at(9e15)) == (0, N_STEPS - 1)


def test_unknown_layers_and_chunks_are_refused(results: dict[str, Result]):
    with pytest.raises(InputError, match="must be one of carbon"):
        chunk_bytes(results["optimal"], "temperature", 0)
    with pytest.raises(InputError, match="must be from 0 to 0"):
        chunk_bytes(results["optimal"], "carbon", 1)


def test_a_result_without_prices_has_a_layer_that_knows_none(results: dict[str, Result]):
    values, _ = decoded(results["unmanaged"], "price")
    assert np.isnan(values).all()
    assert "none where nothing was optimised" in LAYERS["price"].explanation


def test_hosting_capacities_are_shown_once_they_are_kept(results: dict[str, Result]):
    result = results["optimal"]
    assert np.isnan(layer_values(result, "hosting", range(1))).all()
    place = keep(result.path.parent, result.scenario_hash, [Hosting("Bus 20", 1.3, 1.6, None)])
    try:
        values = layer_values(result, "hosting", range(3))
        assert values[:, bus_names(result).index("Bus 20")].tolist() == [1.3] * 3
        assert np.isfinite(values).sum() == 3
        place.write_text("nonsense", encoding="utf-8")
        with pytest.raises(InputError, match="delete it"):
            layer_values(result, "hosting", range(1))
    finally:
        kept_at(result.path.parent, result.scenario_hash).unlink()
