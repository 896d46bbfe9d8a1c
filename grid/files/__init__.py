"""Files as others write them: tables of text, YAML, JSON; their faults and reports; and files that are written."""
