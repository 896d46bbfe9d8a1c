"""Laws that hold for every kind of asset: a new kind gets them by an example here."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from types import NoneType
from typing import Any, get_args

import annotated_types
import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from grid.assets import KINDS, AnyAsset, Asset, EVFleet, Site
from grid.assets.ev.fleet import homes
from grid.assets.pv import pv_specific_power
from grid.errors import InputError
from grid.flexibility.flexibility import Flexibility
from grid.flexibility.per_slot import values_of

RECORDS = "grid/data/charging/example_sessions.csv"
EXAMPLES: dict[str, dict[str, Any]] = {
    "pv": {"where": {"areas": "lv"}, "p_peak_mw": 3.0},
    "wind": {"bus": "MV3.101 Bus 84", "p_rated_mw": 3.0},
    "chp": {"bus": "MV3.101 Bus 84", "p_rated_mw": 2.0},
    "diesel": {"bus": "MV3.101 Bus 84", "p_rated_mw": 1.0},
    "battery": {"bus": "MV3.101 Bus 84", "p_rated_mw": 2.0, "e_rated_mwh": 8.0},
    "hydrogen_station": {
        "bus": "MV3.101 Bus 30", "electrolyser_mw": 1.5, "tank_kg": 600, "fuel_cell_mw": 0.5, "demand_kg_per_day": 200,
        "charging": {"vehicles": 60, "place": "fast"}, "connection_max_mw": 3.0,
    },
    "ev_fleet": {"where": {"areas": "lv"}, "vehicles": 400, "v2g_share": 0.4},
    "ev_recorded": {"where": {"areas": "lv"}, "file": RECORDS},
    "heat_pump": {"where": {"sector": "I.1"}, "annual_heat_mwh": 20_000.0},
    "industrial_demand": {"bus": "MV3.101 Bus 84", "p_mean_mw": 2.0, "shape": "two_shift"},
    "base_station": {"where": {"areas": "lv"}, "sites": 80},
}  # fmt: skip
RATING = {
    "pv": "p_peak_mw", "wind": "p_rated_mw", "chp": "p_rated_mw", "diesel": "p_rated_mw", "battery": "p_rated_mw",
    "hydrogen_station": "electrolyser_mw", "ev_fleet": "vehicles", "heat_pump": "annual_heat_mwh",
    "industrial_demand": "p_mean_mw", "base_station": "sites",
}  # fmt: skip
"""What makes an asset larger; recorded sessions have nothing of the kind."""
KIND_NAMES = [str(kind.model_fields["kind"].default) for kind in KINDS]


def example(kind: str, **changes: Any) -> Asset:
    asset: Asset = TypeAdapter(AnyAsset).validate_python({"kind": kind, "name": "x", **EXAMPLES[kind], **changes})
    return asset


def test_every_kind_has_an_example() -> None:
    assert set(EXAMPLES) == set(KIND_NAMES)


@pytest.fixture(params=KIND_NAMES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


LIMITS = (
    {"hours": "22:00-06:00", "discharge_max_mw": 0.0},
    {"hours": "17:00-19:30", "charge_max_share": 0.8, "discharge_max_share": 0.5},
)
"""Limits on power that every kind can keep."""


@pytest.fixture(params=[(), LIMITS], ids=["free", "limited"])
def flexibilities(kind: str, request: pytest.FixtureRequest, winter_site: Site) -> tuple[Flexibility, ...]:
    return example(kind, power_limits=request.param).flexibilities(winter_site)


@pytest.mark.slow
def test_names_begin_with_that_of_the_asset(flexibilities: tuple[Flexibility, ...], kind: str) -> None:
    names = [flexibility.name for flexibility in flexibilities]
    assert names[0] == "x"
    assert all(name.startswith("x: ") for name in names[1:])
    assert len(set(names)) == len(names)
    assert kind in {flexibility.kind for flexibility in flexibilities}


def test_shares_sum_to_one(flexibilities: tuple[Flexibility, ...]) -> None:
    for flexibility in flexibilities:
        assert np.allclose(flexibility.shares.sum(axis=1), 1.0)
        assert flexibility.shares.data.min() > 0


def test_unmanaged_power_is_within_bounds(flexibilities: tuple[Flexibility, ...]) -> None:
    for flexibility in flexibilities:
        power = flexibility.unmanaged_power()
        assert (power >= flexibility.per_slot(flexibility.p_min_mw) - 1e-12).all()
        assert (power <= flexibility.per_slot(flexibility.p_max_mw) + 1e-12).all()


def test_power_at_buses_is_the_power_of_the_devices(flexibilities: tuple[Flexibility, ...]) -> None:
    for flexibility in flexibilities:
        power = flexibility.unmanaged_power()
        at_buses = flexibility.at_buses(power)
        assert at_buses.sum(axis=1) == pytest.approx(flexibility.by_step(power))
        unused = np.setdiff1d(np.arange(at_buses.shape[1]), flexibility.buses)
        assert (at_buses[:, unused] == 0).all()


def test_the_reservoir_conserves_energy(flexibilities: tuple[Flexibility, ...]) -> None:
    for flexibility in flexibilities:
        store = flexibility.reservoir
        if store is None:
            continue
        rng = np.random.default_rng(0)
        low, high = flexibility.per_slot(flexibility.p_min_mw), flexibility.per_slot(flexibility.p_max_mw)
        power = low + (high - low) * rng.random(flexibility.n_slots)
        after = flexibility.energy_mwh(power)
        first = flexibility.offsets[:-1]
        before = np.concatenate([[0.0], after[:-1]])
        before[first] = store.e_start_mwh
        kept = store.retention_per_step[flexibility.device] * before
        segments, begin = np.zeros(power.size), np.zeros(power.size)
        whole = np.maximum(high if store.p_segments_mw is None else flexibility.per_slot(store.p_segments_mw), 0)
        for share, relative in store.charge_segments:
            segments += relative * np.clip(power - begin, 0, share * whole)
            begin = begin + share * whole
        h = flexibility.clock.step_hours
        charged = segments * flexibility.per_slot(store.eta_charge) * h
        taken = np.maximum(-power, 0) / flexibility.per_slot(store.eta_discharge) * h
        assert np.abs(after - (kept + charged - taken - flexibility.drain_mwh)).max() < 1e-9
        lasting = values_of(store.eta_charge) * np.array([relative for _, relative in store.charge_segments])[:, None]
        if flexibility.kind != "heat_pump":  # which draws heat from the outside
            assert lasting.max() <= 1


def test_unmanaged_ends_with_the_energy_due_and_never_leaves_the_reservoir(
    flexibilities: tuple[Flexibility, ...],
) -> None:
    for flexibility in flexibilities:
        store = flexibility.reservoir
        if store is None:
            continue
        energy = flexibility.energy_mwh(flexibility.unmanaged_power())
        last = flexibility.offsets[1:] - 1
        if store.exact_end:
            assert energy[last] == pytest.approx(store.e_end_mwh, abs=1e-9)
        assert (energy[last] >= store.e_end_mwh - 1e-9).all()
        assert (energy >= flexibility.per_slot(store.e_min_mwh) - 1e-9).all()
        assert (energy <= flexibility.per_slot(store.e_max_mwh) + 1e-9).all()


def test_minimum_load_holds_unmanaged(flexibilities: tuple[Flexibility, ...]) -> None:
    for flexibility in flexibilities:
        power = np.abs(flexibility.unmanaged_power())
        least = flexibility.per_slot(np.broadcast_to(flexibility.p_min_on_mw, (flexibility.n_devices,)).copy())
        assert ((power < 1e-12) | (power >= least - 1e-12)).all()


def test_the_same_seed_gives_the_same_and_another_name_another_draw(kind: str, winter_site: Site) -> None:
    first, again = (example(kind).flexibilities(winter_site) for _ in range(2))
    for a, b in zip(first, again, strict=True):
        assert np.array_equal(values_of(a.p_max_mw), values_of(b.p_max_mw))
        assert np.array_equal(a.unmanaged_power(), b.unmanaged_power())
        assert np.array_equal(a.drain_mwh, b.drain_mwh)
    if kind == "ev_fleet":
        other = example(kind, name="y").flexibilities(winter_site)[0]
        reseeded = example(kind).flexibilities(replace(winter_site, seed=1))[0]
        assert not np.array_equal(first[0].start, other.start)
        assert not np.array_equal(first[0].start, reseeded.start)


@pytest.mark.slow
def test_other_assets_change_nothing(kind: str, winter_site: Site) -> None:
    flexibilities = example(kind).flexibilities(winter_site)
    for other in EXAMPLES:
        example(other, name=f"before {kind}").flexibilities(winter_site)
    for alone, among in zip(flexibilities, example(kind).flexibilities(winter_site), strict=True):
        assert np.array_equal(alone.start, among.start)
        assert np.array_equal(values_of(alone.p_min_mw), values_of(among.p_min_mw))
        assert np.array_equal(values_of(alone.p_max_mw), values_of(among.p_max_mw))
        assert np.array_equal(alone.unmanaged_power(), among.unmanaged_power())


def numbers(kind: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Fields of a kind that are numbers, with their bounds."""
    (model,) = (model for model in KINDS if model.model_fields["kind"].default == kind)
    for name, field in model.model_fields.items():
        if set(get_args(field.annotation) or (field.annotation,)) <= {int, float, NoneType}:
            yield name, tuple(field.metadata)


