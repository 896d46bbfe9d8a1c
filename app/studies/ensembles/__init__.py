"""Questions to many results at once: tables, bands, sensitivity, frontier."""
