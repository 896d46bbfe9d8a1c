"""Lines and transformers of a net as pieces of equipment: what is known of them, and which may be switched."""

from grid._pandapower import (
    cable_types,
    line_table,
    network_with_closed,
    switchable_network,
    tap_table,
    transformer_table,
)

__all__ = ["cable_types", "line_table", "network_with_closed", "switchable_network", "tap_table", "transformer_table"]
