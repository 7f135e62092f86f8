"""The life of an answer: draft, in review, published, withdrawn, superseded, scheduled."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from bot.answering.dialogue import as_served
from bot.answering.rasa_command import rasa_command
from bot.cards.compose import compose
from bot.content.check import check
from bot.content.library import Library
from bot.content.loading import load
from bot.content.schema import AnswerStatus
from bot.content.watcher import ContentWatcher
from bot.domain import payload
from bot.domain.arrival import Arrival
from bot.domain.card import Card
from bot.domain.clock import VIETNAM
from bot.domain.language import Language
from bot.domain.plan import Kind, Plan
from bot.rasa.training_set import training_files, training_questions
from tests.support.clock import Clock
from tests.support.content import ANSWER

FOOD, MUSIC, DISHES = "culture.food", "culture.music", "culture.dishes"
NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=VIETNAM)
BEFORE, AFTER = NOW - datetime.timedelta(minutes=1), NOW + datetime.timedelta(minutes=1)


def write(content: Path, answer_id: str, *keys: str, status: str = "published") -> None:
    """Write an answer's file, with these keys beside the usual ones."""
    topic, name = answer_id.split(".")
    text = ANSWER.format(name=name).replace("status: published", "\n".join([f"status: {status}", *keys]))
    (content / topic / f"{name}.yml").write_text(text, encoding="utf-8")


def library_of(content: Path, now: datetime.datetime = NOW) -> Library:
    loaded = load(content, now=now)
    library, findings = loaded.library, loaded.findings
    assert not findings
    return library


def say(library: Library, answer_id: str, language: Language = Language.EN) -> Card:
    """What somebody gets for whom the model, or a button, chose this answer."""
    plan = as_served(Plan(reply=Kind.ANSWER, language=language, id=answer_id), library)
    return compose((plan,), library, datetime.date(2026, 11, 25), arrival=Arrival.AT_ONCE).cards[0]


def press(library: Library, answer_id: str) -> str | None:
    return rasa_command(payload.for_answer(answer_id), library)


@pytest.mark.parametrize("status", ["draft", "in_review"])
def test_what_is_not_published_gets_what_any_question_without_an_answer_gets(
    content: Path, status: str
) -> None:
    write(content, FOOD, status=status)
    library = library_of(content)
    card = say(library, FOOD)
    assert (card.kind, card.text) == (Kind.FALLBACK, library.messages.phrases.fallback.en)
    assert press(library, FOOD) is None
    assert FOOD not in str(training_files(library))


class TestWithdrawn:
    def test_who_holds_a_link_is_told_since_when_and_why_in_their_language(self, content: Path) -> None:
        reason = "{vi: Có quy định mới., en: The rules have changed.}"
        write(content, FOOD, f"withdrawn: {{date: 2026-11-24, reason: {reason}}}", status="withdrawn")
        library = library_of(content)
        card = say(library, FOOD)
        assert (card.kind, card.action, card.id) == (Kind.FALLBACK, "withdrawn", FOOD)
        assert card.text == (
            "**Title of food** was withdrawn on 24/11/2026, so I no longer show what it said.\n\n"
            "The rules have changed."
        )
        assert "Tựa food" in (said := say(library, FOOD, Language.VI).text)
        assert "24/11/2026" in said
        assert "Có quy định mới." in said
        assert press(library, FOOD)
        assert FOOD not in str(training_files(library))

    def test_its_successor_is_a_button(self, content: Path) -> None:
        write(content, FOOD, status="withdrawn")
        write(content, DISHES, f"supersedes: [{FOOD}]")
        library = library_of(content)
        card = say(library, FOOD)
        assert card.text.startswith("**Title of food** has been withdrawn")
        assert [(button.label, button.payload) for button in card.buttons] == [
            ("Title of dishes", f"answer:{DISHES}")
        ]

    def test_without_a_date_the_check_asks_for_one(self, content: Path) -> None:
        write(content, FOOD, status="withdrawn")
        said = [str(finding) for finding in check(content, NOW.date())]
        assert any("food.yml:2: warning: status: say since when" in line for line in said)

    def test_a_reason_belongs_to_a_withdrawal(self, content: Path) -> None:
        write(content, FOOD, "withdrawn: {date: 2026-11-24}")
        findings = load(content).findings
        assert "food.yml:3: error: withdrawn: is only for `status: withdrawn`" in str(findings[0])


