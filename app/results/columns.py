"""Every column of every table of a result, declared once: its type, its unit and what it holds."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

PlType = pl.DataType | type[pl.DataType]
PRICE, MONEY = "currency/MWh", "currency"


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Args:
        dtype: Its type in Parquet.
        unit: Unit of its values; ``1`` for numbers without a unit, empty for names, times and truth values.
        meaning: What it holds.
    """

    dtype: PlType
    unit: str
    meaning: str


@dataclass(frozen=True)
class Table:
    """A table of a result.

    Args:
        row: What there is a row of.
        columns: Its columns by name, in their order.
    """

    row: str
    columns: dict[str, Column]


def _number(unit: str, meaning: str) -> Column:
    return Column(pl.Float64, unit, meaning)


def _count(meaning: str) -> Column:
    return Column(pl.Int64, "1", meaning)


def _name(meaning: str) -> Column:
    return Column(pl.Categorical, "", meaning)


def _time(meaning: str) -> Column:
    return Column(pl.Datetime("us", "UTC"), "", meaning)


def _small(unit: str, meaning: str) -> Column:
    return Column(pl.Float32, unit, meaning)


_STEP = {"time": _time("when the step begins, UTC")}
_KIND = {
    "convention": _name("who bears the losses of the grid: operator, load, generator or average"),
    "stores": _name("how stores carry carbon: as water tanks, or as carbon-free generators"),
}
_CONVENTION = {"convention": _KIND["convention"]}
_FLOWS = {
    "electricity_mwh": _number("MWh", "electricity drawn"),
    "fed_in_mwh": _number("MWh", "electricity fed in by the fuel cell"),
    "refuelled_kg": _number("kg", "hydrogen refuelled"),
    "emissions_kg": _number("kg", "carbon of the hydrogen refuelled"),
    "emissions_kg_per_kg": _number("kg/kg", "carbon of a kilogram refuelled; null where nothing was"),
}
_TERMS_KG = {
    "source_kg": _number("kg", "carbon of imports and local generation"),
    "arriving_kg": _number("kg", "carbon that stationary stores were given from outside the grid"),
    "consumption_kg": _number("kg", "carbon of final consumption"),
    "vehicle_kg": _number("kg", "carbon of cars, charging less V2G"),
    "loss_kg": _number("kg", "carbon of the losses of the grid"),
    "fuel_kg": _number("kg", "carbon of what is drawn from stationary stores as fuel, such as hydrogen"),
    "standing_kg": _number("kg", "carbon of the standing losses of stationary stores"),
    "export_kg": _number("kg", "carbon of exports"),
    "stock_change_kg": _number("kg", "carbon that stationary stores gained"),
}
LEDGER_TERMS = tuple(name.removesuffix("_kg") for name in _TERMS_KG)
"""Terms of a carbon ledger."""
_VIEW = {
    "production_mwh": _number("MWh", "local generation"),
    "production_kg": _number("kg", "its carbon"),
    "import_mwh": _number("MWh", "what arrives from elsewhere"),
    "import_kg": _number("kg", "its carbon"),
    "consumption_mwh": _number("MWh", "what consumers and cars take, cars net at the meter"),
    "consumption_kg": _number("kg", "its carbon"),
    "stores_mwh": _number("MWh", "what stationary stores take, net of what they give"),
    "stores_kg": _number("kg", "its carbon"),
    "loss_mwh": _number("MWh", "losses"),
    "loss_kg": _number("kg", "their carbon"),
    "export_mwh": _number("MWh", "what leaves to elsewhere"),
    "export_kg": _number("kg", "its carbon"),
    "ci_kg_per_mwh": _number("kg/MWh", "mean carbon intensity; null where nothing flows"),
}
VIEWS = tuple(_VIEW)
"""Columns that say what is produced and consumed in the city, a sector or at a bus."""

