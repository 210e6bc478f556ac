"""How accounts refuse."""

from __future__ import annotations


class SessionInvalid(Exception):
    """The bearer names no session, one that has ended, or a person who may not come in any more."""


class PermissionMissing(Exception):
    """The viewer lacks a permission; `permission` names it."""

    def __init__(self, permission: str) -> None:
        super().__init__(permission)
        self.permission = permission
