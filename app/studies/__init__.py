"""Questions that need several runs."""
