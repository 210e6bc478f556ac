"""What every use case stands on: clock, ids, keys, bus. Made once per process by the composition root."""

from __future__ import annotations

from dataclasses import dataclass

from backend.foundation.bus import Bus
from backend.foundation.clock import Clock
from backend.foundation.ids import Ids
from backend.foundation.keyring import Keyring
from backend.foundation.reactions import Reactions
from backend.foundation.snapshots import Snapshots
from backend.foundation.storage import ObjectStorage


@dataclass(frozen=True, slots=True)
class Runtime:
    """The parts without business words that services are handed instead of reaching for.

    `public_url` is where the outside reaches us, for the links we hand out.
    """

    clock: Clock
    ids: Ids
    keyring: Keyring
    bus: Bus
    storage: ObjectStorage
    public_url: str
    reactions: Reactions
    snapshots: Snapshots