def test_what_is_shown_with_an_answer_is_taught_with_it(content: Path) -> None:
    before = library_of(content)
    write(content, FOOD, f"related: [{MUSIC}]")
    after = library_of(content)
    assert training_questions(after) != training_questions(before)
    assert f"related:\n      - {MUSIC}" in training_files(after)["answers.yml"]


class TestSuperseded:
    def test_the_old_id_leads_to_the_new_answer(self, content: Path) -> None:
        write(content, DISHES, f"supersedes: [{FOOD}]")
        library = library_of(content)
        assert say(library, FOOD).id == DISHES
        assert press(library, FOOD)
        assert [answer.id for answer in library.of_topic("culture")] == [DISHES, MUSIC]
        assert [answer_id for answer_id, *_ in training_questions(library)] == [DISHES, MUSIC]

    def test_also_when_the_old_file_is_gone_and_over_several_steps(self, content: Path) -> None:
        (content / "culture" / "food.yml").unlink()
        write(content, DISHES, f"supersedes: [{FOOD}]")
        write(content, MUSIC, f"supersedes: [{DISHES}]")
        library = library_of(content)
        assert say(library, FOOD).id == MUSIC

    def test_choices_between_old_and_new_are_no_choice(self, content: Path) -> None:
        write(content, DISHES, f"supersedes: [{FOOD}]")
        library = library_of(content)
        plan = Plan(reply=Kind.CHOICES, language=Language.EN, ids=(FOOD, DISHES))
        assert as_served(plan, library) == Plan(reply=Kind.ANSWER, language=Language.EN, id=DISHES)

    def test_if_the_new_one_is_withdrawn_the_old_one_is_back_unless_it_is_gone(self, content: Path) -> None:
        write(content, DISHES, f"supersedes: [{FOOD}]", status="withdrawn")
        assert say(library_of(content), FOOD).id == FOOD
        (content / "culture" / "food.yml").unlink()
        assert say(library_of(content), FOOD).action == "withdrawn"

    def test_the_same_questions_under_old_and_new_are_no_mistake(self, content: Path) -> None:
        write(content, DISHES, f"supersedes: [{FOOD}]")
        file = content / "culture" / "dishes.yml"
        file.write_text(file.read_text(encoding="utf-8").replace("dishes là gì", "food là gì"))
        assert not any("the same question" in str(finding) for finding in check(content, NOW.date()))

    @pytest.mark.parametrize(
        "older", [DISHES, FOOD, "food.dishes"], ids=["itself", "in a circle", "no answer"]
    )
    def test_a_mistake_is_found_and_does_no_harm(self, content: Path, older: str) -> None:
        write(content, FOOD, f"supersedes: [{DISHES}]", "publish_at: 2100-01-01")
        write(content, DISHES, f"supersedes: [{older}]", "publish_at: 2100-01-01")
        loaded = load(content)
        library, findings = loaded.library, loaded.findings
        assert "dishes.yml:3: error: supersedes.0" in " ".join(map(str, findings))
        assert library.published(DISHES) is None


