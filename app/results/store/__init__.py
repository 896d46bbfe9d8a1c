"""Many results in one place: where they lie, which runs there are, who works on which, and all of them as one table."""

from grid.public_names import on_demand

__all__ = ["Index", "Store", "key_of", "open_store", "scan"]

__getattr__ = on_demand(
    __name__, {"Index": "index", "Store": "store", "key_of": "key", "open_store": "store", "scan": "scan"}
)