def test_every_number_has_a_bound_and_is_refused_beyond_it(kind: str) -> None:
    for name, bounds in numbers(kind):
        assert bounds, f"{name} accepts any number"
        for bound in bounds:
            beyond = _beyond(bound)
            with pytest.raises(ValidationError, match=name):
                example(kind, **{name: beyond})


def _beyond(bound: Any) -> float:
    match bound:
        case annotated_types.Gt() | annotated_types.Lt():
            return float(getattr(bound, "gt", getattr(bound, "lt", math.nan)))
        case annotated_types.Ge():
            return float(bound.ge) - 1.0  # type: ignore[arg-type]
        case annotated_types.Le():
            return float(bound.le) + 1.0  # type: ignore[arg-type]
    raise AssertionError(bound)


@pytest.mark.parametrize("value", ["2", True, math.nan, math.inf, [1.0]])
def test_what_is_no_number_is_refused(kind: str, value: object) -> None:
    for name, _ in numbers(kind):
        with pytest.raises(ValidationError, match=name):
            example(kind, **{name: value})


def test_an_unknown_field_is_refused(kind: str) -> None:
    with pytest.raises(ValidationError, match="p_rated_kw"):
        example(kind, p_rated_kw=3.0)


@pytest.mark.parametrize("kind", RATING)
def test_a_larger_rating_can_do_more(kind: str, winter_site: Site) -> None:
    small = example(kind).flexibilities(winter_site)
    large = example(kind, **{RATING[kind]: 2 * EXAMPLES[kind][RATING[kind]]}).flexibilities(winter_site)
    for wide, narrow in zip(large, small, strict=True):
        for bound in ("p_min_mw", "p_max_mw"):
            more = np.abs(wide.by_step(wide.per_slot(getattr(wide, bound)))).sum()
            less = np.abs(narrow.by_step(narrow.per_slot(getattr(narrow, bound)))).sum()
            assert more >= less - 1e-9
    total = [sum(_freedom(f) + float(np.abs(f.unmanaged_power()).sum()) for f in made) for made in (large, small)]
    assert total[0] > total[1]


