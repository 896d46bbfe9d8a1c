"""From flows and sources to intensities and shares, under every convention."""
