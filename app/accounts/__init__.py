"""A run as accounts: which element is a source, a consumer or a store, and the ledgers over them."""
