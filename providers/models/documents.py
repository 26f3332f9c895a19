"""Papers of local businesses (domain.md R32)."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from concierge.models import PublicIdModel, TenantModel
from providers.enums import DocumentKind
from providers.models.businesses import Provider


class ProviderDocument(PublicIdModel, TenantModel):
    """A paper seen by staff. The latest of each kind counts; after ``expires_on`` no new job is offered (R32)."""

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="documents", verbose_name=_("provider"))
    kind = models.CharField(_("kind"), max_length=20, choices=DocumentKind.choices)
    reference = models.CharField(_("number"), max_length=80, blank=True)
    issued_on = models.DateField(_("issued on"))
    expires_on = models.DateField(_("valid until (included)"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["kind", "-issued_on", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=DocumentKind.values), name="provider_document_kind_is_known"),
            models.CheckConstraint(
                condition=Q(expires_on=None) | Q(expires_on__gte=F("issued_on")),
                name="provider_document_end_not_before_start",
                violation_error_message=_("The last day cannot be before the first day."),
                violation_error_code="expires_on",
            ),
            # The action knows the months of the law; six of them never have more days.
            models.CheckConstraint(
                condition=~Q(kind="vigilance")
                | Q(expires_on__isnull=False, expires_on__lte=F("issued_on") + Value(dt.timedelta(days=184))),
                name="provider_vigilance_lasts_six_months",
                violation_error_message=_("A vigilance certificate says until when it counts: six months at most."),
                violation_error_code="expires_on",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.provider}"
