"""Who may ask the Rasa side: the bot alone, known by a token that both have from RASA_TOKEN.

A browser on this machine must not be able to, whatever page it shows: what names an origin is refused, so is
a host by a name that somebody may have pointed here, and a body that is not declared as JSON.
"""

from __future__ import annotations

import hmac
import ipaddress
import os
from collections.abc import Mapping

TOKEN = "RASA_TOKEN"  # noqa: S105 the name of it


def token() -> str:
    """The token; empty if there is none."""
    return os.environ.get(TOKEN, "")


def authorization() -> dict[str, str]:
    """The header with which one of us asks another."""
    return {"Authorization": f"Bearer {token()}"}


def refusal(method: str, headers: Mapping[str, str]) -> tuple[int, str] | None:
    """The status with which a request is refused, and why; None if it is the bot's.

    Args:
        headers: of the request, by names in any case.
    """
    if "Origin" in headers:
        return 403, "no page of a browser may ask here"
    if not _is_address(headers.get("Host", "")):
        return 421, "ask by an address, or by a name without dots"
    given = headers.get("Authorization", "").encode(errors="surrogateescape")
    if not token() or not hmac.compare_digest(given, authorization()["Authorization"].encode()):
        return 401, f"{TOKEN} has to be the same on both sides"
    is_json = headers.get("Content-Type", "").partition(";")[0].strip().lower() == "application/json"
    if method in {"POST", "PUT"} and not is_json:
        return 415, "send application/json"
    return None


def _is_address(host: str) -> bool:
    """Whether a host is an IP address or a name of the own network, which has no dot."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return bool(name) and "." not in name
    return True
