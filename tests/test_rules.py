"""Rules that the code itself has to keep: tasks are watched over, texts reach no log, waits end, and tests
do not lean on each other."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.syntax import tree_of


def python_files(*parts: str) -> list[Path]:
    return sorted(file for part in parts for file in (ROOT / part).rglob("*.py"))


OURS = python_files("bot", "evaluation", "nlu")
EVERYWHERE = [*OURS, *python_files("benchmarks", "stand_ins", "tests")]

TASKS = {
    "bot/supervision.py keep": "the supervisor itself",
    "bot/answering/worker.py run": "chores that go on after any failure and end with the worker",
    "bot/answering/asking.py _ask": "awaited in the same call",
    "bot/answering/pictures.py _words": "awaited in the same call",
    "bot/rasa/client.py _answer_of": "awaited in the same call",
    "bot/storage/batch_writer.py add": "writes a burst; the next message begins another if it has ended",
    "bot/storage/postgresql.py submit": "a transaction, for which somebody waits",
    "bot/storage/postgresql.py give_up": "closes old connections, within a deadline",
    "bot/channels/telegram/background.py begin": "short errands that log how they fail",
    "bot/channels/zalo/tokens.py _renew": "a renewal, awaited; the next look begins another",
    "bot/child.py child": "starts the process again whatever ended it; /ready asks the Rasa side itself",
    "bot/editing/service.py _serve": "ends the process when its parent does",
    "bot/child.py _keep_running": "ends with the process that it watches",
    "evaluation/ask.py ask_all": "awaited in the same call",
    "nlu/background.py start": "what goes on there catches whatever it fails at",
    "nlu/server.py serve": "awaited in the same call: the first that ends stops the server",
}
"""Where a task is made, and why it needs no supervisor."""

WHAT_PEOPLE_WROTE = {
    "text", "texts", "question", "questions", "body", "raw", "content", "message", "button", "payload",
    "conversation", "address", "key", "sender", "user_id", "plans", "card", "cards", "update", "event",
    "label", "title", "said",
}  # fmt: skip
"""Names of what people wrote, of who they are, and of what holds it."""

LOGGED = {
    "bot/channels/telegram/sending.py html_refused": "Telegram's words on our own markup",
    "bot/channels/telegram/sending.py photo_refused": "Telegram's words on our own picture",
    "bot/rasa/sync.py model_refused": "questions of the training data",
}

DEADLINES = {
    "httpx.AsyncClient": "timeout",
    "httpx.Client": "timeout",
    "httpx.get": "timeout",
    "httpx.post": "timeout",
    "httpx.request": "timeout",
    "aiohttp.ClientSession": "timeout",
    "HTTPXRequest": "read_timeout",
    "subprocess.run": "timeout",
    "subprocess.check_output": "timeout",
    "subprocess.check_call": "timeout",
    "subprocess.call": "timeout",
    "socket.create_connection": "timeout",
    "urllib.request.urlopen": "timeout",
    "urlopen": "timeout",
}
"""Calls that wait on the outside, and the argument that bounds the wait."""

ENGINES = {"create_engine", "create_async_engine"}
THE_DATABASES = {"bot/storage/sqlite.py", "bot/storage/postgresql.py"}
"""The only places that open one: whoever wants something of it asks Database.transact, in time."""

UNSAFE_YAML = {
    "Loader",
    "CLoader",
    "FullLoader",
    "UnsafeLoader",
    "unsafe_load",
    "full_load",
    "unsafe_load_all",
}
YAML_LOADERS = {"yaml.load", "yaml.load_all", "yaml.parse", "yaml.compose", "yaml.scan"}


@dataclass(frozen=True)
class Call:
    """A call in our code: what is called, and in which function."""

    name: str
    within: str
    node: ast.Call


def calls(tree: ast.AST, within: str = "") -> Iterator[Call]:
    for node in ast.iter_child_nodes(tree):
        inside = node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else within
        if isinstance(node, ast.Call):
            yield Call(ast.unparse(node.func), within, node)
        yield from calls(node, inside)


def unwatched_tasks(tree: ast.AST, file: str) -> list[str]:
    """Tasks that nobody would miss, by the place where they are made. A task group's are missed."""
    made = {
        f"{file} {call.within}"
        for call in calls(tree)
        if call.name.endswith(("create_task", "ensure_future")) and call.name != "group.create_task"
    }
    return sorted(made)


def logged_texts(tree: ast.AST, file: str) -> list[str]:
    """Calls of the log that may write down what people wrote, by the event."""
    found = set()
    for call in calls(tree):
        if not call.name.startswith(("log.", "logger.", "logging.")):
            continue
        arguments: list[ast.AST] = [*call.node.args, *call.node.keywords]
        inner = {id(node.value) for node in walk(arguments) if isinstance(node, ast.Attribute)}
        names = {
            node.attr if isinstance(node, ast.Attribute) else node.id
            for node in walk(arguments)
            if isinstance(node, ast.Attribute | ast.Name) and id(node) not in inner
        }
        if names & WHAT_PEOPLE_WROTE:
            event = ast.literal_eval(arguments[0]) if isinstance(arguments[0], ast.Constant) else ""
            found.add(f"{file} {event}")
    return sorted(found)


def walk(nodes: Sequence[ast.AST]) -> Iterator[ast.AST]:
    for node in nodes:
        yield from ast.walk(node)


