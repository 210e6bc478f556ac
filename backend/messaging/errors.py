"""How messaging refuses."""

from __future__ import annotations

from enum import StrEnum


class MessagingRefusal(StrEnum):
    """Why something about messages was refused."""

    TOO_MANY_MESSAGES = "TOO_MANY_MESSAGES"
    CONSENT_RESULT_INVALID = "CONSENT_RESULT_INVALID"
