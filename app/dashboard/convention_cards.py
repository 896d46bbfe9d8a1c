"""The parts of the page *Emissions* that set conventions, views and origins side by side."""

from __future__ import annotations

import polars as pl
from dash import html
from dash.development.base_component import Component

from app.dashboard import cards
from app.dashboard.figures import conventions as figures
from app.dashboard.text import sector_name
from app.dashboard.view import View
from carbon.tracing.convention_names import OPERATOR, SENTENCES, WATER_TANK
from grid.units import KG_PER_T


def convention_cards(view: View) -> list[Component]:
    """Conventions by sector, both views of the city and of its buses, and where the power of each sector comes from."""
    table = view.result.table("conventions").collect()
    if table.is_empty():
        return [cards.nothing("Who bears the losses", "This result holds no conventions; run its scenario again.")]
    return [_losses(table, view), _words(table), _bearers(view), _views(view), _origins(view), _buses(view)]


def _losses(table: pl.DataFrame, view: View) -> Component:
    lines = figures.by_line(table)
    shown = figures.side_by_side(lines)
    return cards.chart(
        "Who bears the losses: conventions side by side",
        "The same flows under every convention that the run traced; stores as water tanks. The table also holds the "
        "other model of stores: loads when they charge, free of carbon when they discharge.",
        figures.convention_bars(lines, view.theme), key="conventions", table=shown, least_px=620,
        why=cards.Behind(
            ("conventions",), ("convention", "stores", "gpc_code", "energy_mwh", "emissions_kg"),
            "Lines of losses are summed to one row for who bears them; lines below 0.5 kg in every convention are left "
            "out of the chart, not of the table.", "Each column names its own.",
        ).of_columns({name: _of_convention(name) for name in shown.columns}),
    )  # fmt: skip


def _of_convention(heading: str) -> str:
    """How a column of conventions side by side is made."""
    if heading == "Line":
        return "`gpc_code` with its name; lines x.3 are one row for who bears the losses"
    name = heading.partition(" [")[0]
    rows = f"where `convention` and `stores` are {name}"
    return f"SUM(emissions_kg) / {'1000' if heading.endswith('[t]') else 'SUM(energy_mwh)'} {rows}"


def _words(table: pl.DataFrame) -> Component:
    """What each convention of the run says."""
    names = table["convention"].cast(pl.String).unique(maintain_order=True).to_list()
    facts = cards.facts([(name.capitalize(), SENTENCES[name]) for name in names])
    return html.Section([html.H2("What each convention says"), facts], className="card")


def _bearers(view: View) -> Component:
    frame = view.result.table("loss_bearers").collect().select(
        pl.col("convention").cast(pl.String).alias("Convention"), pl.col("stores").cast(pl.String).alias("Stores as"),
        pl.col("bearer").cast(pl.String).alias("Who bears them"), pl.col("lost_mwh").alias("Lost [MWh]"),
        (pl.col("emissions_kg") / KG_PER_T).alias("Carbon [t]"),
    )  # fmt: skip
    subtitle = "What is lost in the grid, and who answers for it: uses pay within their own emissions (lines x.2)."
    behind = cards.Behind(("loss_bearers",), ("bearer", "lost_mwh", "emissions_kg"), "As in the table.",
                          "Each row names its own.", ("grid_loss_mwh",)).of_columns({
        "Convention": "`convention`", "Stores as": "`stores`", "Who bears them": "`bearer`",
        "Lost [MWh]": "lost_mwh", "Carbon [t]": "emissions_kg / 1000",
    })  # fmt: skip
    return cards.table_card("Losses of the grid", subtitle, frame, digits=3, key="loss-bearers", why=behind)


def _views(view: View) -> Component:
    rows = _operators(view).filter(pl.col("level") == "city")
    return cards.chart(
        "Two views of the city",
        "Production-based: own generation. Consumption-based: with imports, without exports and what stationary "
        f"stores gained. {view.convention}",
        figures.two_views(rows, view.theme), key="two-views", table=_view_table(_operators(view), ("city", "sector")),
        why=cards.Behind(
            ("views",), ("production_mwh", "import_mwh", "consumption_mwh", "stores_mwh", "loss_mwh", "export_mwh",
                         "production_kg", "import_kg", "consumption_kg", "stores_kg", "loss_kg", "export_kg"),
            "The row of the city; uses and losses are consumption and loss.", view.convention,
            ("emissions_production_t", "emissions_import_t", "emissions_export_t"),
        ).of_columns(_OF_VIEWS),
    )  # fmt: skip


