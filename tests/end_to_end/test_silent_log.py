"""What people write, and who they are, stands in no line of the log, no number, and no error."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx

from stand_ins.failures import Failure
from stand_ins.postgres import Cluster
from tests.support.service import Service, service

MARK = "bimatkhongduoclo"
"""Stands in everything that is written, and nowhere else."""

METRICS_TOKEN = "the-token-of-the-metrics"
FIRST = 1


async def test_a_word_that_people_write_is_found_nowhere(
    tmp_path: Path, small_content: Path, postgres: Cluster, postgres_url: str
) -> None:
    settings = {"LOG_LEVEL": "DEBUG", "METRICS_TOKEN": METRICS_TOKEN}
    async with service(tmp_path, small_content, postgres, postgres_url, **settings) as running:
        said = [
            *await on_the_page(running),
            *await on_the_platforms(running),
            *await while_the_database_is_away(running),
        ]
        known = {"Authorization": f"Bearer {METRICS_TOKEN}"}
        said += [
            (await running.http.get("/metrics", headers=known)).text,
            (await running.http.get("/ready")).text,
        ]
        assert "hoi_can_tho" in said[-2] or "python_info" in said[-2]
    log = [json.dumps(line, ensure_ascii=False) for line in running.process.log]
    assert any('"level": "debug"' in line for line in log), "it is not told everything"
    assert any("failed" in line for line in log), "nothing failed"
    assert [line for line in [*log, *said] if MARK in line] == []


def errors(*answers: httpx.Response) -> list[str]:
    """What was answered where it is no reply, which may say what was asked."""
    return [answer.text + str(answer.headers) for answer in answers if answer.status_code != httpx.codes.OK]


async def on_the_page(running: Service) -> list[str]:
    """Questions, presses and requests that are none; and a Rasa side that fails at them."""
    running.rasa.mishaps[f"{MARK} fails"] = [500, {"not": MARK}, [{"custom": {"plans": [{"reply": MARK}]}}]]
    talk = {"conversation": f"{MARK}-page"}
    bodies: list[object] = [
        {**talk, "text": MARK},
        {**talk, "text": f"{MARK} fails"},
        {**talk, "text": MARK, "key": MARK, "language": MARK},
        {**talk, "button": f"{MARK}:{MARK}"},
        {**talk, "button": f"answer:{MARK}"},
        {**talk, "text": [MARK]},
        {MARK: MARK},
        [MARK],
    ]
    posted = [await running.http.post("/api/messages", json=body) for body in bodies]
    posted.append(await running.http.post("/api/messages", content=f"{{{MARK}"))
    posted.append(await running.http.post(f"/{MARK}", json=talk))
    posted.append(await running.http.post("/api/deliveries", json={**talk, "received": [MARK]}))
    return errors(*posted)


async def on_the_platforms(running: Service) -> list[str]:
    """Texts, buttons, names and kinds that nobody knows; and platforms that fail, too."""
    lan, hoa = running.telegram.person(MARK), running.zalo.person(MARK)
    running.telegram.failures.plan("sendMessage", Failure(500))
    running.zalo.failures.plan("cs", Failure(502))
    for text in (MARK, f"/start {MARK}", f"/{MARK}", f"{MARK} fails", f"<b>{MARK}"):
        lan.says(text)
        hoa.says(text)
    lan.sends(**{MARK: {MARK: MARK}})  # type: ignore[arg-type]
    lan.sends(voice={"file_id": MARK, "file_unique_id": MARK, "duration": MARK})
    lan.sends_album(MARK, MARK)
    hoa.sends("user_send_hologram", text=MARK)
    hoa.sends_attachment("file", name=MARK, url=f"https://zalo.example/{MARK}")
    hoa.says("xoá dữ liệu của tôi")
    await running.telegram.until(
        lambda: len(lan.chat.from_bot()) >= FIRST and not running.telegram.unacknowledged
    )
    await running.zalo.until(lambda: len(hoa.from_oa()) >= FIRST and running.zalo.webhook.is_idle)
    forged = {"X-Telegram-Bot-Api-Secret-Token": MARK, "X-ZEvent-Signature": f"mac={MARK}"}
    paths = ("/telegram/webhook", "/zalo/webhook")
    return errors(*[await running.http.post(path, json={MARK: MARK}, headers=forged) for path in paths])


async def while_the_database_is_away(running: Service) -> list[str]:
    """The errors of a database hold the values of its statements."""
    running.proxies["database"].stall()
    question = {"conversation": f"{MARK}-away", "text": MARK}
    running.zalo.person(MARK).says(MARK)
    posted = await asyncio.gather(*(running.http.post("/api/messages", json=question) for _ in range(3)))
    running.proxies["database"].thaw()
    return errors(*posted)
