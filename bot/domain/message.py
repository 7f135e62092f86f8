"""What a person sent, whatever the platform."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.language import Language

TEXT_LIMIT = 1000
"""Characters of a message that are read. Longer than any question that was ever put to us, and
short enough that the sentence encoder answers in a fraction of a second."""


PICTURES_MOST = 4
"""Pictures of a message that are read: of an album the first ones."""

ONCE = "once:"
"""What the name of a conversation begins with that is over with its first reply."""


@dataclass(frozen=True, slots=True)
class Message:
    """One thing a person sent, cleaned, whatever the platform. Made by bot.channels.incoming.

    channel: name of the channel it came by ("telegram").
    address: where the reply goes on that platform; opaque to all but the channel.
    conversation: keyed hash or random id under which the context is remembered.
    key: the platform's id of this delivery within the channel; the same when it is redelivered.
    text: cleaned and masked; empty if a button was pressed or nothing could be read.
    button: the payload of the button that was pressed.
    is_cut: the person wrote more than TEXT_LIMIT; the middle is missing.
    is_quiet: if there is no answer, say nothing. So are messages in a group, but not buttons or commands
        there, which are answered in any case.
    unreadable: it was a picture, a voice message, a file: nothing that can be read.
    language: of the person's app; decides only where nothing else does.
    pictures: what the channel gets each of the pictures by that came with it (bot.channels.contract).
    part_of: key of the whole that comes in several messages (an album) and is answered once.
    act: key of what the person did, the same if they do it twice at once (press a button twice); answered
        once.
    """

    channel: str
    address: str
    conversation: str
    key: str
    text: str = ""
    button: str | None = None
    is_cut: bool = False
    is_quiet: bool = False
    unreadable: bool = False
    language: Language | None = None
    pictures: tuple[str, ...] = ()
    part_of: str | None = None
    act: str | None = None

    @property
    def is_once(self) -> bool:
        """Whether it stands alone: one card answers it, and nothing of it is kept after that."""
        return self.conversation.startswith(ONCE)
