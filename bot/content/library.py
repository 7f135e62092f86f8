"""The content library: one version of all that the bot can say, looked up by id.

It knows neither files nor git: bot/content/loading.py makes it.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from bot.content.bulletins import Bulletin
from bot.content.messages import Messages, Notice
from bot.content.schema import Answer, AnswerStatus, Office
from bot.content.wards import Wards
from bot.domain.clock import local_day, utc_now

NAME_LENGTH = 12
"""Hexadecimal digits of a commit, and of a digest, that make a name."""


@dataclass(frozen=True, slots=True)
class Commit:
    """The last commit that changed content/.

    is_changed: what is served is not what was committed.
    """

    name: str
    is_changed: bool


@dataclass(frozen=True, slots=True)
class Dates:
    """When an answer was published first, and when what people read of it changed last."""

    published: datetime.date
    changed: datetime.date


@dataclass(frozen=True)
class Library:
    """Everything the bot can say, as one consistent version, at one moment of its schedule.

    answers: by id, whatever their status.
    now: the moment.
    commit: the one that it came from, if editors keep content/ in a git repository.
    wards: which unit of before is in which of today; None without such a table.
    dates: of the answers whose history is known, by id.
    bulletins: by id, whatever their status.
    """

    answers: Mapping[str, Answer]
    offices: Mapping[str, Office]
    messages: Messages
    now: datetime.datetime = field(default_factory=utc_now)
    commit: Commit | None = None
    wards: Wards | None = None
    dates: Mapping[str, Dates] = field(default_factory=dict)
    bulletins: Mapping[str, Bulletin] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """What this version is called: commit, commit+digest if it was changed since, or digest."""
        if self.commit is None:
            return self.digest
        return f"{self.commit.name}+{self.digest}" if self.commit.is_changed else self.commit.name

    def at(self, now: datetime.datetime) -> Library:
        """The same version at another moment."""
        return replace(self, now=now)

    @cached_property
    def until(self) -> datetime.datetime | None:
        """When its schedule changes next, if it does."""
        moments = [
            moment
            for answer in self.answers.values()
            for moment in (answer.publish_at, answer.withdraw_at)
            if answer.status is AnswerStatus.PUBLISHED
        ]
        if notice := self.messages.notice:
            moments += [notice.start, notice.until]
        return min((moment for moment in moments if moment and moment > self.now), default=None)

    @property
    def notice(self) -> Notice | None:
        """What everybody is told first now, if there is something."""
        notice = self.messages.notice
        return notice if notice and notice.is_on(self.now) else None

    def published(self, answer_id: str | None) -> Answer | None:
        """What is served for an id, if anything is: its answer, or the one that supersedes it.

        In place of one whose time has not come, it is the one that it will supersede.
        """
        waiting, seen = [answer_id], set()
        while waiting:
            answer = self._lead(waiting.pop(0))
            if answer and self.status(answer) is AnswerStatus.PUBLISHED:
                return answer
            if answer and self.is_scheduled(answer) and answer.id not in seen:
                seen.add(answer.id)
                waiting += answer.supersedes
        return None

    def withdrawn(self, answer_id: str | None) -> Answer | None:
        """The withdrawn answer to which an id leads, if it does."""
        answer = self._lead(answer_id)
        return answer if answer and self.status(answer) is AnswerStatus.WITHDRAWN else None

    def tells_of(self, answer_id: str) -> bool:
        """Whether there is something to say to whoever asks for this id."""
        return bool(self.published(answer_id) or self.withdrawn(answer_id))

    def successor(self, answer: Answer) -> Answer | None:
        """What is served in place of a withdrawn answer, if anything is."""
        return self.published(self._newer.get(answer.id))

    def published_bulletins(self) -> list[Bulletin]:
        """The bulletins that everybody may see, the newest first."""
        today = local_day(self.now)
        shown = [bulletin for bulletin in self.bulletins.values() if bulletin.is_published(today)]
        return sorted(shown, key=lambda bulletin: bulletin.date, reverse=True)

    def of_topic(self, topic: str) -> list[Answer]:
        """What is served of one topic, in the order of the file names."""
        return [
            answer
            for answer in self.answers.values()
            if answer.topic == topic and self.published(answer.id) is answer
        ]

    def taught(self) -> list[Answer]:
        """What a model has to know: what is served, and ahead of its time what will be."""
        return [
            answer
            for answer in self.answers.values()
            if self.published(answer.id) is answer or self.is_scheduled(answer)
        ]

    def status(self, answer: Answer) -> AnswerStatus:
        """An answer's status now."""
        return answer.status_at(self.now)

    def is_scheduled(self, answer: Answer) -> bool:
        """Whether an answer is published ahead of its time."""
        return answer.status is AnswerStatus.PUBLISHED and self.status(answer) is AnswerStatus.IN_REVIEW

    def _lead(self, answer_id: str | None) -> Answer | None:
        """The answer to which an id leads: along `supersedes`, but no further than to a withdrawn one."""
        seen: set[str] = set()
        while answer_id:
            answer = self.answers.get(answer_id)
            is_withdrawn = answer and self.status(answer) is AnswerStatus.WITHDRAWN
            seen.add(answer_id)
            newer = self._newer.get(answer_id)
            if is_withdrawn or newer is None or newer in seen:
                return answer
            answer_id = newer
        return None

    @cached_property
    def _newer(self) -> Mapping[str, str]:
        """By the id of what is superseded now: what supersedes it. A withdrawn answer does so no
        longer if the older one is published itself."""
        found: dict[str, str] = {}
        for answer in self.answers.values():
            for older in answer.supersedes:
                status, own = self.status(answer), self.answers.get(older)
                is_back = own and self.status(own) is AnswerStatus.PUBLISHED
                if status is AnswerStatus.PUBLISHED or (status is AnswerStatus.WITHDRAWN and not is_back):
                    found[older] = answer.id
        return found

    def office_of(self, answer: Answer) -> Office:
        """Who answers for an answer. Loading has made sure that it is there."""
        return self.offices[answer.office]

    @cached_property
    def digest(self) -> str:
        """A name for what is said here, whatever files it came from."""
        digest = hashlib.sha256()
        named = [*self.answers.items(), *self.offices.items(), ("", self.messages), *self.bulletins.items()]
        for name, part in [*named, *([("wards", self.wards)] if self.wards else [])]:
            digest.update(f"{name}\0{part.model_dump_json()}\0".encode())
        return digest.hexdigest()[:NAME_LENGTH]
