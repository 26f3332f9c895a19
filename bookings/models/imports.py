"""A catalogue file that was read and waits for somebody to say yes."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from concierge.models import PublicIdModel, TenantModel


class CatalogueImport(PublicIdModel, TenantModel):
    """What a file says, line by line, kept for a few days between the dry run and the loading."""

    file_name = models.CharField(_("file"), max_length=120)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    # [line number, {column: text}, [columns with a formula]]
    rows = models.JSONField(_("rows"), default=list, editable=False)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)
    loaded_at = models.DateTimeField(_("loaded at"), null=True, blank=True, editable=False)
    loaded_count = models.PositiveIntegerField(_("lines loaded"), default=0, editable=False)

    class Meta:
        verbose_name = _("catalogue import")
        verbose_name_plural = _("catalogue imports")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.file_name
