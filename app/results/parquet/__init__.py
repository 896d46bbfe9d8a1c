"""How tables are stored: to what numbers are rounded, and files put together from columns that were encoded alone."""
