"""What a scenario would run, and which factors there are, in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from app.scenario.loaded import LoadedScenario, factors_of, in_folder
from app.scenario.place import city_place
from app.scenario.plausibility import forecast_doubts, idle_limits, profile_doubts
from app.scenario.tariffs import members, tariff_of
from app.tariffs import BillingAccount, unit_doubts
from carbon.factors import factor_sets
from carbon.upstream import load_region
from carbon.upstream.market.factors import marginal_trade_factor, region_factors
from grid.city.city import City
from grid.city.placement import Placement

MANY = 4


def describe_scenario(loaded: LoadedScenario) -> str:
    """What a scenario would run."""
    scenario, city, clock = loaded.scenario, loaded.city, loaded.city.clock
    network = city.network
    kinds = list(network.branches.kinds)
    p_mw = city.withdrawal()[0][:, network.buses.node >= 0].sum(axis=1)
    lines = [
        f"{scenario.name}: valid",
        *(f"  ATTENTION  {sentence}" for sentence in _warnings(loaded)),
        f"  scenario   {scenario.sha256}",
        (
            f"  period     {clock.start:%Y-%m-%d} to {clock.stop:%Y-%m-%d} UTC, {clock.n_steps} steps of "
            f"{scenario.period.step_minutes} min"
        ),
        (
            f"  grid       {city.name}: {len(network.buses.names)} buses, {kinds.count('line')} lines, "
            f"{kinds.count('trafo')} transformers"
        ),
        (
            f"  elements   {len(city.loads.names)} loads, {len(city.generators.names)} generators, "
            f"net peak {p_mw.max():.2f} MW, net energy {p_mw.sum() * clock.step_hours:,.1f} MWh"
        ),
        f"  solver     {_solver(loaded)}",
        (
            f"  strategy   {scenario.dispatch.strategy}, {scenario.dispatch.carbon_price_per_t:g} "
            f"{scenario.currency}/t, windows of {scenario.dispatch.horizon_hours} h and "
            f"{scenario.dispatch.look_ahead_hours} h ahead"
        ),
    ]
    lines += [f"  {asset.kind:10} {asset.name}: {_where(loaded, asset.placement(city))}" for asset in loaded.assets]
    lines += [f"  adoption   {step}" for step in loaded.adopted.derivation]
    lines += [line for account in scenario.tariff.accounts for line in _account(loaded, account)]
    lines += [
        f"  data centre {spec.name}: {spec.p_it_rated_mw:g} MW of IT at {spec.bus}, "
        + (f"stated PUE {spec.stated.pue:g}" if spec.stated else f"{spec.cooling.kind}, {spec.power_chain.kind}")
        for spec in scenario.data_centres
    ]
    lines += [f"  controller {one.name}: {one.kind.replace('_', ' ')}" for one in scenario.controllers]
    place = city_place(scenario.city, network.buses)
    notes = (place.note, *loaded.phases.notes, *network.not_followed, *loaded.caveats, _unverified_factors(loaded))
    lines += [f"  note       {note}" for note in notes if note]
    return "\n".join([*lines, *(report.text for report in loaded.reports), *_of_assets(loaded)])


def _warnings(loaded: LoadedScenario) -> Iterator[str]:
    """What a reader must know before all else: what is not real, not supplied, misstated, or limits nothing."""
    yield from _synthetic(loaded.city)
    if loaded.city.network.buses.without_supply:
        yield loaded.city.network.buses.without_supply
    yield from loaded.phases.misstated
    yield from idle_limits(loaded)
    yield from forecast_doubts(loaded)
    yield from profile_doubts(loaded)


def _solver(loaded: LoadedScenario) -> str:
    """By which method the power flow of a net is solved, and why."""
    network = loaded.city.network
    if loaded.phases.sequences is not None:
        return "fixed point in three phases"
    if network.uncovered:
        return f"pandapower, step by step: {', '.join(network.uncovered)}"
    if network.decided_by_voltage:
        return f"Newton: {', '.join(network.decided_by_voltage)}"
    return "fixed point"


def _synthetic(city: City) -> tuple[str, ...]:
    """What says that a grid was made, not measured; empty for a real one."""
    report = city.grid_report
    return (report.synthetic,) if report is not None and report.synthetic else ()


def _account(loaded: LoadedScenario, account: BillingAccount) -> Iterator[str]:
    """Who pays by which tariff, how far its prices were checked, and which look like those of another unit."""
    tariff = tariff_of(account, loaded.folder)
    status = ", ".join(dict.fromkeys(source.status for source in tariff.sources))
    yield f"  account    {account.name}: {len(members(loaded, account))} members by {tariff.name} ({status})"
    yield from (f"  ATTENTION  {account.name}: {doubt}" for doubt in unit_doubts(tariff))


def _unverified_factors(loaded: LoadedScenario) -> str:
    """The rows of the factor set that a run takes as they stand and that were not checked; empty where none are."""
    spec, upstream = loaded.scenario.carbon, loaded.scenario.upstream
    factors = factors_of(spec, loaded.folder)
    taken = {asset.feeds_in_as for asset in loaded.assets} | set(loaded.city.technologies)
    if upstream.csv is None:
        region = load_region(in_folder(upstream.region or "reference", loaded.folder))
        fleets = region_factors(region, factors, spec.boundary)
        of_imports = (*fleets, marginal_trade_factor(region, factors, spec.boundary))
        taken |= {one.technology for one in of_imports if one is not None and not one.derivation}
    else:  # any of them, as the file's mix has it
        taken |= set(factors.technologies)
    found = [name for name in factors.unverified if name in taken]
    where = "" if upstream.csv is None else ", where the file's mix has them"
    return f"Unverified factors of {factors.name}{where}: {', '.join(found)}." if found else ""


def _of_assets(loaded: LoadedScenario) -> Iterator[str]:
    """What was read of the files of assets, and what else is to be known of them."""
    for asset in loaded.assets:
        reports = [report.text for report in asset.reports()]
        yield from (f"{asset.name}, {text}" for text in reports or asset.notes())


def _where(loaded: LoadedScenario, placement: Placement) -> str:
    names = loaded.city.network.buses.names
    order = np.argsort(-placement.shares, kind="stable")[:MANY]
    shown = ", ".join(f"{names[placement.buses[k]]} {placement.shares[k]:.1%}" for k in order)
    count = placement.buses.size
    return f"at {names[placement.buses[0]]}" if count == 1 else f"at {count} buses ({shown}{' …' * (count > MANY)})"


def factor_table() -> str:
    """Every set of emission factors, row by row, with source and how far it was checked."""
    lines = []
    for name, factors in factor_sets().items():
        lines.append(f"{name}: {len(factors.factors)} factors")
        for f in factors.factors:
            what = f"{f.technology} {getattr(f, 'region', '')}".strip()
            row = f"  {what:28} {f.value_kg_per_mwh:8.1f} kg/MWh  {f.gas:4} {f.boundary:9} {f.year} {f.status}"
            ends = f"; {f.low_kg_per_mwh:.1f} to {f.high_kg_per_mwh:.1f} ({f.range_status})" if f.has_range else ""
            lines.append(row + ends)
        lines += dict.fromkeys(f"    {f.issuer}: {f.source}" for f in factors.factors)
        lines += dict.fromkeys(f"    range: {f.range_source}" for f in factors.factors if f.has_range)
    return "\n".join(lines)
