"""GET /wards.csv: the table of wards, of before and of today, to be downloaded."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.content.library import Library
from bot.content.wards import Wards

PATH = "/wards.csv"

COLUMNS = (
    "former_code", "former_type", "former_name", "former_district", "former_province", "part", "code", "type",
    "name", "latitude", "longitude",
)  # fmt: skip

_BYTE_ORDER_MARK = "\ufeff"
"""Without it spreadsheet programs take UTF-8 for something else."""


def wards_route(library: Callable[[], Library]) -> Route:
    """The route; of content without a table, it has the columns' names alone."""

    async def answer(_request: Request) -> Response:
        headers = {
            "Access-Control-Allow-Origin": "*",
            "Cache-Control": "no-store",
            "Content-Disposition": 'attachment; filename="wards.csv"',
        }
        return Response(as_csv(library().wards), headers=headers, media_type="text/csv")

    return Route(PATH, answer)


def as_csv(wards: Wards | None) -> str:
    """A row for each former unit, and for each part of one that was divided."""
    table = io.StringIO(_BYTE_ORDER_MARK)
    table.seek(0, io.SEEK_END)
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    for ward in wards.units if wards else ():
        now = (ward.code, ward.type, ward.name, ward.centre.lat, ward.centre.lon)
        for former in ward.made_of:
            part = "yes" if former.part else "no"
            was = (former.code, former.type, former.name, former.district, former.province, part)
            writer.writerow((*was, *now))
    return table.getvalue()
