"""Every sentence of the bot itself: the schema of content/messages.yml.

A field here is a key there, so a missing or misspelt sentence is found when the file is read.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from bot.content.schema import End, Moment
from bot.domain.answer import BothLanguages, Facet, Strict, Text, Verdict
from bot.domain.language import Language


@dataclass(frozen=True, slots=True)
class _Filled:
    """The words in braces that are filled in in a sentence."""

    names: tuple[str, ...]


def _filled(*names: str) -> _Filled:
    return _Filled(names)


class Sentences(Strict):
    """Sentences in both languages. Braces stand in them only around what is filled in, so that none
    breaks when it is said, nor is shown with braces in it."""

    @field_validator("*")
    @classmethod
    def _braces_are_filled(cls, value: object, info: ValidationInfo) -> object:
        field = cls.model_fields[info.field_name or ""]
        names = [name for mark in field.metadata if isinstance(mark, _Filled) for name in mark.names]
        for sentence in value if isinstance(value, tuple) else (value,):
            if isinstance(sentence, BothLanguages):
                for language in Language:
                    _check_braces(sentence[language], names, language)
        return value


def _check_braces(sentence: str, names: list[str], language: Language) -> None:
    for name in names:
        sentence = sentence.replace(f"{{{name}}}", "")
    if brace := re.search(r"\{[^{}]*\}|[{}]", sentence):
        if len(brace.group()) == 1:
            raise ValueError(f"{language}: a brace is open or closed alone")
        known = ", ".join(f"{{{name}}}" for name in names) or "none"
        raise ValueError(f"{language}: {brace.group()} is not filled in here; what is: {known}")


class Phrases(Sentences):
    """What the bot says beside its answers. Words in braces are filled in."""

    greet: BothLanguages
    thanks: BothLanguages
    goodbye: BothLanguages
    bot_challenge: BothLanguages
    affirm: BothLanguages
    doubt: BothLanguages
    deny: BothLanguages
    insult: BothLanguages
    smalltalk: BothLanguages
    help: BothLanguages
    topics: BothLanguages
    topic: Annotated[BothLanguages, _filled("topic")]
    language: BothLanguages
    language_ask: BothLanguages
    nothing_in_hand: BothLanguages
    privacy: BothLanguages
    emergency: BothLanguages
    care: BothLanguages
    declined: BothLanguages
    declined_instead: BothLanguages
    live: BothLanguages
    live_instead: BothLanguages
    fallback: Annotated[BothLanguages, _filled()]
    fallback_again: Annotated[BothLanguages, _filled()]
    choices: BothLanguages
    none_of_these: BothLanguages
    ask_topic: Annotated[BothLanguages, _filled("facet")]
    no_facet: Annotated[BothLanguages, _filled("title", "facet")]
    no_facet_no_contact: Annotated[BothLanguages, _filled("title", "facet", "office")]
    forget_ask: Annotated[BothLanguages, _filled()]
    forget_done: BothLanguages
    handoff_ask: Annotated[BothLanguages, _filled("question")]
    handoff_offer: Annotated[BothLanguages, _filled("question")]
    handoff_done: BothLanguages
    handoff_nothing: BothLanguages
    for_staff: BothLanguages
    staff_reply: Annotated[BothLanguages, _filled("question", "reply")]
    subscribe_ask: BothLanguages
    subscribe_done: BothLanguages
    subscribe_done_topics: Annotated[BothLanguages, _filled("topics")]
    arrives_at_once: BothLanguages
    arrives_on_return: BothLanguages
    arrives_with_next_message: BothLanguages
    unsubscribe: BothLanguages
    unsubscribe_ask: Annotated[BothLanguages, _filled()]
    unsubscribe_done: BothLanguages
    announcement: BothLanguages
    late_reply: BothLanguages
    watch: Annotated[BothLanguages, _filled("title")]
    unwatch: BothLanguages
    correction: BothLanguages
    helpful: BothLanguages
    unhelpful: BothLanguages
    cancelled: BothLanguages
    not_done_yet: BothLanguages
    no_clarification: BothLanguages
    gone: BothLanguages
    withdrawn: Annotated[BothLanguages, _filled("title", "date")]
    withdrawn_undated: Annotated[BothLanguages, _filled("title")]
    instead: BothLanguages
    out_of_date: Annotated[BothLanguages, _filled("date")]
    too_long: BothLanguages
    empty: Annotated[BothLanguages, _filled()]
    unreadable: Annotated[BothLanguages, _filled()]
    voice: Annotated[BothLanguages, _filled()]
    video: Annotated[BothLanguages, _filled()]
    sticker: Annotated[BothLanguages, _filled()]
    poll: Annotated[BothLanguages, _filled()]
    contact: Annotated[BothLanguages, _filled()]
    picture_read: Annotated[BothLanguages, _filled("text")]
    picture_no_words: Annotated[BothLanguages, _filled()]
    picture_refused: Annotated[BothLanguages, _filled()]
    picture_busy: Annotated[BothLanguages, _filled()]
    picture_gone: Annotated[BothLanguages, _filled()]
    type_picture: BothLanguages
    trouble: Annotated[BothLanguages, _filled()]


class Labels(Sentences):
    """Short words on buttons and beside facts."""

    source: BothLanguages
    checked: BothLanguages
    claim: BothLanguages
    clarified_by: BothLanguages
    office: BothLanguages
    phone: BothLanguages
    address: BothLanguages
    website: BothLanguages
    map: BothLanguages
    share: BothLanguages
    switch_language: BothLanguages
    full_answer: BothLanguages
    topics: BothLanguages
    more: BothLanguages
    back: BothLanguages
    help: BothLanguages
    yes: BothLanguages
    no: BothLanguages
    none_of_these: BothLanguages
    leave_question: BothLanguages
    unsubscribe: BothLanguages
    only_topic: Annotated[BothLanguages, _filled("topic")]
    also_topic: Annotated[BothLanguages, _filled("topic")]
    helpful: BothLanguages
    unhelpful: BothLanguages
    watch: BothLanguages
    unwatch: BothLanguages
    check_picture: BothLanguages
    type_picture: BothLanguages


class Page(Sentences):
    """The web page on which people chat with the bot."""

    title: BothLanguages
    subtitle: BothLanguages
    greeting: BothLanguages
    welcome: BothLanguages
    verse: BothLanguages
    verse_note: BothLanguages
    topics_heading: BothLanguages
    examples_heading: BothLanguages
    languages: BothLanguages
    input_label: BothLanguages
    input_hint: BothLanguages
    send: BothLanguages
    you: BothLanguages
    bot: BothLanguages
    working: BothLanguages
    slow: BothLanguages
    reconnecting: BothLanguages
    failed: BothLanguages
    busy: BothLanguages
    slow_down: Annotated[BothLanguages, _filled("seconds")]
    too_large: BothLanguages
    refused: BothLanguages
    failed_here: BothLanguages
    broken: BothLanguages
    retry: BothLanguages
    edit: BothLanguages
    here: BothLanguages
    no_location: BothLanguages
    picture: BothLanguages
    picture_said: BothLanguages
    picture_refused: BothLanguages
    length_warning: Annotated[BothLanguages, _filled("count", "limit")]
    length_refused: Annotated[BothLanguages, _filled("count", "limit")]
    clear: BothLanguages
    clear_short: BothLanguages
    clear_ask: BothLanguages
    cleared: BothLanguages
    skip: BothLanguages
    transcript: BothLanguages
    opens_new_tab: BothLanguages
    needs_script: BothLanguages
    not_working: BothLanguages
    footer: BothLanguages
    examples: tuple[BothLanguages, ...]


class Commands(Sentences):
    """What Telegram's menu says beside each command, in its order."""

    start: BothLanguages
    topics: BothLanguages
    language: BothLanguages
    help: BothLanguages
    subscribe: BothLanguages
    unsubscribe: BothLanguages
    privacy: BothLanguages
    forget: BothLanguages