def _freedom(flexibility: Flexibility) -> float:
    return float((flexibility.per_slot(flexibility.p_max_mw) - flexibility.per_slot(flexibility.p_min_mw)).sum())


def test_without_sun_and_wind_nothing_shines_or_blows(kind: str, winter_site: Site) -> None:
    zeros = np.zeros(winter_site.city.clock.n_steps)
    dark = replace(
        winter_site.weather, ghi_w_per_m2=zeros, dni_w_per_m2=zeros, dhi_w_per_m2=zeros, wind_speed_m_per_s=zeros
    )
    same = example(kind).flexibilities(winter_site)
    for changed, usual in zip(example(kind).flexibilities(replace(winter_site, weather=dark)), same, strict=True):
        if changed.technology in {"solar", "wind_onshore"}:
            assert (changed.unmanaged_power() == 0).all()
            assert (values_of(changed.p_min_mw) == 0).all()
            assert usual.unmanaged_power().min() < 0
        else:
            assert np.array_equal(changed.unmanaged_power(), usual.unmanaged_power())


def test_an_unknown_bus_is_refused_with_the_nearest(kind: str, winter_site: Site) -> None:
    fields = {k: v for k, v in EXAMPLES[kind].items() if k not in {"where", "bus", "charging"}}
    asset = TypeAdapter(AnyAsset).validate_python({"kind": kind, "name": "x", "bus": "MV3.101 Bus 860", **fields})
    (fault,) = asset.faults(winter_site.city, "assets[0]")
    assert str(fault) == "assets[0].bus: no bus called 'MV3.101 Bus 860'; did you mean 'MV3.101 Bus 86'?"
    with pytest.raises(InputError):
        asset.flexibilities(winter_site)


