"""Window after window."""
