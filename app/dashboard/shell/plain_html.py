"""Pages as the browser is sent them: what no callback touches is HTML, what may change stays a component.

Each component of Dash asks at every change of anything whether it is concerned, and is mounted on its own. Most of a
page never changes, so whatever has no id and holds nothing that has one goes as the text of its HTML, in one piece.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from dash import dcc
from dash.development.base_component import Component

NAMESPACE, KIND, LATE = "gridcarbon_html", "Html", "Late"
"""What draws the HTML, and what waits until it is in sight: ``assets/shell_html.js``."""
_DEAR = frozenset({"AgGrid"})
"""Components that take the browser long to mount, so that they are mounted when they come into sight."""
_OF_HTML = "dash_html_components"
_VOID = frozenset({"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
_WRITTEN = {"className": "class", "htmlFor": "for"}
_LINKS = ("/", "?", "#", "https://", "http://", "mailto:")
"""How addresses begin that may go as they are; Dash cleans any other."""


@dataclass(frozen=True)
class _Piece:
    """A piece of a page that does not change.

    Args:
        tag: Of its element.
        attributes: As components name them.
        inside: HTML of what it holds.
    """

    tag: str
    attributes: Mapping[str, str | int | float | bool]
    inside: str

    @property
    def html(self) -> str:
        """The element as HTML."""
        opened = f"<{self.tag}{''.join(_attribute(*one) for one in self.attributes.items())}>"
        return opened if self.tag in _VOID else f"{opened}{self.inside}</{self.tag}>"

    @property
    def component(self) -> dict[str, Any]:
        """The element as a component."""
        props = {"tag": self.tag, "attributes": dict(self.attributes), "html": self.inside}
        return {"namespace": NAMESPACE, "type": KIND, "props": props}


def lightened(content: Any) -> Any:
    """Components as JSON holds them, with whatever does not change as HTML.

    Args:
        content: A component, a list of them, a text, or None.
    """
    return _component(_reduced(content))


def piece_of(content: Component) -> Any:
    """A component none of which changes as a piece of HTML, which may stand in other components again and again."""
    return _reduced(content)


def html_of(content: list[Component]) -> str:
    """The HTML of components none of which changes."""
    return "".join(map(_text, _reduced(content)))


def _reduced(content: Any) -> Any:
    """A piece where nothing in a component changes; else the component, with what it holds reduced."""
    if isinstance(content, list | tuple):
        return [_reduced(one) for one in content]
    if not isinstance(content, Component):
        return content
    inside = _reduced(getattr(content, "children", None))
    written: dict[str, Any] = content.to_plotly_json()  # type: ignore[no-untyped-call]
    attributes = {name: value for name, value in written["props"].items() if name != "children" and value is not None}
    piece = _piece(content, attributes, inside)
    if piece is not None:
        return piece
    if "children" in written["props"]:
        written["props"] = {**written["props"], "children": _component(inside)}
    return _late(written) if written["type"] in _DEAR else written


def _late(written: dict[str, Any]) -> dict[str, Any]:
    """A component that is mounted when it comes into sight; its place is as high as it will be."""
    name, height = written["props"].get("id"), (written["props"].get("style") or {}).get("height")
    place = name if isinstance(name, str) else None  # by which scripts find it before it is mounted
    return {"namespace": NAMESPACE, "type": LATE, "props": {"children": written, "height": height, "place": place}}


def _piece(content: Component, attributes: dict[str, Any], inside: Any) -> _Piece | None:
    """The piece that a component is; None if it may change, or is no HTML."""
    link = isinstance(content, dcc.Link)
    if not link and getattr(content, "_namespace", "") != _OF_HTML:
        return None
    held = inside if isinstance(inside, list) else [inside]
    if not all(one is None or isinstance(one, _Piece | str | int | float) for one in held):
        return None
    if "id" in attributes or not all(isinstance(value, str | int | float) for value in attributes.values()):
        return None
    if any(not str(attributes[name]).startswith(_LINKS) for name in ("href", "src") if name in attributes):
        return None
    tag = "a" if link else str(getattr(content, "_type", "")).lower()
    return _Piece(tag, attributes, "".join(map(_text, held)))


def _component(reduced: Any) -> Any:
    if isinstance(reduced, list):
        return [_component(one) for one in reduced]
    return reduced.component if isinstance(reduced, _Piece) else reduced


def _text(held: _Piece | str | float | None) -> str:
    if isinstance(held, _Piece):
        return held.html
    if held is None or isinstance(held, bool):  # components show neither
        return ""
    return escape(f"{held:.15g}" if isinstance(held, float) else str(held), quote=False)


def _attribute(name: str, value: str | float | bool) -> str:
    if isinstance(value, bool):
        return f" {name.lower()}" if value else ""
    return f' {_WRITTEN.get(name, name.lower())}="{escape(str(value))}"'
