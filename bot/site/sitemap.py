"""What search engines are told: which pages there are, in which language, and when each changed."""

from __future__ import annotations

import datetime
from xml.etree import ElementTree

from bot.content.library import Library
from bot.domain.answer import TOPICS
from bot.domain.language import DEFAULT_LANGUAGE, Language
from bot.site import addresses, structured
from bot.site.addresses import Addresses
from bot.site.snapshots import Drawn

SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
XHTML = "http://www.w3.org/1999/xhtml"

NO_ADDRESS = (
    "A sitemap holds whole addresses, and the bot does not know its own: set PUBLIC_URL and start it again.\n"
)


def sitemap(library: Library, public: Addresses) -> Drawn:
    """/sitemap.xml. lastmod is the day on which what is read was changed or looked over, never that of a
    restart."""
    if not public.public_url:
        return Drawn(NO_ADDRESS, "text/plain", status=404)
    ElementTree.register_namespace("", SITEMAP)
    ElementTree.register_namespace("xhtml", XHTML)
    root = ElementTree.Element(f"{{{SITEMAP}}}urlset")
    for paths, changed in _pages(library):
        for path in paths.values():
            url = ElementTree.SubElement(root, f"{{{SITEMAP}}}url")
            ElementTree.SubElement(url, f"{{{SITEMAP}}}loc").text = public.link(path)
            if changed:
                ElementTree.SubElement(url, f"{{{SITEMAP}}}lastmod").text = str(changed)
            for other, its_path in [*paths.items(), ("x-default", paths[DEFAULT_LANGUAGE])]:
                attributes = {"rel": "alternate", "hreflang": str(other), "href": public.link(its_path)}
                ElementTree.SubElement(url, f"{{{XHTML}}}link", attributes)
    text = ElementTree.tostring(root, encoding="unicode")
    return Drawn(f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n', "application/xml")


def robots(public: Addresses) -> Drawn:
    """/robots.txt: everything but the interface may be read."""
    lines = ["User-agent: *", "Disallow: /api/"]
    if at := public.absolute("/sitemap.xml"):
        lines += ["", f"Sitemap: {at}"]
    return Drawn("\n".join(lines) + "\n", "text/plain")


def _pages(library: Library) -> list[tuple[dict[Language, str], datetime.date | None]]:
    """Every page to be found, in both languages, with the day of its last change."""
    topics = {topic: library.of_topic(topic) for topic in TOPICS}
    changed = {
        topic: max((structured.modified(answer, library) for answer in answers), default=None)
        for topic, answers in topics.items()
    }
    found = [({one: f"/{one}" for one in Language}, max(filter(None, changed.values()), default=None))]
    for topic, answers in topics.items():
        if answers:
            found.append(({one: addresses.of_topic(topic, one) for one in Language}, changed[topic]))
        found += [
            (
                {one: addresses.of_answer(answer, one) for one in Language},
                structured.modified(answer, library),
            )
            for answer in answers
        ]
    if bulletins := library.published_bulletins():
        found.append(({one: addresses.of_bulletins(one) for one in Language}, bulletins[0].date))
        found += [
            ({one: addresses.of_bulletins(one, bulletin.id) for one in Language}, bulletin.date)
            for bulletin in bulletins
        ]
    if wards := library.wards:
        found.append(({one: addresses.of_wards(one) for one in Language}, wards.checked))
        found += [
            ({one: addresses.of_ward(ward, one) for one in Language}, wards.checked) for ward in wards.units
        ]
    return found
