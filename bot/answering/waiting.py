"""Waiting that ends."""

from __future__ import annotations

import asyncio
from contextlib import suppress


async def wait_for_event(event: asyncio.Event, seconds: float) -> bool:
    """Wait until an event is set, but not longer; whether it is."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
