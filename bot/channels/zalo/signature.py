"""The signature of Zalo's webhooks.

    X-ZEvent-Signature: mac=<SHA-256 of app id + raw body + timestamp + OA secret, in hex>

It is a plain digest, no HMAC (`MacUtils.buildMac` of zalo-java-sdk). Sources disagree on whether
`mac=` stands in front and whether the first term is the app's id or the OA's; both are accepted.
"""

from __future__ import annotations

import hashlib

from bot.channels.requests import is_secret

HEADER = "X-ZEvent-Signature"

_PREFIX = "mac="


def digest(first_id: str, raw: bytes, timestamp: str, secret: str) -> str:
    """The digest of an event, in lower-case hex.

    Args:
        first_id: of the app, or of the OA.
        raw: the body, exactly as it came.
        timestamp: the body's own.
        secret: of the OA.
    """
    return hashlib.sha256(first_id.encode() + raw + timestamp.encode() + secret.encode()).hexdigest()


def matches(header: str, raw: bytes, timestamp: str, *, app_id: str, oa_id: str, secret: str) -> str | None:
    """By which form a signature is right, for the log ("mac=, app id"); None if it is wrong.

    An empty secret never makes one right.
    """
    if not secret:
        return None
    given = header.strip()
    has_prefix = given.lower().startswith(_PREFIX)
    given = given[len(_PREFIX) :].strip() if has_prefix else given
    found = None
    # Both are always compared, so that the time it takes tells nothing.
    for name, first_id in (("OA id", oa_id), ("app id", app_id)):
        right = digest(first_id, raw, timestamp, secret)
        if is_secret(given.lower(), right):
            found = f"{_PREFIX if has_prefix else 'bare'}, {name}"
    return found
