"""The levers that planners turn first, each declared with its unit, its range and its places in the scenario."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from app.dashboard.builder.content import ABSENT, Content, value_at, with_value, written
from app.dashboard.builder.levers.lever import OURS, LeverChoice, Range, ScenarioLever, Value, as_shown, stored
from app.dashboard.builder.levers.places import Net, appended, matching, of_field, of_kind, of_sum
from app.dashboard.text import COOLING, POWER_CHAINS
from carbon.data_centre.cooling import Cooling
from carbon.data_centre.power_chain import PowerChain
from grid.errors import InputError, nearest
from grid.units import PERCENT

HOURS_OF_NEW_BATTERY = 4.0
"""Energy over power of a battery that a lever adds (ours; that of the shipped scenarios)."""
ADOPTED = ("pv_roof_share", "ev_share", "heat_pump_share")
"""Shares of which adoption needs at least one."""
PV = "pv"
SHARES = "a share lies between 0 and 100 %"

CITY, FLEXIBILITY, HALLS, PRICES, LIMITS, OPERATION = (
    "Households", "Batteries", "Data centres", "Prices", "Limits of the grid", "Operation and period",
)  # fmt: skip


def _at_home(item: Mapping[str, Any]) -> bool:
    return item.get("kind") == "ev_fleet" and item.get("place", "home") == "home"


def _adopts(content: Content, name: str) -> bool:
    return value_at(content, ("adoption", name)) not in {ABSENT, None}


def _has(content: Content, kind: str) -> bool:
    return bool(matching(content, "assets", of_kind(kind)))


def _fleets(content: Content) -> list[int]:
    return matching(content, "assets", _at_home)


def _v2g_places(content: Content) -> list[tuple[Any, ...]]:
    """Places of the share of V2G: of adopted cars, and of listed fleets that charge at home."""
    adopted: list[tuple[Any, ...]] = [("adoption", "v2g_share")] if _adopts(content, "ev_share") else []
    return adopted + [("assets", place, "v2g_share") for place in _fleets(content)]


def _read_v2g(content: Content) -> Value:
    places = _v2g_places(content)
    shares = [0.0 if (found := value_at(content, keys)) is ABSENT else found for keys in places]
    if not shares:
        return None
    if all(share == shares[0] for share in shares) or not all(isinstance(share, int | float) for share in shares):
        same: Value = as_shown(shares[0], PERCENT)
        return same
    return round(PERCENT * sum(shares) / len(shares), 9)


def _write_v2g(content: Content, value: Any, _net: Net) -> Content:
    """The share at all homes; cars may feed in only where the dispatch lets them, so that is allowed with it."""
    share = stored(value, PERCENT)
    for keys in _v2g_places(content):
        if share != (0.0 if (found := value_at(content, keys)) is ABSENT else found):
            content = with_value(content, keys, share)
    if isinstance(share, int | float) and share > 0 and value_at(content, ("dispatch", "v2g")) is False:
        content = with_value(content, ("dispatch", "v2g"), True)
    return content


def _v2g_hint(content: Content) -> str:
    strategy = value_at(content, ("dispatch", "strategy"))
    if (_read_v2g(content) or 0) and strategy != "optimal":
        return "Cars feed in only with the strategy optimal."
    return ""


def _new_battery(content: Content, p_mw: float, _net: Net) -> Content:
    sizes = {"p_rated_mw": p_mw, "e_rated_mwh": HOURS_OF_NEW_BATTERY * p_mw}
    return appended(content, "assets", {"kind": "battery", "where": {"areas": "all"}, **sizes}, "battery")


def _new_battery_of_energy(content: Content, e_mwh: float, net: Net) -> Content:
    return _new_battery(content, e_mwh / HOURS_OF_NEW_BATTERY, net)


def _new_pv(content: Content, p_mw: float, _net: Net) -> Content:
    return appended(content, "assets", {"kind": "pv", "where": {"areas": "lv"}, "p_peak_mw": p_mw}, "roofs")


def _new_fleet(content: Content, vehicles: float, _net: Net) -> Content:
    item = {"kind": "ev_fleet", "where": {"areas": "lv"}, "vehicles": vehicles, "place": "home"}
    return appended(content, "assets", item, "homes")


def _new_hall(content: Content, p_mw: float, net: Net) -> Content:
    return appended(content, "data_centres", {"bus": net().bus, "p_it_rated_mw": p_mw}, "data centre")


def _any(_item: Mapping[str, Any]) -> bool:
    return True


def _halls(content: Content) -> list[int]:
    return matching(content, "data_centres", _any)


def _no_hall(content: Content) -> str:
    return "" if _halls(content) else "No data centre in this scenario: set its IT power first."


def _equipment(name: str, default: str) -> dict[str, Any]:
    """How the kind of cooling or of power chain of all halls is read and written; another starts at its defaults.

    With a kind chosen, a PUE that was stated is taken out: it follows from the plant again.
    """

    def read(content: Content) -> Value:
        if any(_stated(content, k) for k in _halls(content)):
            return None  # the PUE is stated, so this plant is not what it comes from
        kinds = {str((content["data_centres"][k].get(name) or {}).get("kind", default)) for k in _halls(content)}
        return kinds.pop() if len(kinds) == 1 else None

    def write(content: Content, value: Any, _net: Net) -> Content:
        for k in _halls(content) if value is not None else ():
            if _stated(content, k):
                content = with_value(content, ("data_centres", k, "stated"), ABSENT)
            if (content["data_centres"][k].get(name) or {}).get("kind", default) != value:
                content = with_value(content, ("data_centres", k, name), {"kind": value})
        return content

    def paths(content: Content) -> tuple[str, ...]:
        return tuple(written(content, ("data_centres", k, name)) for k in _halls(content))

    return {"read": read, "write": write, "paths": paths, "kind": "choice", "hindrance": _no_hall}


def _stated(content: Content, hall: int) -> bool:
    return isinstance(content["data_centres"][hall].get("stated"), dict)


def _read_pue(content: Content) -> Value:
    """The PUE that all halls state; None where any follows from its plant, or they state several."""
    stated: set[Any] = {value_at(content, ("data_centres", k, "stated", "pue")) for k in _halls(content)}
    value: Value = None if len(stated) != 1 or ABSENT in stated else stated.pop()
    return value


def _write_pue(content: Content, value: Any, _net: Net) -> Content:
    """The PUE that all halls state, with the water they state; without a value it follows from their plants again."""
    for k in _halls(content):
        if value is None:
            content = with_value(content, ("data_centres", k, "stated"), ABSENT)
        else:
            content = with_value(content, ("data_centres", k, "stated", "pue"), value)
    return content


def _pue_hint(content: Content) -> str:
    waters = [value_at(content, ("data_centres", k, "stated", "wue_l_per_kwh"))
              for k in _halls(content) if _stated(content, k)]  # fmt: skip
    return "Stated, not computed; its water counts as 0 until it is stated too." if ABSENT in waters else ""


def _of(mechanism: tuple[Any, Any, Any]) -> dict[str, Any]:
    return dict(zip(("read", "write", "paths"), mechanism, strict=True))


def _share(name: str) -> dict[str, Any]:
    """A share of adoption in per cent; when the last of them is taken out, adoption goes with it."""
    read, write_field, paths = of_field(f"adoption.{name}", PERCENT)

    def write(content: Content, value: Any, net: Net) -> Content:
        made = write_field(content, value, net)
        turns = any(_adopts(made, each) for each in ADOPTED)
        return made if turns else with_value(made, ("adoption",), ABSENT)

    return {"read": read, "write": write, "paths": paths, "unit": "%", "factor": PERCENT,
            "range": Range(0, 100, 1, SHARES), "group": CITY}  # fmt: skip


def _kinds(union: Any) -> tuple[LeverChoice, ...]:
    """The kinds of a union that need nothing beyond their name; the others are chosen in the form."""
    models = [kind for kind in get_args(get_args(union)[0])
              if not any(field.is_required() for field in kind.model_fields.values())]  # fmt: skip
    names = [str(kind.model_fields["kind"].default) for kind in models]
    words = COOLING | POWER_CHAINS
    return tuple(LeverChoice(name, words.get(name, name.replace("_", " "))) for name in names)


def _batteries(name: str, new: Any) -> dict[str, Any]:
    return {**_of(of_sum("assets", of_kind("battery"), name, new)), "group": FLEXIBILITY}


def _no_energy_yet(content: Content) -> str:
    return "" if _has(content, "battery") else f"A new battery stores {HOURS_OF_NEW_BATTERY:g} h of its power."


_HOUSEHOLDS = (
    ScenarioLever("ev_share", "Electric cars", meaning="Share of the city's cars that are electric and charge at home.",
          **_share("ev_share"), shown=lambda content: _adopts(content, "ev_share") or not _fleets(content)),
    ScenarioLever("ev_vehicles", "Electric cars at home", CITY, "vehicles",
          "Vehicles of all fleets that charge at home.",
          **_of(of_sum("assets", _at_home, "vehicles", _new_fleet, whole=True)), whole=True,
          range=Range(0, 20_000, 100, OURS), shown=lambda content: bool(_fleets(content))),
    ScenarioLever("v2g_share", "V2G", CITY, "%", "Share of the cars that charge at home whose owners let them feed in.",
          _read_v2g, _write_v2g, lambda content: tuple(written(content, keys) for keys in _v2g_places(content)),
          Range(0, 100, 1, SHARES), factor=PERCENT, hint=_v2g_hint,
          hindrance=lambda content: "" if _v2g_places(content) else "No cars that charge at home: set them first."),
    ScenarioLever("pv_share", "Roofs with PV",
                  meaning="Share of the residential roofs with photovoltaics, the net's too.",
          **_share("pv_roof_share"), shown=lambda content: _adopts(content, "pv_roof_share") or not _has(content, PV)),
    ScenarioLever("pv_mw", "Photovoltaics", CITY, "MWp", "Rated power of all photovoltaics that the scenario lists.",
          **_of(of_sum("assets", of_kind(PV), "p_peak_mw", _new_pv)), range=Range(0, 50, 0.5, OURS),
          shown=lambda content: _has(content, PV)),
    ScenarioLever("heat_pump_share", "Heat pumps", meaning="Share of the homes that a heat pump heats.",
          **_share("heat_pump_share")),
    ScenarioLever("demand_growth", "Growth of other loads", CITY, "%", "Growth of all loads against their profiles.",
          **_of(of_field("city.demand_growth", PERCENT)), factor=PERCENT, range=Range(-20, 50, 1, OURS)),
)  # fmt: skip

_BATTERIES = (
    ScenarioLever("battery_mw", "Battery power", unit="MW", meaning="Rated power of all batteries together.",
          **_batteries("p_rated_mw", _new_battery), range=Range(0, 20, 0.5, OURS), hint=_no_energy_yet),
    ScenarioLever("battery_mwh", "Battery energy", unit="MWh", meaning="Usable energy of all batteries together.",
          **_batteries("e_rated_mwh", _new_battery_of_energy), range=Range(0, 80, 1, OURS)),
)  # fmt: skip

_DATA_CENTRES = (
    ScenarioLever("dc_it_mw", "IT power", HALLS, "MW", "Rated IT power of all data centres together.",
          **_of(of_sum("data_centres", _any, "p_it_rated_mw", _new_hall)), range=Range(0, 20, 0.5, OURS)),
    ScenarioLever("dc_cooling", "Cooling", HALLS, "",
                  "Cooling technology of all data centres; decides most of their PUE.",
          **_equipment("cooling", "water_economiser"), choices=_kinds(Cooling)),
    ScenarioLever("dc_power_chain", "Power chain", HALLS, "",
                  "Power conversion of all data centres; decides the rest of PUE.",
          **_equipment("power_chain", "double_conversion"), choices=_kinds(PowerChain)),
    ScenarioLever("dc_pue", "PUE, stated", HALLS, "1",
                  "PUE of all data centres as stated, in every step; empty: it follows from the plant and the weather.",
          _read_pue, _write_pue,
          lambda content: tuple(written(content, ("data_centres", k, "stated", "pue")) for k in _halls(content)),
          Range(1.05, 2.0, 0.01, f"{OURS}; 1.1 is a large new hall, 1.6 many of today's"), hint=_pue_hint,
          hindrance=_no_hall),
)  # fmt: skip

_PRICES = (
    ScenarioLever("carbon_price", "Carbon price", PRICES, "{currency}/t",
                  "Price of carbon in the dispatch and in the cost.",
          **_of(of_field("dispatch.carbon_price_per_t")), range=Range(0, 400, 5, OURS)),
    ScenarioLever("import_markup", "Tariff: on top of imports", PRICES, "{currency}/MWh",
                  "Fees, levies and margin on imports.",
          **_of(of_field("tariff.import_markup_per_mwh")), range=Range(0, 300, 5, OURS)),
    ScenarioLever("export_discount", "Tariff: off exports", PRICES, "{currency}/MWh", "By how much exports earn less.",
          **_of(of_field("tariff.export_discount_per_mwh")), range=Range(0, 100, 5, OURS)),
    ScenarioLever("demand_charge", "Tariff: peak of the month", PRICES, "{currency}/MW",
                  "Charge for each month's peak.",
          **_of(of_field("tariff.demand_charge_per_mw_month")), range=Range(0, 20_000, 500, OURS)),
)  # fmt: skip

EN_50160 = "EN 50160: within 10 % of the rated voltage"
_LIMITS = (
    ScenarioLever("line_limit", "Loading of lines", LIMITS, "%", "Highest current of lines against their rating.",
          **_of(of_field("limits.line_loading_max_percent")),
          range=Range(40, 120, 5, f"{OURS}; 100 % is the rating, 60 % leaves room for a neighbour's feeder")),
    ScenarioLever("trafo_limit", "Loading of transformers", LIMITS, "%", "Highest current against their rating.",
          **_of(of_field("limits.trafo_loading_max_percent")), range=Range(40, 120, 5, f"{OURS}; 100 % is the rating")),
    ScenarioLever("import_limit", "Import of the city", LIMITS, "MW",
                  "Highest import over all connections to the grid above.",
          **_of(of_field("limits.import_max_mw")), range=Range(5, 100, 1, OURS)),
    ScenarioLever("vm_min", "Least voltage", LIMITS, "pu", "Least voltage of all buses.",
          **_of(of_field("limits.vm_min_pu")), range=Range(0.9, 1.0, 0.005, EN_50160)),
    ScenarioLever("vm_max", "Highest voltage", LIMITS, "pu", "Highest voltage of all buses.",
          **_of(of_field("limits.vm_max_pu")), range=Range(1.0, 1.1, 0.005, EN_50160)),
)  # fmt: skip

STRATEGIES = (
    LeverChoice("unmanaged", "unmanaged: nothing is controlled"),
    LeverChoice("smart", "smart: charging is shifted in time"),
    LeverChoice("optimal", "optimal: all that is flexible, V2G too"),
)
_OPERATION = (
    ScenarioLever("strategy", "Strategy", OPERATION, "", "How flexible assets are operated.",
          **_of(of_field("dispatch.strategy")), kind="choice", choices=STRATEGIES),
    ScenarioLever("start", "First day", OPERATION, "", "The period begins at its midnight UTC.",
          **_of(of_field("period.start")), kind="date"),
    ScenarioLever("days", "Length", OPERATION, "d", "Length of the period.",
          **_of(of_field("period.days")), whole=True, range=Range(1, 366, 1, "the schema's: a day to a leap year")),
)  # fmt: skip

LEVERS: tuple[ScenarioLever, ...] = (*_HOUSEHOLDS, *_BATTERIES, *_DATA_CENTRES, *_PRICES, *_LIMITS, *_OPERATION)
"""All levers, in the order of the page."""

BY_KEY: Mapping[str, ScenarioLever] = {lever.key: lever for lever in LEVERS}


def turned(content: Content, key: str, value: Any, net: Net) -> Content:
    """The content with a lever at another value; unchanged where it has that value already.

    Args:
        content: The scenario's.
        key: The lever's.
        value: As the lever shows it; None takes out what the scenario says.
        net: What is known of the net, asked only where something is added.

    Raises:
        InputError: If there is no such lever.
    """
    lever = BY_KEY.get(key)
    if lever is None:
        raise InputError.single("lever", "no such lever", key, nearest(key, BY_KEY))
    if lever.kind == "choice" and value is not None and value not in {choice.value for choice in lever.choices}:
        raise InputError.single(key, f"must be one of {', '.join(choice.value for choice in lever.choices)}", value)
    return content if value == lever.read(content) else lever.write(content, value, net)
