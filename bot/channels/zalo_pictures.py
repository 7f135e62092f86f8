"""Fetches the pictures that people send on Zalo: events bring their addresses.

An event is signed, so its address is Zalo's word. It is looked at all the same: whoever gets hold of the
secret shall not have us call what stands beside us.
"""

from __future__ import annotations

import httpx

from bot.channels.contract import PictureGone, TryLater
from bot.reading.limits import BYTES_MOST

HOSTS = ("zdn.vn", "zadn.vn", "dlfl.vn", "dlmd.me", "zalo.me", "zaloapp.com", "zaloplatforms.com")
"""Domains from which Zalo gives out files, as integrators see them; it documents none."""

ADDRESS_MOST = 2000
"""Characters of an address; longer ones are passed over."""

CALL_SECONDS = 10.0
"""How long a connection, or the next bytes, may take."""

BUSY_SECONDS = 2.0
"""After how long a server that is busy is asked again."""


async def download(address: str, api_url: str) -> bytes:
    """The bytes of a picture of at most BYTES_MOST. No redirect is followed, nothing of ours is sent along.

    Args:
        address: from an event. Zalo's own are good for about half an hour.
        api_url: of the platform's API, as it is set: what lies there may be fetched, too.

    Raises:
        PictureGone: it is elsewhere, no longer there, or too large.
        TryLater: it cannot be had just now.
    """
    if not is_zalos(address, api_url):
        raise PictureGone("its address is not one of Zalo's")
    try:
        async with (
            httpx.AsyncClient(timeout=CALL_SECONDS, trust_env=False) as http,
            http.stream("GET", address) as response,
        ):
            if response.status_code >= 500 or response.status_code == 429:
                raise TryLater("Zalo does not give it out just now", BUSY_SECONDS)
            if response.status_code != 200:
                raise PictureGone(f"Zalo answers {response.status_code}")
            data = bytearray()
            async for part in response.aiter_raw():
                data += part
                if len(data) > BYTES_MOST:
                    raise PictureGone("it is too large")
            return bytes(data)
    except httpx.HTTPError as error:
        raise TryLater(f"Zalo is out of reach ({type(error).__name__})", BUSY_SECONDS) from error


def is_zalos(address: str, api_url: str) -> bool:
    """Whether a file may be fetched from an address."""
    try:
        url, own = httpx.URL(address), httpx.URL(api_url)
        host, is_own = url.host, (url.scheme, url.host, url.port) == (own.scheme, own.host, own.port)
    except (httpx.InvalidURL, ValueError):  # also for a name that cannot be one
        return False
    is_there = any(host == domain or host.endswith(f".{domain}") for domain in HOSTS)
    is_plain = url.scheme == "https" and url.port is None and not url.userinfo
    return is_own or (is_there and is_plain)
