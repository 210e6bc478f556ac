"""A service provider's side of the wire, in plain cryptography calls: no code shared with client or sandbox."""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx2
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from backend.sandbox import create_app

MCHID = "1900013511"
SERIAL = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
START = 1_790_000_000.0
BASE = "http://127.0.0.1:8001"
SUBMIT = "/v3/applyment4sub/applyment/"
UPLOAD = "/v3/merchant/media/upload"

_MERCHANT_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)

SEALED = (
    "contact_info/contact_name",
    "contact_info/contact_id_number",
    "contact_info/mobile_phone",
    "contact_info/contact_email",
    "subject_info/identity_info/id_card_info/id_card_name",
    "subject_info/identity_info/id_card_info/id_card_number",
    "bank_account_info/account_name",
    "bank_account_info/account_number",
)

JPEG = b"\xff\xd8\xff\xe0" + b"a photo of a shop"


class Wall:
    """A wire clock that stands still until told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


def at(form: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    """Give the object that holds the member at `path`, and the member's name."""
    *parents, name = path.strip("/").split("/")
    for parent in parents:
        form = form[parent]
    return form, name


class Provider:
    """A provider's client over one sandbox."""

    def __init__(self, http: httpx2.AsyncClient, wall: Callable[[], float]) -> None:
        self.http = http
        self.wall = wall
        self.public_key_id = ""
        self.public_key: rsa.RSAPublicKey | None = None
        self.media_id = ""

    async def enrol(self, **changes: str) -> httpx2.Response:
        """Enrol this provider's key and keep WeChat Pay's."""
        pem = _MERCHANT_KEY.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        order = {
            "mchid": MCHID,
            "serial_no": SERIAL,
            "public_key_pem": pem.decode(),
            "api_v3_key": "0123456789abcdef0123456789ABCDEF",
        }
        answer = await self.http.post("/_sandbox/merchants", json={**order, **changes})
        if answer.status_code == 200:
            self.public_key_id = answer.json()["public_key_id"]
            key = serialization.load_pem_public_key(answer.json()["public_key_pem"].encode())
            assert isinstance(key, rsa.RSAPublicKey)
            self.public_key = key
        return answer

    def authorization(
        self,
        method: str,
        target: str,
        body: bytes,
        *,
        age_seconds: int = 0,
        serial_no: str = SERIAL,
        mchid: str = MCHID,
    ) -> str:
        """Sign a request and give its Authorization header."""
        timestamp = int(self.wall()) - age_seconds
        nonce = secrets.token_hex(16)
        message = f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"
        signature = base64.b64encode(_MERCHANT_KEY.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()
        return (
            f'WECHATPAY2-SHA256-RSA2048 mchid="{mchid}",nonce_str="{nonce}",signature="{signature}",'
            f'timestamp="{timestamp}",serial_no="{serial_no}"'
        )

    def seal(self, text: str) -> str:
        """Encrypt a sensitive text as the documentation says."""
        assert self.public_key is not None
        oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 - the scheme WeChat Pay uses
        return base64.b64encode(self.public_key.encrypt(text.encode(), oaep)).decode()

    def verify(self, answer: httpx2.Response) -> None:
        """Raise unless the answer is signed by the enrolled WeChat Pay key."""
        headers = answer.headers
        assert headers["Wechatpay-Serial"] == self.public_key_id
        assert headers["Wechatpay-Signature-Type"] == "WECHATPAY2-SHA256-RSA2048"
        assert headers["Request-ID"]
        assert abs(int(headers["Wechatpay-Timestamp"]) - self.wall()) < 300
        message = f"{headers['Wechatpay-Timestamp']}\n{headers['Wechatpay-Nonce']}\n".encode() + answer.content + b"\n"
        assert self.public_key is not None
        signature = base64.b64decode(headers["Wechatpay-Signature"], validate=True)
        self.public_key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())

    def form(self, code: str = "1900013511_1", phone: str = "13800138000") -> dict[str, Any]:
        """Give a complete form in clear."""
        return {
            "business_code": code,
            "contact_info": {
                "contact_name": "张三",
                "contact_id_number": "440305199001011234",
                "mobile_phone": phone,
                "contact_email": "zhangsan@example.com",
            },
            "subject_info": {
                "subject_type": "SUBJECT_TYPE_MICRO",
                "micro_biz_info": {
                    "micro_biz_type": "MICRO_TYPE_STORE",
                    "micro_store_info": {
                        "micro_name": "大郎烧饼",
                        "micro_address_code": "440305",
                        "micro_address": "南山区某大厦一层",
                        "store_entrance_pic": self.media_id,
                        "micro_indoor_copy": self.media_id,
                    },
                },
                "identity_info": {
                    "id_doc_type": "IDENTIFICATION_TYPE_IDCARD",
                    "id_card_info": {
                        "id_card_copy": self.media_id,
                        "id_card_national": self.media_id,
                        "id_card_name": "张三",
                        "id_card_number": "440305199001011234",
                        "card_period_begin": "2016-06-06",
                        "card_period_end": "长期",
                    },
                },
            },
            "business_info": {"merchant_shortname": "张三烧饼店", "service_phone": "07581234567"},
            "settlement_info": {"settlement_id": "703", "qualification_type": "餐饮"},
            "bank_account_info": {
                "bank_account_type": "BANK_ACCOUNT_TYPE_PERSONAL",
                "account_name": "张三",
                "account_bank": "工商银行",
                "bank_address_code": "440300",
                "account_number": "6222020000000000000",
            },
        }

    def sealed(self, form: dict[str, Any]) -> dict[str, Any]:
        """Give the form with every sensitive text encrypted; whatever is no text stays as it is."""
        sealed = deepcopy(form)
        for path in SEALED:
            try:
                holder, name = at(sealed, path)
                text = holder[name]
            except (KeyError, TypeError):
                continue
            if isinstance(text, str) and text:
                holder[name] = self.seal(text)
        return sealed

    async def post(self, form: object, **changes: str) -> httpx2.Response:
        """Send a form exactly as given."""
        body = json.dumps(form, ensure_ascii=False).encode()
        headers = {
            "Authorization": self.authorization("POST", SUBMIT, body),
            "Content-Type": "application/json",
            "Wechatpay-Serial": self.public_key_id,
            **changes,
        }
        return await self.http.post(SUBMIT, content=body, headers={k: v for k, v in headers.items() if v})

    async def submit(self, form: dict[str, Any] | None = None) -> httpx2.Response:
        """Encrypt and send a form."""
        return await self.post(self.sealed(self.form() if form is None else form))

    async def get(self, target: str) -> httpx2.Response:
        """Send a signed GET."""
        return await self.http.get(target, headers={"Authorization": self.authorization("GET", target, b"")})

    async def query(self, code: str = "1900013511_1") -> httpx2.Response:
        """Query by code."""
        return await self.get(f"{SUBMIT}business_code/{code}")

    async def state(self, code: str = "1900013511_1") -> str:
        """Query by code and give the bare state."""
        answer = await self.query(code)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["applyment_state"]).removeprefix("APPLYMENT_STATE_")

    async def upload(
        self,
        content: bytes = JPEG,
        *,
        filename: str = "shop.jpg",
        media_type: str = "image/jpeg",
        meta: bytes | None = None,
        signed: bytes | None = None,
        body: Callable[[bytes], bytes] | None = None,
        content_type: str = "multipart/form-data; boundary=seam",
    ) -> httpx2.Response:
        """Upload a photo; the arguments bend single pieces of it."""
        if meta is None:
            meta = json.dumps({"filename": filename, "sha256": hashlib.sha256(content).hexdigest()}).encode()
        sent = (
            b'--seam\r\nContent-Disposition: form-data; name="meta";\r\nContent-Type: application/json\r\n\r\n'
            + meta
            + f'\r\n--seam\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n'.encode()
            + f"Content-Type: {media_type}\r\n\r\n".encode()
            + content
            + b"\r\n--seam--\r\n"
        )
        headers = {
            "Authorization": self.authorization("POST", UPLOAD, meta if signed is None else signed),
            "Content-Type": content_type,
        }
        return await self.http.post(UPLOAD, content=sent if body is None else body(sent), headers=headers)

    async def ready(self) -> "Provider":
        """Enrol, lift the rate limits and upload the photo that the forms use."""
        await self.enrol()
        await self.order("limits", {"submit": None, "upload": None})
        answer = await self.upload()
        self.media_id = answer.json()["media_id"]
        return self

    async def order(self, path: str, order: dict[str, Any]) -> dict[str, Any]:
        """Give the control API an order that it must take."""
        answer = await self.http.post(f"/_sandbox/{path}", json=order)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result

    async def advance(self, seconds: float) -> None:
        """Move the business clock."""
        await self.order("clock", {"advance_seconds": seconds})

    async def book(self, code: str = "1900013511_1") -> dict[str, Any]:
        """Give what the control API says about a code."""
        result: dict[str, Any] = (await self.http.get(f"/_sandbox/applyments/{code}")).json()
        return result


_WECHATPAY_PEM = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)


def with_a_key(data: Path) -> Path:
    """Put one WeChat Pay key of this run into a data folder that has none: making a key takes a while."""
    data.mkdir(exist_ok=True)
    key = data / "wechatpay_key.pem"
    if not key.exists():
        key.write_bytes(_WECHATPAY_PEM)
    return data


def contents(folder: Path) -> list[bytes]:
    """Read every file of a folder."""
    return [path.read_bytes() for path in folder.iterdir()]


def in_process(data: Path, wall: Wall, *, client: str = "127.0.0.1") -> Provider:
    """Give a provider that talks to a sandbox over `data` without a socket."""
    app = create_app(with_a_key(data), public_url=BASE, wall=wall)
    transport = httpx2.ASGITransport(app=app, client=(client, 50000))
    return Provider(httpx2.AsyncClient(transport=transport, base_url=BASE, trust_env=False), wall)
