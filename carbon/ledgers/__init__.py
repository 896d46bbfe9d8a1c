"""Who answers for every kilogram and megawatt-hour."""
