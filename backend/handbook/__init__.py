"""What HQ keeps: notices, photo guides, reasons, rate plans, contacts; versioned."""

from backend.handbook.acknowledge_handbook_entry import AcknowledgeHandbookEntry, acknowledge_handbook_entry
from backend.handbook.discard_handbook_draft import DiscardHandbookDraft, discard_handbook_draft
from backend.handbook.handbook import Entry, Handbook, NoNoticeYet, RatePlan, RatePlans
from backend.handbook.publish_handbook_draft import PublishHandbookDraft, publish_handbook_draft
from backend.handbook.queries import (
    HANDBOOK,
    contacts_in_force,
    rate_plan_of,
    rate_plans_on,
    read_handbook,
    return_reasons_on,
)
from backend.handbook.retire_handbook_entry import RetireHandbookEntry, retire_handbook_entry
from backend.handbook.save_handbook_draft import SaveHandbookDraft, save_handbook_draft
from backend.handbook.shipped import ship
from backend.handbook.upload_handbook_sample import UploadHandbookSample, upload_handbook_sample

__all__ = [
    "HANDBOOK",
    "AcknowledgeHandbookEntry",
    "DiscardHandbookDraft",
    "Entry",
    "Handbook",
    "NoNoticeYet",
    "PublishHandbookDraft",
    "RatePlan",
    "RatePlans",
    "RetireHandbookEntry",
    "SaveHandbookDraft",
    "UploadHandbookSample",
    "acknowledge_handbook_entry",
    "contacts_in_force",
    "discard_handbook_draft",
    "publish_handbook_draft",
    "rate_plan_of",
    "rate_plans_on",
    "read_handbook",
    "retire_handbook_entry",
    "return_reasons_on",
    "save_handbook_draft",
    "ship",
    "upload_handbook_sample",
]
