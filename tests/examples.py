"""On how many examples a law is tried."""

from __future__ import annotations

from hypothesis import settings


def examples(most: int) -> settings:
    """Settings for so many examples, or for as few as the profile asks for: `make quick` tries six."""
    return settings(max_examples=min(most, settings.default.max_examples))
