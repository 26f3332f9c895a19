"""What is offered to a client at which price, before any work: wishes, quotes, their options and lines (devis)."""

from __future__ import annotations

import datetime as dt
from typing import Any, Self

from django.db import connection, models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from bookings.enums import QUOTE_CATEGORY, QuoteLineKind, QuoteStatus
from bookings.models.catalogue import Service
from bookings.models.clients import Client
from bookings.models.requests import REQUEST_ROLES, ServiceRequest
from concierge.models import PublicIdModel, TenantModel
from concierge.tenancy import Actor


class QuoteWish(TenantModel):
    """What a client wants of a service that is priced on quote, in their words, and when."""

    request = models.ForeignKey(ServiceRequest, models.CASCADE, related_name="wishes", verbose_name=_("request"))
    service = models.ForeignKey(Service, models.PROTECT, related_name="+", verbose_name=_("service"))
    description = models.CharField(_("what is wanted"), max_length=2000)
    wanted_from = models.DateField(_("from"), null=True, blank=True)
    wanted_until = models.DateField(_("until"), null=True, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("wish")
        verbose_name_plural = _("wishes")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["request", "service"], name="quote_wish_once_per_service"),
            models.CheckConstraint(condition=~Q(description=""), name="quote_wish_says_something"),
            models.CheckConstraint(
                condition=Q(wanted_from=None) | Q(wanted_until=None) | Q(wanted_until__gte=F("wanted_from")),
                name="quote_wish_ends_after_it_begins",
                violation_error_message=_("The last day is before the first."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request} · {self.service}"


class QuoteSeries(TenantModel):
    """The gapless counter of quotes: one per organisation and year. Never a SEQUENCE: gaps."""

    year = models.PositiveSmallIntegerField(_("year"))
    last_number = models.PositiveIntegerField(_("last number"), default=0)

    class Meta:
        verbose_name = _("series of quotes")
        verbose_name_plural = _("series of quotes")
        ordering = ["year", "pk"]
        constraints = [models.UniqueConstraint(fields=["organisation", "year"], name="quote_series_once_per_year")]

    def __str__(self) -> str:
        return str(self.year)


NEXT_NUMBER = """
INSERT INTO bookings_quoteseries AS series (organisation_id, year, last_number) VALUES (%s, %s, 1)
ON CONFLICT (organisation_id, year) DO UPDATE SET last_number = series.last_number + 1
RETURNING last_number
"""


def next_quote_number(organisation_id: int, year: int) -> str:
    """Take the next number of the year, ``D2026-000042``; a rollback of the surrounding transaction gives it back."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT_NUMBER, (organisation_id, year))
        return f"D{year}-{cursor.fetchone()[0]:06d}"


class QuoteQuerySet(models.QuerySet["Quote"]):
    """Reads of quotes."""

    def visible_to(self, actor: Actor) -> Self:
        """Staff: the sites where they follow requests. Clients: their own, once sent. The organisation's keys: all."""
        found = self.filter(organisation=actor.organisation)
        if actor.kind == "system" or (actor.kind == "api" and actor.provider_id is None):
            return found
        if actor.is_staff:
            sites = actor.site_ids(*REQUEST_ROLES)
            return found if sites is None else found.filter(request__site_id__in=sites)
        if not actor.client_id:
            return found.none()
        family = Client.objects.family_of(actor.client_id).values("pk")
        return found.filter(request__client__in=family).exclude(status=QuoteStatus.DRAFT)

    def waiting(self) -> Self:
        """Sent, and the client has not answered yet."""
        return self.filter(status=QuoteStatus.SENT)

    def shown_to_client(self) -> Self:
        """Every version that was sent, the newest first."""
        return self.exclude(status=QuoteStatus.DRAFT).order_by("-version")


class Quote(PublicIdModel, TenantModel):
    """One version of a quote. A draft is edited; once sent, a trigger of the database refuses every change (2.2).

    ``content`` is what the client is shown and ``seal`` its SHA-256; an answer names the seal that was on the screen.
    """

    request = models.ForeignKey(ServiceRequest, models.PROTECT, related_name="quotes", verbose_name=_("request"))
    number = models.CharField(_("number"), max_length=20, blank=True)
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    replaces = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="replaced_by", verbose_name=_("replaces")
    )
    is_amendment = models.BooleanField(_("amendment"), default=False)
    status = models.CharField(_("status"), max_length=20, choices=QuoteStatus.choices, default=QuoteStatus.DRAFT)
    edits = models.PositiveIntegerField(default=1, editable=False)

    intro = models.CharField(_("a word to the client"), max_length=1000, blank=True)
    starts_at = models.DateTimeField(_("start of the work"), null=True, blank=True)
    duration = models.CharField(_("duration"), max_length=80, blank=True)
    conditions = models.CharField(_("conditions"), max_length=1000, blank=True)
    fee = models.DecimalField(_("price of the quote itself (€)"), max_digits=8, decimal_places=2, default=0)
    valid_until = models.DateField(_("valid until"))

    content = models.JSONField(_("content"), default=dict)
    seal = models.CharField(max_length=64, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    reminded_at = models.DateTimeField(_("reminded at"), null=True, blank=True)

    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    answer_name = models.CharField(_("answered by"), max_length=160, blank=True)
    answer_text = models.CharField(_("answer"), max_length=1000, blank=True)
    answer_ip = models.GenericIPAddressField(_("network address"), null=True, blank=True)
    answer_channel = models.CharField(_("channel"), max_length=20, blank=True)
    chosen = models.ForeignKey(
        "QuoteOption", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("option accepted")
    )
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    objects = QuoteQuerySet.as_manager()

    class Meta:
        verbose_name = _("quote")
        verbose_name_plural = _("quotes")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["organisation", "status", "-id"], name="quote_by_status")]
        constraints = [
            models.UniqueConstraint(fields=["request", "version"], name="quote_version_once"),
            models.UniqueConstraint(
                fields=["organisation", "number", "version"], condition=~Q(number=""), name="quote_number_once"
            ),
            models.UniqueConstraint(
                fields=["request"],
                condition=Q(status="accepted"),
                name="quote_binding_once_per_request",
                violation_error_message=_("Another version of this quote is already accepted."),
            ),
            models.UniqueConstraint(
                fields=["request"], condition=Q(status="sent"), name="quote_waiting_once_per_request"
            ),
            models.UniqueConstraint(
                fields=["request"],
                condition=Q(status="draft"),
                name="quote_draft_once_per_request",
                violation_error_message=_("A next version is already being written."),
            ),
            models.CheckConstraint(condition=Q(status__in=QuoteStatus.values), name="quote_status_is_known"),
            models.CheckConstraint(
                condition=Q(status="draft")
                | (~Q(seal="") & ~Q(number="") & Q(sent_at__isnull=False, expires_at__isnull=False)),
                name="quote_sent_is_sealed",
            ),
            models.CheckConstraint(
                condition=~Q(status="accepted")
                | (~Q(answer_name="") & Q(answered_at__isnull=False, chosen__isnull=False)),
                name="quote_accepted_by_somebody",
            ),
            models.CheckConstraint(condition=Q(fee__gte=0), name="quote_fee_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.number or self.request} v{self.version}"

    @property
    def category(self) -> str:
        """Fixed meaning of the status."""
        return QUOTE_CATEGORY[self.status].value

    def is_over(self, now: dt.datetime) -> bool:
        """Whether its time is over, swept or not."""
        return self.expires_at is not None and self.expires_at <= now

    @property
    def title(self) -> str:
        """As it is cited: the number, with the version from the second on."""
        if not self.number:
            return str(_("Draft"))
        return self.number if self.version == 1 else f"{self.number}-{self.version}"

    @property
    def totals(self) -> list[str]:
        """What each option costs including VAT, as sealed."""
        return [option["incl"] for option in self.content.get("options", ())]


class QuoteOption(PublicIdModel, TenantModel):
    """One way to do it; accepting one declines the others. A quote without alternatives has a single one."""

    quote = models.ForeignKey(Quote, models.CASCADE, related_name="options", verbose_name=_("quote"))
    title = models.CharField(_("title"), max_length=120, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    position = models.PositiveSmallIntegerField(_("position"))

    class Meta:
        verbose_name = _("option")
        verbose_name_plural = _("options")
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["quote", "position"], name="quote_option_position_once")]

    def __str__(self) -> str:
        return self.title or str(self.quote)


class QuoteLine(TenantModel):
    """One line of an option. Its total is computed, never typed."""

    option = models.ForeignKey(QuoteOption, models.CASCADE, related_name="lines", verbose_name=_("option"))
    service = models.ForeignKey(
        Service, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("service")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=QuoteLineKind.choices, default=QuoteLineKind.WORK)
    description = models.CharField(_("description"), max_length=250)
    quantity = models.DecimalField(_("quantity"), max_digits=8, decimal_places=2)
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    unit_price_incl_vat = models.DecimalField(_("unit price incl. VAT (€)"), max_digits=8, decimal_places=2)
    vat_code = models.SlugField(_("VAT code"), max_length=20)
    vat_rate = models.DecimalField(_("VAT rate (%)"), max_digits=4, decimal_places=2)
    position = models.PositiveSmallIntegerField(_("position"))
    # Where the price comes from, when it is not ours: an identifier that the app above knows, what it costs us and our
    # margin on it. Never part of what a client is shown (rules.quotes.shown_option does not know them).
    source = models.UUIDField(_("origin of the price"), null=True, blank=True)
    cost = models.DecimalField(_("what it costs us (€)"), max_digits=8, decimal_places=2, null=True, blank=True)
    margin_percent = models.DecimalField(_("our margin (%)"), max_digits=5, decimal_places=2, null=True, blank=True)

    class Meta:
        verbose_name = _("line of a quote")
        verbose_name_plural = _("lines of quotes")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["option", "position"], name="quote_line_position_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="quote_line_quantity_positive"),
            models.CheckConstraint(condition=Q(unit_price_incl_vat__gte=0), name="quote_line_price_not_negative"),
            models.CheckConstraint(
                condition=Q(source__isnull=True, cost__isnull=True, margin_percent__isnull=True)
                | Q(
                    source__isnull=False,
                    cost__isnull=False,
                    cost__gte=0,
                    margin_percent__isnull=False,
                    margin_percent__range=(0, 100),
                ),
                name="quote_line_origin_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.description


class QuoteMargin(TenantModel):
    """What we add to a provider's price, in per cent: for one service, or (no service) for all others."""

    service = models.ForeignKey(
        Service, models.CASCADE, null=True, blank=True, related_name="quote_margins", verbose_name=_("service")
    )
    percent = models.DecimalField(_("margin (%)"), max_digits=5, decimal_places=2)

    class Meta:
        verbose_name = _("margin on providers' prices")
        verbose_name_plural = _("margins on providers' prices")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "service"], name="quote_margin_once_per_service", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(percent__range=(0, 100)),
                name="quote_margin_is_plausible",
                violation_error_message=_("A margin lies between 0 and 100 per cent."),
            ),
        ]

    def __str__(self) -> str:
        service = self.service or _("All services")
        return f"{service} {self.percent} %"


