"""Tables of accounts: organisations, staff, sessions, the WeChat people behind them, invitations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar, Final

from tortoise import fields
from tortoise.models import Model

from backend.foundation.subjects import Subject

INDEXES = {
    "session_staff": 'INDEX IF NOT EXISTS {name} ON "session" ("staff_id")',
    "session_issuer": 'INDEX IF NOT EXISTS {name} ON "session" ("issued_by_id")',
    "staff_organisation": 'INDEX IF NOT EXISTS {name} ON "staff" ("organisation_id")',
    "staff_waiting": 'INDEX IF NOT EXISTS {name} ON "staff" ("applied_at", "id") WHERE "state" = \'PENDING\'',
    "staff_mobile": 'INDEX IF NOT EXISTS {name} ON "staff" ("mobile_index")',
    "organisation_parent": 'INDEX IF NOT EXISTS {name} ON "organisation" ("parent_id")',
    "wechat_identity_person": (
        'UNIQUE INDEX IF NOT EXISTS {name} ON "wechat_identity" ("app", "appid", "openid_index")'
    ),
    "wechat_identity_staff": 'INDEX IF NOT EXISTS {name} ON "wechat_identity" ("staff_id")',
    "wechat_identity_unionid": 'INDEX IF NOT EXISTS {name} ON "wechat_identity" ("unionid_index")',
    "invitation_organisation": 'INDEX IF NOT EXISTS {name} ON "invitation" ("organisation_id", "created_at", "id")',
}

# What a row of an older database says where nobody knows the time.
LONG_AGO: Final = datetime(2018, 1, 1, tzinfo=UTC)


class Organisation(Subject):
    """A node of the tree of organisations.

    `accepts_registrations` says whether newcomers may choose it; by invitation they always may.
    """

    subject_type: ClassVar[str] = "organisation"

    # The columns of every subject, with what rows hold that are older than this life cycle.
    state = fields.CharField(max_length=32, db_default="OPEN")
    version = fields.IntField(default=1, db_default=1)
    event_sequence = fields.IntField(default=0, db_default=0)
    event_hash = fields.CharField(max_length=64, default="", db_default="")
    updated_at = fields.DatetimeField(db_default=LONG_AGO)

    code = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=80)
    kind = fields.CharField(max_length=16)
    parent: fields.ForeignKeyNullableRelation[Organisation] = fields.ForeignKeyField(
        "sesame.Organisation", null=True, related_name=False, on_delete=fields.RESTRICT
    )
    parent_id: str | None
    accepts_registrations = fields.BooleanField(default=False, db_default=False)

    class Meta:
        table = "organisation"


class Staff(Subject):
    """A person who came to us, or the key of a partner's system, which files like a person.

    `roles` is a comma-separated list; `code` is the stable name of a seeded person. Whoever has signed in and not
    registered yet (GUEST) has no organisation and no role. The mobile number stands sealed, with its mask and a blind
    index beside it. `cut_off_at` is since when a suspended or former person has no access; `successor` is who took
    over the work of one who left.
    """

    subject_type: ClassVar[str] = "staff"

    code = fields.CharField(max_length=40, unique=True, null=True)
    name = fields.CharField(max_length=80)
    roles = fields.CharField(max_length=160)
    organisation: fields.ForeignKeyNullableRelation[Organisation] = fields.ForeignKeyField(
        "sesame.Organisation", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    organisation_id: str | None
    work_kind = fields.CharField(max_length=16, null=True)
    mobile_sealed = fields.BinaryField(null=True)
    mobile_mask = fields.CharField(max_length=16, null=True)
    mobile_index = fields.CharField(max_length=64, null=True)
    mobile_verified_at = fields.DatetimeField(null=True)
    applied_at = fields.DatetimeField(null=True)
    hurried_at = fields.DatetimeField(null=True)
    decided_at = fields.DatetimeField(null=True)
    decision_reason = fields.CharField(max_length=500, null=True)
    cut_off_at = fields.DatetimeField(null=True)
    cut_off_reason = fields.CharField(max_length=500, null=True)
    successor: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "sesame.Staff", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    successor_id: str | None

    class Meta:
        table = "staff"


class Session(Model):
    """One way in. Only the hash of the token is kept, so that whoever reads this table can sign in as nobody.

    A KEY is a partner system's way in; it was issued by a person, and ends when that person leaves.
    """

    id = fields.CharField(primary_key=True, max_length=40)
    token_hash = fields.CharField(max_length=64, unique=True)
    staff: fields.ForeignKeyRelation[Staff] = fields.ForeignKeyField(
        "sesame.Staff", related_name=False, on_delete=fields.RESTRICT
    )
    staff_id: str
    kind = fields.CharField(max_length=16, default="SESSION", db_default="SESSION")
    issued_by: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "sesame.Staff", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    issued_by_id: str | None
    device = fields.CharField(max_length=40, null=True)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "session"


class WeChatIdentity(Model):
    """A person as one WeChat app knows them.

    The openid stands sealed, and is found by its blind index. `app` is MINI_PROGRAM or OFFICIAL_ACCOUNT. `staff` is
    who that person is with us, once known; `is_following` is for the official account alone.
    """

    id = fields.CharField(primary_key=True, max_length=40)
    app = fields.CharField(max_length=20)
    appid = fields.CharField(max_length=32)
    openid_sealed = fields.BinaryField()
    openid_index = fields.CharField(max_length=64)
    unionid_index = fields.CharField(max_length=64, null=True)
    staff: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "sesame.Staff", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    staff_id: str | None
    is_following = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()
    tied_at = fields.DatetimeField(null=True)

    class Meta:
        table = "wechat_identity"


class DoorTicket(Model):
    """The ticket in the link the official account answers with: whoever opens it is the person who asked."""

    id = fields.CharField(primary_key=True, max_length=40)
    token_hash = fields.CharField(max_length=64, unique=True)
    identity: fields.ForeignKeyRelation[WeChatIdentity] = fields.ForeignKeyField(
        "sesame.WeChatIdentity", related_name=False, on_delete=fields.RESTRICT
    )
    identity_id: str
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    spent_at = fields.DatetimeField(null=True)

    class Meta:
        table = "door_ticket"


class SpentCode(Model):
    """A one-time code of WeChat that was taken to it. Written down before that, so that none is taken twice."""

    code_hash = fields.CharField(primary_key=True, max_length=64)
    spent_at = fields.DatetimeField()

    class Meta:
        table = "spent_code"


class Invitation(Subject):
    """An offer to register, for one person: the role and the organisation are set by whoever invites.

    The token stands hashed to be found by, and sealed so that its QR can be shown again.
    """

    subject_type: ClassVar[str] = "invitation"

    token_hash = fields.CharField(max_length=64, unique=True)
    token_sealed = fields.BinaryField()
    role = fields.CharField(max_length=20)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "sesame.Organisation", related_name=False, on_delete=fields.RESTRICT
    )
    organisation_id: str
    inviter: fields.ForeignKeyRelation[Staff] = fields.ForeignKeyField(
        "sesame.Staff", related_name=False, on_delete=fields.RESTRICT
    )
    inviter_id: str
    note = fields.CharField(max_length=80, default="")
    expires_at = fields.DatetimeField()
    spent_by: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "sesame.Staff", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    spent_by_id: str | None

    class Meta:
        table = "invitation"
