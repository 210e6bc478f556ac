"""The control API: what a tester, a demo or a test asks of the sandbox itself. Loopback clients only."""

import re
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .apps import Apps
from .book import BOOK_VERSION, Book, Clocks, Merchant, as_utc
from .faults import ANY_CALL, Call, Fault, Faults, Kind, kinds_of
from .filings import Filing, Filings
from .lifecycle import DAY_SECONDS, AuditItem, OwnerRefusedError, Person
from .messages import Messages
from .orders import OrderError, as_json, choice, control_routes, flag, number, read_order, text, whole
from .pay import DEFAULT_LIMITS
from .people import People
from .signature import PlatformKey

FURTHEST_OFFSET_SECONDS = 3650 * DAY_SECONDS

_MCHID = re.compile(r"[0-9]{8,10}")
_SERIAL = re.compile(r"[0-9A-F]{8,64}")
_API_V3_KEY = re.compile(r"[!-~]{32}")
_ID = re.compile(r"[0-9]{1,18}")


class Control:
    """Orders and questions. Every answer is JSON and holds nobody's personal data."""

    def __init__(
        self,
        book: Book,
        clocks: Clocks,
        key: PlatformKey,
        filings: Filings,
        faults: Faults,
        apps: Apps,
        people: People,
        messages: Messages,
    ) -> None:
        self._book = book
        self._clocks = clocks
        self._key = key
        self._filings = filings
        self._faults = faults
        self._apps = apps
        self._people = people
        self._messages = messages

    def routes(self) -> list[Route]:
        """Give the routes under /_sandbox."""
        return control_routes(
            [
                ("GET", "/state", self.state),
                ("GET", "/applyments/{business_code}", self.applyment),
                ("POST", "/merchants", self.enrol),
                ("GET", "/clock", self.clock),
                ("POST", "/clock", self.advance),
                ("POST", "/faults", self.order_fault),
                ("DELETE", "/faults", self.clear_faults),
                ("POST", "/permission", self.set_permission),
                ("POST", "/limits", self.set_limits),
                ("POST", "/owner/{applyment_id}/sign", self.sign),
            ]
        )

    async def state(self, _request: Request) -> Response:
        """Answer what the sandbox holds: filings per state, clocks, faults left, merchants, switches, apps, counts."""
        with self._book.transaction():
            return as_json(
                {
                    "version": BOOK_VERSION,
                    "clock": self._clock(),
                    "applyments": self._filings.counts(),
                    "faults": self._faults.left(),
                    "merchants": self._book.merchants(),
                    "public_key_id": self._key.public_key_id,
                    "permission": {"micro": self._book.setting("permission_micro", True)},
                    "limits": {**DEFAULT_LIMITS, **self._book.setting("limits", {})},
                    "apps": self._apps.listed(),
                    "people": self._people.count(),
                    "messages": self._messages.count(),
                }
            )

    async def applyment(self, request: Request) -> Response:
        """Answer everything about the filing under a code; 404 when none was ever accepted."""
        code: str = request.path_params["business_code"]
        filing = self._filings.by_code(code)
        if filing is None:
            raise OrderError("no filing under this code", 404)
        return as_json(
            {
                **_summary(filing),
                "form_hash": filing.form_hash,
                "times_accepted": filing.times_accepted,
                "times_refiled": filing.times_refiled,
                "history": self._filings.history(filing.applyment_id),
                "requests": self._filings.requests(code),
            }
        )

    async def enrol(self, request: Request) -> Response:
        """Stand in for the merchant console: store the provider's key, answer WeChat Pay's public key.

        Idempotent; another key for the same merchant id replaces the first.
        """
        order = await read_order(request, {"mchid", "serial_no", "public_key_pem", "api_v3_key"})
        mchid = text(order, "mchid", _MCHID)
        serial_no = text(order, "serial_no", _SERIAL)
        api_v3_key = text(order, "api_v3_key", _API_V3_KEY)
        try:
            public_key = serialization.load_pem_public_key(str(order["public_key_pem"]).encode())
        except ValueError:
            raise OrderError("public_key_pem is no PEM public key") from None
        if not isinstance(public_key, rsa.RSAPublicKey) or public_key.key_size < 2048:
            raise OrderError("public_key_pem is no RSA key of at least 2048 bits")
        pem = public_key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()
        self._book.enrol(Merchant(mchid, serial_no, pem), api_v3_key)
        return as_json({"public_key_id": self._key.public_key_id, "public_key_pem": self._key.public_key_pem})

    async def clock(self, _request: Request) -> Response:
        """Answer both clocks."""
        return as_json(self._clock())

    async def advance(self, request: Request) -> Response:
        """Move the business clock forward; it cannot go back."""
        order = await read_order(request, {"advance_seconds"})
        seconds = number(order, "advance_seconds", 0, FURTHEST_OFFSET_SECONDS)
        if self._clocks.offset_seconds() + seconds > FURTHEST_OFFSET_SECONDS:
            raise OrderError("the business clock may be ten years ahead at most")
        self._clocks.advance(seconds)
        return as_json(self._clock())

    async def order_fault(self, request: Request) -> Response:
        """Order a fault; see `faults.Kind`. Without `times` it strikes once, with a probability until deleted."""
        self._faults.add(
            _fault(
                await read_order(request, {"kind"}, {"call", "times", "delay_seconds", "probability", "seed", "fields"})
            )
        )
        return as_json({"faults": self._faults.left()})

    async def clear_faults(self, _request: Request) -> Response:
        """Forget every fault."""
        self._faults.clear()
        return as_json({"faults": []})

    async def set_permission(self, request: Request) -> Response:
        """Grant or withdraw 小微进件权限; without it every submit answers NO_AUTH."""
        order = await read_order(request, {"micro"})
        micro = flag(order, "micro", default=True)
        self._book.set("permission_micro", micro)
        return as_json({"micro": micro})

    async def set_limits(self, request: Request) -> Response:
        """Set calls per second and merchant, for the calls named; null lifts a limit."""
        order = await read_order(request, optional=set(DEFAULT_LIMITS))
        for name, limit in order.items():
            if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):
                raise OrderError(f"{name} must be a whole number, or null")
        limits = {**self._book.setting("limits", {}), **order}
        self._book.set("limits", limits)
        return as_json({"limits": {**DEFAULT_LIMITS, **limits}})

    async def sign(self, request: Request) -> Response:
        """Do what the owner's page does: verify the account or sign, whichever is due.

        403 for another or an unverified person, 409 when nothing is due; the state stays as it was.
        """
        order = await read_order(request, optional={"person"})
        try:
            person = Person(order.get("person", Person.OWNER))
        except ValueError:
            raise OrderError("person must be owner, other or unverified") from None
        applyment_id: str = request.path_params["applyment_id"]
        with self._book.transaction():
            filing = self._filings.by_id(int(applyment_id)) if _ID.fullmatch(applyment_id) else None
            if filing is None:
                raise OrderError("no filing with this id", 404)
            try:
                return as_json(_summary(self._filings.owner_acts(filing, person)))
            except OwnerRefusedError as refused:
                return as_json({"error": refused.text, **_summary(filing)}, 403 if refused.wrong_person else 409)

    def _clock(self) -> dict[str, Any]:
        return {
            "offset_seconds": self._clocks.offset_seconds(),
            "business_time": as_utc(self._clocks.business()),
            "wire_time": as_utc(self._clocks.wire()),
        }


