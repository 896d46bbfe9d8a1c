"""The result folder: manifest, key figures, where they come from."""
