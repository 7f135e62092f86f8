"""How many chats of a channel are in hand at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection

BUSY_MOST = 100
"""Chats of a channel in hand at a time, those included to which a platform keeps us waiting to send."""


class Slots:
    """The places of every channel: so many chats for which Rasa is asked, and many more to which cards are
    being sent, since a platform may keep a card waiting. So no channel holds another up."""

    def __init__(self, at_a_time: int, tell_of_room: Callable[[], None]) -> None:
        """`at_a_time`: of each channel, chats for which Rasa is asked. `tell_of_room`: called when there is
        room in a channel whose messages may wait for it."""
        self._at_a_time = at_a_time
        self._tell_of_room = tell_of_room
        self._asking: Counter[str] = Counter()
        self._busy: Counter[str] = Counter()
        self._behind: set[str] = set()

    def has_room(self, channel: str) -> bool:
        """Whether another chat of a channel may be taken in hand."""
        return self._asking[channel] < self._at_a_time and self._busy[channel] < BUSY_MOST

    def take(self, channel: str) -> Slot:
        """A place for one chat."""
        return Slot(self, channel)

    def fall_behind(self, channels: Collection[str]) -> None:
        """Messages of these channels may wait for room: who comes next has to wait behind them."""
        self._behind |= set(channels)

    def catch_up(self, channels: Collection[str]) -> None:
        """No message of these channels waits."""
        self._behind -= set(channels)

    def is_behind(self, channel: str) -> bool:
        """Whether messages of a channel may wait for room."""
        return channel in self._behind

    def _enter(self, channel: str) -> None:
        self._asking[channel] += 1
        self._busy[channel] += 1

    def _asked(self, channel: str) -> None:
        self._asking[channel] -= 1
        self._made_room(channel)

    def _leave(self, channel: str) -> None:
        self._busy[channel] -= 1
        self._made_room(channel)

    def _made_room(self, channel: str) -> None:
        if channel in self._behind:
            self._tell_of_room()


class Slot:
    """A chat's place among those of its channel: for asking Rasa, then for sending."""

    def __init__(self, slots: Slots, channel: str) -> None:
        self._slots = slots
        self._channel = channel
        self._is_asking = True
        slots._enter(channel)

    def stop_asking(self) -> None:
        """What is left is to send."""
        if self._is_asking:
            self._is_asking = False
            self._slots._asked(self._channel)

    def leave(self) -> None:
        """Make room."""
        self.stop_asking()
        self._slots._leave(self._channel)
