"""`currentConsentText`: what the owner consents to."""

from __future__ import annotations

from backend.accounts import Viewer
from backend.consent.texts import current_text
from backend.foundation.clock import date_in_china
from backend.foundation.runtime import Runtime
from tests.builders.api import Api


async def test_the_text_in_force_is_given(api: Api, runtime: Runtime, clerk: Viewer) -> None:
    """Version, heading and every paragraph."""
    text = current_text(date_in_china(runtime.clock.now()))
    assert (await (await api.client(clerk)).call("CurrentConsentText")).value == {
        "version": text.version,
        "title": text.title,
        "paragraphs": list(text.paragraphs),
    }
