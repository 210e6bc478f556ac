"""All tables: the model modules of every feature, and the indexes they declare."""

from __future__ import annotations

from typing import Final

from backend.accounts import models as accounts
from backend.applications import models as applications
from backend.foundation import events, idempotency, jobs
from backend.foundation.database import Tables
from backend.handbook import models as handbook
from backend.images import models as images
from backend.messaging import models as messaging
from backend.opening import models as opening

TABLES: Final = Tables(
    models=(
        "backend.foundation.events",
        "backend.foundation.idempotency",
        "backend.foundation.installation",
        "backend.foundation.jobs",
        "backend.foundation.worker",
        "backend.accounts.models",
        "backend.images.models",
        "backend.handbook.models",
        "backend.applications.models",
        "backend.opening.models",
        "backend.messaging.models",
    ),
    indexes={
        **events.INDEXES,
        **idempotency.INDEXES,
        **jobs.INDEXES,
        **accounts.INDEXES,
        **images.INDEXES,
        **handbook.INDEXES,
        **applications.INDEXES,
        **opening.INDEXES,
        **messaging.INDEXES,
    },
)
