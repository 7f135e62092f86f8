"""What the editors' pages let go of: what has passed, and what was kept long enough."""

from __future__ import annotations

import datetime
from typing import Any

from sqlalchemy import Connection, delete

from bot.desk import audit
from bot.desk.accounts import FORGET_FAILURES, IDLE
from bot.desk.editing import EditingDesk
from bot.storage.editors import drafts, presence
from bot.storage.editors.tables import Attempt, Invitation, Session

TYPED_KEPT = datetime.timedelta(days=30)
"""How long what somebody typed and did not save waits for them."""

LINK_KEPT = datetime.timedelta(days=30)
"""How long a link that has expired stays known."""

_SESSION: Any = Session.__table__
_ATTEMPT: Any = Attempt.__table__
_INVITATION: Any = Invitation.__table__


async def purge(desk: EditingDesk) -> None:
    """Let go of sessions, failed logins, links, presences and unsaved texts that are over, and of the audit
    list's entries after two years. To be called now and then. Raises DatabaseAway."""
    now = desk.clock()

    def work(connection: Connection) -> None:
        over = (_SESSION.c.ends_at < now) | (_SESSION.c.seen_at < now - IDLE)
        connection.execute(delete(_SESSION).where(over))
        connection.execute(delete(_ATTEMPT).where(_ATTEMPT.c.seen_at < now - FORGET_FAILURES))
        connection.execute(delete(_INVITATION).where(_INVITATION.c.expires_at < now - LINK_KEPT))
        presence.forget_old(connection, now)
        drafts.forget_old_typed(connection, now - TYPED_KEPT)
        audit.purge(connection, now)

    await desk.transact(work)