def endless_waits(tree: ast.AST, file: str) -> list[str]:
    """Calls that wait on the outside for as long as it likes."""
    found = []
    for call in calls(tree):
        bounds = {keyword.arg: keyword.value for keyword in call.node.keywords}
        needed = DEADLINES.get(call.name)
        given = bounds.get(needed)
        is_endless = given is None or (isinstance(given, ast.Constant) and given.value is None)
        if needed and is_endless:
            found.append(f"{file}:{call.node.lineno} {call.name} without {needed}")
        if call.name.rpartition(".")[2] in ENGINES and file not in THE_DATABASES:
            found.append(f"{file}:{call.node.lineno} {call.name}: ask Database.transact")
    return found


def unsafe_yaml(tree: ast.AST, file: str) -> list[str]:
    """YAML read by a loader that makes any object, or by one that is not named."""
    found = [
        f"{file}:{node.lineno} yaml.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "yaml" and node.attr in UNSAFE_YAML
    ]
    for call in calls(tree):
        is_named = len(call.node.args) > 1 or any(keyword.arg == "Loader" for keyword in call.node.keywords)
        if call.name in YAML_LOADERS and not is_named:
            found.append(f"{file}:{call.node.lineno} {call.name} without a loader")
    return found


def leans_on_tests(tree: ast.AST, file: str) -> list[str]:
    """Imports of tests. Tests may import tests.support; all else, nothing of them."""
    allowed = "tests.support" if file.startswith("tests/") else ""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = ["tests" if node.level else str(node.module)]
            if node.module == "tests":
                modules = [f"tests.{alias.name}" for alias in node.names]
        else:
            continue
        found += [
            f"{file}:{node.lineno} {module}"
            for module in modules
            if module.split(".")[0] == "tests" and not (allowed and f"{module}.".startswith(f"{allowed}."))
        ]
    return found


def all_of(rule: object, files: Sequence[Path] = OURS) -> list[str]:
    assert callable(rule)
    found = []
    for file in files:
        found += rule(tree_of(file), file.relative_to(ROOT).as_posix())
    return found


def test_every_task_is_watched_over() -> None:
    assert set(all_of(unwatched_tasks)) == set(TASKS), "use Supervisor.keep, or say here why not"


def test_what_people_write_reaches_no_log() -> None:
    assert set(all_of(logged_texts)) == set(LOGGED)


def test_every_wait_on_the_outside_has_a_deadline() -> None:
    assert all_of(endless_waits) == []


def test_yaml_is_read_by_safe_loaders_alone() -> None:
    assert all_of(unsafe_yaml) == []


def test_tests_import_no_tests_and_nothing_else_does() -> None:
    found = all_of(leans_on_tests, EVERYWHERE)
    assert found == [], "what several use stands in tests/support/ or, if benchmarks use it, in stand_ins/"


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("tests/test_a.py", "from tests.test_b import helper"),
        ("tests/test_a.py", "from tests import conftest"),
        ("tests/test_a.py", "import tests.conftest"),
        ("tests/test_a.py", "from tests.supporters import helper"),
        ("tests/test_a.py", "from .test_b import helper"),
        ("benchmarks/a.py", "from tests.support import ROOT"),
        ("bot/a.py", "import tests.support.clock"),
    ],
)
def test_who_leans_on_tests_is_found(file: str, code: str) -> None:
    assert len(leans_on_tests(ast.parse(code), file)) == 1


def test_who_leans_on_support_is_not() -> None:
    code = "from tests.support import ROOT\nfrom tests.support.clock import Clock\nimport testsuite"
    assert leans_on_tests(ast.parse(code), "tests/test_a.py") == []


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (unwatched_tasks, "async def f():\n    asyncio.create_task(g())"),
        (unwatched_tasks, "async def f():\n    asyncio.get_running_loop().create_task(g())"),
        (unwatched_tasks, "async def f():\n    asyncio.ensure_future(g())"),
        (logged_texts, "log.info('x', text=message.text)"),
        (logged_texts, "log.info(f'{question}')"),
        (logged_texts, "log.warning('x', it=str(entry.message))"),
        (logged_texts, "logging.error('%s', update)"),
        (endless_waits, "httpx.AsyncClient()"),
        (endless_waits, "httpx.AsyncClient(timeout=None)"),
        (endless_waits, "aiohttp.ClientSession(connector=c)"),
        (endless_waits, "subprocess.run(['git'])"),
        (endless_waits, "create_async_engine(url)"),
        (unsafe_yaml, "yaml.load(text)"),
        (unsafe_yaml, "yaml.load(text, yaml.Loader)"),
        (unsafe_yaml, "yaml.unsafe_load(text)"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_what_breaks_a_rule_is_found(rule: object, code: str) -> None:
    assert callable(rule)
    assert len(rule(ast.parse(code), "a.py")) >= 1


def test_what_keeps_the_rules_is_not() -> None:
    code = """
log.info("answered", message_id=message.id, channel=entry.message.channel, **describe(error))
httpx.AsyncClient(timeout=20)
subprocess.run(command, timeout=SECONDS)
yaml.safe_load(text)
yaml.load(text, Loader)
async def f(group):
    group.create_task(g())
"""
    for rule in (unwatched_tasks, logged_texts, endless_waits, unsafe_yaml):
        assert rule(ast.parse(code), "a.py") == []
