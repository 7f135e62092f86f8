"""What a page uses of the web's platform, by its names in MDN's browser-compat-data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import tinycss2  # type: ignore[import-untyped]
import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

TABLE: dict[str, Any] = json.loads(Path(__file__).with_name("newer.json").read_text(encoding="utf-8"))
INTERFACES: dict[str, list[str] | None] = {**TABLE["api"], **TABLE["builtins"]}
NAMES = {member.removesuffix("_static") for members in INTERFACES.values() for member in members or ()} - set(
    TABLE["shared"]
)
"""Members that are newer on whatever has them."""

NEWER_SYNTAX = {
    "ERROR": "nothing that the parser knows",
    "private_property_identifier": "classes.private_class_fields",
    "class_static_block": "classes.static.initialization_blocks",
    "??=": "operators.nullish_coalescing_assignment",
    "||=": "operators.logical_or_assignment",
    "&&=": "operators.logical_and_assignment",
    "using": "statements.using",
    "import_attribute": "statements.import.import_attributes",
    "decorator": "a proposal",
}
"""Nodes of a parsed script, and the syntax of which they are a part."""


def newer_in_script(source: str) -> set[str]:
    """The names of all that a script uses and the least browsers do not have.

    A member is judged by its name where that is newer on whatever has it, and with its interface
    where the script names that (AbortSignal.timeout).
    """
    tree = Parser(Language(tree_sitter_javascript.language())).parse(source.encode())
    return set(_newer_nodes(tree.root_node))


def _newer_nodes(node: Node) -> Iterator[str]:
    text = node.text.decode() if node.text else ""
    match node.type:
        case kind if kind in NEWER_SYNTAX:
            yield NEWER_SYNTAX[kind]
        case "field_definition" if text.startswith("static"):
            yield "classes.static.class_fields"
        case "await_expression" if not _is_in_function(node):
            yield "operators.await.top_level"
        case "regex_pattern" if re.search(r"\(\?<[=!]|\(\?[a-z]*-?[a-z]*:", text.replace("(?:", "")):
            yield "regular_expressions.lookbehind_assertion"
        case "regex_flags" if set(text) - set("gimsuy"):
            yield f"regular expressions with the flags {text}"
        case "member_expression":
            owner, member = (_text(node.child_by_field_name(part)) for part in ("object", "property"))
            if member in NAMES:
                yield member
            if {member, f"{member}_static"} & set(INTERFACES.get(owner) or ()):
                yield f"{owner}.{member}"
        case "identifier" if INTERFACES.get(text, []) is None or text in (INTERFACES["Window"] or ()):
            yield text
        case "call_expression":
            called = _text(node.child_by_field_name("function")).rpartition(".")[2]
            event = re.match(r"""\(\s*["'](\w+)["']""", _text(node.child_by_field_name("arguments")))
            if called == "addEventListener" and event and f"{event[1]}_event" in NAMES:
                yield f"the event {event[1]}"
    for child in node.children:
        yield from _newer_nodes(child)


def _text(node: Node | None) -> str:
    return node.text.decode() if node and node.text else ""


def _is_in_function(node: Node) -> bool:
    above = node.parent
    while above:
        if "function" in above.type or above.type == "method_definition":
            return True
        above = above.parent
    return False


def newer_in_style(source: str) -> set[str]:
    """The names of all that a style sheet uses and the least browsers do not have."""
    return set(_newer_rules(tinycss2.parse_stylesheet(source, skip_comments=True, skip_whitespace=True)))


def _newer_rules(rules: list[Any]) -> Iterator[str]:
    for rule in rules:
        if rule.type == "at-rule":
            name = rule.at_keyword.lower()
            if name not in TABLE["css_at_rules"]:
                yield f"@{name}"
            for feature in re.findall(r"\(([\w-]+)", tinycss2.serialize(rule.prelude)):
                if feature in TABLE["css_at_rules"].get(name, []):
                    yield f"@{name} ({feature})"
            if rule.content is not None:
                inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
                yield from _newer_rules(inner)
        elif rule.type == "qualified-rule":
            yield from _newer_selectors(tinycss2.serialize(rule.prelude))
            yield from _newer_declarations(rule.content)
        else:
            yield f"what is no rule: {rule.serialize()}"


def _newer_selectors(prelude: str) -> Iterator[str]:
    if "&" in prelude:
        yield "nesting"
    for colons, name in re.findall(r"(::?)([\w-]+)", re.sub(r"\[[^]]*\]|\"[^\"]*\"", "", prelude)):
        if name not in TABLE["css_selectors"]:
            yield colons + name


def _newer_declarations(content: list[Any]) -> Iterator[str]:
    declared = tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True)
    is_grid = any(one.type == "declaration" and "grid" in tinycss2.serialize(one.value) for one in declared)
    for one in declared:
        if one.type != "declaration":
            yield "nesting"
        elif not one.name.startswith("--"):
            newer_values = TABLE["css_properties"].get(one.lower_name.removeprefix("-webkit-"))
            if newer_values is None:
                yield one.lower_name
                continue
            if "flex_context" in newer_values and not is_grid:
                yield f"{one.lower_name} between flex items"
            yield from _newer_values(one.lower_name, one.value, newer_values)
        else:
            yield from _newer_values(one.name, one.value, [])


_NEWER_UNIT = re.compile("[sld]v(?:[hwib]|min|max)|cq.+|r?lh|r?cap|rex|rch|r?ic")


def _newer_values(name: str, values: list[Any], newer: list[str]) -> Iterator[str]:
    """Keywords, functions and units of one declaration."""
    types = TABLE["css_types"]
    for value in values:
        if value.type == "ident" and value.lower_value in newer:
            yield f"{name}: {value.lower_value}"
        elif value.type == "dimension" and re.fullmatch(
            "[sld]v[hwib]|[sld]v(?:min|max)|cq.+", value.lower_unit
        ):
            yield f"the unit {value.lower_unit}"
        elif value.type == "function":
            kind = value.lower_name
            families = [kind, *(f"{family}.{kind}" for family in types)]
            nested = {feature for family, features in types.items() for feature in features}
            is_known = kind in types or kind in OLD_FUNCTIONS
            if kind in nested or kind in newer or not (is_known or set(families) & types.keys()):
                yield f"{kind}()"
            yield from _newer_values(name, value.arguments, newer)


OLD_FUNCTIONS = frozenset(
    {
        "rgb", "rgba", "hsl", "hsla", "url", "repeat", "minmax", "inset", "translatey", "translatex",
        "translate", "scale", "rotate", "linear-gradient", "radial-gradient", "cubic-bezier", "steps", "attr",
        "format",
    }
)  # fmt: skip
"""Functions that the data has within a property or a type, and that are older than the least browsers."""


def without_what_is_newer() -> str:
    """A script that takes out of a newer browser all interfaces and members that the least ones lack.

    BigInt and its arrays stay: Playwright's own part in the page uses them.
    """
    taken = {name: members for name, members in INTERFACES.items() if not name.startswith("Big")}
    return f"({_TAKE_OUT})({json.dumps(taken)})"


_TAKE_OUT = """(interfaces) => {
    for (const [name, members] of Object.entries(interfaces)) {
        const found = globalThis[name];
        const shared = found && found.prototype;
        const holders = [found, shared, name === "Window" && globalThis].filter(Boolean);
        for (const member of members || Object.getOwnPropertyNames(shared || {})) {
            if (member === "constructor") continue;
            for (const holder of holders) delete holder[member.replace("_static", "")];
        }
        if (!members) delete globalThis[name];
    }
}"""


def newer_in_page(source: str) -> set[str]:
    """The elements and attributes of a page that the least browsers do not have."""
    found: set[str] = set()

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag in SVG:
                return
            newer = TABLE["html_elements"].get(tag)
            if newer is None:
                found.add(f"<{tag}>")
            names = {name for name, _ in attrs}
            found.update(f"<{tag} {name}>" for name in names & set(newer or []))
            found.update(name for name in names & NEWER_ATTRIBUTES)

    Reader().feed(source)
    return found


SVG = frozenset({"svg", "symbol", "path", "circle", "use"})
NEWER_ATTRIBUTES = frozenset(
    {"inert", "popover", "popovertarget", "autofocus", "commandfor", "writingsuggestions"}
)
"""Attributes of any element that are newer; autofocus was one of a few elements only."""
