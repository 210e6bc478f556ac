"""Drafts, completeness, life cycle, events."""

from backend.applications.allow_duplicate import AllowDuplicate, allow_duplicate
from backend.applications.expire_application import expire_application
from backend.applications.hand_over_applications import (
    HandOverApplications,
    hand_over_applications,
    on_staff_left,
    on_staff_reassigned,
    unfinished_of,
)
from backend.applications.models import Application
from backend.applications.preflight import Finding, Preflight, preflight_application
from backend.applications.reveal_field import RevealField, reveal_field
from backend.applications.save_application_draft import SaveApplicationDraft, save_application_draft
from backend.applications.service import (
    SYSTEM_STANDING,
    Change,
    changing,
    checked_reason,
    lock_for_system,
    move_application,
    move_for,
)
from backend.applications.start_application import (
    EXPIRE_JOB,
    ApplicationKind,
    PreCheck,
    StartApplication,
    start_application,
)
from backend.applications.submit_application import SubmitApplication, submit_application
from backend.applications.upload_image import UploadImage, upload_image
from backend.applications.withdraw_application import WithdrawApplication, withdraw_application

__all__ = [
    "EXPIRE_JOB",
    "SYSTEM_STANDING",
    "AllowDuplicate",
    "Application",
    "ApplicationKind",
    "Change",
    "Finding",
    "HandOverApplications",
    "PreCheck",
    "Preflight",
    "RevealField",
    "SaveApplicationDraft",
    "StartApplication",
    "SubmitApplication",
    "UploadImage",
    "WithdrawApplication",
    "allow_duplicate",
    "changing",
    "checked_reason",
    "expire_application",
    "hand_over_applications",
    "lock_for_system",
    "move_application",
    "move_for",
    "on_staff_left",
    "on_staff_reassigned",
    "preflight_application",
    "reveal_field",
    "save_application_draft",
    "start_application",
    "submit_application",
    "unfinished_of",
    "upload_image",
    "withdraw_application",
]
