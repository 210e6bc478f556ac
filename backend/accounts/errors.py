"""How accounts refuse."""

from __future__ import annotations

from enum import StrEnum


class SessionInvalid(Exception):
    """The bearer names no session, one that has ended, or a person who may not come in any more."""


class PermissionMissing(Exception):
    """The viewer lacks a permission; `permission` names it."""

    def __init__(self, permission: str) -> None:
        super().__init__(permission)
        self.permission = permission


class AccountRefusal(StrEnum):
    """Why something about people was refused, beside what the tables say."""

    CODE_SPENT = "CODE_SPENT"
    PERSON_BLOCKED = "PERSON_BLOCKED"
    WECHAT_BUSY = "WECHAT_BUSY"
    WECHAT_MISCONFIGURED = "WECHAT_MISCONFIGURED"
    ACCESS_ENDED = "ACCESS_ENDED"
    NAME_INVALID = "NAME_INVALID"
    MOBILE_INVALID = "MOBILE_INVALID"
    MOBILE_MISSING = "MOBILE_MISSING"
    MOBILE_TAKEN = "MOBILE_TAKEN"
    ORGANISATION_UNKNOWN = "ORGANISATION_UNKNOWN"
    ORGANISATION_CLOSED_TO_NEWCOMERS = "ORGANISATION_CLOSED_TO_NEWCOMERS"
    INVITATION_INVALID = "INVITATION_INVALID"
    ROLES_NOT_GRANTABLE = "ROLES_NOT_GRANTABLE"
    ROLE_NOT_IN_ORGANISATION = "ROLE_NOT_IN_ORGANISATION"
    SUCCESSOR_INVALID = "SUCCESSOR_INVALID"
    REASON_MISSING = "REASON_MISSING"
    SESSION_UNKNOWN = "SESSION_UNKNOWN"
    TEXT_TOO_LONG = "TEXT_TOO_LONG"
