"""What the papers say is there, is there: files, names of the code, commands, make's targets."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import tomllib

from bot.cli import main
from bot.content.directory import listing
from bot.editing.words import all_words
from tests.support import ROOT
from tests.support.syntax import tree_of

WALKS = [ROOT / "docs" / "architecture.md", ROOT / "CONTRIBUTING.md"]
PAPERS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "decisions").glob("*.md")),
]
PACKAGES = ("bot", "evaluation", "nlu", "stand_ins", "tests", "benchmarks")
SAID_LOUD = {
    "en": {"bold", "Your words are live all the same"},
    "vi": {"in đậm", "Lời văn của bạn vẫn hiển thị"},
}
"""What is bold in the editors' guide for its own sake."""

MADE_LATER = {".env", ".venv", ".venv-rasa", "build", "data", "models"}
"""What the project makes when it is set up or runs."""

_PATH = re.compile(
    r"[\w.-]+(/[\w.-]*)+|[\w-]+(\.[\w-]+)*\.(cfg|in|lock|md|py|toml|yml|yaml)|Makefile|Dockerfile"
)
_NAME = re.compile(rf"({'|'.join(PACKAGES)})(\.\w+)+")
_LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def in_backticks(paper: Path) -> list[str]:
    """What a paper shows as code within its sentences."""
    return re.findall(r"`([^`\n]+)`", paper.read_text("utf-8"))


def code_of(paper: Path) -> str:
    """All that a paper shows as code: within sentences, and in blocks."""
    blocks = [line for line in paper.read_text("utf-8").splitlines() if line.startswith("    ")]
    return "\n".join([*in_backticks(paper), *blocks])


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: str(paper.relative_to(ROOT)))
def test_every_path_in_a_paper_is_there(paper: Path) -> None:
    named = [word for word in in_backticks(paper) if _PATH.fullmatch(word) and not _NAME.fullmatch(word)]
    assert [path for path in named if not is_there(path, paper)] == []


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: str(paper.relative_to(ROOT)))
def test_every_link_in_a_paper_leads_somewhere(paper: Path) -> None:
    links = [link for link in _LINK.findall(paper.read_text("utf-8")) if "://" not in link]
    assert [link for link in links if not (paper.parent / link).exists()] == []


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: str(paper.relative_to(ROOT)))
def test_every_name_of_the_code_in_a_paper_is_defined(paper: Path) -> None:
    named = [word for word in in_backticks(paper) if _NAME.fullmatch(word)]
    assert [name for name in named if not is_defined(name) and not (ROOT / name).exists()] == []


def test_the_walks_do_name_what_they_walk_through() -> None:
    assert len([word for word in in_backticks(WALKS[0]) if _NAME.fullmatch(word)]) > 50


@pytest.mark.parametrize("root", ["bot", "nlu"])
def test_every_room_and_every_module_beside_the_rooms_is_placed(root: str) -> None:
    rooms = [f"{room.parent.relative_to(ROOT)}/" for room in (ROOT / root).glob("*/__init__.py")]
    modules = [str(file.relative_to(ROOT)) for file in (ROOT / root).glob("[!_]*.py")]
    named = set(in_backticks(WALKS[0]))
    assert rooms
    assert sorted({*rooms, *modules} - named) == []


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: str(paper.relative_to(ROOT)))
def test_every_command_in_a_paper_can_be_given(paper: Path) -> None:
    known = set(commands(main))
    told = set(re.findall(r"-m bot ((?:(?:zalo|editors) )?[a-z]+)", code_of(paper)))
    assert told - known == set()
    assert set(re.findall(r"\bmake ([a-z][a-z-]*)", code_of(paper))) - targets() == set()


def test_every_command_is_written_down() -> None:
    told = "\n".join(map(code_of, PAPERS))
    assert [name for name in commands(main) if f"-m bot {name}" not in told] == []


