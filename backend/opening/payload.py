"""The body of a filing with WeChat Pay, built from a form through the field catalogue."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from backend.applications.form import (
    ACCOUNT_NAME_PATH,
    FIELDS,
    Field,
    Kind,
    SettlementHolder,
    Values,
    applies,
    is_empty,
    is_required,
)
from backend.applications.policies import Channel, PolicyRefusal, holder_policy, refusals
from backend.handbook.handbook import RatePlan

# Names the rules the body follows; stored with each attempt, so that an old snapshot can still be read. Raised whenever
# WeChat Pay's demands change, as on 2022-06-30 and 2023-09-18.
PAYLOAD_VERSION = "2023-09-18.1"

# Parts of the body that no form decides (WeChat Pay 4012722249).
CONSTANTS: Mapping[str, str] = MappingProxyType(
    {
        "subject_info.subject_type": "SUBJECT_TYPE_MICRO",
        "subject_info.micro_biz_info.micro_biz_type": "MICRO_TYPE_STORE",
        "subject_info.identity_info.id_doc_type": "IDENTIFICATION_TYPE_IDCARD",
        "bank_account_info.bank_account_type": "BANK_ACCOUNT_TYPE_PERSONAL",
    }
)

# Parts of the body that the rate plan decides, and the attribute of its terms that holds each.
PLAN_PATHS: Mapping[str, str] = MappingProxyType(
    {
        "settlement_info.settlement_id": "settlement_id",
        "settlement_info.activities_id": "activities_id",
        "settlement_info.debit_activities_rate": "debit_rate_percent",
        "settlement_info.credit_activities_rate": "credit_rate_percent",
    }
)

ENCRYPTED_PATHS: frozenset[str] = frozenset(
    path for field in FIELDS.values() if field.encrypted for path in field.provider_paths
)

_MEDIA_KINDS = (Kind.IMAGE, Kind.IMAGES)
_MEDIA_PATHS = frozenset(path for f in FIELDS.values() if f.kind in _MEDIA_KINDS for path in f.provider_paths)
_BUSINESS_CODE = re.compile(r"[0-9A-Za-z_]{1,124}", re.ASCII)


class PayloadError(Exception):
    """A form that cannot be filed as it is. Names fields and codes, never values."""


class PolicyRefusedError(PayloadError):
    """The channel's policies refuse the form; `codes` say why."""

    def __init__(self, codes: tuple[PolicyRefusal, ...]) -> None:
        super().__init__(", ".join(codes))
        self.codes = codes


class FormIncompleteError(PayloadError):
    """Required fields are empty; `fields` names them in form order."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields


class ImageNotUploadedError(PayloadError):
    """Pictures have no media id yet; `image_ids` names them."""

    def __init__(self, image_ids: tuple[str, ...]) -> None:
        super().__init__(", ".join(image_ids))
        self.image_ids = image_ids


class RatePlanUnusableError(PayloadError):
    """The plan is not the one that the form names, or one that can no longer be filed."""


class BadBusinessCodeError(PayloadError):
    """The business code is not 1 to 124 digits, letters or underscores."""


def build(
    values: Values,
    *,
    business_code: str,
    plan: RatePlan,
    media_ids: Mapping[str, str],
    channel: Channel = Channel.WECHAT_PAY,
) -> dict[str, Any]:
    """Give the body to file, still in clear: what stands at `ENCRYPTED_PATHS` is encrypted before it is sent.

    Nothing empty is in it, and nothing that a micro-merchant's filing must not have. Refuses with a `PayloadError`.
    """
    if _BUSINESS_CODE.fullmatch(business_code) is None:
        raise BadBusinessCodeError
    _refuse_unfit(values, plan, media_ids, channel)
    body: dict[str, Any] = {"business_code": business_code}
    for path, constant in CONSTANTS.items():
        _put(body, path, constant)
    for path, attribute in PLAN_PATHS.items():
        if (part := getattr(plan.content, attribute)) is not None:
            _put(body, path, part)
    for field in _filled(values):
        value = _value_to_send(field, values[field.name], media_ids)
        for path in field.provider_paths:
            if path != ACCOUNT_NAME_PATH or field.name == account_name_field(values, channel):
                _put(body, path, value)
    return body


def _refuse_unfit(values: Values, plan: RatePlan, media_ids: Mapping[str, str], channel: Channel) -> None:
    if refused := refusals(channel, values):
        raise PolicyRefusedError(refused)
    if lacking := tuple(n for n, f in FIELDS.items() if is_required(f, values) and is_empty(values.get(n))):
        raise FormIncompleteError(lacking)
    if plan.content.settlement_id is None or plan.code != values["rate_plan"]:
        raise RatePlanUnusableError(plan.code)
    if absent := tuple(i for i in images_to_upload(values) if not media_ids.get(i)):
        raise ImageNotUploadedError(absent)


def _value_to_send(field: Field, value: object, media_ids: Mapping[str, str]) -> object:
    if field.kind is Kind.IMAGES:
        return [media_ids[image_id] for image_id in _image_ids(value)]
    return media_ids[str(value)] if field.kind is Kind.IMAGE else value


def account_name_field(values: Values, channel: Channel = Channel.WECHAT_PAY) -> str:
    """Give the form field whose name stands on the bank account; the operator's as long as nothing else is answered."""
    other = values.get("settlement_holder") == SettlementHolder.OTHER
    return holder_policy(channel, SettlementHolder.OTHER if other else SettlementHolder.OPERATOR).account_name_field


def images_to_upload(values: Values) -> tuple[str, ...]:
    """Give the ids of the pictures that WeChat Pay must have before the body can be built, each once, in form order."""
    ids = (i for field in _filled(values) if field.kind in _MEDIA_KINDS for i in _image_ids(values[field.name]))
    return tuple(dict.fromkeys(ids))


def form_hash(payload: Mapping[str, Any], media_ids: Mapping[str, str]) -> str:
    """Give the SHA-256 in hex of a body in clear, the same for the same form however often its pictures were uploaded.

    `media_ids` is the mapping the body was built with: each media id is taken back to its image id before hashing. The
    business code counts, so the same form under a new code has another hash.
    """
    image_ids = {media_id: image_id for image_id, media_id in media_ids.items()}
    stable = _with_image_ids(payload, image_ids, "")
    canonical = json.dumps(stable, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _with_image_ids(part: Any, image_ids: Mapping[str, str], path: str) -> Any:
    if isinstance(part, Mapping):
        return {k: _with_image_ids(v, image_ids, f"{path}.{k}" if path else k) for k, v in part.items()}
    if path not in _MEDIA_PATHS:
        return part
    return [image_ids[media_id] for media_id in part] if isinstance(part, list) else image_ids[part]


def _filled(values: Values) -> Iterator[Field]:
    """Fields that are sent: they count in this form, are filled in, and have a place in the body."""
    return (
        field
        for field in FIELDS.values()
        if field.provider_paths and applies(field, values) and not is_empty(values.get(field.name))
    )


def _image_ids(value: object) -> tuple[str, ...]:
    return tuple(str(i) for i in value) if isinstance(value, list | tuple) else (str(value),)


def _put(body: dict[str, Any], path: str, value: object) -> None:
    *parents, leaf = path.split(".")
    for parent in parents:
        body = body.setdefault(parent, {})
    body[leaf] = value