CONVENTION_TABLES: dict[str, Table] = {
    "conventions": Table("convention, model of stores and GPC line", {
        **_KIND, "gpc_code": _name("GPC line"), "energy_mwh": _number("MWh", "energy used"),
        "emissions_kg": _number("kg", "its carbon"), "ci_kg_per_mwh": _number("kg/MWh", "carbon per energy"),
    }),
    "convention_ledgers": Table("convention and model of stores", {
        **_KIND, "emissions_kg": _number("kg", "what the city answers for, by consumption"),
        "production_kg": _number("kg", "carbon of local generation"), "import_kg": _number("kg", "carbon of imports"),
        **_TERMS_KG, "reverse_flow_mwh": _number("MWh", "energy fed back into the grid above"),
        "error_kg": _number("kg", "what the ledger misses"),
    }),
    "loss_bearers": Table("convention, model of stores and bearer", {
        **_KIND, "bearer": _name("who bears the losses"), "lost_mwh": _number("MWh", "losses borne"),
        "emissions_kg": _number("kg", "their carbon"),
    }),
    "views": Table("convention, model of stores, level and name", {
        **_KIND, "level": _name("city, sector or bus"), "name": _name("which of them"), **_VIEW,
    }),
    "origins": Table("consumer and source", {
        **_CONVENTION, "consumer": _name("GPC line"), "source": _name("technology, import or stores"),
        "energy_mwh": _number("MWh", "energy of the source in what the consumer takes"),
        "emissions_kg": _number("kg", "its carbon"), "share": _number("1", "of what the consumer takes"),
    }),
    "data_centre_origins": Table("hour, data centre and source", {
        "time": _time("when the hour begins, UTC"), **_CONVENTION, "name": _name("data centre"),
        "source": _name("technology, import or stores"),
        "energy_mwh": _number("MWh", "energy of the source in what the data centre takes"),
        "emissions_kg": _number("kg", "its carbon"),
    }),
    "consumers": Table("step and data centre, asset or fleet", {
        **_STEP, "consumer": _name("data centre, asset or fleet"), "energy_mwh": _number("MWh", "energy drawn"),
        "carbon_free_mwh": _number("MWh", "its part from renewable and nuclear sources"),
        "returned_mwh": _number("MWh", "energy that cars fed back"),
    }),
    "consumer_carbon": Table("step, convention and data centre, asset or fleet", {
        **_STEP, **_CONVENTION, "consumer": _name("data centre, asset or fleet"),
        "emissions_kg": _number("kg", "carbon of the energy drawn"),
        "returned_kg": _number("kg", "carbon of the energy that cars fed back"),
    }),
}  # fmt: skip
"""Tables that name their convention; docs/carbon_conventions.md says what they count."""

