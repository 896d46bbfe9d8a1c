"""Weather files and the air of a place."""

from grid.weather.weather import Weather, weather_for

__all__ = ["Weather", "weather_for"]
