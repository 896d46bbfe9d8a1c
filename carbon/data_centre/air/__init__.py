"""Outdoor air and the properties of moist air."""

from carbon.data_centre.air.outdoor import OutdoorAir

__all__ = ["OutdoorAir"]
