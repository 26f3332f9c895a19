"""Who books for somebody else, and on whose word."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

# The sentences somebody agreed to, by version: what was agreed at a time stays provable (P09).
# Never change one: add one.
NEWS_FOR_BENEFICIARY = "beneficiary-news-1"
CONSENTS = {
    NEWS_FOR_BENEFICIARY: _("This person agrees that we write to them about this request."),
}
