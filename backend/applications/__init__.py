"""Drafts, completeness, life cycle, events."""

from backend.applications.allow_duplicate import AllowDuplicate, allow_duplicate
from backend.applications.expire_application import expire_application
from backend.applications.models import Application
from backend.applications.preflight import Finding, Preflight, preflight_application
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
    "PreCheck",
    "Preflight",
    "SaveApplicationDraft",
    "StartApplication",
    "SubmitApplication",
    "UploadImage",
    "WithdrawApplication",
    "allow_duplicate",
    "changing",
    "checked_reason",
    "expire_application",
    "lock_for_system",
    "move_application",
    "move_for",
    "preflight_application",
    "save_application_draft",
    "start_application",
    "submit_application",
    "upload_image",
    "withdraw_application",
]