DECLARED: dict[str, Table] = {
    "buses": Table("step and bus", {
        **_STEP, "bus": _name("bus"),
        "vm_pu": _number("pu", "voltage, of three phases the lowest; null without a solution or supply"),
        "ci_kg_per_mwh": _number("kg/MWh", "carbon intensity of the power there; null where nothing flows"),
        "renewable_share": _number("1", "renewable share of the power there"),
        "carbon_free_share": _number("1", "renewable and nuclear share of the power there"),
    }),
    "branches": Table("step and line or transformer", {
        **_STEP, "branch": _name("line or transformer"), "kind": _name("line or trafo"),
        "p_from_mw": _number("MW", "power that enters it at its from bus"),
        "p_to_mw": _number("MW", "power that enters it at its to bus"),
        "loading_percent": _number(
            "%", "current against its rating, the worse end, of three phases the highest; null if it has none"
        ),
    }),
    "phase_voltages": Table("step and bus, where three phases are solved", {
        **_STEP, "bus": _name("bus"),
        **{f"vm_{phase}_pu": _number("pu", f"voltage of phase {phase} to earth") for phase in "abc"},
        "unbalance": _number("1", "negative over positive sequence of the voltage (EN 50160)"),
    }),
    "phase_currents": Table("step and line or transformer, where three phases are solved", {
        **_STEP, "branch": _name("line or transformer"),
        **{f"loading_{phase}_percent": _number("%", f"current of phase {phase} against the rating") for phase in "abc"},
        "neutral_percent": _number("%", "current of neutral and earth together against the rating of a phase"),
    }),
    "phase_spread": Table("way of spreading the powers over the phases, where three are solved", {
        "spread": _name("as_connected, or evenly: the same powers, a third in each phase"),
        "vm_min_pu": _number("pu", "lowest voltage of a phase"), "vm_max_pu": _number("pu", "highest voltage"),
        "unbalance_max": _number("1", "highest negative over positive sequence of a voltage"),
        "line_loading_max_percent": _number("%", "highest loading of a line, in a phase"),
        "trafo_loading_max_percent": _number("%", "highest loading of a transformer, in a phase"),
        "neutral_max_percent": _number("%", "highest current of neutral and earth against the rating of a phase"),
        "grid_loss_mwh": _number("MWh", "losses of the grid"),
    }),
    "assets": Table("step, asset and bus", {
        **_STEP, "asset": _name("asset; a data centre and the work it puts off are one"), "bus": _name("bus"),
        "p_mw": _number("MW", "power drawn less power fed in"),
        "drawn_mw": _number("MW", "power drawn; of a fleet what all its cars at the bus charge"),
        "fed_in_mw": _number("MW", "power fed in; of a fleet what all its cars at the bus give back"),
        "e_mwh": _number("MWh", "energy in its stores when the step ends"),
        "ci_kg_per_mwh": _number("kg/MWh", "of what it draws, that of the bus; null if it draws nothing"),
        "fed_in_ci_kg_per_mwh": _number("kg/MWh", "of what it feeds in; null where nothing or unknown"),
        "q_mvar": _number("MVAr", "reactive power drawn"),
    }),
    "sectors": Table("step and GPC line", {
        **_STEP, "gpc_code": _name("GPC line"), "energy_mwh": _number("MWh", "energy used"),
        "emissions_kg": _number("kg", "its carbon; the lines sum to the city's emissions"),
        "carbon_free_mwh": _number("MWh", "part from renewable and nuclear sources; null for cars and losses"),
    }),
    "sessions": Table("charging session", {
        "fleet": _name("fleet"), "vehicle": _count("vehicle in the fleet, from 0"), "vehicle_class": _name("its class"),
        "place": _name("where it charges"), "bus": _name("bus"), "start": _time("when the stay begins, UTC"),
        "end": _time("when the stay ends, UTC"), "energy_kwh": _number("kWh", "charged, at the meter"),
        "v2g_kwh": _number("kWh", "fed in, at the meter"),
        "requested_kwh": _number("kWh", "asked for within the period, at the meter"),
        "owed_kwh": _number("kWh", "due after the end of the period to a car that stays, at the meter"),
        "emissions_kg": _number("kg", "carbon charged less carbon fed in"),
        "charged_kg": _number("kg", "carbon of what was charged, at the intensity of bus and step"),
        "v2g_kg": _number("kg", "carbon that left the battery with what was fed in"),
        "charged_g_per_kwh": _number("g/kWh", "carbon of a kilowatt-hour charged; null if nothing was"),
        "driven_km": _number("km", "driven on the way to the stay, before the period too"),
        "driven_kg": _number("kg", "carbon that driving took from the battery"),
        "g_per_km": _number("g/km", "carbon of a kilometre driven; null if none was"),
    }),
    "vehicle_classes": Table("class of vehicles", {
        "vehicle_class": _name("class"), "sessions": _count("charging sessions"),
        "energy_kwh": _number("kWh", "charged, at the meter"), "v2g_kwh": _number("kWh", "fed in, at the meter"),
        "emissions_kg": _number("kg", "carbon charged less carbon fed in"),
        "charged_kg": _number("kg", "carbon of what was charged"), "driven_km": _number("km", "driven"),
        "driven_kg": _number("kg", "carbon that driving took from the batteries"),
        "charged_g_per_kwh": _number("g/kWh", "carbon of a kilowatt-hour charged"),
        "net_g_per_kwh": _number("g/kWh", "carbon of a kilowatt-hour kept, net of what was fed in; null if none"),
        "g_per_km": _number("g/km", "carbon of a kilometre driven"),
    }),
    "charging_hours": Table("place and local hour of day", {
        "place": _name("where cars charge"), "hour": _count("hour of the wall clock, 0 to 23"),
        "energy_kwh": _number("kWh", "charged in that hour, at the meter"),
        "v2g_kwh": _number("kWh", "fed in in that hour, at the meter"),
        "charged_kg": _number("kg", "carbon of what was charged"), "v2g_kg": _number("kg", "carbon of what was fed in"),
        "charged_g_per_kwh": _number("g/kWh", "carbon of a kilowatt-hour charged; null if nothing was"),
    }),
    "v2g_credit": Table("class of vehicles and basis; in no inventory", {
        "vehicle_class": _name("class"), "reference": _name("basis: marginal or average"),
        "energy_mwh": _number("MWh", "fed in, at the meter"),
        "replaced_kg": _number("kg", "emissions of the generation that it replaced"),
        "released_kg": _number("kg", "emissions of the charging for it"),
        "wear_kg": _number("kg", "carbon of making what wore out of the batteries"),
        "avoided_kg": _number("kg", "replaced less released and wear"),
    }),
    "hydrogen": Table("step and station", {
        **_STEP, "station": _name("station"), **_FLOWS,
        "tank_kg": _number("kg", "hydrogen in the tank when the step begins"),
        "tank_kg_per_kg": _number("kg/kg", "carbon of a kilogram in the tank; null if it is empty"),
    }),
    "hydrogen_stations": Table("station", {
        "station": _name("station"), **_FLOWS,
        "tank_kg_per_kg": _number("kg/kg", "carbon of a kilogram in the tank, mean by what it held"),
    }),
    "marginal": Table("step; of changes, for no inventory", {
        **_STEP, "below_kg_per_mwh": _number("kg/MWh", "what a MWh less of import saves"),
        "above_kg_per_mwh": _number("kg/MWh", "what a MWh more of import emits"),
        "tie": Column(pl.Boolean, "", "whether the two differ, as a plant is just full or just idle"),
        "mean_kg_per_mwh": _number("kg/MWh", "mean intensity of imports, for comparison"),
    }),
    "nodal": Table("step and bus; of changes, for no inventory", {
        **_STEP, "bus": _name("bus"),
        "price_per_mwh": _small(
            PRICE, "what a MWh more costs in the dispatch, without penalties; null if nothing was optimised"
        ),
        "penalty_per_mwh": _small(
            PRICE, "what it adds of penalties for limits that are exceeded, a sign and no price: 0 where none is"
        ),
        "marginal_below_kg_per_mwh": _small("kg/MWh", "what a MWh less saves, losses included; null if not known"),
        "marginal_above_kg_per_mwh": _small("kg/MWh", "what a MWh more emits, losses included; null if not known"),
        "dispatch_marginal_kg_per_mwh": _small("kg/MWh", "what a MWh more emits in the dispatch's own programme"),
    }),
    "data_centres": Table("step and data centre", {
        **_STEP, "name": _name("data centre"), "p_it_mw": _number("MW", "IT power"),
        "p_cooling_mw": _number("MW", "power of cooling"),
        "p_power_chain_mw": _number("MW", "losses of the power chain"),
        "p_total_mw": _number("MW", "facility power"), "pue": _number("1", "facility power per IT power"),
        "water_l": _number("L", "water used"),
        "ci_kg_per_mwh": _number("kg/MWh", "carbon intensity of the power at its bus"),
        "tests_kg": _number("kg", "emissions of its generators' tests, evenly over time"),
    }),
    "fuels": Table("step, plant and use", {
        **_STEP, "asset": _name("engine or data centre"), "use": _name("electricity, heat or generator tests"),
        "gpc_code": _name("GPC line that answers for it"), "fuel": _name("fuel"),
        "energy_mwh": _number("MWh", "fuel burnt, by its lower heating value"),
        "emissions_kg": _number("kg", "its direct emissions"), "biogenic_kg": _number("kg", "its biogenic CO2"),
    }),
    "violations": Table("violation", {
        **_STEP, "element": _name("bus, branch or city"),
        "quantity": _name("vm_pu, loading_percent, unbalance, import_mw or power_flow"),
        "phase": _name("a, b or c where three phases are solved; null where it is of all"),
        "value": _number("that of the quantity", "what was seen; null without a solution"),
        "limit": _number("that of the quantity", "what it should not pass"),
    }),
    "controllers": Table("step and tap changer or capacitor bank", {
        **_STEP, "name": _name("controller"), "position": _count("position of the tap changer, or steps that are on"),
        "operations": _count("positions moved in the step"),
        "hunting": _count("1 where positions would have gone round in a circle and were left where they miss least"),
    }),
    "city": Table("step", {
        **_STEP, "import_mw": _number("MW", "from the grid above"), "export_mw": _number("MW", "to the grid above"),
        "generation_mw": _number("MW", "of local sources, after curtailment"),
        "consumption_mw": _number("MW", "loads, data centres, hydrogen, and cars net at the meter"),
        "loss_mw": _number("MW", "of the grid and of stationary stores; null where the power flow has no solution"),
        "storage_mw": _number("MW", "what stationary stores gain"),
        "emissions_kg": _number("kg", "what the city answers for, by consumption"),
        "ci_kg_per_mwh": _number("kg/MWh", "emissions per consumption and loss"),
        "import_ci_kg_per_mwh": _number("kg/MWh", "mean intensity of imports"),
        "import_price_per_mwh": _number(PRICE, "what imports cost"),
    }),
    "ledger": Table("step", {
        **_STEP, "hours": _number("h", "length of the step"),
        "generation_mwh": _number("MWh", "of local sources, after curtailment"),
        "import_mwh": _number("MWh", "from the grid above"),
        "arriving_mwh": _number("MWh", "energy that stationary stores were given from outside the grid"),
        "consumption_mwh": _number("MWh", "loads, data centres, hydrogen, and cars net at the meter"),
        "export_mwh": _number("MWh", "to the grid above"),
        "loss_mwh": _number("MWh", "of the grid and of stationary stores; null where the power flow has no solution"),
        "grid_loss_mwh": _number("MWh", "what the grid loses of it; null where the power flow has no solution"),
        "storage_change_mwh": _number("MWh", "what stationary stores gained"),
        "renewable_mwh": _number("MWh", "traced renewable part of the consumption"),
        "curtailed_mwh": _number("MWh", "what sun or wind offered and was not fed in"), **_TERMS_KG,
        "carbon_error_kg": _number("kg", "what the carbon ledger misses, its worst balance"),
        "import_price_per_mwh": _number(PRICE, "what imports cost"),
        "export_price_per_mwh": _number(PRICE, "what exports earn"),
        "wear_cost": _number(MONEY, "wear and fuel of what feeds in"),
        "forgone_value": _number(MONEY, "value of the demand that went without"),
        "carbon_cost": _number(MONEY, "price of the carbon of all sources"),
        "stock_gain_mwh": _number("MWh", "what stores whose time ends hold more than is due, as fed in"),
        "heat_mwh": _number("MWh", "heat made by heat pumps"),
    }),
    "months": Table("calendar month (UTC)", {
        "month": _time("first moment of the month, UTC"),
        "peak_import_mw": _number("MW", "highest import, as a mean over a step"),
        "demand_charge": _number(MONEY, "what it costs"),
    }),
    "bills": Table("account, month of its billing and charge", {
        "account": _name("account, as `tariff.accounts` of the scenario names it"), "tariff": _name("its tariff"),
        "month": _time("first day of the calendar month in local time, as a date at 0:00"),
        "item": _name("charge, with its period or block"),
        "category": _name("energy, export, demand, capacity, fixed, reduction or percentage"),
        "component": _name("whom it is for: supply, grid or levy"),
        "quantity": _number("that of the column unit", "what is charged for; negative for what is fed in"),
        "unit": _name("unit of the quantity: MWh, MW, MVA, customer, or the currency"),
        "amount": _number(MONEY, "what is paid; negative for what is earned"),
    }),
    "sources": Table("step and source", {
        **_STEP, "source": _name("technology, or import"), "energy_mwh": _number("MWh", "energy that it gave"),
        "emissions_kg": _number("kg", "its emissions"),
    }),
    **CONVENTION_TABLES,
}  # fmt: skip
"""Every table of a result; rows are sorted by time, then element; pieces of `assets` by asset and bus, then time."""

TABLES: dict[str, dict[str, PlType]] = {
    name: {column: declared.dtype for column, declared in table.columns.items()} for name, table in DECLARED.items()
}
"""Types of the columns of every table, in their order."""
