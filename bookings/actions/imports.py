"""Loading a catalogue file: a dry run judges every line, and nothing is written before somebody says so."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings import perms
from bookings.actions.import_prices import write_prices
from bookings.enums import Execution, Place, SupplementRule
from bookings.models import (
    DatedPrice,
    PriceItem,
    Service,
    ServiceAtSite,
    ServiceCategory,
    ServiceOption,
    Supplement,
    VatRate,
)
from bookings.models.imports import CatalogueImport
from bookings.rules import imports as rules
from concierge import events, retention
from concierge.days import today_of
from concierge.errors import DomainError, NotAllowed, WrongState
from concierge.models import Organisation, Site
from concierge.tenancy import Actor

NEW, CHANGED, SAME, WRONG = "new", "changed", "same", "wrong"
MODELS: dict[str, Any] = {rules.ITEM: PriceItem, rules.OPTION: ServiceOption, rules.SUPPLEMENT: Supplement}
# Where it is said that a line is there twice.
TWICE = {rules.SERVICE: "service", rules.TERMS: "site", rules.PRICE: "des_le", rules.OPTION_PRICE: "des_le"}
BATCH = 500


class LinesWrong(DomainError):
    """Some lines are wrong, and nobody said to load the others."""

    code, status = "lines_wrong", 409
    message = _("Some lines are wrong: nothing was loaded. Correct the file, or ask for the good lines only.")


@dataclass
class Judged:
    """A line and what loading it would do."""

    line: rules.Line
    verdict: str
    # What it changes or is written under.
    row: Any = None


@transaction.atomic
def keep_import(organisation: Organisation, rows: Sequence[Any], *, file_name: str, by: Actor) -> CatalogueImport:
    """Remember what a file says until somebody loads it. Raises ``NotAllowed`` for whoever is no person."""
    if by.user is None:
        raise NotAllowed
    made: CatalogueImport = CatalogueImport.objects.create(
        organisation=organisation, rows=list(rows), file_name=file_name[:120], by=by.user
    )
    return made


@dataclass(frozen=True)
class Stock:
    """The catalogue as it is, by what lines call its rows."""

    services: Mapping[str, Service]
    categories: Mapping[str, ServiceCategory]
    vat_codes: Collection[str]
    sites: Mapping[str, Site]
    rows: Mapping[str, Mapping[Any, Any]]

    def row_of(self, line: rules.Line) -> Any:
        """What the line speaks of, when it is there already."""
        return self.services.get(line.service) if line.kind == rules.SERVICE else self.rows[line.kind].get(line.key[1:])


def _stock(organisation_id: int) -> Stock:
    """Nine statements, however large it is."""

    def own(model: Any, *related: str) -> Any:
        return model.objects.filter(organisation_id=organisation_id).select_related(*related)

    rows: dict[str, dict[Any, Any]] = {
        kind: {(row.service.code, row.name, "", getattr(row, "valid_from", None)): row for row in own(model, "service")}
        for kind, model in MODELS.items()
    }
    rows |= {rules.PRICE: {}, rules.OPTION_PRICE: {}}
    for price in own(DatedPrice, "service", "item", "option"):
        thing = price.option or price.item
        kind = rules.OPTION_PRICE if price.option else rules.PRICE
        rows[kind][price.service.code, thing.name if thing else "", "", price.valid_from] = price
    rows[rules.TERMS] = {
        (row.service.code, "", row.site.slug, None): row for row in own(ServiceAtSite, "service", "site")
    }
    return Stock(
        services={service.code: service for service in own(Service, "category")},
        categories={category.code: category for category in own(ServiceCategory)},
        vat_codes=set(own(VatRate).values_list("code", flat=True)),
        sites={site.slug: site for site in own(Site)},
        rows=rows,
    )


def judge_import(found: CatalogueImport, *, by: Actor) -> list[Judged]:
    """What loading it now would do, line by line."""
    return _judge(found, _stock(found.organisation_id), by)


def _judge(found: CatalogueImport, stock: Stock, by: Actor) -> list[Judged]:
    known = rules.Known(
        categories=stock.categories.keys(),
        vat_codes=stock.vat_codes,
        services=set(stock.services) | _codes_of(found),
        executions=set(Execution.values),
        places=set(Place.values),
        rules=set(SupplementRule.values),
        sites=stock.sites.keys(),
    )
    lines = [rules.read_line(number, cells, known, formulas=bad) for number, cells, bad in found.rows]
    _refuse_doubles(lines)
    _refuse_orphans(lines, stock.services)
    _refuse_nowhere(lines, stock)
    _refuse_overlaps(lines, stock)
    editable = {slug for slug, site in stock.sites.items() if perms.can_edit_terms(by, site)}
    today = today_of(by.organisation)
    judged = []
    for line in lines:
        row = stock.row_of(line) if line.kind in rules.TYPES else None
        if line.kind == rules.SERVICE and not line.problems:
            line.fields["category"] = stock.categories[line.fields["category"]]
        verdict = _verdict(line, row)
        if verdict in {NEW, CHANGED}:
            if line.kind == rules.TERMS and line.site not in editable:
                line.problems.append(rules.Problem("not_yours", "site"))
            if line.kind in rules.DATED and line.day is not None and line.day < today:
                line.problems.append(rules.Problem("past", "des_le"))
        judged.append(Judged(line, WRONG if line.problems else verdict, row))
    return judged


def _codes_of(found: CatalogueImport) -> set[str]:
    """Services that the file itself brings."""
    lines = (cells for _number, cells, _bad in found.rows)
    return {
        str(cells.get("service", "")).strip().lower()
        for cells in lines
        if str(cells.get("type", "")).strip().lower() in {"", rules.SERVICE}
    }


def _refuse_doubles(lines: Sequence[rules.Line]) -> None:
    counts = Counter(line.key for line in lines)
    for line in lines:
        if counts[line.key] > 1 and not line.problems:
            line.problems.append(rules.Problem("twice", TWICE.get(line.kind, "nom")))


def _refuse_orphans(lines: Sequence[rules.Line], services: Mapping[str, Service]) -> None:
    """An item of a service that is new in this file and wrong there has nothing to hang on."""
    wrong = {line.service for line in lines if line.kind == rules.SERVICE and line.problems} - set(services)
    for line in lines:
        if line.kind != rules.SERVICE and line.service in wrong and not line.problems:
            line.problems.append(rules.Problem("service_wrong", "service"))


def _refuse_nowhere(lines: Sequence[rules.Line], stock: Stock) -> None:
    """A price from a day on is that of an item or an option, of the catalogue or of this file; or of a service that has
    a price of its own."""
    good = [line for line in lines if not line.problems]
    for kind, owner in ((rules.PRICE, rules.ITEM), (rules.OPTION_PRICE, rules.OPTION)):
        things = {key[:2] for key in stock.rows[owner]} | {line.key[1:3] for line in good if line.kind == owner}
        for line in good:
            if line.kind == kind and line.name and (line.service, line.name) not in things:
                line.problems.append(rules.Problem("unknown", "nom"))
    modes = {code: service.price_mode for code, service in stock.services.items()}
    modes |= {line.service: line.fields["price_mode"] for line in good if line.kind == rules.SERVICE}
    for line in good:
        if line.kind == rules.PRICE and not line.name and modes.get(line.service) not in rules.PRICED:
            line.problems.append(rules.Problem("no_price_here", "prix"))


def _refuse_overlaps(lines: Sequence[rules.Line], stock: Stock) -> None:
    """Two supplements of a name never count on one day: of the file, or of the catalogue as it will be."""
    new = {line.key[1:]: line for line in lines if line.kind == rules.SUPPLEMENT and not line.problems}
    periods = {
        key: rules.Period(row.valid_from, row.valid_to)
        for key, row in stock.rows[rules.SUPPLEMENT].items()
        if row.is_active and key not in new
    }
    periods |= {
        key: rules.Period(line.fields["valid_from"], line.fields["valid_to"])
        for key, line in new.items()
        if line.fields["is_active"]
    }
    for key, line in new.items():
        others = [period for other, period in periods.items() if other[:2] == key[:2] and other != key]
        if key in periods and any(periods[key].overlaps(period) for period in others):
            line.problems.append(rules.Problem("overlaps", "des_le"))


def _verdict(line: rules.Line, row: Any) -> str:
    if line.problems:
        return WRONG
    if row is None:
        return NEW
    return CHANGED if any(getattr(row, name) != value for name, value in line.fields.items()) else SAME


@transaction.atomic
def load_import(found: CatalogueImport, *, only_good: bool, by: Actor) -> int:
    """Write what the file says, as the catalogue is now; returns how many lines were written.

    Raises ``LinesWrong`` (409) when a line is wrong and ``only_good`` was not said, ``WrongState`` (409) the second
    time. All or nothing: one transaction, and nobody edits a service meanwhile.
    """
    locked = CatalogueImport.objects.select_for_update(of=("self",), no_key=True).get(pk=found.pk)
    if locked.loaded_at is not None:
        raise WrongState(_("This file was already loaded."))
    _lock_services(locked.organisation_id)
    stock = _stock(locked.organisation_id)
    judged = _judge(locked, stock, by)
    if not only_good and any(one.verdict == WRONG for one in judged):
        raise LinesWrong
    written = [one for one in judged if one.verdict in {NEW, CHANGED}]
    of_kind: dict[str, list[Judged]] = {kind: [] for kind in rules.TYPES}
    for one in written:
        of_kind[one.line.kind].append(one)
    made = {**stock.services, **_write_services(stock, of_kind[rules.SERVICE], locked.organisation_id)}
    for kind, model in MODELS.items():
        _write_rows(model, of_kind[kind], made, locked.organisation_id)
    _write_terms(of_kind[rules.TERMS], made, stock.sites)
    write_prices([one.line for kind in rules.DATED for one in of_kind[kind]], made)
    # Whoever has such a service open on a page is told that it changed.
    touched = {one.line.service for one in written if one.line.kind != rules.SERVICE}
    Service.objects.filter(pk__in=[made[code].pk for code in touched]).update(version=F("version") + 1)
    locked.loaded_at, locked.loaded_count = timezone.now(), len(written)
    locked.save(update_fields=["loaded_at", "loaded_count"])
    events.record(
        "catalogue.imported", by.organisation, by=by, file=locked.file_name, lines=len(written), only_good=only_good
    )
    return len(written)


def _lock_services(organisation_id: int) -> None:
    services = Service.objects.select_for_update(of=("self",), no_key=True).filter(organisation_id=organisation_id)
    len(services.order_by("pk").values_list("pk"))


def _write_services(stock: Stock, written: Sequence[Judged], organisation_id: int) -> dict[str, Service]:
    """New and changed services; returns the new ones by their code."""
    last = len(stock.services)
    new = [
        Service(
            organisation_id=organisation_id,
            code=one.line.service,
            position=min(last + position, 32_000),
            **one.line.fields,
        )
        for position, one in enumerate(written)
        if one.verdict == NEW
    ]
    Service.objects.bulk_create(new, batch_size=BATCH)
    changed = [_changed(one) for one in written if one.verdict == CHANGED]
    for service in changed:
        service.version += 1
    if changed:
        Service.objects.bulk_update(changed, [*written[0].line.fields, "version"], batch_size=BATCH)
    return {service.code: service for service in new}


def _write_rows(model: Any, written: Sequence[Judged], services: Mapping[str, Service], organisation_id: int) -> None:
    new = [
        model(
            organisation_id=organisation_id,
            service=services[one.line.service],
            position=min(one.line.number, 32_000),
            **one.line.fields,
        )
        for one in written
        if one.verdict == NEW
    ]
    changed = [_changed(one) for one in written if one.verdict == CHANGED]
    # What ends makes room for what follows it.
    if changed:
        model.objects.bulk_update(changed, list(written[0].line.fields), batch_size=BATCH)
    model.objects.bulk_create(new, batch_size=BATCH)


def _write_terms(written: Sequence[Judged], services: Mapping[str, Service], sites: Mapping[str, Site]) -> None:
    new = [
        ServiceAtSite(
            organisation_id=sites[one.line.site].organisation_id,
            site=sites[one.line.site],
            service=services[one.line.service],
            **one.line.fields,
        )
        for one in written
        if one.verdict == NEW
    ]
    ServiceAtSite.objects.bulk_create(new, batch_size=BATCH)
    changed = [_changed(one) for one in written if one.verdict == CHANGED]
    if changed:
        ServiceAtSite.objects.bulk_update(changed, list(written[0].line.fields), batch_size=BATCH)


def _changed(one: Judged) -> Any:
    for name, value in one.line.fields.items():
        setattr(one.row, name, value)
    return one.row


@retention.forget("imports")
def over(before: dt.datetime) -> Any:
    """Files that were read long ago, loaded or not."""
    return CatalogueImport.objects.filter(created_at__lt=before)
