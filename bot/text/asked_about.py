"""A person's own words, and what they stand beside: a message that is replied to, a picture."""

from __future__ import annotations

from bot.text.folding import words

OWN_WORDS = 6
"""So many words beside a message that is replied to ("is this true?") say what is wanted with it, but hardly
about what. With more the person asks something of their own."""


def asks_about(own: str) -> bool:
    """Whether a person's words say what is wanted with what they stand beside, and no more."""
    return len(words(own)) <= OWN_WORDS


def with_what_is_asked_about(own: str, beside: str) -> str:
    """A person's few words behind the text that they are about; more of them stand for themselves."""
    about = beside.strip()
    if not about or not asks_about(own):
        return own
    end = "" if about[-1] in ".?!…:" else "."
    return f"{about}{end} {own}" if own else about
