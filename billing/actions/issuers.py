"""The issuer of an organisation and its legal texts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from stdnum import iban as iban_number
from stdnum.eu import vat
from stdnum.fr import siren as siren_number
from stdnum.fr import siret as siret_number

from billing.enums import VatRegime
from billing.models import LegalEntity, LegalText
from billing.rules.standard_texts import STANDARD_TEXTS
from concierge import events
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid
from concierge.models import Organisation
from concierge.tenancy import Actor


@transaction.atomic
def set_up_issuer(*, by: Actor, **details: Any) -> LegalEntity:
    """Create the organisation's issuer with the fields of ``LegalEntity`` and the standard legal texts.

    Raises ``Invalid`` for a SIREN that cannot exist and ``Conflict`` if the organisation already has an issuer.
    """
    _check_numbers(**details)
    with refuse_on("legal_entity_once_per_organisation", Conflict(_("This organisation already has an issuer."))):
        entity = LegalEntity.objects.create(organisation=by.organisation, **details)
    LegalText.objects.bulk_create(
        LegalText(
            organisation=by.organisation,
            code=text.code,
            text_fr=text.text["fr"],
            text_en=text.text.get("en", ""),
            law_ref=text.law_ref,
            vatex=text.vatex,
            valid_from=text.valid_from,
            valid_to=text.valid_to,
        )
        for text in STANDARD_TEXTS
    )
    events.record("issuer.opened", entity, by=by)
    return entity


@transaction.atomic
def change_issuer(entity: LegalEntity, *, by: Actor, **details: Any) -> LegalEntity:
    """Change what future documents say of the issuer; issued ones keep what they say. Raises ``Invalid``."""
    entity = LegalEntity.objects.select_for_update(of=("self",), no_key=True).get(pk=entity.pk)
    for name, value in details.items():
        setattr(entity, name, value)
    _check_numbers(siren=entity.siren, siret=entity.siret, vat_number=entity.vat_number, iban=entity.iban)
    entity.save(update_fields=[*details])
    events.record("issuer.changed", entity, by=by, fields=sorted(details))
    return entity


def _check_numbers(*, siren: str = "", siret: str = "", vat_number: str = "", iban: str = "", **_others: Any) -> None:
    """Refuse numbers that cannot exist; the SIRET must begin with the SIREN (BR-FR)."""
    if not siren_number.is_valid(siren):
        raise Invalid(_("This SIREN does not exist: please check its nine digits."), field="siren")
    if siret and not (siret_number.is_valid(siret) and siret.startswith(siren)):
        raise Invalid(_("This SIRET does not exist, or does not begin with the SIREN."), field="siret")
    if vat_number and not vat.is_valid(vat_number):
        raise Invalid(_("This VAT number does not exist."), field="vat_number")
    if iban and not iban_number.is_valid(iban):
        raise Invalid(_("This IBAN does not exist: please check it."), field="iban")


def seller_on_quotes(organisation: Organisation) -> dict[str, Any] | None:
    """Who signs the quotes of an organisation: whoever issues its invoices; ``None`` before that is set up."""
    entity = LegalEntity.objects.filter(organisation=organisation).first()
    if entity is None:
        return None
    return {**asdict(entity.as_seller()), "franchise": entity.vat_regime == VatRegime.FRANCHISE}
