"""The ids of our templates at WeChat: from the keys folder, or made up and registered at the sandbox."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx2
import orjson

from backend.messaging.messages import TemplateName
from backend.messaging.templates import KEYS, Templates, title_of_template
from backend.wechat import SandboxError

TEMPLATES_FILE: Final = "templates.json"
_ID: Final = re.compile(r"[0-9A-Za-z_-]{1,64}", re.ASCII)
_KINDS: Final = ("subscribe", "template")


class TemplateIdsInvalid(Exception):
    """The file of template ids cannot be used; the message says what is wrong with it."""


def load_templates(folder: Path) -> Templates:
    """Read `templates.json`: `{name: {"subscribe": id, "template": id}}`, each of which may be left out.

    Without a file nothing goes out over those channels. Refuses with `TemplateIdsInvalid`.
    """
    path = folder / TEMPLATES_FILE
    if not path.exists():
        return Templates()
    try:
        content: Any = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError:
        content = None
    if not isinstance(content, dict):
        raise TemplateIdsInvalid(f"{TEMPLATES_FILE} is not a JSON object")
    found: dict[str, dict[TemplateName, str]] = {kind: {} for kind in _KINDS}
    for name, ids in content.items():
        if name not in set(TemplateName) or not isinstance(ids, dict) or ids.keys() - set(_KINDS):
            raise TemplateIdsInvalid(f"{TEMPLATES_FILE} names other than {', '.join(TemplateName)} with {_KINDS}")
        for kind, given in ids.items():
            if not isinstance(given, str) or not _ID.fullmatch(given):
                raise TemplateIdsInvalid(f"{TEMPLATES_FILE}: {name}, {kind} is not a template id")
            found[kind][TemplateName(name)] = given
    return Templates(**found)


async def enrol_templates(control_url: str, appids: Mapping[str, str]) -> Templates:
    """Register every template at the sandbox and give their ids, which are always the same for an app.

    `appids` has the mini program's under `subscribe` and the official account's under `template`. Refuses with
    `SandboxError`.
    """
    found: dict[str, dict[TemplateName, str]] = {kind: {} for kind in _KINDS}
    async with httpx2.AsyncClient(base_url=control_url, trust_env=False) as http:
        for kind, appid in appids.items():
            for name, keys in KEYS.items():
                found[kind][name] = _made_up(appid, name)
                order = {
                    "appid": appid,
                    "template_id": found[kind][name],
                    "kind": kind,
                    "title": title_of_template(name),
                    "keys": list(keys),
                }
                try:
                    response = await http.put("/_sandbox/templates", json=order)
                except httpx2.RequestError as error:
                    raise SandboxError(f"the sandbox cannot be reached: {type(error).__name__}") from error
                if not response.is_success:
                    raise SandboxError(f"the sandbox does not take the template {name}: {response.status_code}")
    return Templates(**found)


def _made_up(appid: str, name: TemplateName) -> str:
    digest = hashlib.sha256(f"{appid}|{name}".encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
