"""Devices at a bus, and a problem straight from a pandapower net, for those who use the optimizer alone."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from grid.arrays import Floats
from grid.city.city import City, make_city
from grid.city.profile_file import column_name_faults
from grid.city.source import source_of_net
from grid.errors import Fault, InputError, raise_if_any
from grid.flexibility.flexibility import Flexibility, Reservoir, one_device, one_hot
from grid.flexibility.per_slot import DeviceOrSlot, PerSlot
from grid.network.network import Complexes
from grid.time.calendar import ProfileTable
from grid.time.clock import Clock
from optimizer.problem.problem import DispatchProblem

Series = float | Sequence[float] | Floats
"""One value for all steps, or one a step."""
Device = Flexibility | Callable[[City], Flexibility]
"""A device, or what makes it on a net, as ``functools.partial(battery, name="store", bus="quay", p_mw=1, e_mwh=4)``."""


def city_of(net: Any, clock: Clock, profiles: Mapping[str, npt.ArrayLike] | None = None) -> City:
    """A pandapower net on a clock; the net itself is copied, and stays as it is.

    Args:
        net: The net.
        clock: The time axis, T steps.
        profiles: Time series of its own elements by ``table/name or index/quantity``, such as ``load/quay/p_mw``,
            ``load/3/q_mvar`` or ``sgen/roof/p_mw``, shape (T,) each [MW, MVAr]. Elements without one keep the values
            that stand in the net.

    Raises:
        InputError: If a series is of another length or not finite, is called otherwise, or names an element that does
            not exist.
    """
    source = source_of_net(copy.deepcopy(net))
    if profiles:
        columns = {name: np.asarray(values, dtype=np.float64) for name, values in profiles.items()}
        faults = [Fault(f"profiles[{name!r}]", f"must have shape ({clock.n_steps},), all finite", values.shape)
                  for name, values in columns.items()
                  if values.shape != (clock.n_steps,) or not np.isfinite(values).all()]  # fmt: skip
        raise_if_any([*column_name_faults(list(columns)), *faults], "the profiles")
        table = ProfileTable(tuple(columns), np.column_stack(list(columns.values())), clock.start, clock.step)
        source = replace(source, profiles=table)
    return make_city(source, clock)


def problem_of(
    city: City,
    flexibilities: Sequence[Device],
    *,
    import_price_per_mwh: Series,
    export_price_per_mwh: Series | None = None,
    import_ci_kg_per_mwh: Series = 0.0,
    scale: Series = 1.0,
    p_fixed_mw: npt.ArrayLike | None = None,
    q_fixed_mvar: npt.ArrayLike | None = None,
    curtail_own: bool = False,
    **more: Any,
) -> DispatchProblem:
    """The dispatch of devices on a net, in one window unless `horizon_steps` says otherwise.

    Args:
        city: The net on a clock; its loads and generators are fixed withdrawal.
        flexibilities: What may be decided. Of devices that are still to be made, all faults are raised at once,
            together with those of the problem; of others, each raised its own.
        import_price_per_mwh: Price of imports [currency/MWh].
        export_price_per_mwh: Paid for exports [currency/MWh]; default: nothing, or the import price if that is less.
        import_ci_kg_per_mwh: Carbon intensity of imports [kg/MWh].
        scale: Factor of the withdrawal of the net's own elements [1].
        p_fixed_mw: Fixed withdrawal at every bus in place of that of the net's own elements, shape (T, B) [MW].
        q_fixed_mvar: The same of reactive power, shape (T, B) [MVAr].
        curtail_own: Whether the net's own static generators may feed in less than they do, as a flexibility called
            ``own generation`` with one device each; not together with `p_fixed_mw`.
        **more: Other fields of `DispatchProblem`; the limits of branches and voltages are the net's own unless given.

    Raises:
        InputError: With all that disagrees.
    """
    clock, network = city.clock, city.network
    p_mw, q_mvar = city.withdrawal()
    price = _series(import_price_per_mwh, clock)
    paid = np.minimum(price, 0.0) if export_price_per_mwh is None else _series(export_price_per_mwh, clock)
    devices, faults = _made(city, flexibilities)
    factor = _factor(scale, clock, faults)
    defaults: dict[str, Any] = {
        "loading_max_percent": network.branches.loading_max_percent,
        "vm_min_pu": network.buses.vm_min_pu,
        "vm_max_pu": network.buses.vm_max_pu,
        "loads_mva": _scaled_loads(city, factor[:, None]),
        "horizon_steps": clock.n_steps,
        "look_ahead_steps": 0,
    }
    p_mw, q_mvar = factor[:, None] * p_mw, factor[:, None] * q_mvar
    if p_fixed_mw is not None or q_fixed_mvar is not None:
        defaults["loads_mva"] = None
        p_mw = p_mw if p_fixed_mw is None else np.asarray(p_fixed_mw, dtype=np.float64)
        q_mvar = q_mvar if q_fixed_mvar is None else np.asarray(q_fixed_mvar, dtype=np.float64)
    if curtail_own and p_fixed_mw is not None:
        faults.append(Fault("curtail_own", "must not be asked for where p_fixed_mw is given"))
    elif curtail_own:
        own = own_generation(city, factor)
        devices, p_mw = (*devices, own), p_mw - own.at_buses(own.unmanaged_power())
    try:
        problem = DispatchProblem(
            clock, network, p_mw, q_mvar, devices, price, paid,
            _series(import_ci_kg_per_mwh, clock), **(defaults | more),
        )  # fmt: skip
    except InputError as error:
        raise InputError([*faults, *error.faults], "the dispatch problem") from error
    raise_if_any(faults, "the dispatch problem")
    return problem


def _scaled_loads(city: City, factor: Floats) -> Complexes | None:
    """What loads that depend on voltage draw at 1 pu, shape (T, V) [MW + j MVAr]; None without any."""
    loads = city.voltage_dependent_loads_mva()
    return None if loads is None else factor * loads


def own_generation(city: City, scale: Series = 1.0, *, name: str = "own generation") -> Flexibility:
    """What a net's own static generators feed in, curtailable, one device each; it is part of `City.withdrawal` still.

    Args:
        city: The net on a clock.
        scale: Factor of what they feed in [1].
        name: Name of the flexibility.

    Raises:
        InputError: If there are none, or the factor is of another length.
    """
    generators, n_steps = city.generators, city.clock.n_steps
    n = len(generators.names)
    faults = [] if n else [Fault(name, "the net has no static generators")]
    factor = _factor(scale, city.clock, faults)
    raise_if_any(faults, name)
    power = np.maximum(generators.p_mw() * factor[:, None], 0.0).T.ravel()
    return Flexibility(
        name, "generation", city.clock, one_hot(generators.bus, city.n_buses), np.zeros(n, dtype=np.int64),
        np.full(n, n_steps), PerSlot(-power), np.zeros(n), "sgen", p_unmanaged_mw=-power, technology="unknown",
    )  # fmt: skip


def _factor(scale: Series, clock: Clock, faults: list[Fault]) -> Floats:
    """A factor of every step, shape (T,) [1]; a fault, and 1, where it is of another length."""
    factor = _series(scale, clock)
    if factor.shape == (clock.n_steps,):
        return factor
    faults.append(Fault("scale", f"must be one value, or have shape ({clock.n_steps},)", factor.shape))
    return np.ones(clock.n_steps)


def _made(city: City, devices: Sequence[Device]) -> tuple[tuple[Flexibility, ...], list[Fault]]:
    """The devices on a net, and the faults of those that cannot be made."""
    made: list[Flexibility] = []
    faults: list[Fault] = []
    for device in devices:
        try:
            made.append(device if isinstance(device, Flexibility) else device(city))
        except InputError as error:
            faults += error.faults
    return tuple(made), faults


def battery(
    city: City, name: str, bus: str, p_mw: float, e_mwh: float, *, soc_start: float = 0.5, soc_end: float | None = None,
    round_trip_efficiency: float = 0.88, wear_cost_per_mwh: float = 0.0, q_max_mvar: float = 0.0,
) -> Flexibility:  # fmt: skip
    """A battery that ends with at least the charge it began with, or with `soc_end`.

    Args:
        city: The net on a clock.
        name: Name of the battery.
        bus: Name of its bus.
        p_mw: Most power drawn and fed in at the bus [MW].
        e_mwh: Energy it holds [MWh].
        soc_start: Share of it that is stored when the clock begins, 0..1 [1].
        soc_end: Share that is due when the clock ends, 0..1 [1]; None: `soc_start`.
        round_trip_efficiency: Fed in per drawn energy, above 0 and at most 1 [1]; each way its root.
        wear_cost_per_mwh: Cost of ageing per energy fed in [currency/MWh].
        q_max_mvar: Reactive power that its inverter can draw or supply at any active power [MVAr].

    Raises:
        InputError: If there is no such bus, a value is out of its range, or `soc_end` cannot be reached.
    """
    faults = [*_bus_faults(city, bus, name), *_positive(name, p_mw=p_mw, e_mwh=e_mwh)]
    end = soc_start if soc_end is None else soc_end
    faults += [Fault(f"{name}.{key}", "must lie within 0..1", value)
               for key, value in (("soc_start", soc_start), ("soc_end", end)) if not 0 <= value <= 1]  # fmt: skip
    if not 0 < round_trip_efficiency <= 1:
        faults.append(Fault(f"{name}.round_trip_efficiency", "must lie within 0..1, above 0", round_trip_efficiency))
    raise_if_any(faults, f"battery {name!r}")
    eta = np.array([round_trip_efficiency**0.5])
    store = Reservoir(
        np.array([soc_start * e_mwh]), np.array([end * e_mwh]), np.zeros(1), np.array([e_mwh]), eta, eta, np.ones(1),
        np.zeros(1, dtype=np.int64),
    )  # fmt: skip
    limits = (np.array([-p_mw]), np.array([p_mw]))
    return _device(city, name, bus, "battery", *limits, element="storage", reservoir=store,
                   p_unmanaged_mw=np.zeros(city.clock.n_steps) if soc_end is None else None,
                   wear_cost_per_mwh=np.array([wear_cost_per_mwh]), q_max_mvar=np.array([q_max_mvar]))  # fmt: skip


def generation(
    city: City, name: str, bus: str, available_mw: Series, *, cost_per_mwh: float = 0.0, q_max_mvar: float = 0.0,
    ci_kg_per_mwh: float = 0.0, must_run: bool = False,
) -> Flexibility:  # fmt: skip
    """Generation that may feed in anything up to what is available; curtailable sun and wind, or an engine at a cost.

    Args:
        city: The net on a clock.
        name: Name of the generation.
        bus: Name of its bus.
        available_mw: Most that it can feed in, one value or shape (T,) [MW].
        cost_per_mwh: Cost of fuel per energy fed in [currency/MWh].
        q_max_mvar: Reactive power that it can draw or supply at any active power [MVAr].
        ci_kg_per_mwh: Direct emissions of its generation [kg/MWh].
        must_run: Whether it feeds in all that is available.

    Raises:
        InputError: If there is no such bus, or availability is negative or of another length.
    """
    power = _series(available_mw, city.clock)
    faults = list(_bus_faults(city, bus, name))
    if (power < 0).any():
        faults.append(Fault(f"{name}.available_mw", "must not be negative", float(power.min())))
    raise_if_any(faults, f"generation {name!r}")
    high = PerSlot(-power) if must_run else np.zeros(1)
    return _device(city, name, bus, "generation", PerSlot(-power), high, element="sgen", p_unmanaged_mw=-power,
                   wear_cost_per_mwh=np.array([cost_per_mwh]), q_max_mvar=np.array([q_max_mvar]),
                   technology="unknown", ci_kg_per_mwh=(ci_kg_per_mwh, ci_kg_per_mwh))  # fmt: skip


def charging_sessions(
    city: City, name: str, buses: Sequence[str], start: npt.ArrayLike, stop: npt.ArrayLike, energy_mwh: npt.ArrayLike,
    p_max_mw: npt.ArrayLike, *, battery_mwh: npt.ArrayLike | None = None, v2g: bool = False, efficiency: float = 0.9,
    wear_cost_per_mwh: float = 0.0,
) -> Flexibility:  # fmt: skip
    """Cars that must leave with what they came for; each session is a device of its own.

    Args:
        city: The net on a clock.
        name: Name of the fleet.
        buses: Bus of each session, N of them; none is a fleet that does nothing.
        start: First step of each, shape (N,).
        stop: Step after its last, shape (N,).
        energy_mwh: Energy to store in each, one value or shape (N,) [MWh].
        p_max_mw: Power of each charger, one value or shape (N,) [MW].
        battery_mwh: Room in each battery above what it came with [MWh]; default: just the energy asked for.
        v2g: Whether they may feed in what they came with, and take it back.
        efficiency: Stored per drawn, and fed in per taken out, above 0 and at most 1 [1].
        wear_cost_per_mwh: Cost of ageing per energy fed in [currency/MWh].

    Raises:
        InputError: If a bus is unknown, lengths disagree, a number is negative or not finite, or a session cannot have
            its energy in its time.
    """
    n = len(buses)
    given = {"start": start, "stop": stop, "energy_mwh": energy_mwh, "p_max_mw": p_max_mw}
    given["battery_mwh"] = energy_mwh if battery_mwh is None else battery_mwh
    numbers = {key: np.asarray(values, dtype=np.float64) for key, values in given.items()}
    faults = [fault for bus in dict.fromkeys(buses) for fault in _bus_faults(city, bus, name)]
    faults += [fault for key, values in numbers.items() for fault in _session_faults(f"{name}.{key}", values, n)]
    if not 0 < efficiency <= 1:
        faults.append(Fault(f"{name}.efficiency", "must lie within 0..1, above 0", efficiency))
    raise_if_any(faults, name)
    begin, end, energy, power, room = (np.broadcast_to(values, (n,)) for values in numbers.values())
    held = room if v2g else np.zeros(n)
    eta = np.full(n, efficiency)
    store = Reservoir(
        held, held + energy, np.zeros(n), held + np.maximum(room, energy), eta, eta, np.ones(n), np.arange(n),
        exact_end=True, vehicle=True,
    )  # fmt: skip
    places = np.array([city.network.buses.find(bus) for bus in buses], dtype=np.int64)
    steps = begin.astype(np.int64), end.astype(np.int64)
    return Flexibility(
        name, "sessions", city.clock, one_hot(places, city.n_buses), *steps, -power * v2g, power, "storage", store,
        smart=True, wear_cost_per_mwh=np.full(n, wear_cost_per_mwh), gpc_code="II.1",
    )  # fmt: skip


def _device(
    city: City, name: str, bus: str, kind: str, low: DeviceOrSlot, high: DeviceOrSlot, **more: Any
) -> Flexibility:
    """One device at one bus over the whole clock."""
    place = np.array([city.network.buses.find(bus)])
    return one_device(name, kind, city.clock, one_hot(place, city.n_buses), low, high, **more)


def _series(values: Series, clock: Clock) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    return np.full(clock.n_steps, float(array)) if array.ndim == 0 else array


def _bus_faults(city: City, bus: str, name: str) -> list[Fault]:
    fault = city.network.buses.fault(bus, f"{name}.bus")
    return [] if fault is None else [fault]


def _session_faults(place: str, values: Floats, n: int) -> Iterator[Fault]:
    """What is wrong with what is said of each of n sessions."""
    if values.shape not in ((), (n,)):
        yield Fault(place, f"must be one value, or one for each of {n} sessions", values.shape)
    wrong = values[~(np.isfinite(values) & (values >= 0))]
    if wrong.size:
        yield Fault(place, "must be finite and not negative", float(wrong.ravel()[0]))
    if place.endswith((".start", ".stop")) and not wrong.size and (values % 1 != 0).any():
        yield Fault(place, "must be whole steps", float(values[values % 1 != 0].ravel()[0]))


def _positive(name: str, **values: float) -> list[Fault]:
    return [Fault(f"{name}.{key}", "must be greater than 0", value) for key, value in values.items() if not value > 0]
