"""Faults of lines in operation: breakers that trip, where the fault behind one is, and what to switch after it."""

from app.twin.operation.faults.line_faults import LineFaults

__all__ = ["LineFaults"]