class TestScheduled:
    def test_it_is_trained_ahead_and_served_from_its_moment_on(self, content: Path) -> None:
        write(content, FOOD, "publish_at: 2026-11-25 12:00")
        before, after = library_of(content, BEFORE), library_of(content, NOW)
        assert say(before, FOOD).text == before.messages.phrases.fallback.en
        assert press(before, FOOD) is None
        assert say(after, FOOD).kind is Kind.ANSWER
        assert training_files(before) == training_files(after)

    def test_until_then_the_one_that_it_supersedes_answers_also_in_its_stead(self, content: Path) -> None:
        write(content, DISHES, f"supersedes: [{FOOD}]", "publish_at: 2026-11-25 12:00")
        before, after = library_of(content, BEFORE), library_of(content, NOW)
        assert {say(before, FOOD).id, say(before, DISHES).id} == {FOOD}
        assert {say(after, FOOD).id, say(after, DISHES).id} == {DISHES}

    def test_from_its_end_on_it_is_withdrawn(self, content: Path) -> None:
        write(content, FOOD, "withdraw_at: 2026-11-25 12:00")
        assert say(library_of(content, BEFORE), FOOD).kind is Kind.ANSWER
        after = library_of(content, NOW)
        assert "was withdrawn on 25/11/2026" in say(after, FOOD).text
        assert FOOD not in str(training_files(after))

    def test_the_served_version_follows_the_clock(self, content: Path, tmp_path: Path, clock: Clock) -> None:
        write(content, FOOD, "publish_at: 2026-11-25 12:00", "withdraw_at: 2026-11-25")
        clock.now = BEFORE
        watcher = ContentWatcher(content, last_good=tmp_path / "last_good", clock=clock)
        assert watcher.library().published(FOOD) is None
        clock.advance(minutes=1)
        assert watcher.library().published(FOOD)
        clock.advance(hours=12)
        assert watcher.library().withdrawn(FOOD)

    def test_so_it_does_when_the_clock_was_ahead_and_is_set_right(
        self, content: Path, tmp_path: Path, clock: Clock
    ) -> None:
        write(content, FOOD, "publish_at: 2026-11-25 12:00")
        clock.now = BEFORE + datetime.timedelta(hours=7)
        watcher = ContentWatcher(content, last_good=tmp_path / "last_good", clock=clock)
        assert watcher.library().published(FOOD)
        clock.now = BEFORE
        assert watcher.library().published(FOOD) is None

    @pytest.mark.parametrize(
        ("written", "moment"),
        [
            ("2026-12-01", "2026-12-01T00:00+07:00"),
            ("2026-12-01 8:05", "2026-12-01T08:05+07:00"),
            ("2026-12-01T08:05", "2026-12-01T08:05+07:00"),
            ("2026-12-01 08:05:00", "2026-12-01T08:05+07:00"),
            ('"2026-12-01 08:05"', "2026-12-01T08:05+07:00"),
            ("2026-12-01T01:05:00Z", "2026-12-01T08:05+07:00"),
        ],
    )
    def test_a_moment_is_in_viet_nams_time(self, content: Path, written: str, moment: str) -> None:
        write(content, FOOD, f"publish_at: {written}")
        assert library_of(content).answers[FOOD].publish_at == datetime.datetime.fromisoformat(moment)

    @pytest.mark.parametrize("written", ["soon", "01/12/2026", "2026-12-01 25:00", "8"])
    def test_a_bad_moment_is_explained(self, content: Path, written: str) -> None:
        write(content, FOOD, f"publish_at: {written}")
        findings = load(content).findings
        assert "food.yml:3: error: publish_at: write a day and a time in Việt Nam" in str(findings[0])

    def test_an_end_before_the_beginning_is_a_mistake(self, content: Path) -> None:
        write(content, FOOD, "publish_at: 2026-12-02", "withdraw_at: 2026-12-01")
        findings = load(content).findings
        assert "food.yml:4: error: withdraw_at: does not lie after `publish_at`" in str(findings[0])

    def test_a_schedule_without_publication_is_pointed_out(self, content: Path) -> None:
        write(content, FOOD, "publish_at: 2026-12-01", status="in_review")
        said = " ".join(str(finding) for finding in check(content, NOW.date()))
        assert "food.yml:3: warning: publish_at: has no effect while the status is in_review" in said


def test_past_its_review_an_answer_says_so(content: Path) -> None:
    write(content, FOOD)
    file = content / "culture" / "food.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("2100-01-01", "2026-11-24"), encoding="utf-8")
    assert "due to be checked again by 24/11/2026" in (say(library_of(content), FOOD).notice or "")


def test_statuses_are_what_the_file_says(content: Path) -> None:
    for status in AnswerStatus:
        write(content, FOOD, status=status.value)
        assert library_of(content).answers[FOOD].status is status
