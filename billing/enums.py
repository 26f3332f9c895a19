"""Closed lists of billing (lifecycles.md 2.8). Words are stored, labels are translated."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class DocumentKind(models.TextChoices):
    """What a document is; each kind has its own series."""

    INVOICE = "invoice", _("Invoice")
    CREDIT_NOTE = "credit_note", _("Credit note")


class DocumentStatus(models.TextChoices):
    """First axis: a document is issued once and for all; credit notes only add to what is known of it."""

    ISSUED = "issued", _("Issued")
    PARTLY_CREDITED = "partly_credited", _("Partly credited")
    CREDITED = "credited", _("Credited")


class RenderStatus(models.TextChoices):
    """Where the PDF is: drawn after issue, so that a broken renderer never holds the numbering."""

    PENDING = "pending", _("PDF being prepared")
    READY = "ready", _("PDF ready")
    FAILED = "failed", _("PDF not ready, we try again")


class VatRegime(models.TextChoices):
    """How the issuer stands towards VAT."""

    LIABLE = "liable", _("Liable for VAT")
    FRANCHISE = "franchise", _("Small business exemption (art. 293 B)")


DOCUMENT_CATEGORY = {
    DocumentStatus.ISSUED: "done",
    DocumentStatus.PARTLY_CREDITED: "waiting",
    DocumentStatus.CREDITED: "cancelled",
}
