"""What may be decided about an asset."""
