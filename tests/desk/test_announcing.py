"""Telling people without being asked: whom it reaches, that exactly this is sent, and stopping it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.desk import announcing, audit, publications
from bot.desk.announcing import Audience, DeliveryProgress, coarse, reach_of
from bot.desk.editing import EditingDesk, NotFound, NotYours, Refused
from bot.desk.publications import Meaning, Withdrawal
from bot.domain.language import Language
from bot.storage.announcements import Reader
from bot.storage.models import Delivery, Watch
from bot.storage.outbox import Outbox
from tests.support.bot_database import BotDatabase
from tests.support.desk import ANSWER, CHIEF, CLERK, FOOD, HOA, LAN, MINH, git

RUMOUR = "clarification.rumour"
CLAIM = """\
verdict: refuted
clarified: {by: {vi: Sở, en: Office}, date: 2026-11-20}
"""


@pytest.fixture
def staffed(desk: EditingDesk, bot: BotDatabase) -> EditingDesk:
    """The desk with a published clarification on culture, reading the bot's database."""
    text = ANSWER.format(name="rumour", office="culture").replace("vi:\n", f"{CLAIM}related: [{FOOD}]\nvi:\n")
    for language in ("vi", "en"):
        text = text.replace(f"{language}:\n  title", f"{language}:\n  claim: Tin đồn {language}\n  title")
    folder = desk.directory / "clarification"
    folder.mkdir()
    (folder / "rumour.yml").write_text(text, "utf-8")
    git(desk.directory, "add", "-A")
    git(desk.directory, "commit", "-q", "-m", "A rumour")
    assert desk.library().published(RUMOUR)
    return replace(desk, bot=bot.reader)


async def sealed(desk: EditingDesk, name: str = RUMOUR, audience: Audience = Audience.NEWS) -> str:
    return (await announcing.look_at(desk, MINH, name, audience)).seal


class TestReach:
    async def test_it_says_whom_it_reaches_by_channel_language_and_topic(
        self, staffed: EditingDesk, bot: BotDatabase
    ) -> None:
        await bot.subscribed(12, ["culture"], "telegram", "vi")
        await bot.subscribed(3, ["culture", "city"], "zalo", "en")
        await bot.subscribed(6, ["clarification"], "web", "vi")
        await bot.subscribed(9, ["investment"], "telegram", "vi")  # it is none of theirs
        reach = (await announcing.look_at(staffed, LAN, RUMOUR, Audience.NEWS)).reach
        assert reach.total == 20
        assert reach.by_channel == {"telegram": 10, "web": 5, "zalo": 0}
        assert reach.by_language == {Language.VI: 15, Language.EN: 0}
        assert reach.by_topic == {"culture": 15, "clarification": 5}
        assert reach.minutes["telegram"] == 1

    @given(
        st.lists(
            st.builds(
                Reader, st.sampled_from(["web", "zalo", "telegram"]), st.sampled_from(list(Language)),
                st.just(("culture",)),
            ),
            max_size=60,
        )
    )  # fmt: skip
    def test_one_person_more_or_less_cannot_be_told_from_the_counts(self, readers: Sequence[Reader]) -> None:
        reach = reach_of(readers, ["culture"])
        counts = [
            reach.total, *reach.by_channel.values(), *reach.by_language.values(), *reach.by_topic.values()
        ]  # fmt: skip
        assert all(count % announcing.LEAST == 0 for count in counts)
        assert {coarse(number) for number in range(announcing.LEAST)} == {0}


WEEK = """
week-48:
  status: published
  date: 2026-11-20
  answers: [{food}]
  vi: {{title: Tuần này, text: Có gì mới.}}
  en: {{title: This week, text: What is new.}}
"""


class TestBulletins:
    @pytest.fixture
    def informed(self, staffed: EditingDesk) -> EditingDesk:
        """The desk with a published bulletin on food."""
        (staffed.directory / "bulletins.yml").write_text(WEEK.format(food=FOOD), "utf-8")
        assert staffed.library().published_bulletins()
        return staffed

    async def test_it_is_sent_to_the_subscribers_of_its_answers_topics_once_for_each_date(
        self, informed: EditingDesk, bot: BotDatabase
    ) -> None:
        await bot.subscribed(7, ["culture"], "telegram", "vi")
        await bot.subscribed(9, ["investment"], "telegram", "vi")  # it is none of theirs
        listed = await announcing.announceable(informed, CHIEF)
        assert listed
        assert [one.titles[Language.EN] for one in listed if one.audience is Audience.BULLETIN] == [
            "This week"
        ]
        prospect = await announcing.look_at(informed, CHIEF, "week-48", Audience.BULLETIN)
        assert (prospect.reach.total, prospect.may_send, len(prospect.previews.cards)) == (5, True, 2)
        assert await announcing.send(informed, CHIEF, "week-48", Audience.BULLETIN, prospect.seal)
        queued = [str(row) for row in await bot.rows(Delivery)]
        assert len(queued) == 7
        assert all("bulletin:week-48:2026-11-20" in row for row in queued)
        again = await announcing.look_at(informed, CHIEF, "week-48", Audience.BULLETIN)
        assert not again.reach.is_anybody
        await announcing.stop(informed, CHIEF, "week-48", Audience.BULLETIN)
        assert (await announcing.look_at(informed, CHIEF, "week-48", Audience.BULLETIN)).reach.is_anybody

    async def test_it_speaks_for_the_whole_city_and_one_that_is_not_out_is_not_found(
        self, informed: EditingDesk, bot: BotDatabase
    ) -> None:
        await bot.subscribed(7, ["culture"], "telegram", "vi")
        assert not (await announcing.look_at(informed, MINH, "week-48", Audience.BULLETIN)).may_send
        seal = await sealed(informed, "week-48", Audience.BULLETIN)
        with pytest.raises(NotYours):
            await announcing.send(informed, MINH, "week-48", Audience.BULLETIN, seal)
        with pytest.raises(NotFound):
            await announcing.look_at(informed, CHIEF, "week-49", Audience.BULLETIN)


