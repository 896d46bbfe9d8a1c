from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from grid.errors import InputError
from grid.twin.reliability import FaultRates, SupplyTopology, reliability, reliability_indices

BOOLS = np.zeros(4, dtype=bool)
RING = SupplyTopology(  # 0 - 1 - 2 and 0 - 3, with an open tie between 2 and 3; breakers at the source
    n_nodes=4,
    sources=np.array([0]),
    from_node=np.array([0, 1, 0, 2]),
    to_node=np.array([1, 2, 3, 3]),
    open=np.array([False, False, False, True]),
    switch_from=~BOOLS,
    switch_to=~BOOLS,
    protected=np.array([True, False, True, False]),
)
RATES = FaultRates(np.array([0.1, 0.2, 0.4, 0.8]), np.array([5.0, 6.0, 7.0, 9.0]), 1.0)


def test_a_ring_supplies_again_all_that_the_fault_does_not_hold():
    found = reliability(RING, RATES)
    np.testing.assert_allclose(found.interruptions_per_year, [0.0, 0.3, 0.3, 0.4])
    np.testing.assert_allclose(found.hours_per_year, [0.0, 0.3, 0.3, 0.4])  # each branch can be parted at both ends


def test_without_a_tie_what_lies_behind_the_fault_waits_for_the_repair():
    three = [
        getattr(RING, name)[:3] for name in ("from_node", "to_node", "open", "switch_from", "switch_to", "protected")
    ]
    alone = SupplyTopology(4, RING.sources, *three)
    found = reliability(alone, FaultRates(RATES.per_year[:3], RATES.repair_h[:3], 1.0))
    np.testing.assert_allclose(found.hours_per_year, [0.0, 0.1 * 5 + 0.2 * 1, 0.1 * 5 + 0.2 * 6, 0.4 * 7])


def test_a_branch_without_switches_takes_its_ends_with_it():
    fixed = replace(
        RING, switch_from=np.array([True, False, True, True]), switch_to=np.array([False, False, True, True])
    )
    lost, waits = fixed.without(1)
    assert lost.tolist() == [False, True, True, False]
    assert waits.tolist() == [False, True, True, False]


def test_an_open_branch_cuts_nobody_off_and_more_switches_never_do_harm():
    found = reliability(RING, RATES)
    assert not found.lost_interruptions[3].any()
    blunt = reliability(replace(RING, switch_from=BOOLS, switch_to=BOOLS), RATES)
    assert (blunt.hours_per_year >= found.hours_per_year).all()
    assert (blunt.interruptions_per_year == found.interruptions_per_year).all()


def test_energy_and_hours_are_those_of_the_places():
    indices = reliability_indices(
        np.array([1.0, 0.0]), np.array([4.0, 0.0]), np.array([3.0, 1.0]), np.array([2.0, 7.0])
    )
    assert (indices.saifi_per_year, indices.saidi_h_per_year, indices.caidi_h) == (0.75, 3.0, 4.0)
    assert indices.ens_mwh_per_year == 8.0
    assert indices.asai == pytest.approx(1 - 3 / 8760)


def test_wrong_rates_are_refused_all_at_once():
    with pytest.raises(InputError) as caught:
        FaultRates(np.array([0.1, -1.0]), np.array([np.nan, 1.0]), -1.0)
    assert [fault.place for fault in caught.value.faults] == ["per_year[1]", "repair_h[0]", "switching_h"]
