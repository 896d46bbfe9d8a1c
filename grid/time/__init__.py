"""The time axis, calendars and daily shapes."""
