"""An event counts only if Zalo signed exactly these bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.zalo.signature import digest, matches

APP, OA, SECRET = "360846524940903967", "388613280878808645", "demo-oa-secret"
TIMESTAMP = "1543908534740"
BODY = (
    '{"app_id":"360846524940903967","sender":{"id":"246845883529197922"},'
    '"user_id_by_app":"552177279717587730","recipient":{"id":"388613280878808645"},'
    '"event_name":"user_send_text","message":{"text":"xin chào","msg_id":"96d3cdf3af150460909"},'
    '"timestamp":"1543908534740"}'
).encode()
MAC = "8c13cd8e76484e9eb3246086e7f02fd22fb5ad6c0df1af1e6a135d897906ee53"
"""From the reference, which computed it by hand."""


def verdict(header: str, raw: bytes = BODY, secret: str = SECRET) -> str | None:
    return matches(header, raw, TIMESTAMP, app_id=APP, oa_id=OA, secret=secret)


def test_the_digest_is_that_of_the_reference() -> None:
    assert digest("X", b"BODY", "1234567890", "Y") == (
        "2f1ef5aabe67e8396a459ca89562e108ad541f82ba5022c85f645bd6b7220cb9"
    )
    assert digest(APP, BODY, TIMESTAMP, SECRET) == MAC


@pytest.mark.parametrize(
    ("header", "form"),
    [
        (f"mac={MAC}", "mac=, app id"),
        (f"MAC= {MAC.upper()} ", "mac=, app id"),
        (MAC, "bare, app id"),
        (f"mac={digest(OA, BODY, TIMESTAMP, SECRET)}", "mac=, OA id"),
        (digest(OA, BODY, TIMESTAMP, SECRET), "bare, OA id"),
    ],
)
def test_every_form_that_a_source_describes_is_taken_and_named(header: str, form: str) -> None:
    assert verdict(header) == form


@pytest.mark.parametrize("header", ["", "mac=", "mac", f"sha256={MAC}", f"mac={MAC}0", MAC[:-1], "mac=é"])
def test_anything_else_is_wrong(header: str) -> None:
    assert verdict(header) is None


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_a_single_changed_byte_is_noticed(place: int, change: int) -> None:
    changed = bytearray(BODY)
    changed[place] ^= change
    assert verdict(f"mac={MAC}", bytes(changed)) is None


def test_no_secret_makes_nothing_right() -> None:
    assert verdict(f"mac={digest(APP, BODY, TIMESTAMP, '')}", secret="") is None


@given(st.text())
def test_any_header_is_read(header: str) -> None:
    assert verdict(header) is None
