"""Questions to local businesses about the price of work that a client wants a quote for, and what they answered."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from bookings.enums import Place, QuoteStatus
from bookings.models import Quote, QuoteLine, Service, ServiceRequest, WorkOrder
from bookings.models.requests import REQUEST_ROLES, new_reference
from concierge.models import PublicIdModel, TenantModel
from concierge.tenancy import Actor
from providers.enums import PRICE_REQUEST_CATEGORY, DeclineReason, PriceRequestStatus
from providers.models.businesses import Provider
from providers.rules.prices import MOST_PRICE, excl_and_incl

S = PriceRequestStatus
OPEN = (S.SENT, S.PRICED)
# What it takes to say what is asked, where.
NEED = ("provider", "service", "request__site__organisation", "organisation")
IN_PLAY = (*OPEN, S.CHOSEN)


class PriceRequestQuerySet(models.QuerySet["PriceRequest"]):
    """Reads of price requests."""

    def visible_to(self, actor: Actor) -> Self:
        """A provider: its own, never another's. Staff: their sites. The organisation's own systems: all."""
        found = self.filter(organisation=actor.organisation)
        if actor.provider_id is not None and actor.kind != "user":
            return found.filter(provider_id=actor.provider_id)
        if actor.kind in {"system", "api"}:
            return found
        if actor.has_role(*REQUEST_ROLES):
            sites = actor.site_ids(*REQUEST_ROLES)
            return found if sites is None else found.filter(request__site_id__in=sites)
        return found.filter(provider_id=actor.provider_id) if actor.provider_id is not None else found.none()

    def waiting(self) -> Self:
        """Not answered yet."""
        return self.filter(status=S.SENT)

    def open(self) -> Self:
        """Waiting for an answer, or with a price that nobody took back."""
        return self.filter(status__in=OPEN)

    def standing_on(self, day: dt.date) -> Self:
        """Open, unless the last day of the price has passed: then who gave it may be asked again."""
        return self.filter(Q(status=S.SENT) | Q(status=S.PRICED, valid_until__gte=day))

    def in_play(self) -> Self:
        """Open, or counted on by what the client has agreed to."""
        return self.filter(status__in=IN_PLAY)

    def agreed_for(self, work_order: WorkOrder) -> Self:
        """Prices that the client's agreement counts on, for this work."""
        agreed = Quote.objects.filter(request=work_order.request_id, status=QuoteStatus.ACCEPTED)
        return self.counted_by(agreed, work_order)

    def counted_by(self, quotes: models.QuerySet[Quote], work_order: WorkOrder) -> Self:
        """Prices that the chosen options of some quotes count on, for this work."""
        lines = QuoteLine.objects.filter(option__in=quotes.values("chosen"), source__isnull=False)
        service = work_order.service_id
        named, unnamed = (lines.filter(service=one).values("source") for one in (service, None))
        return self.filter(Q(public_id__in=named) | Q(public_id__in=unnamed, service=service))

    def with_need(self) -> Self:
        """With everything that says what is asked, where."""
        return self.select_related(*NEED)


