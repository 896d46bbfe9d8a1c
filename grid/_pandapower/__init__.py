"""The only importer of pandapower: reads nets, takes their matrices, solves single steps, writes nets."""

import grid.code_cache  # noqa: F401  before any function is compiled
from grid._pandapower.digest import network_digest
from grid._pandapower.equipment import line_table, transformer_table
from grid._pandapower.matrices import RUNPP_OPTIONS, network_of
from grid._pandapower.read import builtin, builtin_names, read_file, simbench
from grid._pandapower.sequences import sequence_network
from grid._pandapower.solve import newton_raphson
from grid._pandapower.switchable import switchable_network
from grid._pandapower.tables import element_table
from grid._pandapower.write import net_with, write_file

__all__ = [
    "RUNPP_OPTIONS",
    "builtin",
    "builtin_names",
    "element_table",
    "line_table",
    "net_with",
    "network_digest",
    "network_of",
    "newton_raphson",
    "read_file",
    "sequence_network",
    "simbench",
    "switchable_network",
    "transformer_table",
    "write_file",
]
