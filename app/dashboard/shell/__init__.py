"""What surrounds every page: brand, navigation, choice of results, time, and what an address shows."""
