"""The only importer of pandapower: reads nets, takes their matrices, solves single steps, writes nets."""

import grid.code_cache  # noqa: F401  before any function is compiled
from grid._pandapower.control.tap_positions import tap_positions
from grid._pandapower.digest import network_digest
from grid._pandapower.equipment import cable_types, line_table, tap_table, transformer_table
from grid._pandapower.exchange.build import net_of_tables, standard_types
from grid._pandapower.exchange.convert import (
    bus_labels,
    element_counts,
    hold_reference,
    net_of_case,
    net_of_cim,
    net_of_sheets,
    net_of_ucte,
    solved_extremes,
    stored_voltages,
    voltages,
)
from grid._pandapower.exchange.drawn import drawn_tables
from grid._pandapower.fault_currents.short_circuit import fault_levels
from grid._pandapower.faults import HIGHEST_INDEX
from grid._pandapower.matrices import RUNPP_OPTIONS, network_of
from grid._pandapower.read import builtin, builtin_names, checked, net_in_json, read_file, simbench
from grid._pandapower.solve import newton_raphson
from grid._pandapower.switchable import network_with_closed, switchable_network
from grid._pandapower.tables import element_table
from grid._pandapower.three_phase.sequences import sequence_network, sequences_of
from grid._pandapower.three_phase.tap_sequences import tap_sequences
from grid._pandapower.three_phase.unbalanced import runpp_3ph
from grid._pandapower.write import net_with, write_file, write_power_grid_model, write_workbook

__all__ = [
    "HIGHEST_INDEX",
    "RUNPP_OPTIONS",
    "builtin",
    "builtin_names",
    "bus_labels",
    "cable_types",
    "checked",
    "drawn_tables",
    "element_counts",
    "element_table",
    "fault_levels",
    "hold_reference",
    "line_table",
    "net_in_json",
    "net_of_case",
    "net_of_cim",
    "net_of_sheets",
    "net_of_tables",
    "net_of_ucte",
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
