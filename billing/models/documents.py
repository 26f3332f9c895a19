"""Sealed documents: inserted once, never edited, never deleted (triggers and column grants, migration 0002)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import DecimalField, Exists, OuterRef, Q, Sum
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy as _

from billing.enums import DOCUMENT_CATEGORY, DocumentKind, DocumentStatus, RenderStatus
from billing.models.issuers import LegalEntity, Series
from bookings.models import Client, ClientAccount, RequestLine
from concierge.enums import Role
from concierge.models import PublicIdModel, TenantModel

if TYPE_CHECKING:
    from concierge.tenancy import Actor

# Roles that read what clients owe.
INVOICE_ROLES = (Role.ACCOUNTANT, Role.SITE_MANAGER, Role.NETWORK_HEAD)


class InvoiceQuerySet(models.QuerySet["Invoice"]):
    """Reads of documents."""

    def visible_to(self, actor: Actor) -> Self:
        """Accountants and managers by site (a document with another site's work stays hidden); a client their own;
        the organisation's systems all; others none."""
        found = self.filter(organisation=actor.organisation)
        if actor.kind == "system" or (actor.kind == "api" and actor.provider_id is None):
            return found
        if actor.has_role(*INVOICE_ROLES):
            sites = actor.site_ids(*INVOICE_ROLES)
            elsewhere = InvoiceLine.objects.filter(invoice=OuterRef("pk")).exclude(site_id__in=sites or ())
            return found if sites is None else found.exclude(Exists(elsewhere))
        if actor.client_id is None:
            return found.none()
        return found.filter(client_id__in=Client.objects.family_of(actor.client_id).values("pk"))

    def invoices(self) -> Self:
        """Invoices only, without credit notes."""
        return self.filter(kind=DocumentKind.INVOICE)

    def waiting_for_pdf(self, now: dt.datetime) -> Self:
        """Documents whose PDF should be drawn now."""
        return self.exclude(render_status=RenderStatus.READY).filter(render_next_at__lte=now)

    def balance(self) -> Decimal:
        """Invoices minus credit notes, in euros including VAT."""
        money = DecimalField(max_digits=14, decimal_places=2)
        sums = self.aggregate(
            invoiced=Coalesce(
                Sum("total_incl_vat", filter=Q(kind=DocumentKind.INVOICE)), Decimal(0), output_field=money
            ),
            credited=Coalesce(
                Sum("total_incl_vat", filter=Q(kind=DocumentKind.CREDIT_NOTE)), Decimal(0), output_field=money
            ),
        )
        return Decimal(sums["invoiced"] - sums["credited"])


class Invoice(PublicIdModel, TenantModel):
    """An invoice or a credit note. ``snapshot`` is everything that is printed; the columns above it are for reading.

    Only the columns of the life after issue may change: status, rendering, sending.
    """

    entity = models.ForeignKey(LegalEntity, models.PROTECT, related_name="documents", verbose_name=_("issuer"))
    series = models.ForeignKey(Series, models.PROTECT, related_name="documents", verbose_name=_("series"))
    kind = models.CharField(_("kind"), max_length=12, choices=DocumentKind.choices)
    sequence = models.PositiveIntegerField(_("rank in the series"))
    number = models.CharField(_("number"), max_length=35)
    issued_on = models.DateField(_("issued on"))
    due_on = models.DateField(_("due on"))
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now(), editable=False)
    client = models.ForeignKey(
        Client, models.PROTECT, null=True, blank=True, related_name="invoices", verbose_name=_("client")
    )
    account = models.ForeignKey(
        ClientAccount, models.PROTECT, null=True, blank=True, related_name="invoices", verbose_name=_("client account")
    )
    credits = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="credit_notes", verbose_name=_("invoice credited")
    )
    buyer_name = models.CharField(_("billed to"), max_length=200)
    language = models.CharField(_("language"), max_length=2, default="fr")
    total_excl_vat = models.DecimalField(_("total excl. VAT (€)"), max_digits=12, decimal_places=2)
    total_vat = models.DecimalField(_("VAT (€)"), max_digits=12, decimal_places=2)
    total_incl_vat = models.DecimalField(_("total incl. VAT (€)"), max_digits=12, decimal_places=2)
    snapshot = models.JSONField(_("content"))
    snapshot_sha256 = models.CharField(max_length=64)

    status = models.CharField(_("status"), max_length=16, choices=DocumentStatus.choices, default=DocumentStatus.ISSUED)
    render_status = models.CharField(_("PDF"), max_length=8, choices=RenderStatus.choices, default=RenderStatus.PENDING)
    render_attempts = models.PositiveSmallIntegerField(default=0)
    render_next_at = models.DateTimeField(db_default=Now())
    render_error = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["organisation", "-issued_on", "-id"], name="invoice_by_date"),
            models.Index(fields=["organisation", "client", "-id"], name="invoice_by_client"),
            models.Index(
                fields=["organisation", "render_next_at"],
                condition=~Q(render_status="ready"),
                name="invoice_waiting_for_pdf",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["series", "sequence"], name="invoice_rank_once_per_series"),
            models.UniqueConstraint(fields=["organisation", "number"], name="invoice_number_once"),
            models.CheckConstraint(
                condition=Q(client__isnull=True) ^ Q(account__isnull=True), name="invoice_has_one_payer"
            ),
            models.CheckConstraint(
                condition=Q(kind="credit_note", credits__isnull=False) | Q(kind="invoice", credits=None),
                name="invoice_credit_note_names_its_invoice",
            ),
            models.CheckConstraint(
                condition=Q(total_incl_vat=models.F("total_excl_vat") + models.F("total_vat")),
                name="invoice_totals_add_up",
            ),
            models.CheckConstraint(
                condition=Q(total_excl_vat__gte=0, total_vat__gte=0), name="invoice_totals_not_negative"
            ),
            models.CheckConstraint(condition=Q(sequence__gte=1), name="invoice_rank_starts_at_one"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def category(self) -> str:
        """Fixed meaning of the status, for badges."""
        return DOCUMENT_CATEGORY[DocumentStatus(self.status)]

    @property
    def payer(self) -> Client | ClientAccount:
        """Who pays: a client or a client account."""
        payer = self.account if self.account_id else self.client
        assert payer is not None  # noqa: S101 - invoice_has_one_payer
        return payer

    @property
    def file_name(self) -> str:
        """Name under which the PDF is saved: ``F2026-000042.pdf``."""
        return f"{self.number}.pdf"

    @property
    def xml_name(self) -> str:
        """Name under which the file is saved: ``F2026-000042.xml``."""
        return f"{self.number}.xml"


class InvoiceLine(TenantModel):
    """A printed line. ``request_line`` is what it charges: the constraint says that nothing is billed twice."""

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="lines", verbose_name=_("invoice"))
    position = models.PositiveSmallIntegerField(_("position"))
    site = models.ForeignKey("concierge.Site", models.PROTECT, related_name="+", verbose_name=_("site"))
    request_line = models.OneToOneField(
        RequestLine, models.PROTECT, null=True, blank=True, related_name="invoice_line", verbose_name=_("line")
    )
    credits = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="credited_by", verbose_name=_("line credited")
    )
    description = models.CharField(_("description"), max_length=500)
    detail = models.CharField(_("detail"), max_length=500, blank=True)
    quantity = models.DecimalField(_("quantity"), max_digits=12, decimal_places=4)
    unit = models.CharField(_("unit"), max_length=24, blank=True)
    unit_price = models.DecimalField(_("unit price incl. VAT (€)"), max_digits=14, decimal_places=6)
    vat_rate = models.DecimalField(_("VAT rate (%)"), max_digits=5, decimal_places=2)
    vat_category = models.CharField(_("VAT category"), max_length=2)
    net = models.DecimalField(_("amount excl. VAT (€)"), max_digits=12, decimal_places=2)
    amount = models.DecimalField(_("amount incl. VAT (€)"), max_digits=12, decimal_places=2)

    class Meta:
        verbose_name = _("invoice line")
        verbose_name_plural = _("invoice lines")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["invoice", "position"], name="invoice_line_position_once"),
            models.UniqueConstraint(fields=["invoice", "credits"], name="invoice_line_credited_once_per_note"),
            models.CheckConstraint(
                condition=Q(request_line__isnull=True) ^ Q(credits__isnull=True),
                name="invoice_line_charges_or_credits",
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="invoice_line_quantity_positive"),
        ]

    def __str__(self) -> str:
        return self.description


class StoredDocument(TenantModel):
    """The exact bytes that were sent, kept ten years in their first format (LPF L102 B, C. com. L123-22).

    ``xml`` is the file inside the PDF, empty for documents that are older than the files.
    """

    invoice = models.OneToOneField(Invoice, models.PROTECT, related_name="pdf", verbose_name=_("invoice"))
    content = models.BinaryField(_("content"))
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField(_("size (bytes)"))
    xml = models.BinaryField(_("file (XML)"), default=b"")
    xml_sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("kept document")
        verbose_name_plural = _("kept documents")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.sha256[:12]
