from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.errors import InputError
from grid.flexibility.flexibility import Flexibility, Reservoir, one_hot
from grid.flexibility.per_slot import PerSlot
from grid.time.clock import Clock
from tests.examples import examples

CLOCK = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(minutes=30), 12)


def cars(seed: int, *, by_slot: bool, **changes: Any) -> Flexibility:
    """Three devices of different stays, with part load, standing losses and use on the way."""
    rng = np.random.default_rng(seed)
    start, stop = np.array([0, 2, 5]), np.array([12, 9, 6])
    k = int((stop - start).sum())
    eta = rng.uniform(0.7, 1.0, (2, k if by_slot else 3))
    p_max_mw = rng.uniform(0.5, 1, k if by_slot else 3)
    values = {
        "e_start_mwh": rng.uniform(0, 1, 3), "e_end_mwh": np.zeros(3), "e_min_mwh": np.full(3, -9.0),
        "e_max_mwh": np.full(3, 9.0), "eta_charge": PerSlot(eta[0]) if by_slot else eta[0],
        "eta_discharge": PerSlot(eta[1]) if by_slot else eta[1],
        "retention_per_step": rng.uniform(0.9, 1.0, 3), "drain_mwh": rng.uniform(0, 0.05, k),
        "owner": np.arange(3), "charge_segments": ((0.4, 1.0), (0.6, 0.8)), **changes,
    }  # fmt: skip
    return Flexibility(
        name="cars", kind="test", clock=CLOCK, shares=one_hot(np.zeros(3, int), 1), start=start, stop=stop,
        p_min_mw=np.full(3, -1.0), p_max_mw=PerSlot(p_max_mw) if by_slot else p_max_mw, element="storage",
        reservoir=Reservoir(**values),
    )  # fmt: skip


def gain_by_hand(f: Flexibility, slot: int, p_mw: float) -> float:
    store = f.reservoir
    eta_charge, eta_discharge, p_max = (
        f.per_slot(v)[slot] for v in (store.eta_charge, store.eta_discharge, f.p_max_mw)
    )
    if p_mw < 0:
        return 0.5 * p_mw / eta_discharge
    first = min(p_mw, 0.4 * p_max)
    return 0.5 * eta_charge * (first + 0.8 * (p_mw - first))


@examples(30)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_energy_follows_from_power_step_by_step(seed: int, by_slot: bool) -> None:
    f = cars(seed, by_slot=by_slot)
    power = np.random.default_rng(seed).uniform(-1, 1, f.n_slots)
    energy = f.energy_mwh(power)
    for device in range(3):
        held = f.reservoir.e_start_mwh[device]
        for slot in range(f.offsets[device], f.offsets[device + 1]):
            gain = gain_by_hand(f, slot, power[slot])
            assert f.gain_mwh(power)[slot] == pytest.approx(gain, rel=1e-12)
            assert f.gain_at(power[[slot]], np.array([slot]))[0] == pytest.approx(gain, rel=1e-12)
            held = f.reservoir.retention_per_step[device] * held - f.reservoir.drain_mwh[slot] + gain
            assert energy[slot] == pytest.approx(held, rel=1e-12, abs=1e-12)


@examples(30)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_who_is_not_managed_charges_at_full_power_until_the_energy_due_is_there(seed: int, by_slot: bool) -> None:
    f = cars(seed, by_slot=by_slot, e_end_mwh=np.array([2.0, 0.5, 0.3]), e_start_mwh=np.array([0.2, 0.1, 0.28]))
    power = f.unmanaged_power()
    energy, full, due = f.energy_mwh(power), f.per_slot(f.p_max_mw), f.reservoir.e_end_mwh[f.device]
    reached = energy >= due - 1e-12
    np.testing.assert_allclose(power[~reached], full[~reached])
    charges = reached & (power > 0)
    np.testing.assert_allclose(energy[charges], due[charges])
    assert (power >= 0).all()
    assert (power <= full + 1e-15).all()


def test_full_power_over_the_whole_stay_is_the_most_a_device_gains() -> None:
    f = cars(1, by_slot=True)
    net = f.gain_mwh(f.per_slot(f.p_max_mw)) - f.drain_mwh
    np.testing.assert_allclose(f.most_gain_mwh(), np.add.reduceat(net, f.offsets[:-1]), rtol=1e-12)


def test_arrays_of_another_length_are_refused_by_name_before_anything_reads_them() -> None:
    with pytest.raises(InputError) as error:
        cars(1, by_slot=False, eta_charge=np.ones(5), e_end_mwh=np.zeros(2))
    assert {fault.place for fault in error.value.faults} == {"cars.eta_charge", "cars.e_end_mwh"}
