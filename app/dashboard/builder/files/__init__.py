"""Files that drafts may name, and files that planners upload."""
