from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from carbon.ledgers.carbon import carbon_ledger
from carbon.tracing.flows import Consumers, Exports, Flows, Sources
from carbon.tracing.proportional_sharing import trace

HERE = Path(__file__).parent


def table(name):
    return np.genfromtxt(HERE / name, delimiter=",", names=True)


@pytest.fixture(scope="module")
def case():
    """DC power flow of the case, and its trace."""
    buses, branches = table("buses.csv"), table("branches.csv")
    from_node, to_node = branches["from_bus"].astype(int) - 1, branches["to_bus"].astype(int) - 1
    incidence = np.zeros((len(branches), len(buses)))
    incidence[np.arange(len(branches)), from_node], incidence[np.arange(len(branches)), to_node] = 1, -1
    susceptance = 1 / (branches["x_pu"] * branches["tap"])
    injection = buses["p_generation_mw"] - buses["p_load_mw"]
    laplacian = incidence.T @ (susceptance[:, None] * incidence)
    angle = np.append(0, np.linalg.solve(laplacian[1:, 1:], injection[1:]))
    p_mw = (susceptance * (incidence @ angle))[None, :]
    flows = Flows(len(buses), from_node, to_node, p_mw, -p_mw)
    sources = Sources(
        np.arange(len(buses)),
        buses["p_generation_mw"][None, :],
        buses["ci_generation_kg_per_mwh"],
        np.zeros(len(buses)),
    )
    return buses, flows, sources, trace(flows, sources, 1.0)


def test_buses(case):
    buses, _, sources, traced = case
    expected = table("expected_buses.csv")
    ci = traced.ci_kg_per_mwh[0]
    np.testing.assert_allclose(traced.inflow_mw[0], expected["flux_mw"], rtol=0, atol=0.005)
    np.testing.assert_allclose(ci, expected["ci_kg_per_mwh"], rtol=0, atol=0.005)
    np.testing.assert_allclose(ci * buses["p_load_mw"] / 1000, expected["load_t_per_h"], rtol=0, atol=0.0005)
    generated = sources.p_mw[0] * sources.ci_kg_per_mwh[0] / 1000
    np.testing.assert_allclose(generated, expected["generation_t_per_h"], rtol=0, atol=0.005)


def test_branches(case):
    _, flows, _, traced = case
    forward = flows.p_from_mw[0] > 0
    sender = np.where(forward, flows.from_node, flows.to_node)
    receiver = np.where(forward, flows.to_node, flows.from_node)
    p_mw = np.abs(flows.p_from_mw[0])
    t_per_h = p_mw * traced.ci_kg_per_mwh[0, sender] / 1000
    found = {(s + 1, r + 1): x for s, r, x in zip(sender, receiver, zip(p_mw, t_per_h, strict=True), strict=True)}
    expected = {(int(row["from_bus"]), int(row["to_bus"])): row for row in table("expected_branches.csv")}
    assert found.keys() == expected.keys()
    for branch, row in expected.items():
        assert found[branch] == pytest.approx((row["p_mw"], row["t_per_h"]), rel=0, abs=0.005), branch


def test_the_carbon_generated_is_the_carbon_consumed(case):
    buses, flows, sources, traced = case
    consumers = Consumers(np.arange(14), buses["p_load_mw"][None, :], ("I.6",), np.ones((14, 1)))
    exports = Exports(np.array([], int), np.zeros((1, 0)))
    ledger = carbon_ledger(flows, sources, consumers, exports, traced, step_hours=1.0)
    assert ledger.source_kg[0] / 1000 == pytest.approx(135.88, abs=0.005)
    assert ledger.consumption_kg[0] == pytest.approx(ledger.source_kg[0], rel=1e-9)
    assert ledger.relative_error[0] <= 1e-9
