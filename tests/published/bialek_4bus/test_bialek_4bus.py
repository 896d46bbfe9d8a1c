from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from carbon.ledgers.carbon import carbon_ledger, convention_ledger
from carbon.ledgers.energy import energy_ledger
from carbon.tracing.conventions import trace_conventions
from carbon.tracing.flows import Consumers, Exports, Flows, Sources
from carbon.tracing.proportional_sharing import trace
from carbon.tracing.shares import load_shares_mw

HERE = Path(__file__).parent


def table(name):
    return np.genfromtxt(HERE / name, delimiter=",", names=True)


@pytest.fixture(scope="module")
def case():
    buses, branches = table("buses.csv"), table("branches.csv")
    flows = Flows(
        4,
        branches["from_bus"].astype(int) - 1,
        branches["to_bus"].astype(int) - 1,
        branches["sent_mw"][None, :],
        -branches["received_mw"][None, :],
    )
    nodes = np.arange(4)
    sources = Sources(nodes, buses["p_generation_mw"][None, :], buses["ci_generation_kg_per_mwh"], np.zeros(4))
    consumers = Consumers(nodes, buses["p_load_mw"][None, :], ("I.6",), np.ones((4, 1)))
    return flows, sources, consumers, Exports(np.array([], int), np.zeros((1, 0))), trace(flows, sources, 1.0)


def test_intensities_and_loads(case):
    _, _, consumers, _, traced = case
    expected = table("expected.csv")
    ci = traced.ci_kg_per_mwh[0]
    np.testing.assert_allclose(ci, expected["ci_kg_per_mwh"], rtol=0, atol=0.05)
    np.testing.assert_allclose(ci * consumers.p_mw[0] / 1000, expected["load_t_per_h"], rtol=0, atol=0.0005)


def test_the_grid_operator_bears_the_losses(case):
    flows, sources, consumers, exports, traced = case
    expected = table("expected_totals.csv")
    ledger = carbon_ledger(flows, sources, consumers, exports, traced, step_hours=1.0)
    assert ledger.source_kg[0] / 1000 == pytest.approx(float(expected["generated_t_per_h"]), abs=0.05)
    assert ledger.loss_kg[0] / 1000 == pytest.approx(float(expected["loss_t_per_h"]), abs=0.0005)
    assert ledger.relative_error[0] <= 1e-12
    energy = energy_ledger(flows, sources, consumers, exports, traced, step_hours=1.0, imported=np.zeros(4, bool))
    assert energy.loss_mwh[0] == pytest.approx(float(expected["loss_mw"]), abs=1e-9)
    assert energy.residual_mwh[0] == pytest.approx(0, abs=1e-9)


def test_the_loads_bear_the_losses(case):
    flows, sources, consumers, exports, _ = case
    expected = table("expected_gross.csv")
    answer = trace_conventions(flows, sources, consumers, exports, 1.0, conventions=("load",))["load"]
    use_mw, gross_mw = consumers.p_mw[0], answer.gross_use_mw(consumers)[0]
    sent_mw = np.bincount(flows.from_node, flows.p_from_mw[0], 4)
    parts_mw = load_shares_mw(flows, sources, consumers, answer)[0]
    found = {
        "p_gross_mw": (use_mw + sent_mw) * answer.gross_factor[0],
        "gross_demand_mw": gross_mw,
        "loss_charged_mw": gross_mw - use_mw,
        "from_g1_mw": parts_mw[:, 0],
        "from_g2_mw": parts_mw[:, 1],
    }
    for name, values in found.items():
        np.testing.assert_allclose(values, expected[name], rtol=0, atol=0.00005, err_msg=name)
    ledger = convention_ledger(answer, flows, sources, consumers, exports, step_hours=1.0)
    assert ledger.loss_kg[0] == 0.0
    assert ledger.consumption_kg[0] / 1000 == pytest.approx(342.8, abs=1e-9)


def test_the_generators_bear_the_losses(case):
    flows, sources, consumers, exports, traced = case
    answer = trace_conventions(flows, sources, consumers, exports, 1.0, conventions=("generator",))["generator"]
    net_mw = answer.net_generation_mw(sources)[0]
    assert net_mw.sum() == pytest.approx(500, abs=1e-9)
    borne_t = answer.borne_by_source_kg(sources, 1.0)[0] / 1000
    assert borne_t.sum() == pytest.approx(float(table("expected_totals.csv")["loss_t_per_h"]), abs=0.0005)
    np.testing.assert_array_equal(answer.tracing.ci_kg_per_mwh, traced.ci_kg_per_mwh)
