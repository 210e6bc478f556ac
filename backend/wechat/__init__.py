"""Clients for WeChat: the Pay API v3, and what stands for the merchant console in the sandbox."""

from backend.wechat.applyment import Accepted, Applyment, AuditItem
from backend.wechat.client import PayClient
from backend.wechat.credentials import CredentialsError, PayCredentials
from backend.wechat.errors import (
    Action,
    Call,
    Final,
    OutcomeUnknown,
    PayError,
    PayFailure,
    PlaintextTooLongError,
    ProviderMessage,
    Retryable,
    Signal,
    UnsendableError,
)
from backend.wechat.hosts import PRIMARY_HOST, SECOND_HOST
from backend.wechat.sandbox_enrolment import SandboxError, enrol, fetch_clock_offset

__all__ = [
    "PRIMARY_HOST",
    "SECOND_HOST",
    "Accepted",
    "Action",
    "Applyment",
    "AuditItem",
    "Call",
    "CredentialsError",
    "Final",
    "OutcomeUnknown",
    "PayClient",
    "PayCredentials",
    "PayError",
    "PayFailure",
    "PlaintextTooLongError",
    "ProviderMessage",
    "Retryable",
    "SandboxError",
    "Signal",
    "UnsendableError",
    "enrol",
    "fetch_clock_offset",
]
