"""Languages of the dashboard: catalogues by the English text, and pages said in them."""

from __future__ import annotations

from app.dashboard.language.catalogues import LANGUAGES, Language, catalogue_in, language_named, say

__all__ = ["LANGUAGES", "Language", "catalogue_in", "language_named", "say"]
