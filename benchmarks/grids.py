"""The grids of the benchmarks: SimBench nets with their year of quarter hours, the same for every engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

CODES = {59: "1-LV-urban6--0-no_sw", 254: "1-MVLV-urban-5.303-0-no_sw", 10_458: "1-MVLV-urban-all-0-no_sw"}
"""By number of buses with switches; without them some buses fuse, so that engines which know no switches take part."""


@dataclass(frozen=True, eq=False)
class BenchmarkGrid:
    """A net and what its elements do: withdrawal of loads and feed-in of generators, shape (T, E) each [MW, MVAr]."""

    name: str
    net: Any
    load_p: np.ndarray
    load_q: np.ndarray
    sgen_p: np.ndarray


def read(buses: int, steps: int) -> BenchmarkGrid:
    """The grid of about `buses` buses, with the first `steps` quarter hours of its year.

    Taken out or set so that every engine sees the same: lines behind open switches, tap positions (SimBench gives no
    kind of tap changer, so pandapower ignores them and others do not), empty columns of limits.
    """
    import simbench  # noqa: PLC0415  slow to import

    net = simbench.get_simbench_net(CODES[buses])
    open_lines = net.switch[(net.switch.et == "l") & ~net.switch.closed].element.unique()
    net.line = net.line.drop(open_lines)
    net.switch = net.switch.iloc[:0]
    net.trafo["tap_pos"] = net.trafo.tap_neutral
    for table in ("sgen", "load", "ext_grid"):
        net[table] = net[table].drop(columns=["min_p_mw", "max_p_mw", "min_q_mvar", "max_q_mvar"], errors="ignore")
    values = simbench.get_absolute_values(net, profiles_instead_of_study_cases=True)
    load_p, load_q, sgen_p = (
        np.ascontiguousarray(values[key].to_numpy()[:steps])
        for key in (("load", "p_mw"), ("load", "q_mvar"), ("sgen", "p_mw"))
    )
    return BenchmarkGrid(CODES[buses], net, load_p, load_q, sgen_p)
