"""One call of each kind."""

from __future__ import annotations

from backend.wechat import Call, PayClient
from tests.wechat.forms import form


async def perform(client: PayClient, call: Call) -> object:
    """Make one call of the kind asked for."""
    if call is Call.SUBMIT:
        return await client.submit_applyment(form(), encrypted_paths=["contact_info.contact_name"])
    if call is Call.UPLOAD:
        return await client.upload_image(b"image", filename="a.jpg")
    return await client.query_by_business_code("1900013511_10000")
