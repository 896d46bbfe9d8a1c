"""What is said where an answer to a page fails: in words on the page, never nothing and never a traceback."""

from __future__ import annotations

import traceback

import typer
from dash import ctx, set_props
from polars.exceptions import PolarsError

from app.dashboard.language import language_named, say
from grid.errors import InputError

_EXPECTED = (InputError, OSError, PolarsError)
"""What damaged, replaced and removed results raise."""


def told(error: Exception) -> None:
    """Says in the page's notice why a callback gave nothing; what it would have changed stays as it is.

    A fault of the program is said to be one, and its traceback goes to the server's stderr.
    """
    reason = "; ".join(map(str, error.faults)) if isinstance(error, InputError) else str(error)
    if not isinstance(error, _EXPECTED):
        typer.echo("".join(traceback.format_exception(error)), err=True)
        reason = "gridcarbon failed; the server's terminal says where"
    said = say(language_named(_language()), "Something went wrong here: {reason}", reason=reason)
    set_props("shell-notice", {"children": said})


def _language() -> str:
    """The language of the view that the callback was given, if it was."""
    given = (value for group in (ctx.states, ctx.inputs) for name, value in group.items() if name == "view.data")
    view = next(given, None)
    return str(view.get("language", "")) if isinstance(view, dict) else ""