def _origins(view: View) -> Component:
    frame = origins_of(view)
    return cards.chart(
        "Where the power of each sector comes from",
        "Traced shares; energy from a store counts for what charged it, stores are what they held at first. Cars: "
        f"what they charge. {view.convention}",
        figures.origin_bars(frame, view.theme), key="origins",
        why=cards.Behind(
            ("origins", "data_centre_origins"), ("consumer", "source", "energy_mwh", "emissions_kg", "name"),
            "Traced energy of each source in what a sector or a data centre uses over the period; shares of its sum.",
            view.convention, ("renewable_share",),
        ).of_columns({
            "Consumer": "`consumer`, or `name` of a data centre", "Source": "`source`",
            "Energy [MWh]": "SUM(energy_mwh)", "Carbon [t]": "SUM(emissions_kg) / 1000",
        }),
        table=frame.select(
            pl.col("consumer").alias("Consumer"), pl.col("source").alias("Source"),
            pl.col("energy_mwh").alias("Energy [MWh]"), (pl.col("emissions_kg") / KG_PER_T).alias("Carbon [t]"),
        ),
    )  # fmt: skip


def origins_of(view: View) -> pl.DataFrame:
    """Energy and carbon of each source in each sector and data centre, by plain names."""
    names = pl.col("consumer", "source").cast(pl.String)
    values = pl.col("energy_mwh", "emissions_kg")
    sectors = view.result.table("origins").select(names, values).collect()
    plain = pl.col("consumer").map_elements(sector_name, return_dtype=pl.String)
    by_hour = view.result.table("data_centre_origins").with_columns(consumer=pl.col("name")).select(names, values)
    centres = by_hour.group_by("consumer", "source", maintain_order=True).agg(values.sum()).collect()
    of_them = pl.format("Data centre {}", "consumer").alias("consumer")
    return pl.concat([sectors.with_columns(plain), centres.with_columns(of_them)])


def _buses(view: View) -> Component:
    rows = _operators(view).filter(pl.col("level") == "bus")
    kept = f"All buses, those first whose use carries most carbon. {view.convention}"
    behind = cards.Behind(("views",), ("name", "production_mwh", "consumption_mwh", "consumption_kg"),
                          "Rows of buses, those first whose consumption carries most.", view.convention)  # fmt: skip
    behind = behind.of_columns(_OF_VIEWS)
    table = _view_table(rows.sort("consumption_kg", descending=True), ("bus",))
    total = cards.summed(table, [name for name in table.columns if name.startswith("Consumption")])
    return cards.table_card("Production and consumption, bus by bus", kept, table, key="bus-views", why=behind,
                            total=total)  # fmt: skip


def _operators(view: View) -> pl.DataFrame:
    """The views of the run's own convention."""
    names = pl.col("convention", "stores", "level", "name").cast(pl.String)
    rows = view.result.table("views").with_columns(names)
    return rows.filter(pl.col("convention") == OPERATOR, pl.col("stores") == WATER_TANK).collect()


_TERMS = ("production", "import", "consumption", "stores", "loss", "export")
_OF_VIEWS = {
    "Where": "`name`, with the words of its GPC line where it is one",
    **{f"{term.capitalize()} [MWh]": f"{term}_mwh" for term in _TERMS},
    **{f"{term.capitalize()} [t]": f"{term}_kg / 1000" for term in _TERMS},
    "Intensity [g/kWh]": "ci_kg_per_mwh, which in g/kWh is the same number",
}


def _view_table(rows: pl.DataFrame, levels: tuple[str, ...]) -> pl.DataFrame:
    """Energy and carbon of some rows of `views`, under plain names."""
    shown = rows.filter(pl.col("level").is_in(levels))
    return shown.select(
        pl.col("name").map_elements(sector_name, return_dtype=pl.String).alias("Where"),
        *(pl.col(f"{term}_mwh").alias(f"{term.capitalize()} [MWh]") for term in _TERMS),
        *((pl.col(f"{term}_kg") / KG_PER_T).alias(f"{term.capitalize()} [t]") for term in _TERMS),
        pl.col("ci_kg_per_mwh").alias("Intensity [g/kWh]"),
    )


__all__ = ["convention_cards", "origins_of"]