def _summary(filing: Filing) -> dict[str, Any]:
    return {
        "business_code": filing.business_code,
        "applyment_id": str(filing.applyment_id),
        "state": filing.state,
        "sub_mchid": filing.sub_mchid,
    }


def _fault(order: dict[str, Any]) -> Fault:
    kind = choice(order, "kind", Kind)
    call = order.get("call", ANY_CALL)
    if call != ANY_CALL and kind not in kinds_of(choice(order, "call", Call)):
        raise OrderError(f"{kind} does not befall {call}")
    if "fields" in order and kind is not Kind.REJECT:
        raise OrderError("fields belong to the kind reject")
    default_times = None if "probability" in order else 1
    return Fault(
        kind,
        call,
        whole(order, "times", 1, 1_000_000) if "times" in order else default_times,
        number(order, "delay_seconds", 0, 600) if "delay_seconds" in order else 0.0,
        number(order, "probability", 0, 1) if "probability" in order else 1.0,
        whole(order, "seed", 0, 2**31) if "seed" in order else 0,
        _audit_items(order.get("fields", [])),
    )


def _audit_items(items: object) -> tuple[AuditItem, ...]:
    names = {"field", "field_name", "reject_reason"}
    if not isinstance(items, list) or not all(
        isinstance(item, dict) and item.keys() == names and all(isinstance(value, str) for value in item.values())
        for item in items
    ):
        raise OrderError(f"fields must be a list of objects with {', '.join(sorted(names))}")
    return tuple(AuditItem(**item) for item in items)
