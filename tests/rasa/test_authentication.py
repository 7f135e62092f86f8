"""Who is answered by the Rasa side."""

from __future__ import annotations

import pytest

from nlu import authentication


@pytest.mark.parametrize(
    ("authorization", "status"),
    [("Bearer the token", None), ("Bearer another", 401), ("Bearer \udcff\udcfe", 401), ("Bearer thé", 401)],
)
def test_a_token_in_any_bytes_is_compared_and_never_fails(
    monkeypatch: pytest.MonkeyPatch, authorization: str, status: int | None
) -> None:
    """aiohttp gives bytes that are no UTF-8 as surrogates."""
    monkeypatch.setenv(authentication.TOKEN, "the token")
    refusal = authentication.refusal("GET", {"Host": "127.0.0.1", "Authorization": authorization})

    assert (refusal[0] if refusal else None) == status
