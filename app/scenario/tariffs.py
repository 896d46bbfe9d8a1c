"""Rate sheets of a scenario: where they are read, what can be wrong with them, and what they make energy cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from app.scenario.loaded import LoadedScenario, in_folder
from app.scenario.messages import faults_of
from app.scenario.schema import Scenario
from app.tariffs import BillingAccount, CityPrices, Tariff, linear_faults, linear_prices
from app.tariffs.reduction import BY_TIME
from app.tariffs.times import LocalTimes
from grid.arrays import Floats
from grid.errors import Fault, InputError, nearest
from grid.files.content import is_file
from grid.files.plain_yaml import plain_yaml
from grid.files.yaml_file import read_yaml
from grid.time.calendar import holidays_of
from grid.time.clock import Clock

Consumer = tuple[str, str]
"""What an account holds: ``sector``, ``generation``, ``asset`` or ``data_centre``, and its name."""


@cache
def shipped_tariffs() -> dict[str, Path]:
    """The files of the shipped tariffs by name."""
    folder = Path(str(resources.files("app.tariffs") / "shipped"))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def load_tariff(name_or_path: str) -> Tariff:
    """A shipped tariff by its name, or one of your own by the path of its YAML file.

    Raises:
        InputError: If there is none, or it is not valid; all faults at once.
    """
    path = shipped_tariffs().get(name_or_path, Path(name_or_path))
    if not is_file(path):
        raise InputError.single(
            "tariff", "no such tariff or file", name_or_path, nearest(name_or_path, shipped_tariffs())
        )
    file = read_yaml(path)
    with file.naming_lines():
        try:
            return Tariff.model_validate(file.content)
        except ValidationError as error:
            raise InputError(faults_of(error, Tariff), str(path)) from error


def tariff_of(account: BillingAccount, folder: Path) -> Tariff:
    """The tariff of an account.

    Args:
        account: The account.
        folder: Folder that file names in the scenario are relative to.

    Raises:
        InputError: If its file cannot be read.
    """
    return account.tariff if isinstance(account.tariff, Tariff) else load_tariff(in_folder(account.tariff, folder))


def local_times(scenario: Scenario, tariff: Tariff, clock: Clock) -> LocalTimes:
    """Local time of the steps of a clock, with the holidays that a tariff counts as Sundays."""
    country = scenario.city.holidays if tariff.holidays_as_sundays else None
    sundays = (
        holidays_of(country, set(range(clock.start.year - 1, clock.stop.year + 2))) if country is not None else set()
    )
    return LocalTimes.of_clock(clock, scenario.city.time_zone, sundays)


def city_prices(scenario: Scenario, folder: Path, clock: Clock, wholesale_per_mwh: Floats) -> CityPrices:
    """Prices of imports, exports and peaks of a city.

    Args:
        scenario: The scenario; an account of its tariff may set them.
        folder: Folder that file names in it are relative to.
        clock: The time axis, T steps.
        wholesale_per_mwh: Wholesale price, shape (T,) [currency/MWh].

    Raises:
        InputError: If the file of a tariff cannot be read.
    """
    given = scenario.tariff
    for account in given.accounts:
        if account.name == given.dispatch_account:
            tariff = tariff_of(account, folder)
            return linear_prices(tariff, account, local_times(scenario, tariff, clock), wholesale_per_mwh)
    return CityPrices(
        wholesale_per_mwh + given.import_markup_per_mwh,
        wholesale_per_mwh - given.export_discount_per_mwh,
        given.demand_charge_per_mw_month,
    )


def members(loaded: LoadedScenario, account: BillingAccount) -> tuple[Consumer, ...]:
    """All that an account holds; assets on the sites of data centres belong to those."""
    on_site = {asset.name for spec in loaded.scenario.data_centres for asset in spec.on_site_assets}
    by_kind = [a.name for a in loaded.assets if a.kind in account.kinds and a.name not in on_site]
    named = {
        "sector": account.sectors,
        "generation": account.generation,
        "asset": tuple(dict.fromkeys((*by_kind, *account.assets))),
        "data_centre": account.data_centres,
    }
    return tuple((what, name) for what, names in named.items() for name in names)


def member_faults(loaded: LoadedScenario) -> Iterator[Fault]:
    """What is wrong with what the accounts of a scenario hold, where it is valid otherwise."""
    known: Mapping[str, Sequence[str]] = {
        "sector": loaded.city.sectors,
        "generation": loaded.city.technologies,
        "asset": [asset.name for asset in loaded.assets],
        "data_centre": [spec.name for spec in loaded.scenario.data_centres],
    }
    taken: dict[Consumer, str] = {}
    for place, account in enumerate(loaded.scenario.tariff.accounts):
        at = f"tariff.accounts[{place}]"
        for what, name in members(loaded, account):
            words, field = what.replace("_", " "), "generation" if what == "generation" else f"{what}s"
            if name not in known[what]:
                rule = f"no {words} called {name!r} in this city"
                yield Fault(f"{at}.{field}", rule, None, nearest(name, known[what]))
            elif (what, name) in taken:
                yield Fault(at, f"{words} {name!r} is in account {taken[what, name]!r} too")
            taken.setdefault((what, name), account.name)


def tariff_faults(scenario: Scenario, folder: Path) -> Iterator[Fault]:
    """What is wrong with the tariffs of a scenario, or what they need and the accounts do not say."""
    for place, account in enumerate(scenario.tariff.accounts):
        at = f"tariff.accounts[{place}]"
        try:
            tariff = tariff_of(account, folder)
        except InputError as error:
            yield from (_in_file(fault, account, f"{at}.tariff") for fault in error.faults)
            continue
        yield from _account_faults(account, tariff, scenario, at)
        if account.name == scenario.tariff.dispatch_account:
            for reason in linear_faults(tariff):
                yield Fault("tariff.dispatch_account", f"no price by step can say this tariff: {reason}", account.name)
            if scenario.dispatch.spans is not None and tariff.demand:
                rule = "dispatch.spans needs a tariff without a demand charge"
                yield Fault("tariff.dispatch_account", rule, account.name)


def _in_file(fault: Fault, account: BillingAccount, at: str) -> Fault:
    """A fault of the file of a tariff, as one of the scenario."""
    if fault.place == "tariff":
        return Fault(at, fault.rule, fault.value, fault.suggestion)
    line = "" if fault.line is None else f"line {fault.line}: "
    place = f"{fault.place}: " if fault.place else ""
    return Fault(at, f"{account.tariff}: {line}{place}{fault.rule}", fault.value, fault.suggestion)


def _account_faults(account: BillingAccount, tariff: Tariff, scenario: Scenario, at: str) -> Iterator[Fault]:
    """What an account lacks for its tariff."""
    if tariff.currency != scenario.currency:
        yield Fault(f"{at}.tariff", f"is in {tariff.currency}, the scenario in {scenario.currency}")
    if tariff.capacity and account.contracted_mva is None:
        yield Fault(f"{at}.contracted_mva", "is required: the tariff charges contracted power")
    if account.module is not None and tariff.controllable is None:
        yield Fault(f"{at}.module", "the tariff has no reductions for controllable loads", account.module)
    if account.module == BY_TIME and tariff.controllable is not None and not tariff.controllable.periods:
        yield Fault(f"{at}.module", "the tariff states no work price by time", account.module)


def tariffs_in_words() -> str:
    """Every shipped tariff with its sources."""
    lines = []
    for name, path in shipped_tariffs().items():
        tariff = Tariff.model_validate(plain_yaml(path.read_text(encoding="utf-8")))
        lines.append(f"{name}: {tariff.name}, {tariff.currency}")
        lines += [f"  {one.status:10} {one.title} {one.url} {one.date}".rstrip() for one in tariff.sources]
    return "\n".join(lines)
