"""Where what is on a page comes from: answers in sentences, the tables behind charts, and the drawer "why"."""

from app.dashboard.why.behind import Behind, button

__all__ = ["Behind", "button"]
