"""Loading a catalogue file: a dry run judges every line, and nothing is written before somebody says so."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.enums import Execution, Place
from bookings.models import PriceItem, Service, ServiceCategory, ServiceOption, VatRate
from bookings.models.imports import CatalogueImport
from bookings.rules import imports as rules
from concierge import events, retention
from concierge.errors import DomainError, NotAllowed, WrongState
from concierge.models import Organisation
from concierge.tenancy import Actor

NEW, CHANGED, SAME, WRONG = "new", "changed", "same", "wrong"
MODELS: dict[str, Any] = {rules.ITEM: PriceItem, rules.OPTION: ServiceOption}
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


def judge_import(found: CatalogueImport) -> list[Judged]:
    """What loading it now would do, line by line. Reads the catalogue five times, however long the file is."""
    organisation_id = found.organisation_id
    services = {s.code: s for s in Service.objects.filter(organisation_id=organisation_id).select_related("category")}
    categories = {c.code: c for c in ServiceCategory.objects.filter(organisation_id=organisation_id)}
    known = rules.Known(
        categories=categories.keys(),
        vat_codes=set(VatRate.objects.filter(organisation_id=organisation_id).values_list("code", flat=True)),
        services=set(services) | _codes_of(found),
        executions=set(Execution.values),
        places=set(Place.values),
    )
    children = {
        kind: {
            (row.service.code, row.name): row
            for row in model.objects.filter(organisation_id=organisation_id).select_related("service")
        }
        for kind, model in MODELS.items()
    }
    lines = [rules.read_line(number, cells, known, formulas=bad) for number, cells, bad in found.rows]
    _refuse_doubles(lines)
    _refuse_orphans(lines, services)
    judged = []
    for line in lines:
        row = (
            services.get(line.service) if line.kind == rules.SERVICE else children.get(line.kind, {}).get(line.key[1:])
        )
        if line.kind == rules.SERVICE and not line.problems:
            line.fields["category"] = categories[line.fields["category"]]
        judged.append(Judged(line, _verdict(line, row), row))
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
            line.problems.append(rules.Problem("twice", "nom" if line.kind != rules.SERVICE else "service"))


def _refuse_orphans(lines: Sequence[rules.Line], services: dict[str, Service]) -> None:
    """An item of a service that is new in this file and wrong there has nothing to hang on."""
    wrong = {line.service for line in lines if line.kind == rules.SERVICE and line.problems} - set(services)
    for line in lines:
        if line.kind != rules.SERVICE and line.service in wrong and not line.problems:
            line.problems.append(rules.Problem("service_wrong", "service"))


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
    time. All or nothing: one transaction.
    """
    locked = CatalogueImport.objects.select_for_update(of=("self",), no_key=True).get(pk=found.pk)
    if locked.loaded_at is not None:
        raise WrongState(_("This file was already loaded."))
    judged = judge_import(locked)
    if not only_good and any(one.verdict == WRONG for one in judged):
        raise LinesWrong
    written = [one for one in judged if one.verdict in {NEW, CHANGED}]
    made = _write_services(locked.organisation_id, [one for one in written if one.line.kind == rules.SERVICE])
    for kind, model in MODELS.items():
        _write_rows(model, [one for one in written if one.line.kind == kind], made, locked.organisation_id)
    locked.loaded_at, locked.loaded_count = timezone.now(), len(written)
    locked.save(update_fields=["loaded_at", "loaded_count"])
    events.record(
        "catalogue.imported", by.organisation, by=by, file=locked.file_name, lines=len(written), only_good=only_good
    )
    return len(written)


def _write_services(organisation_id: int, written: Sequence[Judged]) -> dict[str, Service]:
    """New and changed services; returns every service of the organisation by its code."""
    last = Service.objects.filter(organisation_id=organisation_id).count()
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
    return {service.code: service for service in Service.objects.filter(organisation_id=organisation_id)}


def _write_rows(model: Any, written: Sequence[Judged], services: dict[str, Service], organisation_id: int) -> None:
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
    model.objects.bulk_create(new, batch_size=BATCH)
    changed = [_changed(one) for one in written if one.verdict == CHANGED]
    if changed:
        model.objects.bulk_update(changed, list(written[0].line.fields), batch_size=BATCH)


def _changed(one: Judged) -> Any:
    for name, value in one.line.fields.items():
        setattr(one.row, name, value)
    return one.row


def catalogue_rows(organisation: Organisation) -> list[list[str]]:
    """The whole catalogue as lines of a file: what is exported is what may be imported."""
    found = (
        Service.objects.filter(organisation=organisation)
        .select_related("category")
        .prefetch_related("price_items", "options")
        .order_by("category__position", "position", "pk")
    )
    rows: list[list[str]] = [list(rules.COLUMNS)]
    for service in found:
        rows.append(_service_row(service))
        for kind, children in ((rules.ITEM, service.price_items.all()), (rules.OPTION, service.options.all())):
            more = {"type": kind, "service": service.code}
            rows += [_line({**_names(one), **more, "prix": one.unit_price}) for one in children]
    return rows


def _names(one: Any) -> dict[str, Any]:
    return {"nom": one.name, "nom_en": one.name_en, "actif": "oui" if one.is_active else "non"}


def _service_row(service: Service) -> list[str]:
    given = {
        **_names(service),
        "type": rules.SERVICE,
        "service": service.code,
        "categorie": service.category.code,
        "mode": service.price_mode,
        "prix": "" if service.unit_price is None else service.unit_price,
        "unite": service.unit,
        "pas": f"{service.quantity_step.normalize():f}",
        "tva": service.vat_code,
        "realisation": service.execution,
        "lieu": service.place,
        "duree_min": service.duration_minutes,
        "delai_h": service.turnaround_hours,
    }
    return _line(given)


def _line(given: dict[str, Any]) -> list[str]:
    return [
        str(given.get(column, "")).replace(".", ",") if column in {"prix", "pas"} else str(given.get(column, ""))
        for column in rules.COLUMNS
    ]


@retention.forget("imports")
def over(before: dt.datetime) -> Any:
    """Files that were read long ago, loaded or not."""
    return CatalogueImport.objects.filter(created_at__lt=before)
