"""The studies as pictures."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
import polars as pl
import pytest

from app.studies.ensembles.bands import bands
from app.studies.ensembles.frontier import pareto_frontier
from app.studies.ensembles.pictures import (
    picture_bytes,
    picture_of_bands,
    picture_of_frontier,
    picture_of_sensitivity,
)
from app.studies.ensembles.runs import Ensemble
from app.studies.ensembles.sensitivity import sensitivity


@pytest.fixture(scope="module")
def ensemble() -> Ensemble:
    rng = np.random.default_rng(1)
    x = rng.random((40, 2))
    runs = pl.DataFrame({
        "name": [f"run {n}" for n in range(40)], "status": ["done"] * 39 + ["failed"],
        "roofs": x[:, 0], "cars": x[:, 1],
        "cost": 1000 + 300 * x[:, 0], "emissions_t": 90 - 20 * x[:, 0] + x[:, 1],
        "energy_balance_error_mwh": 1e-9 * x[:, 1],
    })  # fmt: skip
    return Ensemble("store", runs, ("roofs", "cars"), ("cost", "emissions_t", "energy_balance_error_mwh"), "EUR")


def texts(svg: bytes) -> str:
    return " ".join(ET.fromstring(svg).itertext())  # noqa: S314  our own


def test_a_frontier_has_labels_units_and_directions(ensemble: Ensemble) -> None:
    figure = picture_of_frontier(ensemble, pareto_frontier(ensemble, "cost", "emissions_t"))
    words = texts(picture_bytes(figure, "svg"))
    assert "cost [EUR], lower is better" in words
    assert "emissions, average intensity [t], lower is better" in words
    (points,) = (part for part in figure.axes[0].collections if "frontier" in str(part.get_label()))
    best = pareto_frontier(ensemble, "cost", "emissions_t").table()
    np.testing.assert_array_equal(points.get_offsets(), best.select("cost", "emissions_t").to_numpy())


def test_sensitivity_and_bands_are_drawn(ensemble: Ensemble) -> None:
    found = sensitivity(ensemble, "emissions_t")
    words = texts(picture_bytes(picture_of_sensitivity(ensemble, found), "svg"))
    assert "rank correlation of emissions, average intensity [t], 39 runs" in words
    assert words.index("roofs") < words.index("cars")
    drawn = texts(picture_bytes(picture_of_bands(ensemble, bands(ensemble)), "svg"))
    assert f"cost: {ensemble.runs[:39]['cost'].median():,.0f} EUR" in drawn
    assert "error of the energy balance" not in drawn
    asked = bands(ensemble, ("energy_balance_error_mwh",))
    assert "error of the energy balance" in texts(picture_bytes(picture_of_bands(ensemble, asked), "svg"))


def test_pictures_are_files_that_stay_the_same(ensemble: Ensemble) -> None:
    found = pareto_frontier(ensemble, "cost", "emissions_t")
    assert picture_bytes(picture_of_frontier(ensemble, found), "png").startswith(b"\x89PNG")
    first, second = (picture_bytes(picture_of_frontier(ensemble, found), "svg") for _ in range(2))
    assert first == second
