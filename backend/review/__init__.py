"""The queue, claims, decisions, duplicates."""

from backend.review.claim_application import ClaimApplication, claim_application, release_application
from backend.review.decide_application import DecideApplication, Decision, FieldReason, decide_application
from backend.review.recall_application import RecallApplication, recall_application
from backend.review.release_claims import on_access_ended

__all__ = [
    "ClaimApplication",
    "DecideApplication",
    "Decision",
    "FieldReason",
    "RecallApplication",
    "claim_application",
    "decide_application",
    "on_access_ended",
    "recall_application",
    "release_application",
]