@pytest.mark.parametrize("kind", [kind for kind in RATING if RATING[kind].endswith("_mw")])
def test_kilowatts_where_megawatts_belong_are_refused(kind: str, winter_site: Site) -> None:
    value = EXAMPLES[kind][RATING[kind]]
    asset = example(kind, **{RATING[kind]: 1000 * value})
    faults = [str(fault) for fault in asset.faults(winter_site.city, "assets[0]")]
    assert any("powers are in MW: did you mean" in fault for fault in faults), faults


def test_pv_follows_the_sun(summer_site: Site, winter_site: Site) -> None:
    pv = example("pv")
    summer, winter = pv_specific_power(pv, summer_site.weather), pv_specific_power(pv, winter_site.weather)  # type: ignore[arg-type]
    days_summer, days_winter = summer_site.city.clock.n_steps / 96, winter_site.city.clock.n_steps / 96
    assert summer.max() <= 1 / 1.2 + 1e-9  # the inverter clips
    assert 2.0 < summer.sum() / 4 / days_summer < 8.0
    assert 0.3 < winter.sum() / 4 / days_winter < 4.0
    by_hour = summer.reshape(-1, 96).mean(axis=0)
    assert 9 * 4 < by_hour.argmax() < 14 * 4  # UTC; solar noon in this city is about 11:15
    assert by_hour[:10].max() == 0


def test_orientations_sum_to_one(winter_site: Site) -> None:
    south = {"tilt_degree": 30, "azimuth_degree": 180, "share": 0.7}
    (fault,) = example("pv", orientations=(south,)).faults(winter_site.city, "assets[2]")
    assert str(fault) == "assets[2].orientations: shares must sum to 1; got 0.7"


def test_v2g_needs_willing_owners_and_permission(winter_site: Site) -> None:
    assert example("ev_fleet", v2g_share=0.0).flexibilities(winter_site)[0].p_min_mw.min() == 0
    assert example("ev_fleet").flexibilities(replace(winter_site, v2g=False))[0].p_min_mw.min() == 0
    allowed = example("ev_fleet").flexibilities(winter_site)[0]
    willing = np.unique(allowed.reservoir.owner[allowed.p_min_mw < 0])  # type: ignore[union-attr]
    assert willing.size == pytest.approx(0.4 * 400, rel=0.15)


def test_homes_follow_the_shares_without_chance(winter_site: Site) -> None:
    fleet = example("ev_fleet", vehicles=5000)
    assert isinstance(fleet, EVFleet)
    placement = fleet.placement(winter_site.city)
    counts = np.bincount(homes(placement, 5000), minlength=winter_site.city.n_buses)[placement.buses]
    assert counts.sum() == 5000
    assert np.abs(counts - placement.shares * 5000).max() < 1
