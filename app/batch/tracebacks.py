"""Where runs failed in the code: a text for each beside the results, for those who look for the cause."""

from __future__ import annotations

from contextlib import suppress

FOLDER = ".failures"
"""Folder of a store that holds them."""


def place_of_tracebacks(place: str) -> str:
    """The folder in a store at `place`."""
    return f"{place.rstrip('/')}/{FOLDER}"


def keep_traceback(place: str, key: str, text: str) -> None:
    """Writes the traceback of a failed run; the index has its reason whether or not that can be done."""
    import fsspec  # noqa: PLC0415  only where a run fails

    with suppress(Exception):
        system, folder = fsspec.url_to_fs(place_of_tracebacks(place))
        system.makedirs(folder, exist_ok=True)
        with system.open(f"{folder}/{key}.txt", "w", encoding="utf-8") as file:
            file.write(text)
