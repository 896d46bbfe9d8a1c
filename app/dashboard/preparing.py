"""What pages need of the large tables of a result, made before anybody opens it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from polars.exceptions import PolarsError

from app.dashboard.catalogue import catalogue_of
from app.dashboard.pages import PAGES
from app.dashboard.view import View
from app.results.folder import open_result
from grid.errors import InputError


def prepare(folder: Path) -> None:
    """Makes every page of a result once and keeps the small tables that they are made from, see `app.results.prepared`.

    What cannot be made is said to whoever asks for the page.

    Args:
        folder: The folder of the result; the tables are kept beside it, in ``.prepared``.

    Raises:
        InputError: If the result cannot be opened.
    """
    result = open_result(folder, may_keep=True)
    view = View.at(catalogue_of({result.name: result}), {"result": result.name})
    for page in PAGES:
        with suppress(InputError, OSError, PolarsError):
            page.make(view)
