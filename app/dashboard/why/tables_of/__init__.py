"""How the columns of tables on pages are made, by their headings, where a page has many."""