class Telegram(Sentences):
    """What Telegram shows of the bot before a conversation begins, and in chats in which it is a guest."""

    description: BothLanguages
    short_description: BothLanguages
    inline_hint: BothLanguages
    open_chat: BothLanguages
    open_page: BothLanguages
    not_sure: BothLanguages
    commands: Commands


class Zalo(Sentences):
    """What is said on Zalo only, where buttons are few and messages short."""

    pick: BothLanguages
    shortened: BothLanguages
    more_sources: Annotated[BothLanguages, _filled("count")]


class Sharing(Sentences):
    """What stands in share images, and beside them."""

    official: BothLanguages
    withdrawn: BothLanguages
    withdrawn_note: BothLanguages
    offered: BothLanguages
    download: BothLanguages
    send: BothLanguages
    copy_link: BothLanguages
    copied: BothLanguages
    picture: Annotated[BothLanguages, _filled("title")]
    close: BothLanguages
    credit: Annotated[BothLanguages, _filled("credit", "licence")]
    clip: BothLanguages


class WardSentences(Sentences):
    """What is said of wards and communes, of today and of before.

    {now}, {former}, {district}: their names. {place}: the district and the province of a former unit.
    """

    title: BothLanguages
    became: Annotated[BothLanguages, _filled("former", "place", "now")]
    unchanged: Annotated[BothLanguages, _filled("former", "place", "now")]
    divided: Annotated[BothLanguages, _filled("former", "place", "now")]
    made_of: Annotated[BothLanguages, _filled("now")]
    part: BothLanguages
    several: BothLanguages
    several_now: Annotated[BothLanguages, _filled("place", "now")]
    still_there: Annotated[BothLanguages, _filled("now")]
    district: Annotated[BothLanguages, _filled("district", "province", "since", "now")]
    not_in_table: Annotated[BothLanguages, _filled("since")]
    address: Annotated[BothLanguages, _filled("old", "new")]
    city: BothLanguages
    law: Annotated[BothLanguages, _filled("number", "date", "since")]
    papers: BothLanguages
    nearest: Annotated[BothLanguages, _filled("now")]
    nearby: Annotated[BothLanguages, _filled("now")]
    far_away: BothLanguages
    not_kept: BothLanguages
    former_of: Annotated[BothLanguages, _filled("now")]
    ward: Annotated[BothLanguages, _filled("name")]
    commune: Annotated[BothLanguages, _filled("name")]
    town: Annotated[BothLanguages, _filled("name")]
    numbered: Annotated[BothLanguages, _filled("name")]
    urban_district: Annotated[BothLanguages, _filled("name")]
    rural_district: Annotated[BothLanguages, _filled("name")]
    district_town: Annotated[BothLanguages, _filled("name")]
    provincial_city: Annotated[BothLanguages, _filled("name")]


