"""No schedule costs less than a conic relaxation of the branch flow model allows, and ours hardly costs more.

On a radial net without shunts the branch flow equations are exact but for ``P² + Q² = v l`` in every line; with ``<=``
in its place they are a second-order cone programme, which admits every AC power flow and more, so that its optimum is a
bound from below: M. Farivar, S. H. Low, "Branch flow model: relaxations and convexification, part I", IEEE Transactions
on Power Systems, vol. 28, no. 3, 2013. It is nearly exact where currents bind; where a voltage binds from above, it may
lower the voltage by losses that no grid has, and lies further below. It is stated here apart from the optimizer, for a
solver that the optimizer does not know, from the data of the net.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import clarabel
import numpy as np
import pandapower as pp
import pytest
from scipy import sparse

from grid.arrays import Floats
from optimizer import Clock, city_of, dispatch, generation, problem_of

PARENT = (0, 1, 2, 1)
"""Bus before each of the buses 1 to 4: a line of four buses with a branch at the second."""
KM = (6.0, 5.0, 5.0, 8.0)
LOAD_MW, LOAD_MVAR = np.array([0.4, 0.3, 0.5, 0.6]), np.array([0.1, 0.05, 0.1, 0.2])
R_OHM_PER_KM, X_OHM_PER_KM, KV, SLACK_PU = 0.2, 0.15, 20.0, 1.02
IMPORT, EXPORT = 60.0, 30.0
PARKS = {"bus 3": np.array([0.5, 3.0, 6.0, 9.0]), "bus 4": np.array([0.2, 4.0, 8.0, 2.0])}
"""What each park could feed in, in every step [MW]."""


def net_of(max_i_ka: float) -> Any:
    net = pp.create_empty_network(name="radial")
    buses = [pp.create_bus(net, KV, name=f"bus {k}") for k in range(5)]
    pp.create_ext_grid(net, buses[0], vm_pu=SLACK_PU)
    for k, parent in enumerate(PARENT):
        pp.create_line_from_parameters(
            net, buses[parent], buses[k + 1], KM[k], R_OHM_PER_KM, X_OHM_PER_KM, 0.0, max_i_ka, name=f"line {k}"
        )
        pp.create_load(net, buses[k + 1], LOAD_MW[k], LOAD_MVAR[k])
    return net


class Relaxation:
    """The cone programme of one step: minimise ``cost @ x`` over rows of equalities, bounds and cones."""

    def __init__(self, parks_mw: dict[int, float], vm_max_pu: float, max_i_ka: float) -> None:
        self.names = [f"{kind}{k}" for kind in "PQlv" for k in range(4)] + [f"g{b}" for b in parks_mw] + ["in", "out"]
        self.cost = self.row(**{"in": IMPORT, "out": -EXPORT})
        impedance = KV**2  # base of 1 MVA
        r, x = (ohm * np.array(KM) / impedance for ohm in (R_OHM_PER_KM, X_OHM_PER_KM))
        self.equal: list[tuple[Floats, float]] = []
        self.least: list[tuple[Floats, float]] = []
        self.cones: list[list[tuple[Floats, float]]] = []
        for k, parent in enumerate(PARENT):
            children = [c for c, before in enumerate(PARENT) if before == k + 1]
            down_p, down_q = ({f"{kind}{c}": -1.0 for c in children} for kind in "PQ")
            own = {f"g{k + 1}": 1.0} if k + 1 in parks_mw else {}
            self.equal.append((self.row(**{f"P{k}": 1.0, f"l{k}": -r[k]}, **down_p, **own), LOAD_MW[k]))
            self.equal.append((self.row(**{f"Q{k}": 1.0, f"l{k}": -x[k]}, **down_q), LOAD_MVAR[k]))
            drop = self.row(**{f"v{k}": 1.0, f"P{k}": 2 * r[k], f"Q{k}": 2 * x[k], f"l{k}": -(r[k] ** 2 + x[k] ** 2)})
            before = SLACK_PU**2 if parent == 0 else 0.0
            self.equal.append((drop - (0 if parent == 0 else self.row(**{f"v{parent - 1}": 1.0})), before))
            self.least += [(-self.row(**{f"v{k}": 1.0}), -(vm_max_pu**2)), (self.row(**{f"v{k}": 1.0}), 0.9**2)]
            self.least.append((-self.row(**{f"l{k}": 1.0}), -3 * KV**2 * max_i_ka**2))
            sent = np.zeros(len(self.names)) if parent == 0 else self.row(**{f"v{parent - 1}": 1.0})
            fixed, current = (SLACK_PU**2 if parent == 0 else 0.0), self.row(**{f"l{k}": 1.0})
            self.cones.append([(sent + current, fixed), (2 * self.row(**{f"P{k}": 1.0}), 0.0),
                               (2 * self.row(**{f"Q{k}": 1.0}), 0.0), (sent - current, fixed)])  # fmt: skip
        self.equal.append((self.row(**{"in": 1.0, "out": -1.0, "P0": -1.0}), 0.0))
        for bus, available in parks_mw.items():
            self.least += [(self.row(**{f"g{bus}": 1.0}), 0.0), (-self.row(**{f"g{bus}": 1.0}), -available)]
        self.least += [(self.row(**{name: 1.0}), 0.0) for name in ("in", "out")]

    def row(self, **coefficients: float) -> Floats:
        values = np.zeros(len(self.names))
        for name, value in coefficients.items():
            values[self.names.index(name)] = value
        return values

    def least_cost(self) -> float:
        """Its optimum, by Clarabel: ``A x + s = b`` with s in the cones."""
        rows = [row for row, _ in self.equal] + [-row for row, _ in self.least]
        right = [side for _, side in self.equal] + [-side for _, side in self.least]
        cones = [clarabel.ZeroConeT(len(self.equal)), clarabel.NonnegativeConeT(len(self.least))]
        for cone in self.cones:
            rows += [-row for row, _ in cone]
            right += [constant for _, constant in cone]
            cones.append(clarabel.SecondOrderConeT(4))
        settings = clarabel.DefaultSettings()
        settings.verbose = False
        n = len(self.names)
        solver = clarabel.DefaultSolver(
            sparse.csc_matrix((n, n)), self.cost, sparse.csc_matrix(np.array(rows)), np.array(right), cones, settings
        )
        solution = solver.solve()
        assert str(solution.status) == "Solved"
        return float(solution.obj_val_dual)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("vm_max_pu", "max_i_ka", "most_gap"), [(1.05, 0.4, 0.04), (1.2, 0.2, 0.003), (1.04, 0.15, 0.015)],
    ids=["voltage", "current", "both"],
)  # fmt: skip
def test_curtailment_costs_what_the_cone_programme_allows(vm_max_pu: float, max_i_ka: float, most_gap: float) -> None:
    city = city_of(net_of(max_i_ka), Clock(datetime(2030, 6, 3, tzinfo=UTC), timedelta(hours=1), 4))
    parks = [generation(city, f"park at {bus}", bus, available) for bus, available in PARKS.items()]
    schedule = dispatch(
        problem_of(
            city,
            parks,
            import_price_per_mwh=IMPORT,
            export_price_per_mwh=EXPORT,
            vm_max_pu=vm_max_pu,
            vm_min_pu=0.9,
            loading_max_percent=100.0,
        )
    )
    steps = [{int(bus[-1]): float(available[t]) for bus, available in PARKS.items()} for t in range(4)]
    bound = sum(Relaxation(parks_mw, vm_max_pu, max_i_ka).least_cost() for parks_mw in steps)
    cost = schedule.quality.ac_cost
    assert not schedule.shortfalls
    assert sum(schedule.curtailed_mwh(park) for park in parks) > 1
    assert bound - 1e-4 * abs(bound) <= cost <= bound + most_gap * abs(bound)
    assert schedule.quality.gap is None, "rows that bind may cut off what the grid admits, so ours is no bound"