class PriceRequest(PublicIdModel, TenantModel):
    """One question to one provider: what would this cost? ``price`` is for the whole work, as they typed it.

    ``need`` is what they read: the desk's words, without who the client is (P05).
    """

    request = models.ForeignKey(
        ServiceRequest, models.CASCADE, related_name="price_requests", verbose_name=_("request")
    )
    service = models.ForeignKey(Service, models.PROTECT, related_name="+", verbose_name=_("service"))
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="price_requests", verbose_name=_("provider"))
    reference = models.CharField(_("reference"), max_length=9, default=new_reference, editable=False)
    status = models.CharField(_("status"), max_length=15, choices=S.choices, default=S.SENT)
    need = models.CharField(_("what is wanted"), max_length=2000)
    wanted_on = models.DateField(_("day wished for"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent at"))
    due_at = models.DateTimeField(_("answer due at"))
    reminded_at = models.DateTimeField(_("reminded at"), null=True, blank=True)

    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    answer_channel = models.CharField(_("channel"), max_length=20, blank=True)
    price = models.DecimalField(_("price (€)"), max_digits=8, decimal_places=2, null=True, blank=True)
    includes_vat = models.BooleanField(_("the price includes VAT"), default=False)
    vat_rate = models.DecimalField(_("VAT rate (%)"), max_digits=4, decimal_places=2, null=True, blank=True)
    earliest_on = models.DateField(_("earliest day"), null=True, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    comment = models.CharField(_("a word"), max_length=500, blank=True)
    decline_reason = models.CharField(_("reason"), max_length=20, choices=DeclineReason.choices, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    objects = PriceRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("price request")
        verbose_name_plural = _("price requests")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["organisation", "provider", "-id"], name="price_request_of_provider"),
            models.Index(fields=["organisation", "status", "-id"], name="price_request_by_status"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "service", "provider"],
                condition=Q(status__in=OPEN),
                name="price_request_open_once_per_provider",
                violation_error_message=_("This provider was already asked."),
            ),
            models.UniqueConstraint(fields=["organisation", "reference"], name="price_request_reference_once"),
            models.CheckConstraint(condition=Q(status__in=S.values), name="price_request_status_is_known"),
            models.CheckConstraint(condition=~Q(need=""), name="price_request_says_something"),
            models.CheckConstraint(condition=Q(due_at__gt=F("sent_at")), name="price_request_due_after_sent"),
            models.CheckConstraint(
                condition=~Q(status__in=(S.PRICED, S.RETRACTED, S.CHOSEN))
                | Q(
                    price__isnull=False,
                    vat_rate__isnull=False,
                    earliest_on__isnull=False,
                    valid_until__isnull=False,
                    answered_at__isnull=False,
                ),
                name="price_request_priced_says_everything",
            ),
            models.CheckConstraint(
                condition=Q(price__isnull=True) | Q(price__gt=0, price__lte=MOST_PRICE),
                name="price_request_price_is_plausible",
            ),
            models.CheckConstraint(
                condition=Q(vat_rate__isnull=True) | Q(vat_rate__range=(Decimal(0), Decimal(30))),
                name="price_request_vat_is_plausible",
            ),
            models.CheckConstraint(
                condition=Q(status="declined") | Q(decline_reason=""), name="price_request_reason_only_when_declined"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} → {self.provider}"

    @property
    def category(self) -> str:
        """Fixed meaning of the status."""
        return PRICE_REQUEST_CATEGORY[self.status]

    @property
    def amounts(self) -> tuple[Decimal, Decimal] | None:
        """The price without and with VAT; ``None`` before there is one."""
        if self.price is None or self.vat_rate is None:
            return None
        return excl_and_incl(self.price, includes_vat=self.includes_vat, vat_rate=self.vat_rate)

    @property
    def price_excl_vat(self) -> Decimal | None:
        """Without VAT."""
        return self.amounts[0] if self.amounts else None

    @property
    def price_incl_vat(self) -> Decimal | None:
        """With VAT."""
        return self.amounts[1] if self.amounts else None

    def holds_on(self, day: dt.date) -> bool:
        """Whether its price may be counted on that day. What the client has agreed to binds: it has no last day."""
        return self.status == S.CHOSEN or (self.status == S.PRICED and (self.valid_until or day) >= day)

    def quotes_counting(self) -> models.QuerySet[Quote]:
        """What the client has in hand that counts on its price: sent, or agreed to."""
        lines = QuoteLine.objects.filter(source=self.public_id)
        sent = Q(status=QuoteStatus.SENT, options__in=lines.values("option"))
        agreed = Q(status=QuoteStatus.ACCEPTED, chosen__in=lines.values("option"))
        return Quote.objects.filter(sent | agreed).distinct()

    @property
    def is_agreed(self) -> bool:
        """Whether the client has agreed to it, told already or not."""
        return self.status == S.CHOSEN or self.quotes_counting().filter(status=QuoteStatus.ACCEPTED).exists()

    @property
    def asked_by(self) -> ServiceRequest:
        """For which request it is."""
        return self.request

    @property
    def area(self) -> dict[str, str]:
        """Postcode and town where the work is: all that is said of the place (P05)."""
        where = self.request if self.request.place == Place.HOME else self.request.site
        return {"postcode": where.postcode, "city": where.city}