class TestSending:
    async def test_a_yes_sends_exactly_what_was_shown_once(
        self, staffed: EditingDesk, bot: BotDatabase
    ) -> None:
        await bot.subscribed(7, ["culture"], "telegram", "vi")
        assert await announcing.send(staffed, MINH, RUMOUR, Audience.NEWS, await sealed(staffed))
        assert len(await bot.rows(Delivery)) == 7
        prospect = await announcing.look_at(staffed, MINH, RUMOUR, Audience.NEWS)
        assert (prospect.progress, prospect.is_going_out) == ({DeliveryProgress.QUEUED: 5}, True)
        with pytest.raises(Refused, match="Nobody"):
            await announcing.send(staffed, MINH, RUMOUR, Audience.NEWS, prospect.seal)
        deeds = [entry[1:4] for entry in await staffed.transact(audit.entries)]
        assert ("minh", "announce", RUMOUR) in deeds

    async def test_nothing_is_sent_if_words_or_readers_are_others_by_then(
        self, staffed: EditingDesk, bot: BotDatabase
    ) -> None:
        await bot.subscribed(7, ["culture"], "telegram", "vi")
        seal = await sealed(staffed)
        await bot.subscribed(5, ["culture"], "zalo", "vi")
        assert not await announcing.send(staffed, MINH, RUMOUR, Audience.NEWS, seal)
        seal = await sealed(staffed)
        file = staffed.directory / "clarification" / "rumour.yml"
        file.write_text(file.read_text("utf-8").replace("Tựa", "Tựa mới"), "utf-8")
        assert not await announcing.send(staffed, MINH, RUMOUR, Audience.NEWS, seal)
        assert await bot.rows(Delivery) == []

    async def test_who_does_not_approve_for_the_office_does_not_send(
        self, staffed: EditingDesk, bot: BotDatabase
    ) -> None:
        await bot.subscribed(7, ["culture"], "telegram", "vi")
        for account in (LAN, HOA):
            assert not (await announcing.look_at(staffed, account, RUMOUR, Audience.NEWS)).may_send
            with pytest.raises(NotYours):
                await announcing.send(staffed, account, RUMOUR, Audience.NEWS, await sealed(staffed))
            with pytest.raises(NotYours):
                await announcing.stop(staffed, account, RUMOUR, Audience.NEWS)
        assert await announcing.send(staffed, CLERK, RUMOUR, Audience.NEWS, await sealed(staffed))

    async def test_what_is_stopped_is_not_sent_and_can_be_sent_later(
        self, staffed: EditingDesk, bot: BotDatabase
    ) -> None:
        await bot.subscribed(7, ["culture"], "telegram", "vi")
        await announcing.send(staffed, MINH, RUMOUR, Audience.NEWS, await sealed(staffed))
        outbox = Outbox(bot.database)
        first = await outbox.claim(["telegram"])
        assert first
        await outbox.sent(first)
        await announcing.stop(staffed, MINH, RUMOUR, Audience.NEWS)
        assert await outbox.claim(["telegram"]) is None
        await announcing.send(staffed, MINH, RUMOUR, Audience.NEWS, await sealed(staffed))
        assert len(await bot.rows(Delivery)) == 7, "who had it does not get it again"

    async def test_what_is_no_clarification_is_not_announced(self, staffed: EditingDesk) -> None:
        for name in (FOOD, "clarification.none", "culture.none"):
            with pytest.raises(NotFound):
                await announcing.look_at(staffed, CHIEF, name, Audience.NEWS)


class TestCorrections:
    async def test_who_had_it_before_it_changed_is_told_once_of_each_change(
        self, staffed: EditingDesk, bot: BotDatabase
    ) -> None:
        await bot.watching(6, FOOD)
        file = (await staffed.live(FOOD)).revision
        await publications.withdraw(staffed, LAN, FOOD, file, Withdrawal(Meaning.ERROR))
        await bot.watching(2, FOOD, days=-0.001)  # who asked afterwards has seen it
        (change, *_) = await announcing.announceable(staffed, MINH) or []
        assert (change.name, change.audience, change.may_send) == (FOOD, Audience.CHANGE, True)
        prospect = await announcing.look_at(staffed, MINH, FOOD, Audience.CHANGE)
        assert (prospect.reach.total, prospect.is_live) == (5, False)
        assert "rút" in prospect.previews.cards[0].web.html
        assert await announcing.send(staffed, MINH, FOOD, Audience.CHANGE, prospect.seal)
        assert len(await bot.rows(Delivery)) == 6
        assert not (await announcing.look_at(staffed, MINH, FOOD, Audience.CHANGE)).reach.is_anybody
        assert all(
            one.audience is Audience.NEWS for one in await announcing.announceable(staffed, MINH) or []
        )

    async def test_a_stopped_correction_may_be_sent_later(
        self, staffed: EditingDesk, bot: BotDatabase
    ) -> None:
        await bot.watching(6, FOOD)
        for _ in range(2):
            seal = await sealed(staffed, FOOD, Audience.CHANGE)
            assert await announcing.send(staffed, MINH, FOOD, Audience.CHANGE, seal)
            assert len(await bot.rows(Delivery)) == 6
            await announcing.stop(staffed, MINH, FOOD, Audience.CHANGE)
            assert await bot.rows(Delivery) == []
        assert len(await bot.rows(Watch)) == 6
