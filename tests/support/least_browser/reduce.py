"""Makes newer.json of MDN's browser-compat-data: what the least browsers do not have.

Needed when the least browsers change, or for newer data:

    npm pack @mdn/browser-compat-data && tar xzf mdn-browser-compat-data-*.tgz
    python -m tests.support.least_browser.reduce package/data.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LEAST = {"webview_android": "80", "safari_ios": "14"}
NEWER = Path(__file__).with_name("newer.json")

Node = dict[str, Any]


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.lstrip("≤").split("."))


def supports(node: Node) -> bool:
    """Whether both of the least browsers have a feature, under its own name or with a prefix."""
    support = node.get("__compat", {}).get("support")
    if support is None:  # only a heading; what is under it counts
        return True
    return all(any(has(entry, least) for entry in entries(support, name)) for name, least in LEAST.items())


def entries(support: Node, browser: str) -> list[Node]:
    found = support.get(browser) or []
    return found if isinstance(found, list) else [found]


def has(entry: Node, least: str) -> bool:
    added, removed = entry.get("version_added"), entry.get("version_removed")
    if not isinstance(added, str) or added == "preview" or "flags" in entry or "alternative_name" in entry:
        return False
    if isinstance(removed, str) and removed != "preview" and version(removed) <= version(least):
        return False
    return version(added) <= version(least)


def children(node: Node) -> Iterator[tuple[str, Node]]:
    return ((name, child) for name, child in node.items() if name != "__compat")


def members(interfaces: Node) -> dict[str, list[str] | None]:
    """The newer members of each interface, None where all of it is newer.

    Of a newer element all members are told: a page comes by it without naming its interface.
    """
    found: dict[str, list[str] | None] = {}
    for name, interface in children(interfaces):
        if not supports(interface):
            found[name] = [member for member, _ in children(interface)] if name.startswith("HTML") else None
        elif newer := [member for member, node in children(interface) if not supports(node)]:
            found[name] = [member for member in newer if not member.endswith(("_parameter", "_support"))]
    return found


def shared(interfaces: list[Node]) -> list[str]:
    """The names of newer members that something else had in the least browsers: they tell nothing alone."""
    old: set[str] = set()
    newer: set[str] = set()
    for group in interfaces:
        for _, interface in children(group):
            for member, node in children(interface):
                has_both = supports(interface) and supports(node)
                (old if has_both else newer).add(member.removesuffix("_static"))
    return sorted(newer & old)


def deep(node: Node, before: str = "") -> Iterator[str]:
    """The paths of what is newer, the outermost only."""
    for name, child in children(node):
        if not supports(child):
            yield before + name
        else:
            yield from deep(child, f"{before}{name}.")


def properties(node: Node) -> dict[str, list[str]]:
    """Every property that the least browsers have, with those of its values that they have not."""
    return {name: sorted(deep(child)) for name, child in children(node) if supports(child)}


def reduce(data: Node) -> Node:
    api, builtins, css, html = data["api"], data["javascript"]["builtins"], data["css"], data["html"]
    return {
        "source": f"@mdn/browser-compat-data {data['__meta']['version']}, reduced by reduce.py",
        "license": "CC0-1.0",
        "least": LEAST,
        "api": members(api),
        "builtins": members(builtins),
        "shared": shared([api, builtins]),
        "syntax": sorted(deep({k: v for k, v in data["javascript"].items() if k != "builtins"})),
        "css_properties": properties(css["properties"]),
        "css_selectors": properties(css["selectors"]),
        "css_at_rules": properties(css["at-rules"]),
        "css_types": properties(css["types"]),
        "html_elements": properties(html["elements"]),
        "html_attributes": properties(html["global_attributes"]),
    }


if __name__ == "__main__":
    table = reduce(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    lines = (f"{json.dumps(name)}: {json.dumps(part)}" for name, part in table.items())
    NEWER.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
