"""Recorded charging sessions: read from what others publish or meter, with a report on their quality."""

from grid.charging_records.finding import Finding
from grid.charging_records.formats import FORMATS, Format, RecordColumns
from grid.charging_records.quality import LONGEST_STAY, QualityReport
from grid.charging_records.reading import Records, read_charging_records

__all__ = [
    "FORMATS",
    "LONGEST_STAY",
    "Finding",
    "Format",
    "QualityReport",
    "RecordColumns",
    "Records",
    "read_charging_records",
]
