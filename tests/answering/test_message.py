"""What comes in is cleaned at the border, whatever a platform or somebody who forges one sends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.incoming import BUTTON_LIMIT, incoming
from bot.domain.message import TEXT_LIMIT

ANYTHING = st.text(
    st.one_of(
        st.characters(codec=None, categories=None),
        st.just("\x00"),
        st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF, categories=["Cs"]),
    )
)


@given(address=ANYTHING, conversation=ANYTHING, key=ANYTHING, text=ANYTHING, button=st.none() | ANYTHING)
def test_every_string_of_a_message_can_be_written_down(
    address: str, conversation: str, key: str, text: str, button: str | None
) -> None:
    message = incoming(
        channel="web", address=address, conversation=conversation, key=key, text=text, button=button
    )
    for value in (message.address, message.conversation, message.key, message.text, message.button or ""):
        value.encode("utf-8")
        assert "\x00" not in value
    assert (message.button is None) == (button is None)


@given(st.text(min_size=1))
def test_what_can_be_written_down_stays_as_it_is(address: str) -> None:
    usual = address.replace("\x00", "")
    assert incoming(channel="web", address=usual, conversation="c", key="k").address == usual


def test_what_is_read_is_bounded() -> None:
    message = incoming(
        channel="web", address="a", conversation="c", key="k", text="à" * 10**6, button="x" * 10**6
    )
    assert len(message.text) <= TEXT_LIMIT
    assert message.button is not None
    assert len(message.button) == BUTTON_LIMIT
