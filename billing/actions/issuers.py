"""The issuer of an organisation and its legal texts."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from stdnum.fr import siren as siren_number

from billing.models import LegalEntity, LegalText
from billing.rules.standard_texts import STANDARD_TEXTS
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid
from concierge.tenancy import Actor


@transaction.atomic
def set_up_issuer(*, by: Actor, **details: Any) -> LegalEntity:
    """Create the organisation's issuer with the fields of ``LegalEntity`` and the standard legal texts.

    Raises ``Invalid`` for a SIREN that cannot exist and ``Conflict`` if the organisation already has an issuer.
    """
    if not siren_number.is_valid(details.get("siren", "")):
        raise Invalid(_("This SIREN does not exist: please check its nine digits."), field="siren")
    with refuse_on("legal_entity_once_per_organisation", Conflict(_("This organisation already has an issuer."))):
        entity = LegalEntity.objects.create(organisation=by.organisation, **details)
    LegalText.objects.bulk_create(
        LegalText(
            organisation=by.organisation,
            code=text.code,
            text_fr=text.text["fr"],
            text_en=text.text.get("en", ""),
            law_ref=text.law_ref,
            valid_from=text.valid_from,
            valid_to=text.valid_to,
        )
        for text in STANDARD_TEXTS
    )
    return entity