class SiteSentences(Sentences):
    """The public pages: one for each answer and each ward, what leads to them, and the feeds.

    ask_*: the sides of an answer as headings.
    """

    home: BothLanguages
    home_lead: BothLanguages
    skip: BothLanguages
    here: BothLanguages
    chat: BothLanguages
    ask_about: BothLanguages
    about_this: BothLanguages
    newest: BothLanguages
    every_page: BothLanguages
    feeds: BothLanguages
    feed_of_all: BothLanguages
    search: BothLanguages
    search_label: BothLanguages
    search_hint: BothLanguages
    answered: BothLanguages
    not_answered: BothLanguages
    found: Annotated[BothLanguages, _filled("count")]
    nothing_found: BothLanguages
    read_page: BothLanguages
    published: BothLanguages
    changed: BothLanguages
    review_by: BothLanguages
    first_seen: BothLanguages
    corrected: Annotated[BothLanguages, _filled("date", "what")]
    correction: Annotated[BothLanguages, _filled("title")]
    withdrawal: Annotated[BothLanguages, _filled("title")]
    withdrawn: Annotated[BothLanguages, _filled("date")]
    withdrawn_undated: BothLanguages
    withdrawn_text: BothLanguages
    related: BothLanguages
    share_telegram: BothLanguages
    share_mail: BothLanguages
    address: BothLanguages
    ask_hours: BothLanguages
    ask_price: BothLanguages
    ask_location: BothLanguages
    ask_getting_there: BothLanguages
    ask_duration: BothLanguages
    ask_season: BothLanguages
    ask_documents: BothLanguages
    ask_law: BothLanguages
    ask_contact: BothLanguages
    bulletins: BothLanguages
    wards: BothLanguages
    wards_lead: BothLanguages
    wards_search: BothLanguages
    ward_made_of: BothLanguages
    ward_now: Annotated[BothLanguages, _filled("now")]
    ward_office: BothLanguages
    ward_office_unknown: BothLanguages
    table: BothLanguages
    gone: BothLanguages
    gone_text: BothLanguages
    not_found: BothLanguages
    not_found_text: BothLanguages
    publisher: BothLanguages
    footer: BothLanguages

    def asking(self, facet: Facet) -> BothLanguages:
        """The heading over one side of an answer; not of its source, which is none."""
        heading: BothLanguages = getattr(self, f"ask_{facet.value}")
        return heading


