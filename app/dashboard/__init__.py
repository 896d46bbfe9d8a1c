"""The dashboard: a web app on finished results, which needs no network beyond the machine it runs on."""

from __future__ import annotations

from app.dashboard.server import create_app, serve

__all__ = ["create_app", "serve"]
