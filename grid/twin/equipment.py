"""Lines and transformers of a net as pieces of equipment: what is known of them, and which may be switched."""

from grid._pandapower import line_table, network_with_closed, switchable_network, transformer_table

__all__ = ["line_table", "network_with_closed", "switchable_network", "transformer_table"]
