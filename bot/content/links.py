"""Links between answers that lead nowhere."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from bot.content.schema import Answer
from bot.content.yaml_file import Finding, KeyPath, YamlFile
from bot.domain.answer import TOPICS


def dead_links(
    answers: Mapping[str, Answer],
    files: Mapping[str, YamlFile],
    kept: Collection[str],
    faulty: Collection[str],
    unreadable: Collection[str],
) -> list[Finding]:
    """`related` links that lead nowhere or to the answer itself, and `supersedes` in a circle.

    They are errors for the editor; whoever shows links leaves out what is not published. A link to
    an answer whose own file has an error is none: that file is to be mended, not those that link.

    Args:
        answers: all of them, by id.
        files: what each was read from, by id.
        kept: ids of those of which an earlier version is served; their links are not looked at.
        faulty: ids of the files that have an error.
        unreadable: the topics of which nobody can tell which answers they have.
    """
    superseded = {older for answer in answers.values() for older in answer.supersedes}
    findings: list[Finding] = []
    for answer in answers.values():
        if answer.id in kept:  # the lines would be those of the earlier version
            continue
        file = files[answer.id]
        for position, related in enumerate(answer.related):
            key: KeyPath = ("related", position)
            if related == answer.id:
                findings.append(file.finding(key, "an answer is not related to itself"))
            elif related.partition(".")[0] in unreadable:
                continue
            elif related not in answers and related not in superseded and related not in faulty:
                findings.append(file.finding(key, f"there is no answer {related}"))
        for position, older in enumerate(answer.supersedes):
            key = ("supersedes", position)
            if older.partition(".")[0] not in TOPICS:
                findings.append(file.finding(key, f"{older} is no answer; topics: {', '.join(TOPICS)}"))
            elif answer.id in _all_superseded(older, answers) | {older}:
                findings.append(file.finding(key, "an answer does not supersede itself, nor in a circle"))
    return findings


def _all_superseded(answer_id: str, answers: Mapping[str, Answer]) -> set[str]:
    """What an answer supersedes, and what that does, and so on."""
    found: set[str] = set()
    waiting = [answer_id]
    while waiting:
        answer = answers.get(waiting.pop())
        older = set(answer.supersedes if answer else ()) - found
        found |= older
        waiting += older
    return found
