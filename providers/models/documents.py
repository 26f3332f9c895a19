"""Papers of local businesses (domain.md R32)."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from concierge.files import EXTENSIONS
from concierge.models import PublicIdModel, TenantModel
from concierge.tenancy import Actor
from providers.enums import DOCUMENT_CATEGORY, DocumentKind, DocumentStatus
from providers.models.businesses import Provider


class ProviderDocumentQuerySet(models.QuerySet["ProviderDocument"]):
    """Reads of papers."""

    def visible_to(self, actor: Actor) -> Self:
        """Those of the providers that the actor sees."""
        return self.filter(provider__in=Provider.objects.visible_to(actor))

    def approved(self) -> Self:
        """Those that count."""
        return self.filter(status=DocumentStatus.APPROVED)

    def newest(self) -> Self:
        """Of those that staff approved the latest of each kind, which is the one that counts."""
        newer = ProviderDocument.objects.approved().filter(provider=OuterRef("provider"), kind=OuterRef("kind"))
        later = Q(issued_on__gt=OuterRef("issued_on")) | Q(issued_on=OuterRef("issued_on"), pk__gt=OuterRef("pk"))
        return self.approved().exclude(Exists(newer.filter(later)))

    def to_check(self) -> Self:
        """Those that somebody of the team has to look at: announced and sent."""
        return self.filter(status=DocumentStatus.TO_CHECK, file__isnull=False)

    def announced(self) -> Self:
        """Those whose file has not come yet."""
        return self.filter(status=DocumentStatus.TO_CHECK, file__isnull=True)

    def with_has_file(self) -> Self:
        """Each says whether it ``has_file``, without its bytes."""
        return self.annotate(has_file=Q(file__isnull=False))


class ProviderDocument(PublicIdModel, TenantModel):
    """A paper. Of those that staff approved the latest of each kind counts; after ``expires_on`` no new job is offered
    (R32)."""

    # Of rows that were read ``with_has_file``.
    has_file: bool

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="documents", verbose_name=_("provider"))
    kind = models.CharField(_("kind"), max_length=20, choices=DocumentKind.choices)
    status = models.CharField(
        _("state"),
        max_length=10,
        choices=DocumentStatus.choices,
        default=DocumentStatus.TO_CHECK,
        db_default=DocumentStatus.TO_CHECK,
    )
    reference = models.CharField(_("number"), max_length=80, blank=True)
    issued_on = models.DateField(_("issued on"), null=True, blank=True)
    expires_on = models.DateField(_("valid until (included)"), null=True, blank=True)
    refusal = models.CharField(_("why it was refused"), max_length=300, blank=True, db_default="")
    reviewed_at = models.DateTimeField(_("reviewed at"), null=True, blank=True, editable=False)
    # Of a vigilance certificate: somebody compared its security code with the site of URSSAF.
    verified_at = models.DateTimeField(_("code verified at"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    objects = ProviderDocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["kind", "-issued_on", "-pk"]
        indexes = [
            models.Index(
                fields=["organisation", "id"], condition=Q(status="to_check"), name="provider_document_to_check"
            )
        ]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=DocumentKind.values), name="provider_document_kind_is_known"),
            models.CheckConstraint(
                condition=Q(status__in=DocumentStatus.values), name="provider_document_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status="refused") & ~Q(refusal="") | ~Q(status="refused") & Q(refusal=""),
                name="provider_document_refused_says_why",
                violation_error_message=_("Say why, so that they can send what is needed."),
                violation_error_code="refusal",
            ),
            models.CheckConstraint(
                condition=~Q(status="approved") | Q(issued_on__isnull=False),
                name="provider_document_approved_is_dated",
                violation_error_message=_("Give the day of issue: this paper says it."),
                violation_error_code="issued_on",
            ),
            models.CheckConstraint(
                condition=Q(expires_on__isnull=True) | Q(issued_on__isnull=True) | Q(expires_on__gte=F("issued_on")),
                name="provider_document_end_not_before_start",
                violation_error_message=_("The last day cannot be before the first day."),
                violation_error_code="expires_on",
            ),
            models.CheckConstraint(
                condition=Q(verified_at__isnull=True) | Q(kind="vigilance"),
                name="provider_document_code_is_of_vigilance",
            ),
            # The action knows the months of the law; six of them never have more days.
            models.CheckConstraint(
                condition=~Q(kind="vigilance")
                | ~Q(status="approved")
                | Q(expires_on__isnull=False, expires_on__lte=F("issued_on") + Value(dt.timedelta(days=184))),
                name="provider_vigilance_lasts_six_months",
                violation_error_message=_("A vigilance certificate says until when it counts: six months at most."),
                violation_error_code="expires_on",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.provider}"

    @property
    def category(self) -> str:
        """For its badge."""
        return DOCUMENT_CATEGORY[self.status]


class StoredFile(TenantModel):
    """The bytes of a paper, as we wrote them anew (ADR 19). Kept in the database: one backup, one wall."""

    document = models.OneToOneField(ProviderDocument, models.CASCADE, related_name="file", verbose_name=_("document"))
    content = models.BinaryField(_("content"))
    media_type = models.CharField(_("type"), max_length=30, choices=[(one, one) for one in EXTENSIONS])
    size = models.PositiveIntegerField(_("size (bytes)"))
    sha256 = models.CharField(max_length=64)
    pages = models.PositiveSmallIntegerField(_("pages"))
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("file of a document")
        verbose_name_plural = _("files of documents")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(media_type__in=list(EXTENSIONS)), name="stored_file_type_is_one_we_write"
            ),
            models.CheckConstraint(condition=Q(size__range=(1, 10_485_760)), name="stored_file_is_not_too_big"),
        ]

    def __str__(self) -> str:
        return self.sha256[:12]
