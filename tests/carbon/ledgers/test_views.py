from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.ledgers.carbon import convention_ledger
from carbon.ledgers.views import city_views
from carbon.tracing.conventions import trace_conventions
from grid.errors import InputError
from tests.carbon.traced_city import random_city
from tests.examples import examples

SEEDS = st.integers(0, 2**32 - 1)


def views_of(city, name="operator", imported=None):
    answer = trace_conventions(
        city.flows, city.sources, city.consumers, city.exports, city.step_hours, city.operation, conventions=(name,)
    )[name]
    ledger = convention_ledger(
        answer,
        city.flows,
        city.sources,
        city.consumers,
        city.exports,
        step_hours=city.step_hours,
        operation=city.operation,
    )
    outside = np.arange(city.flows.n_nodes) == 0 if imported is None else imported
    exported = city.step_hours * city.exports.p_mw.sum(axis=1)
    return city_views(ledger, city.sources, outside, exported, step_hours=city.step_hours), ledger


@examples(30)
@given(SEEDS, st.integers(2, 8), st.sampled_from(["operator", "load", "generator", "average"]))
def test_production_and_consumption_reconcile_in_every_convention(seed, n_nodes, name):
    city = random_city(seed, n_nodes)
    both, ledger = views_of(city, name)
    scale = ledger.source_kg + ledger.discharge_kg
    assert (np.abs(both.residual_kg) <= 1e-9 * scale).all()
    np.testing.assert_allclose(both.production_kg + both.import_kg, ledger.source_kg, rtol=1e-12)
    assert both.reverse_steps == np.count_nonzero(city.exports.p_mw.sum(axis=1))


def test_imports_count_nothing_in_production_and_everything_in_consumption():
    city = random_city(2)
    everything = np.ones(city.flows.n_nodes, dtype=bool)
    outside, _ = views_of(city, imported=everything)
    inside, _ = views_of(city, imported=~everything)
    assert not outside.production_kg.any()
    assert not inside.import_kg.any()
    np.testing.assert_allclose(outside.import_kg, inside.production_kg, rtol=1e-12)
    np.testing.assert_array_equal(outside.consumption_kg, inside.consumption_kg)
    np.testing.assert_allclose(outside.net_import_kg, outside.import_kg - outside.export_kg)


def test_a_wrong_mask_is_named():
    with pytest.raises(InputError, match="imported: must have shape"):
        views_of(random_city(2), imported=np.ones(2, dtype=bool))
