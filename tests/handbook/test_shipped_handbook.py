"""What comes with the system: published once, and from then on HQ's."""

from __future__ import annotations

import asyncio

import pytest

from backend.accounts import Viewer
from backend.foundation.clock import date_in_china
from backend.foundation.events import Event
from backend.foundation.ids import Ids
from backend.foundation.runtime import Runtime
from backend.handbook import contacts_in_force, ship
from backend.handbook.content import Contact, ContactChannel
from backend.handbook.models import HandbookEntry
from tests.builders.everything import everything_in_database
from tests.builders.handbook import the_shipped
from tests.builders.handbook_keeping import Kept, a_published
from tests.builders.runtime import counted_bytes


async def _ship_again(runtime: Runtime) -> None:
    await ship(Ids(runtime.clock, counted_bytes("again")), runtime.clock.now())


@pytest.mark.usefixtures("database")
async def test_an_empty_handbook_is_filled_once(runtime: Runtime) -> None:
    """Also by two that begin at the same moment; a second time it changes nothing, and it is nobody's act."""
    await HandbookEntry.all().delete()
    await asyncio.gather(ship(runtime.ids, runtime.clock.now()), _ship_again(runtime))
    assert await HandbookEntry.all().count() == len(the_shipped())
    before = await everything_in_database()
    await _ship_again(runtime)
    assert await everything_in_database() == before
    assert await Event.all().count() == 0


async def test_what_hq_has_made_of_it_stays(runtime: Runtime, admin: Viewer) -> None:
    """A newer version and a retired entry are left alone, and only what was never there is added."""
    newer = await a_published(runtime, admin, Contact(ContactChannel.QQ, "10001"), code="HQ_WECHAT")
    mail = await HandbookEntry.get(code="HQ_MAIL")
    await Kept(runtime, admin, mail.id).retire()
    await HandbookEntry.filter(code="WRONG_PHOTO").delete()
    await _ship_again(runtime)
    (contact,) = await contacts_in_force(date_in_china(runtime.clock.now()))
    assert (contact.id, contact.content) == (newer.id, Contact(ContactChannel.QQ, "10001"))
    assert await HandbookEntry.filter(code="WRONG_PHOTO").count() == 1
