"""Plain words about a provider's papers: for its own pages, and for the team."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from concierge.days import today_of, zone_of
from concierge.models import Organisation
from concierge.words import date_words, euros
from providers.actions.matching import bought_of, latest_documents
from providers.enums import DocumentKind, DocumentStatus, Obstacle
from providers.models import Provider, ProviderDocument
from providers.rules import papers
from providers.rules.matching import papers_problem

WARNING = dt.timedelta(days=max(papers.REMINDERS))


def required_of(organisation: Organisation, rows: Iterable[Provider], today: dt.date) -> dict[int, tuple[str, ...]]:
    """Which kinds each needs by what was bought of it so far."""
    found = list(rows)
    bought = bought_of([row.pk for row in found], today, zone_of(organisation))
    return {row.pk: papers.required_kinds(bought[row.pk], today=today) for row in found}


def with_papers(found: QuerySet[Provider], state: str, organisation: Organisation) -> QuerySet[Provider]:
    """Those of whom a needed paper is ``missing``, or one is ``over`` or ``ending``, however the others stand."""
    today = today_of(organisation)
    latest = ProviderDocument.objects.newest().filter(provider=OuterRef("pk"))
    if state == "over":
        return found.filter(Exists(latest.filter(expires_on__lt=today)))
    if state == "ending":
        return found.filter(Exists(latest.filter(expires_on__range=(today, today + WARNING))))
    lacks = {kind: ~Exists(latest.filter(kind=kind)) for kind in DocumentKind.values}
    without = found.filter(lacks[DocumentKind.VIGILANCE], offers__isnull=False).order_by("pk").distinct()
    bought = bought_of(without.values_list("pk", flat=True), today, zone_of(organisation))
    needed = [key for key, what in bought.items() if papers.needs_vigilance(what, today=today)]
    missing = Q(pk__in=needed)
    for kind in papers.ALWAYS:
        missing |= Q(lacks[kind])
    return found.filter(missing)


def papers_words(provider: Provider, today: dt.date, required: tuple[str, ...] = papers.ALWAYS) -> tuple[str, str]:
    """Badge category and words for a provider's papers; a warning begins thirty days before the first one ends."""
    documents = latest_documents(provider)
    problem = papers_problem(documents, today=today, required=required)
    if problem is not None:
        return "failed", str(Obstacle(problem).label)
    ends = min((day for day in documents.values() if day is not None), default=None)
    if ends is not None and ends <= today + WARNING:
        return "waiting", _("One ends on %(day)s") % {"day": date_words(ends, "j F")}
    return "done", _("In order")


def missing_words(provider: Provider, today: dt.date, required: tuple[str, ...]) -> list[str]:
    """Each paper for which nothing new can be offered: what is missing or over."""
    documents, said = latest_documents(provider), []
    announced = {row.pk: row.kind for row in provider.documents.all() if row.status == DocumentStatus.TO_CHECK}
    with_file = ProviderDocument.objects.to_check().filter(pk__in=announced)
    arrived = set(with_file.order_by("pk").values_list("kind", flat=True))
    for kind in DocumentKind:
        ends = documents.get(kind)
        if kind in required and kind not in documents and kind in arrived:
            said.append(_("%(kind)s: received, to be checked.") % {"kind": kind.label})
        elif kind in required and kind not in documents and kind in announced.values():
            said.append(_("%(kind)s: announced, its file has not arrived.") % {"kind": kind.label})
        elif kind in required and kind not in documents:
            said.append(_needed(kind, today))
        elif ends is not None and ends < today:
            words = {"kind": kind.label, "day": date_words(ends, "j F Y")}
            said.append(_("%(kind)s: ended on %(day)s.") % words)
    return said


def ending_words(provider: Provider, today: dt.date) -> list[str]:
    """Each paper that ends within thirty days."""
    documents = latest_documents(provider)
    return [
        _("%(kind)s: counts until %(day)s.") % {"kind": kind.label, "day": date_words(ends, "j F Y")}
        for kind in DocumentKind
        if (ends := documents.get(kind)) is not None and today <= ends <= today + WARNING
    ]


def kinds_of(provider: Provider, today: dt.date, required: tuple[str, ...]) -> list[dict[str, Any]]:
    """Each kind of paper: how it stands, and the rows that say so, the latest first. Of those that ended, or were
    replaced, only the latest. Its documents are prefetched ``with_has_file``."""
    found = []
    for kind in DocumentKind:
        rows = [row for row in provider.documents.all() if row.kind == kind]
        counts = next((row for row in rows if row.status == DocumentStatus.APPROVED), None)
        refused = [row for row in rows if row.status == DocumentStatus.REFUSED]
        waiting = [row for row in rows if row.status == DocumentStatus.TO_CHECK]
        shown = sorted(waiting, key=lambda row: -row.pk) + ([counts] if counts else [])
        if refused and not waiting and refused[0].pk == max(row.pk for row in rows):
            shown.insert(0, refused[0])
        state = _kind_state(counts, kind, today, required)
        if state[0] == "failed" and any(row.has_file for row in waiting):
            state = "waiting", str(DocumentStatus.TO_CHECK.label)
        found.append({"kind": kind, "state": state, "rows": shown})
    return found


def _kind_state(
    counts: ProviderDocument | None, kind: DocumentKind, today: dt.date, required: tuple[str, ...]
) -> tuple[str, str]:
    """Badge category and words."""
    if counts is None:
        return ("failed", _("Missing")) if kind in required else ("open", _("Not needed for now"))
    if counts.expires_on is None:
        return "done", _("In order")
    day = date_words(counts.expires_on, "j F Y")
    if counts.expires_on < today:
        return "failed", _("Ended on %(day)s") % {"day": day}
    if counts.expires_on <= today + WARNING:
        return "waiting", _("One ends on %(day)s") % {"day": date_words(counts.expires_on, "j F")}
    return "done", _("In order")


def _needed(kind: DocumentKind, today: dt.date) -> str:
    if kind != DocumentKind.VIGILANCE:
        return _("%(kind)s: missing.") % {"kind": kind.label}
    amount = euros(papers.vigilance_term(today).amount, digits=0)
    return _("%(kind)s: needed by law from %(amount)s excl. VAT on, bought in a year or by one agreement.") % {
        "kind": kind.label,
        "amount": amount,
    }