class TopicNames(Sentences):
    """The topics, by the name of their folder."""

    city: BothLanguages
    investment: BothLanguages
    diaspora: BothLanguages
    culture: BothLanguages
    clarification: BothLanguages


class FacetNames(Sentences):
    """What a facet is called in a sentence."""

    hours: BothLanguages
    price: BothLanguages
    location: BothLanguages
    getting_there: BothLanguages
    duration: BothLanguages
    season: BothLanguages
    documents: BothLanguages
    law: BothLanguages
    source: BothLanguages
    contact: BothLanguages

    def of(self, facet: Facet) -> BothLanguages:
        """The name of one facet."""
        name: BothLanguages = getattr(self, facet.value)
        return name


class VerdictNames(Sentences):
    """How a clarification's verdict reads."""

    refuted: BothLanguages
    misleading: BothLanguages
    partly_true: BothLanguages
    confirmed: BothLanguages
    outdated: BothLanguages

    def of(self, verdict: Verdict) -> BothLanguages:
        """The words for one verdict."""
        name: BothLanguages = getattr(self, verdict.value)
        return name


class Notice(BothLanguages):
    """What everybody is told first, from one moment until another: a flood, a storm."""

    start: Moment = Field(alias="from")
    until: End

    @field_validator("until")
    @classmethod
    def _end_follows_beginning(cls, until: datetime.datetime, info: ValidationInfo) -> datetime.datetime:
        if until <= info.data.get("start", datetime.datetime.min.replace(tzinfo=datetime.UTC)):
            raise ValueError("does not lie after `from`")
        return until

    def is_on(self, now: datetime.datetime) -> bool:
        """Whether it is told now."""
        return self.start <= now < self.until


class Paused(Sentences):
    """The channels that are switched off, each with the one sentence that it still says."""

    web: BothLanguages | None = None
    telegram: BothLanguages | None = None
    zalo: BothLanguages | None = None
    zalo_bot: BothLanguages | None = None

    def on(self, channel: str) -> BothLanguages | None:
        """What a channel says instead of any answer; None if it is not switched off."""
        sentence: BothLanguages | None = getattr(self, channel, None)
        return sentence


class OtherLanguage(Strict):
    """A language that questions are understood in, but not answered.

    sentence: in it, that the answer is in another one. answered: False switches it off.
    read_by_native_speaker: whether one has read the sentence.
    """

    sentence: Text
    answered: bool = True
    read_by_native_speaker: bool = False

    @field_validator("sentence")
    @classmethod
    def _nothing_is_filled_in(cls, sentence: str) -> str:
        if "{" in sentence or "}" in sentence:
            raise ValueError("a brace stands in it; nothing is filled in here")
        return sentence


class Messages(Sentences):
    """content/messages.yml.

    languages: by their code (ISO 639-1).
    """

    notice: Notice | None = None
    paused: Paused = Paused()
    phrases: Phrases
    labels: Labels
    page: Page
    telegram: Telegram
    zalo: Zalo
    sharing: Sharing
    wards: WardSentences
    site: SiteSentences
    topics: TopicNames
    facets: FacetNames
    verdicts: VerdictNames
    languages: dict[str, OtherLanguage] = Field(default_factory=dict)

    def topic_name(self, topic: str) -> BothLanguages:
        """What a topic is called; `topic` is one of schema.TOPICS."""
        name: BothLanguages = getattr(self.topics, topic)
        return name
