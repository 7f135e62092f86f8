"""The figures as everybody gets them: a month as CSV or JSON, with what each field means in both
languages."""

from __future__ import annotations

import csv
import io
import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.content.library import Library
from bot.desk.figures import Figures, Table
from bot.domain.answer import TOPICS
from bot.domain.language import Language

WORDS = Path(__file__).parent / "figures.yml"

LICENCE = "https://creativecommons.org/licenses/by/4.0/"

COLUMNS = ("month", "is_closed", "rounded_to", "of", "table", "key", "label_vi", "label_en", "number")

_BYTE_ORDER_MARK = "\ufeff"
"""Without it spreadsheet programs take UTF-8 for something else."""


@cache
def words() -> dict[str, Any]:
    """What figures.yml says."""
    loaded: dict[str, Any] = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    return loaded


def label(table: Table, key: str, library: Library, language: Language) -> str:
    """What a part of a table is called: an answer by its title, a day by its number."""
    if table.name == "answer":
        return answer_title(key, library, language)
    if table.name == "topic" and key in TOPICS:
        return library.messages.topic_name(key)[language]
    if table.name == "hour":
        return f"{key}:00"
    known: dict[str, str] | None = words()["keys"].get(key) if table.name != "day" else None
    return known[language] if known else key


def answer_title(answer_id: str, library: Library, language: Language) -> str:
    """The title under which an answer is served; its id if it is no longer."""
    answer = library.published(answer_id)
    return answer[language].title if answer else answer_id


def of_label(table: Table, library: Library, language: Language) -> str:
    """What a table divides, in words."""
    if known := words()["of"].get(table.of):
        return str(known[language])
    if table.of in TOPICS:
        return library.messages.topic_name(table.of)[language]
    return answer_title(table.of, library, language)


def as_csv(figures: Figures, library: Library) -> str:
    """A row for each number."""
    text = io.StringIO(_BYTE_ORDER_MARK)
    text.seek(0, io.SEEK_END)
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    closed = "yes" if figures.is_closed else "no"
    about = (figures.month, closed, figures.rounded_to)
    of = words()["of"]["messages"]
    if figures.messages is not None:
        writer.writerow((*about, "messages", "total", "total", of["vi"], of["en"], figures.messages))
    for table in figures.tables:
        for key, number in table.cells.items():
            labels = (label(table, key, library, language) for language in Language)
            writer.writerow((*about, table.of, table.name, key, *labels, "" if number is None else number))
    return text.getvalue()


def as_json(figures: Figures, library: Library) -> str:
    """The same, with title, description, licence and fields explained."""
    said = words()
    body = {
        "title": said["title"],
        "description": said["description"],
        "publisher": said["publisher"],
        "licence": LICENCE,
        "left_out": said["hidden"],
        "month": figures.month,
        "is_closed": figures.is_closed,
        "rounded_to": figures.rounded_to,
        "messages": figures.messages,
        "fields": said["fields"],
        "tables": [
            {
                "of": table.of,
                "of_label": {
                    language.value: of_label(table, library, language) for language in Language
                },
                "table": table.name,
                "label": said["tables"][table.name],
                "cells": [
                    {
                        "key": key,
                        "label": {
                            language.value: label(table, key, library, language) for language in Language
                        },
                        "number": number,
                    }
                    for key, number in table.cells.items()
                ],
            }
            for table in figures.tables
        ],
    }  # fmt: skip
    return json.dumps(body, ensure_ascii=False, indent=1)
