"""An agreement on paper: what was sealed and who signed it, or a draft to be signed by hand."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from concierge.days import zone_of
from concierge.documents import render_pdf
from concierge.words import date_words
from providers.actions.agreement_texts import values_of
from providers.enums import Side
from providers.models import ServiceAgreement
from providers.rules import agreement_text


def pdf_of(agreement: ServiceAgreement) -> bytes:
    """The agreement as A4 pages in the language of its provider: always the same bytes once both have signed.

    Raises ``DocumentRenderFailed`` (503).
    """
    language, given = agreement.provider.language, {one.side: one for one in agreement.signatures.all()}
    with override(language):
        text = agreement.content.get("text") or agreement_text.fill(agreement.text.strip(), values_of(agreement))
        content = {
            "organisation": agreement.organisation.name,
            "phone": str(agreement.organisation.phone_shown or ""),
            "email": agreement.organisation.email,
            "provider": agreement.provider.name,
            "service": agreement.service.label,
            "is_draft": not agreement.seal,
            "paragraphs": [part for part in text.split("\n") if part.strip()],
            "signatures": [_side(side, agreement, given) for side in Side],
            "seal": agreement.seal,
            "words": {
                "title": pgettext("page", "Agreement"),
                "draft": _("Draft: it binds nobody until both sides have signed."),
                "signatures": _("Signatures"),
                "name": _("Name"),
                "date": _("Date"),
                "signature": _("Signature"),
                "seal": _("Seal of the text"),
            },
        }
    stamp = max((one.at for one in given.values()), default=agreement.sent_at or timezone.now())
    return render_pdf("agreement.typ", content, language=language, timestamp=stamp)


def _side(side: Side, agreement: ServiceAgreement, given: dict[str, Any]) -> dict[str, str]:
    party = agreement.organisation.name if side == Side.OURS else agreement.provider.name
    one = given.get(side)
    if one is None:
        return {"side": party, "name": "", "at": ""}
    local = timezone.localtime(one.at, zone_of(agreement.organisation))
    moment = {"day": date_words(local, "j F Y"), "time": date_format(local, "TIME_FORMAT")}
    return {"side": party, "name": one.name, "at": _("%(day)s at %(time)s") % moment}
