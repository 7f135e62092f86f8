"""The bot's own sentences: all of them with a search, and a form for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.content.fields import Value
from bot.desk import drafting
from bot.desk.accounts import Account
from bot.desk.drafting import Open
from bot.desk.editing import MESSAGES, EditingDesk, NotFound, Problem, Right, check_may
from bot.desk.problems import unfinished
from bot.desk.sentences import Sentence, lost_placeholders, sentences, texts, with_sentence, with_texts
from bot.domain.language import Language
from bot.editing import forms
from bot.editing.parts import PartPages, Texts
from bot.editing.site import Site
from bot.editing.words import Words
from bot.text.folding import fold


@dataclass(frozen=True, slots=True)
class SentenceGroup:
    """Sentences that stand together in the file. changed: paths of those that are not live so."""

    name: str
    sentences: tuple[Sentence, ...]
    changed: frozenset[str]


class SentencesFile:
    """content/messages.yml as a file of parts."""

    name = MESSAGES
    home = "/sentences"

    def texts(self, value: Value) -> Texts:
        """Every text, in each language."""
        return texts(value)

    def with_texts(self, value: Value, texts: Mapping[str, str]) -> Value:
        """Texts that there are; all else is left out."""
        return with_texts(value, texts)

    def label(self, words: Words, path: str) -> str:
        """The group and the sentence's own name."""
        return words.sentence(path)


class SentencePages:
    """The pages of sentences."""

    def __init__(self, site: Site, desk: EditingDesk) -> None:
        self._site = site
        self._desk = desk
        self.parts = PartPages(site, desk, SentencesFile())

    def routes(self) -> list[BaseRoute]:
        """Their addresses."""
        mine = self._site.for_editors
        return [
            Route("/sentences", mine(self._list), methods=["GET"]),
            *self.parts.routes(),
            Route("/sentences/{path}", mine(self._sentence), methods=["GET"]),
            Route("/sentences/{path}", mine(self._save), methods=["POST"]),
        ]

    async def _list(self, request: Request, account: Account) -> Response:
        opened = await drafting.open_(self._desk, account, MESSAGES)
        asked = request.query_params.get("q", "")[:200]
        groups = _groups(opened, asked)
        return self._site.draw(
            request, "sentences.html", account, opened=opened, groups=groups, asked=asked,
            number=sum(len(group.sentences) for group in groups), languages=list(Language),
            done=next((key for key in ("saved", "submitted") if key in request.query_params), None),
        )  # fmt: skip

    async def _sentence(self, request: Request, account: Account) -> Response:
        opened = await drafting.open_(self._desk, account, MESSAGES)
        sentence = _sentence_of(opened, request.path_params["path"])
        return self._draw(request, account, opened, sentence, ())

    def _draw(
        self, request: Request, account: Account, opened: Open, sentence: Sentence,
        problems: tuple[Problem, ...], *, base: tuple[int, str] | None = None,
    ) -> Response:  # fmt: skip
        live = next(
            one for one in sentences(opened.live or {}, opened.live or {}) if one.path == sentence.path
        )
        base_draft, base_file = base or (opened.base_draft, opened.base_file)
        return self._site.draw(
            request, "sentence.html", account, status=422 if problems else 200, opened=opened, live=live,
            sentence=sentence, problems=problems, languages=list(Language), base_draft=base_draft,
            base_file=base_file,
        )  # fmt: skip

    async def _save(self, request: Request, account: Account) -> Response:
        path = request.path_params["path"]
        form = await forms.read(request)
        opened = await drafting.open_(self._desk, account, MESSAGES)
        before = _sentence_of(opened, path)
        check_may(account, Right.WRITE, MESSAGES)
        vi, en = (forms.text(form, language).strip() for language in Language)
        problems = _problems(opened, with_sentence(opened.value, path, vi, en), path)
        errors = tuple(problem for problem in problems if problem.is_error)
        if errors or (problems and forms.text(form, "sure") != "yes"):
            typed = Sentence(path, vi, en, before.placeholders)
            base = forms.number(form, "base_draft"), forms.text(form, "base_file")
            return self._draw(request, account, opened, typed, errors or problems, base=base)
        return await self.parts.save(
            request, account, form, lambda value: with_sentence(value, path, vi, en),
            "/sentences?saved",
        )  # fmt: skip


def _sentence_of(opened: Open, path: str) -> Sentence:
    found = sentences(opened.value, opened.live or {})
    sentence = next((one for one in found if one.path == path), None)
    if sentence is None:
        raise NotFound
    return sentence


def _problems(opened: Open, value: Value, path: str) -> tuple[Problem, ...]:
    """What is wrong with one sentence; what was wrong with others before is not told here."""
    found = (*unfinished(MESSAGES, value), *lost_placeholders(value, opened.live or {}))
    return tuple(one for one in found if one.field == path or one.field.startswith(f"{path}."))


def _groups(opened: Open, asked: str) -> list[SentenceGroup]:
    live = {one.path: one for one in sentences(opened.live or {}, opened.live or {})}
    groups: dict[str, list[Sentence]] = {}
    for sentence in sentences(opened.value, opened.live or {}):
        if _is_found(sentence, asked):
            groups.setdefault(sentence.path.partition(".")[0], []).append(sentence)
    return [
        SentenceGroup(name, tuple(found), frozenset(one.path for one in found if one != live.get(one.path)))
        for name, found in groups.items()
    ]


def _is_found(sentence: Sentence, asked: str) -> bool:
    text = fold(f"{sentence.path} {sentence.vi} {sentence.en}")
    return all(word in text for word in fold(asked).split())