def test_every_target_of_make_is_written_down() -> None:
    told = "\n".join(map(code_of, PAPERS))
    assert [name for name in sorted(targets()) if not re.search(rf"\bmake {name}\b", told)] == []


@pytest.mark.parametrize(("name", "language"), [("editors.md", "en"), ("editors.vi.md", "vi")])
def test_the_editors_guide_says_what_the_pages_say(name: str, language: str) -> None:
    """What is bold within its sentences is a button, a title or a field of the pages, word for word."""
    page = (ROOT / "docs" / name).read_text("utf-8")
    lines = [line for line in page.splitlines() if not re.match(r"- \*\*[^*]+[.:]\*\*", line)]
    bold = set(re.findall(r"\*\*([^*]+)\*\*", "\n".join(lines)))
    known = {phrase[language] for phrase in all_words().values()}
    assert bold - known == SAID_LOUD[language]


@pytest.mark.parametrize("name", ["editors.md", "editors.vi.md"])
def test_the_editors_guide_needs_no_terminal(name: str) -> None:
    page = (ROOT / "docs" / name).read_text("utf-8")
    assert not re.search(r"^    \S|python|\.yml", page, re.MULTILINE)


def test_every_picture_is_shown_and_small() -> None:
    shown = {
        (paper.parent / link).resolve()
        for paper in PAPERS
        for link in _LINK.findall(paper.read_text("utf-8"))
    }
    for picture in (ROOT / "docs" / "pictures").rglob("*.png"):
        assert picture in shown, picture
        assert picture.stat().st_size <= 150_000, picture


def test_both_licences_are_named_where_people_look() -> None:
    named = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["license-files"]
    assert named == ["LICENSE", "content/LICENSE.md"]
    for paper in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        assert set(named) <= set(_LINK.findall(paper.read_text("utf-8")))


def test_the_licence_of_content_is_no_stray_file_there() -> None:
    assert [str(finding) for finding in listing(ROOT / "content").findings] == []


@pytest.mark.parametrize(
    ("lock", "keys"),
    [
        ("requirements.lock", ("project", "dependencies")),
        ("requirements-dev.lock", ("dependency-groups", "dev")),
        ("nlu/requirements.lock", ("dependency-groups", "rasa")),
    ],
)
def test_a_lock_follows_from_what_pyproject_names(lock: str, keys: tuple[str, str]) -> None:
    """If not: make relock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    named = {
        re.sub(r"[._]", "-", re.split(r"[\[<>=]", line)[0].lower()) for line in project[keys[0]][keys[1]]
    }
    blocks = re.split(r"^(?=[\w.-]+==)", (ROOT / lock).read_text("utf-8"), flags=re.MULTILINE)
    assert named == {block.partition("==")[0] for block in blocks if "hoi-can-tho (pyproject.toml" in block}


def is_there(path: str, paper: Path) -> bool:
    """Whether it is there, seen from the project's root, the paper or content/; or is made later."""
    if path.partition("/")[0] in MADE_LATER:
        return True
    return any((base / path).exists() for base in (ROOT, paper.parent, ROOT / "content"))


def is_defined(name: str) -> bool:
    """Whether `package.module.Class.method` is in the code: read, for Rasa's part cannot be imported here."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:length])
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            if file.is_file():
                return _has(tree_of(file), parts[length:])
    return False


def _has(scope: ast.AST, names: list[str]) -> bool:
    if not names:
        return True
    return any(
        _has(node, names[1:])
        for node in ast.iter_child_nodes(scope)
        for name in _defined(node)
        if name == names[0]
    )


def _defined(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            yield name
        case ast.ImportFrom(names=names):
            yield from (alias.asname or alias.name for alias in names)


def commands(group: click.Group, before: str = "") -> Iterator[str]:
    """The commands of `python -m bot`, those of a group with its name before them."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}"


def targets() -> set[str]:
    """What make can be told to make."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    found = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert found
    return set(found[1].split())
