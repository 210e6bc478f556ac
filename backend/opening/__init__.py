"""Filing with WeChat Pay: attempts, polling, error map, clocks, signing."""

from backend.opening.attempts import FILE_JOB, POLL_JOB, SUBMIT_JOB, on_abandoned, on_approved, on_refiled
from backend.opening.file_application import file_application
from backend.opening.poll_filing import poll_filing
from backend.opening.provider import Provider
from backend.opening.submit_filing import submit_filing

__all__ = [
    "FILE_JOB",
    "POLL_JOB",
    "SUBMIT_JOB",
    "Provider",
    "file_application",
    "on_abandoned",
    "on_approved",
    "on_refiled",
    "poll_filing",
    "submit_filing",
]
