"""What is known of the lines and transformers of a net as pieces of equipment, by name of the branch."""

from grid._pandapower import line_table, transformer_table

__all__ = ["line_table", "transformer_table"]
