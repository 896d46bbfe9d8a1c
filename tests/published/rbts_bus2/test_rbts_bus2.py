from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from grid.twin.reliability import FaultRates, SupplyTopology, reliability, reliability_indices

HERE = Path(__file__).parent
LINE_PER_KM, LINE_H, TRANSFORMER, TRANSFORMER_H, SWITCHING_H = 0.065, 5.0, 0.015, 200.0, 1.0
WITHOUT_TRANSFORMERS = 2


class Feeders:
    """The branches of all feeders; node 0 is the bus of 11 kV, and each main section ends where laterals begin."""

    def __init__(self, sections: pl.DataFrame) -> None:
        self.branches: list[tuple[int, int, bool, bool, bool, bool, float, float]] = []
        self.node_of: dict[int, int] = {}
        self.n_nodes, ends = 1, []
        for (feeder,), rows in sections.group_by("feeder", maintain_order=True):
            at = 0
            for row in rows.to_dicts():
                faults = LINE_PER_KM * row["length_km"]
                if row["load_point"] is None:  # breaker at the first section, a disconnector before each
                    at = self.add(at, at == 0, faults)
                    continue
                end = self.add(at, True, faults)  # a fuse at the lateral
                if feeder != WITHOUT_TRANSFORMERS:
                    end = self.add(end, False, TRANSFORMER, TRANSFORMER_H, switch=False)
                self.node_of[row["load_point"]] = end
            ends.append(at)
        for a, b in (ends[:2], ends[2:]):
            self.branches.append((a, b, True, True, True, False, 0.0, 0.0))

    def add(self, at: int, protected: bool, faults: float, hours: float = LINE_H, *, switch: bool = True) -> int:
        self.branches.append((at, self.n_nodes, False, switch, False, protected, faults, hours))
        self.n_nodes += 1
        return self.n_nodes - 1


@pytest.fixture(scope="module")
def found():
    sections, points = (pl.read_csv(HERE / f"{name}.csv") for name in ("sections", "load_points"))
    feeders = Feeders(sections)
    columns = [np.array(column) for column in zip(*feeders.branches, strict=True)]
    topology = SupplyTopology(feeders.n_nodes, np.array([0]), *columns[:6])
    result = reliability(topology, FaultRates(columns[6], columns[7], SWITCHING_H))
    nodes = np.array([feeders.node_of[k] for k in points["load_point"]])
    feeder = sections.drop_nulls("load_point").sort("load_point")["feeder"].to_numpy()
    return result, nodes, feeder, points


@pytest.mark.parametrize("row", pl.read_csv(HERE / "expected.csv").to_dicts(), ids=lambda row: str(row["feeder"]))
def test_indices_agree_to_the_last_printed_digit(found, row):
    result, nodes, feeder, points = found
    chosen = np.ones(nodes.size, dtype=bool) if row["feeder"] is None else feeder == row["feeder"]
    at = nodes[chosen]
    indices = reliability_indices(
        result.interruptions_per_year[at], result.hours_per_year[at],
        points["customers"].to_numpy()[chosen].astype(float), points["p_mean_mw"].to_numpy()[chosen],
    )  # fmt: skip
    assert indices.saifi_per_year == pytest.approx(row["saifi_per_year"], abs=0.5e-3)
    assert indices.saidi_h_per_year == pytest.approx(row["saidi_h_per_year"], abs=0.5e-2)
    assert indices.ens_mwh_per_year == pytest.approx(row["ens_mwh_per_year"], abs=0.5e-3)


def test_the_system_has_the_other_printed_indices(found):
    result, nodes, _, points = found
    indices = reliability_indices(
        result.interruptions_per_year[nodes], result.hours_per_year[nodes],
        points["customers"].to_numpy().astype(float), points["p_mean_mw"].to_numpy(),
    )  # fmt: skip
    assert indices.caidi_h == pytest.approx(14.55, abs=0.5e-2)
    assert indices.asai == pytest.approx(0.999588, abs=0.5e-6)
    assert indices.aens_kwh_per_year == pytest.approx(19.78, abs=0.5e-2)
