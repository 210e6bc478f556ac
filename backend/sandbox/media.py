"""Uploads: a strict multipart reader and the checks of a photo."""

import hashlib
import hmac
import re
from dataclasses import dataclass

import orjson

from .answers import PayError

IMAGE_BYTES = 2 * 1024 * 1024

_BOUNDARY = re.compile(r'multipart/form-data;\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s";,]{1,70}))\s*', re.IGNORECASE)
_PARAMETER = re.compile(r';\s*([a-z]+)="([^"\r\n]*)"', re.IGNORECASE)
_IMAGE_TYPES = frozenset({"image/jpeg", "image/jpg", "image/png", "image/bmp"})
_SUFFIXES = {"jpg": "jpg", "png": "png", "bmp": "bmp"}
_MAGIC = {"jpg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n\x1a\n", "bmp": b"BM"}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart body."""

    name: str
    filename: str | None
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload as sent: the raw meta text (the bytes that are signed), and the file part."""

    meta: bytes
    file: Part


def _bad_request(message: str) -> PayError:
    return PayError(400, "PARAM_ERROR", message)


def read_upload(content_type: str, body: bytes) -> Upload:
    """Split an upload into its two parts, meta first (WeChat Pay documentation of 图片上传).

    Refuses with PARAM_ERROR a missing boundary, a body that does not keep to it, and any other set of parts.
    """
    match = _BOUNDARY.fullmatch(content_type)
    if match is None:
        raise _bad_request("Content-Type缺少boundary")
    delimiter = b"--" + (match[1] or match[2]).encode()
    pieces = (b"\r\n" + body).split(b"\r\n" + delimiter)
    opening, *parts = pieces
    closing = parts.pop() if parts else b""
    if opening or not parts or closing.removesuffix(b"\r\n") != b"--":
        raise _bad_request("multipart请求体格式错误")
    read = [_read_part(part) for part in parts]
    if [part.name for part in read] != ["meta", "file"]:
        raise _bad_request("multipart请求体应依次包含meta与file")
    meta, file = read
    if meta.content_type != "application/json":
        raise _bad_request("meta的Content-Type应为application/json")
    return Upload(meta.content, file)


def _read_part(part: bytes) -> Part:
    head, separator, content = part.partition(b"\r\n\r\n")
    if not separator or not head.startswith(b"\r\n"):
        raise _bad_request("multipart请求体格式错误")
    try:
        lines = head[2:].decode().split("\r\n")
    except UnicodeDecodeError:
        raise _bad_request("multipart请求体格式错误") from None
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    disposition = headers.get("content-disposition", "")
    parameters = dict(_PARAMETER.findall(disposition))
    if not disposition.startswith("form-data;") or "name" not in parameters:
        raise _bad_request("multipart请求体格式错误")
    return Part(parameters["name"], parameters.get("filename"), headers.get("content-type", ""), content)


def check_photo(upload: Upload) -> str:
    """Check the photo against its meta and give its SHA-256.

    Refuses an empty or too large file (PARAM_ERROR), and with REQUEST_BLOCKED a type that is none of JPG, PNG, BMP by
    its first bytes and by its name, or a hash other than the meta's.
    """
    try:
        meta = orjson.loads(upload.meta)
    except orjson.JSONDecodeError:
        raise _bad_request("meta不是合法的JSON") from None
    if (
        not isinstance(meta, dict)
        or meta.keys() != {"filename", "sha256"}
        or not all(isinstance(value, str) and value for value in meta.values())
    ):
        raise _bad_request("meta应包含filename与sha256")
    content = upload.file.content
    if not content:
        raise _bad_request("图片文件为空")
    if len(content) > IMAGE_BYTES:
        raise _bad_request("图片文件大小超过2M")
    suffix = _SUFFIXES.get(meta["filename"].rpartition(".")[2].lower())
    if not upload.file.filename or upload.file.content_type not in _IMAGE_TYPES or suffix is None:
        raise PayError(403, "REQUEST_BLOCKED", "不支持的图片类型")
    if not content.startswith(_MAGIC[suffix]):
        raise PayError(403, "REQUEST_BLOCKED", "图片内容与图片类型不符")
    sha256 = hashlib.sha256(content).hexdigest()
    if not hmac.compare_digest(sha256.encode(), meta["sha256"].encode()):
        raise PayError(403, "REQUEST_BLOCKED", "图片内容与meta中的sha256不一致")
    return sha256
