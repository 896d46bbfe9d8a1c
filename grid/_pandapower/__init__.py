"""The only importer of pandapower: reads nets, takes their matrices, solves single steps, writes nets.

A module is imported when one of its names is first asked for: most processes need no net.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grid.public_names import on_demand

if TYPE_CHECKING:
    from grid._pandapower.control.tap_positions import tap_positions
    from grid._pandapower.digest import network_digest
    from grid._pandapower.equipment import cable_types, line_table, tap_table, transformer_table
    from grid._pandapower.exchange.build import net_of_tables, standard_types
    from grid._pandapower.exchange.convert import (
        bus_labels,
        column_kinds,
        element_counts,
        hold_reference,
        net_of_sheets,
        solved_extremes,
        stored_voltages,
        voltages,
    )
    from grid._pandapower.exchange.drawn import drawn_tables
    from grid._pandapower.fault_currents.short_circuit import fault_levels
    from grid._pandapower.faults import HIGHEST_INDEX, needed_columns
    from grid._pandapower.matrices import network_of
    from grid._pandapower.read import (
        builtin,
        builtin_names,
        checked,
        net_in_json,
        net_of_simbench,
        read_file,
        simbench,
    )
    from grid._pandapower.run import RUNPP_OPTIONS
    from grid._pandapower.solve import newton_raphson
    from grid._pandapower.switchable import network_with_closed, switchable_network
    from grid._pandapower.tables import element_table
    from grid._pandapower.three_phase.sequences import sequence_network, sequences_of
    from grid._pandapower.three_phase.tap_sequences import tap_sequences
    from grid._pandapower.three_phase.unbalanced import runpp_3ph
    from grid._pandapower.write import net_with, write_file, write_power_grid_model, write_workbook

_MODULE = {
    "HIGHEST_INDEX": "faults",
    "RUNPP_OPTIONS": "run",
    "builtin": "read",
    "builtin_names": "read",
    "bus_labels": "exchange.convert",
    "cable_types": "equipment",
    "checked": "read",
    "column_kinds": "exchange.convert",
    "drawn_tables": "exchange.drawn",
    "element_counts": "exchange.convert",
    "element_table": "tables",
    "fault_levels": "fault_currents.short_circuit",
    "hold_reference": "exchange.convert",
    "line_table": "equipment",
    "needed_columns": "faults",
    "net_in_json": "read",
    "net_of_sheets": "exchange.convert",
    "net_of_simbench": "read",
    "net_of_tables": "exchange.build",
    "net_with": "write",
    "network_digest": "digest",
    "network_of": "matrices",
    "network_with_closed": "switchable",
    "newton_raphson": "solve",
    "read_file": "read",
    "runpp_3ph": "three_phase.unbalanced",
    "sequence_network": "three_phase.sequences",
    "sequences_of": "three_phase.sequences",
    "simbench": "read",
    "solved_extremes": "exchange.convert",
    "standard_types": "exchange.build",
    "stored_voltages": "exchange.convert",
    "switchable_network": "switchable",
    "tap_positions": "control.tap_positions",
    "tap_sequences": "three_phase.tap_sequences",
    "tap_table": "equipment",
    "transformer_table": "equipment",
    "voltages": "exchange.convert",
    "write_file": "write",
    "write_power_grid_model": "write",
    "write_workbook": "write",
}
"""Module of each public name, imported when it is first asked for."""

__all__ = [
    "HIGHEST_INDEX",
    "RUNPP_OPTIONS",
    "builtin",
    "builtin_names",
    "bus_labels",
    "cable_types",
    "checked",
    "column_kinds",
    "drawn_tables",
    "element_counts",
    "element_table",
    "fault_levels",
    "hold_reference",
    "line_table",
    "needed_columns",
    "net_in_json",
    "net_of_sheets",
    "net_of_simbench",
    "net_of_tables",
    "net_with",
    "network_digest",
    "network_of",
    "network_with_closed",
    "newton_raphson",
    "read_file",
    "runpp_3ph",
    "sequence_network",
    "sequences_of",
    "simbench",
    "solved_extremes",
    "standard_types",
    "stored_voltages",
    "switchable_network",
    "tap_positions",
    "tap_sequences",
    "tap_table",
    "transformer_table",
    "voltages",
    "write_file",
    "write_power_grid_model",
    "write_workbook",
]

__getattr__ = on_demand(__name__, _MODULE, first="grid.code_cache")  # before a function of pandapower is compiled
