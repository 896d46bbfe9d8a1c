"""What a batch costs beside its runs, and what it withstands."""
