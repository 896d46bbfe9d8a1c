"""How large a data centre a bus can take."""