class QuoteDocumentQuerySet(models.QuerySet["QuoteDocument"]):
    """Reads of documents."""

    def waiting(self, now: dt.datetime) -> Self:
        """To be drawn now."""
        return self.filter(sha256="", next_at__lte=now)


class QuoteDocument(TenantModel):
    """The PDF of a quote as it was sent, and again as it was accepted. Once drawn, its bytes never change."""

    quote = models.ForeignKey(Quote, models.PROTECT, related_name="documents", verbose_name=_("quote"))
    is_acceptance = models.BooleanField(_("as accepted"), default=False)
    content = models.BinaryField(_("content"), default=b"")
    sha256 = models.CharField(max_length=64, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(db_default=Now())
    last_error = models.CharField(max_length=300, blank=True)

    objects = QuoteDocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("document of a quote")
        verbose_name_plural = _("documents of quotes")
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["organisation", "next_at"], condition=Q(sha256=""), name="quote_document_waiting")
        ]
        constraints = [models.UniqueConstraint(fields=["quote", "is_acceptance"], name="quote_document_once_per_kind")]

    def __str__(self) -> str:
        return self.file_name

    @property
    def file_name(self) -> str:
        """Name under which it is saved: ``D2026-000042-2.pdf``."""
        return f"{self.quote.title}.pdf"


def acceptance_of(quote: Quote) -> dict[str, Any] | None:
    """Who accepted which option when, as printed; ``None`` while nobody has."""
    if quote.status not in {QuoteStatus.ACCEPTED, QuoteStatus.SUPERSEDED} or quote.chosen is None:
        return None
    return {
        "name": quote.answer_name,
        "at": quote.answered_at.isoformat() if quote.answered_at else "",
        "option": str(quote.chosen.public_id),
        "seal": quote.seal,
    }
