"""A changed value goes into its file, and nothing else in the file moves."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.content.fields import FIELDS, LISTS, Value, as_value, changed, flat, nested
from bot.content.writing import NotWritable, edit
from tests.support.examples import examples

CONTENT = Path(__file__).parents[2] / "content"
FILES = sorted(path for path in CONTENT.rglob("*.yml") if path.name not in {"replaced_laws.yml"})
ANSWERS = [path for path in FILES if path.parent != CONTENT]

BREAKING = [
    "no", "yes", "on", "null", "~", "0123", "0o17", "12:30", "1_000", "1e3", ".5", "2026-11-28",
    "2026-12-01 08:00", "a?, b", "a: b", "a #b", "#b", "- a", "? a", "! a", "& a", "*101*1#", "@a", "`a`",
    "%a", "'", "\"", "\\", "<<", "=", "a\u0085b", "a\u2028b", "\ufeffa", "tiếng", "{a: b}", "[a]", "a,b",
    "a]", "a}", "|", ">", "a\tb", " a", "a ", "a\n b", "a\n\nb\n", "\na", "a  \nb", "---", "...",
    "a\n---\nb", "# a\nb", "😀", "a\rb", "", "1" * 300, "true", "x" * 500,
]  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from([text for text in BREAKING if text]),
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), min_size=1, max_size=60),
    st.lists(st.sampled_from(BREAKING), min_size=1, max_size=4).map("\n".join),
).filter(
    lambda text: text.isprintable() or all(c.isprintable() or c in "\n\t\r\u0085\u2028\ufeff" for c in text)
)


def value_of(text: str) -> Value:
    value = as_value(yaml.safe_load(text) or {})
    assert isinstance(value, dict)
    return value


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_file_that_nobody_changed_comes_back_byte_for_byte(path: Path) -> None:
    text = path.read_bytes().decode()
    assert edit(text, value_of(text)) == text


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_fields_of_a_file_are_all_known_and_make_its_value_again(path: Path) -> None:
    value = value_of(path.read_text(encoding="utf-8"))
    assert set(flat(value)) <= set(FIELDS)
    assert nested(flat(value)) == value


@settings(max_examples=examples(40), deadline=None)
@given(st.sampled_from(ANSWERS), st.data())
def test_one_changed_field_changes_its_own_lines_alone(path: Path, data: st.DataObject) -> None:
    text = path.read_text(encoding="utf-8")
    fields = flat(value_of(text))
    texts = [name for name, content in fields.items() if isinstance(content, str) or name in LISTS]
    name = data.draw(st.sampled_from(texts))
    if name in LISTS:
        fields[name] = data.draw(
            st.lists(st.one_of(st.sampled_from(listed(fields[name])), TEXTS), min_size=1, max_size=9)
        )
    else:
        fields[name] = data.draw(TEXTS)
    wanted = nested(fields)
    written = edit(text, wanted)
    assert value_of(written) == wanted
    lines = text.splitlines()
    first, last = lines_of(text, name)
    steps = difflib.SequenceMatcher(None, lines, written.splitlines(), autojunk=False).get_opcodes()
    for kind, start, end, _, _ in steps:
        assert kind == "equal" or (first <= start and end <= last), (name, lines[start:end])


def lines_of(text: str, name: str) -> tuple[int, int]:
    """Where the lines of a field begin and end; of a list or a mapping in brackets, all of it."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    first = last = 0
    for part in name.split("."):
        assert isinstance(node, yaml.MappingNode)
        for key, inner in node.value:
            if key.value == part:
                first, last, following = key.start_mark.line, inner.end_mark.line + 1, inner
        node = following
    return first, last


@settings(max_examples=examples(200), deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([name for name in FIELDS if name not in LISTS and name != "sources"]), TEXTS
    ),
    st.dictionaries(st.sampled_from(sorted(LISTS)), st.lists(TEXTS, min_size=1, max_size=5)),
)
def test_what_is_written_anew_is_read_back_as_it_was_meant(
    texts: dict[str, str], lists: dict[str, list[str]]
) -> None:
    value = nested({**texts, **lists})
    assert value_of(edit("status: draft\n", {"status": "draft", **value})) == {"status": "draft", **value}


@pytest.mark.parametrize("breaking", [text for text in BREAKING if text])
def test_a_text_that_yaml_takes_for_something_else_stays_a_text(breaking: str) -> None:
    value: Value = {
        "status": "draft",
        "vi": {"title": breaking, "questions": [breaking, "b"]},
        "map": breaking,
    }
    assert value_of(edit("status: draft\n", value)) == value


class TestComments:
    FILE = """\
# at the top
status: draft  # behind
# above the office
office: police
# above vi
vi:
  title: A
  answer: |
    B
  # above the questions
  questions:
    - C  # why C
    # above D
    - D
"""

    def test_stay_when_another_field_changes(self) -> None:
        value = value_of(self.FILE)
        value["office"] = "health"
        assert edit(self.FILE, value) == self.FILE.replace("police", "health")

    def test_stay_when_the_block_before_them_changes(self) -> None:
        value = value_of(self.FILE)
        value["vi"]["answer"] = "E\n\nF\n"  # type: ignore[index]
        assert edit(self.FILE, value) == self.FILE.replace("    B\n", "    E\n\n    F\n")

    def test_stay_when_a_question_is_taken_out(self) -> None:
        value = value_of(self.FILE)
        value["vi"]["questions"] = ["D"]  # type: ignore[index]
        assert "- D" in edit(self.FILE, value)
        assert "- C" not in edit(self.FILE, value)

    def test_that_stand_above_the_next_key_stay_when_a_key_goes(self) -> None:
        value = value_of(self.FILE)
        del value["office"]
        assert "# above vi" in edit(self.FILE, value)


def test_what_is_no_list_of_keys_is_not_written_into() -> None:
    with pytest.raises(NotWritable):
        edit("- a\n", {"a": "b"})


def test_white_space_around_a_text_is_no_change() -> None:
    assert changed({"map": "a "}, {"map": "a"}) == []
    assert changed({"vi": {"title": "a"}}, {"vi": {"title": "b"}, "map": "c"}) == ["map", "vi.title"]


def listed(content: object) -> list[str]:
    assert isinstance(content, list)
    return content
