"""What is agreed with a provider: which service, at which price, between which days (R33)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bookings.models import Service
from concierge import events
from concierge.days import today_of
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid
from concierge.tenancy import Actor
from providers.actions.file_moves import check_row
from providers.models import Provider, ServiceAgreement


@transaction.atomic
def agree_service(
    provider: Provider,
    service: Service,
    *,
    purchase_price: Decimal | None = None,
    commission_percent: Decimal | None = None,
    valid_from: dt.date | None = None,
    valid_to: dt.date | None = None,
    by: Actor,
) -> ServiceAgreement:
    """Agree that a provider does a service from a day on (today), paid per item or less a commission (R33).

    Raises ``Invalid`` on a wrong price or period and ``Conflict`` when an agreement already covers some of the days.
    """
    agreement = ServiceAgreement(
        organisation_id=provider.organisation_id,
        provider=provider,
        service=service,
        purchase_price=purchase_price,
        commission_percent=commission_percent,
        valid_from=valid_from or today_of(provider.organisation),
        valid_to=valid_to,
    )
    check_row(agreement)
    taken = Conflict(_("An agreement for this service already covers some of these days."), field="valid_from")
    with refuse_on("service_agreements_do_not_overlap", taken):
        agreement.save()
    events.record("provider.changed", provider, by=by, what=f"agreement:{service.code}")
    return agreement


@transaction.atomic
def end_agreement(agreement: ServiceAgreement, *, on: dt.date, by: Actor) -> ServiceAgreement:
    """Let an agreement end on a day (included). Raises ``Invalid`` before its first day."""
    locked = ServiceAgreement.objects.select_for_update(of=("self",), no_key=True).get(pk=agreement.pk)
    if on < locked.valid_from:
        raise Invalid(_("The last day cannot be before the first day."), field="valid_to")
    locked.valid_to = on
    locked.save(update_fields=["valid_to"])
    events.record("provider.changed", locked.provider, by=by, what=f"agreement:{locked.service.code}")
    return locked
