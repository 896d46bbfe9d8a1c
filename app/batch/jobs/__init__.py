"""Runs asked for one by one: a queue in the store's index, and worker processes of ours that take from it."""

from app.batch.jobs.job import Job
from app.batch.jobs.jobs import Jobs, open_jobs

__all__ = ["Job", "Jobs", "open_jobs"]
