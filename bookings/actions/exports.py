"""The catalogue as lines of a file: what is exported is what may be imported."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch

from bookings.models import DatedPrice, Service, ServiceAtSite, Supplement
from bookings.rules import imports as rules
from concierge.models import Organisation

DECIMALS = frozenset({"prix", "pas", "pourcent", "au_dela_km"})


def catalogue_rows(organisation: Organisation) -> list[list[str]]:
    """The whole catalogue, each service with what belongs to it. Six statements, whatever its size."""
    found = (
        Service.objects.filter(organisation=organisation)
        .select_related("category")
        .prefetch_related(
            "price_items",
            "options",
            "supplements",
            Prefetch("dated_prices", DatedPrice.objects.select_related("item", "option").order_by("valid_from", "pk")),
            Prefetch("at_sites", ServiceAtSite.objects.select_related("site").order_by("site__slug")),
        )
        .order_by("category__position", "position", "pk")
    )
    rows: list[list[str]] = [list(rules.COLUMNS)]
    for service in found:
        rows.append(_service_row(service))
        for kind, children in ((rules.ITEM, service.price_items.all()), (rules.OPTION, service.options.all())):
            more = {"type": kind, "service": service.code}
            rows += [_line({**_names(one), **more, "prix": one.unit_price}) for one in children]
        rows += [_supplement_row(service, one) for one in service.supplements.all()]
        rows += [_price_row(service, one) for one in service.dated_prices.all()]
        rows += [_terms_row(service, one) for one in service.at_sites.all()]
    return rows


def _names(one: Any) -> dict[str, Any]:
    return {"nom": one.name, "nom_en": one.name_en, "actif": _yes(one.is_active)}


def _yes(value: bool) -> str:
    return "oui" if value else "non"


def _service_row(service: Service) -> list[str]:
    given = {
        **_names(service),
        "type": rules.SERVICE,
        "service": service.code,
        "categorie": service.category.code,
        "mode": service.price_mode,
        "prix": service.unit_price,
        "unite": service.unit,
        "pas": f"{service.quantity_step.normalize():f}",
        "tva": service.vat_code,
        "realisation": service.execution,
        "lieu": service.place,
        "duree_min": service.duration_minutes,
        "delai_h": service.turnaround_hours,
    }
    return _line(given)


def _supplement_row(service: Service, one: Supplement) -> list[str]:
    given = {
        **_names(one),
        "type": rules.SUPPLEMENT,
        "service": service.code,
        "regle": one.rule,
        "prix": one.amount,
        "pourcent": one.percent,
        "des_heure": one.after,
        "au_dela_km": one.beyond_km,
        "des_le": one.valid_from,
        "jusqu_au": one.valid_to,
    }
    return _line(given)


def _price_row(service: Service, one: DatedPrice) -> list[str]:
    thing = one.item or one.option
    given = {
        "type": rules.OPTION_PRICE if one.option else rules.PRICE,
        "service": service.code,
        "nom": thing.name if thing else "",
        "prix": one.unit_price,
        "des_le": one.valid_from.isoformat(),
    }
    return _line(given)


def _terms_row(service: Service, one: ServiceAtSite) -> list[str]:
    day = one.weekly_cut_off_day
    given = {
        "type": rules.TERMS,
        "service": service.code,
        "site": one.site.slug,
        "actif": _yes(one.is_offered),
        "preavis_h": one.lead_time_hours,
        "heure_limite": one.cut_off,
        "max_jour": one.max_per_day,
        "jour_releve": None if day is None else rules.DAYS[day],
        "heure_releve": one.weekly_cut_off_time,
    }
    return _line(given)


def _line(given: dict[str, Any]) -> list[str]:
    cells = (("" if (value := given.get(column)) is None else str(value), column) for column in rules.COLUMNS)
    return [cell.replace(".", ",") if column in DECIMALS else cell for cell, column in cells]
