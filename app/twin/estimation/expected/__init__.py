"""What is expected of elements before anything is measured: by the weeks before, by what cars need."""
