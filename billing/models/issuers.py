"""Who issues invoices, the dated legal sentences, and the counters."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import connection, models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.enums import DocumentKind, VatRegime
from billing.rules.mentions import Mention
from billing.rules.snapshot import Address, Seller
from bookings.models.catalogue import DateRange
from concierge.models import PublicIdModel, TenantModel, national_phone


class LegalEntity(PublicIdModel, TenantModel):
    """The legal body that issues the organisation's invoices: everything its documents must say (L441-9)."""

    name = models.CharField(_("name"), max_length=160)
    legal_form = models.CharField(_("legal form"), max_length=80, blank=True)
    capital = models.CharField(_("capital"), max_length=40, blank=True)
    street = models.CharField(_("street"), max_length=200)
    postcode = models.CharField(_("postcode"), max_length=10)
    city = models.CharField(_("city"), max_length=100)
    siren = models.CharField(_("SIREN"), max_length=9)
    siret = models.CharField(_("SIRET"), max_length=14, blank=True)
    rcs = models.CharField(_("register and town (RCS)"), max_length=80, blank=True)
    vat_number = models.CharField(_("VAT number"), max_length=14, blank=True)
    vat_regime = models.CharField(_("VAT"), max_length=12, choices=VatRegime.choices, default=VatRegime.LIABLE)
    vat_on_debits = models.BooleanField(_("pays VAT on debits"), default=False)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    website = models.CharField(_("website"), max_length=120, blank=True)
    iban = models.CharField(_("IBAN"), max_length=34, blank=True)
    bic = models.CharField(_("BIC"), max_length=11, blank=True)
    payment_days = models.PositiveSmallIntegerField(_("days to pay"), default=30)
    payment_terms_fr = models.CharField(_("payment terms (French)"), max_length=300, blank=True)
    payment_terms_en = models.CharField(_("payment terms (English)"), max_length=300, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=40, default="Europe/Paris")

    class Meta:
        verbose_name = _("issuer")
        verbose_name_plural = _("issuers")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation"],
                name="legal_entity_once_per_organisation",
                violation_error_message=_("The issuer of this organisation is already known."),
            ),
            models.CheckConstraint(
                condition=Q(siren__regex=r"^[0-9]{9}$"),
                name="legal_entity_siren_has_nine_digits",
                violation_error_message=_("A SIREN has nine digits."),
            ),
            models.CheckConstraint(
                condition=Q(siret="") | Q(siret__regex=r"^[0-9]{14}$"),
                name="legal_entity_siret_has_fourteen_digits",
                violation_error_message=_("A SIRET has fourteen digits."),
            ),
            models.CheckConstraint(
                condition=Q(payment_days__lte=60),
                name="legal_entity_payment_within_sixty_days",
                violation_error_message=_("The law allows at most 60 days (C. com. L441-10)."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def as_seller(self) -> Seller:
        """The issuer as it is printed today."""
        return Seller(
            name=self.name,
            legal_form=self.legal_form,
            capital=self.capital,
            address=Address(street=self.street, postal_code=self.postcode, city=self.city),
            siren=self.siren,
            siret=self.siret,
            rcs=self.rcs,
            vat_number=self.vat_number,
            email=self.email,
            phone=national_phone(self.phone),
            website=self.website,
            iban=self.iban,
            bic=self.bic,
        )


class LegalTextQuerySet(models.QuerySet["LegalText"]):
    """Reads of legal texts."""

    def standing(self) -> Self:
        """Those that were not taken back before they counted."""
        return self.filter(withdrawn_on=None)


class LegalText(TenantModel):
    """A sentence that the law wants on documents, from a day to a day: changing the law is writing a row (A2)."""

    code = models.SlugField(_("code"), max_length=40)
    text_fr = models.CharField(_("French text"), max_length=500)
    text_en = models.CharField(_("English text"), max_length=500, blank=True)
    law_ref = models.CharField(_("legal reference"), max_length=120, blank=True)
    vatex = models.CharField(_("reason for no VAT (VATEX code)"), max_length=30, blank=True)
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid to"), null=True, blank=True)
    # Its end is the next wording's doing: without that one it goes on.
    ends_with_next = models.BooleanField(_("ends with the next wording"), default=False, db_default=False)
    withdrawn_on = models.DateField(_("taken back on"), null=True, blank=True)

    objects = LegalTextQuerySet.as_manager()

    class Meta:
        verbose_name = _("legal text")
        verbose_name_plural = _("legal texts")
        ordering = ["code", "-valid_from"]
        constraints = [
            ExclusionConstraint(
                name="legal_text_one_per_day",
                expressions=[
                    ("organisation", RangeOperators.EQUAL),
                    ("code", RangeOperators.EQUAL),
                    (DateRange("valid_from", "valid_to"), RangeOperators.OVERLAPS),
                ],
                condition=Q(withdrawn_on=None),
                violation_error_message=_("Another text with this code is already valid in this period."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} ({self.valid_from})"

    def as_mention(self) -> Mention:
        """The row as rules understand it."""
        text = {"fr": self.text_fr, **({"en": self.text_en} if self.text_en else {})}
        return Mention(
            code=self.code,
            text=text,
            law_ref=self.law_ref,
            vatex=self.vatex,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
        )


class Series(TenantModel):
    """A gapless counter: one per issuer, kind and year (CGI ann. II 242 nonies A). Never a SEQUENCE: gaps."""

    entity = models.ForeignKey(LegalEntity, models.PROTECT, related_name="series", verbose_name=_("issuer"))
    kind = models.CharField(_("kind"), max_length=12, choices=DocumentKind.choices)
    fiscal_year = models.PositiveSmallIntegerField(_("year"))
    last_number = models.PositiveIntegerField(_("last number"), default=0)
    last_issued_on = models.DateField(_("last issued on"))

    class Meta:
        verbose_name = _("series")
        verbose_name_plural = _("series")
        ordering = ["fiscal_year", "kind", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "kind", "fiscal_year"], name="series_once_per_kind_and_year"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.fiscal_year}"


NEXT_NUMBER = """
INSERT INTO billing_series AS series (organisation_id, entity_id, kind, fiscal_year, last_number, last_issued_on)
VALUES (%s, %s, %s, %s, 1, %s)
ON CONFLICT (entity_id, kind, fiscal_year) DO UPDATE
SET last_number = series.last_number + 1, last_issued_on = greatest(series.last_issued_on, excluded.last_issued_on)
RETURNING id, last_number, last_issued_on
"""


def next_number(entity: LegalEntity, kind: str, *, on: dt.date) -> tuple[int, int, dt.date]:
    """Take the next number of the series of that day: returns (series id, number, issue date).

    The row lock lasts until the end of the surrounding transaction: a rollback gives the number back, so there is never
    a gap (R28). The date never goes backwards inside a series, even if the clock does.
    """
    with connection.cursor() as cursor:
        cursor.execute(NEXT_NUMBER, (entity.organisation_id, entity.pk, kind, on.year, on))
        series_id, number, issued_on = cursor.fetchone()
    return series_id, number, issued_on
