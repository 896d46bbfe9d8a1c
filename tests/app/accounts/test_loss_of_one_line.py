"""Who bears the loss of one line, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.accounts.convention_ledgers import ConventionLedger, trace_ledgers
from app.accounts.metered_consumers import MeteredConsumer
from app.accounts.tracing_input import TracingInput
from app.simulation.phases import BALANCE_TOLERANCE
from carbon.tracing.convention_names import CONVENTIONS
from carbon.tracing.flows import Consumers, Exports, Flows, Sources


@pytest.fixture
def line() -> TracingInput:
    """100 MW of gas at 500 kg/MWh at one end of a line that loses 10 MW, 90 MW used at the other, for an hour."""
    flows = Flows(2, np.array([0]), np.array([1]), np.array([[100.0]]), np.array([[-90.0]]))
    return TracingInput(
        flows,
        Sources(np.array([0]), np.array([[100.0]]), np.array([500.0]), np.array([0.0])),
        ("gas",),
        np.array([False]),
        Consumers(np.array([1]), np.array([[90.0]]), ("I.1",), np.array([[1.0]])),
        Exports(np.array([0]), np.array([[0.0]])),
        None,
        1.0,
    )


@pytest.mark.parametrize(
    ("convention", "used_kg", "bearers"),
    [
        ("operator", 45_000, {"grid operator": (10, 5_000)}),
        ("load", 50_000, {"uses": (10, 5_000), "grid operator": (0, 0)}),
        ("generator", 45_000, {"gas": (10, 5_000)}),
        ("average", 45_000, {"grid operator": (10, 5_000)}),
    ],
)
def test_who_bears_the_loss_of_one_line(line, convention, used_kg, bearers):
    user = MeteredConsumer("all of it", np.array([1]), np.array([[90.0]]))
    traced = trace_ledgers(line, CONVENTIONS, [user])
    book = next(book for book in traced.ledgers if book.convention == convention)
    assert book.totals.consumption == pytest.approx(used_kg)
    assert book.consumer_kg["all of it"] == pytest.approx([used_kg])
    found = {bearer.name: (bearer.lost_mwh, bearer.emissions_kg) for bearer in book.bearers}
    assert found == {name: pytest.approx(values) for name, values in bearers.items()}
    assert book.buses.import_kg == pytest.approx([0, 47_500 if convention == "average" else used_kg])
    assert book.buses.import_mwh == pytest.approx([0, 90])
    assert book.buses.production_kg == pytest.approx([50_000, 0])
    assert book.production_kg == pytest.approx(50_000)
    assert book.sector_kg.sum() == pytest.approx(50_000)
    assert book.closes(1e-12)


def test_a_book_that_misses_something_does_not_close(line):
    (book,) = trace_ledgers(line, ["operator"], []).ledgers
    wrong: list[ConventionLedger] = [
        replace(book, sector_kg=book.sector_kg * 1.01),
        replace(book, bearers=()),
        replace(book, residual_kg=book.residual_kg + 100),
        replace(book, buses=replace(book.buses, export_kg=book.buses.export_kg + 100)),
    ]
    assert not any(one.closes(BALANCE_TOLERANCE) for one in wrong)
