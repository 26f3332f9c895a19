"""What an agreement says, in the language of its provider: the standard text, and words for its terms."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from concierge.words import date_words, euros, percent
from providers.enums import AgreementKind, Invoicing
from providers.models import Provider, ServiceAgreement


def standard_text(provider: Provider) -> str:
    """Where a new agreement starts from; every word can be changed."""
    with override(provider.language):
        return "\n\n".join(
            [
                _("Between {conciergerie} and {prestataire}, SIRET {siret}, {adresse}."),
                _(
                    "1. What it is about. {prestataire} does “{service}” for the clients of {conciergerie}, job by "
                    "job. Each job is offered to it and binds only once it has accepted."
                ),
                _("2. Price. {prestataire} gets: {remuneration}. VAT: {tva}."),
                _("3. Invoices. {facturation}."),
                _("4. Notice. Before a job begins, {prestataire} has at least this notice: {preavis}."),
                _("5. Giving a job back. An accepted job may be given back: {restitution}."),
                _(
                    "6. Papers. {prestataire} keeps its liability insurance, its registration and, from the legal "
                    "amount on, its vigilance certificate in order, and sends them to {conciergerie}."
                ),
                _(
                    "7. Duration. From {debut}; end: {fin}. Either side may end it in writing; jobs accepted before "
                    "are done."
                ),
            ]
        )


def values_of(agreement: ServiceAgreement) -> dict[str, str]:
    """What stands in place of each placeholder, in the language that is active."""
    provider = agreement.provider
    return {
        "conciergerie": agreement.organisation.name,
        "prestataire": provider.name,
        "siret": provider.siret,
        "adresse": f"{provider.street}, {provider.postcode} {provider.city}",
        "service": agreement.service.label,
        "remuneration": price_words(agreement),
        "facturation": invoicing_words(agreement),
        "tva": vat_words(agreement),
        "preavis": hours_words(agreement.notice_hours, _("none")),
        "restitution": cut_off_words(agreement),
        "debut": date_words(agreement.valid_from, "j F Y"),
        "fin": date_words(agreement.valid_to, "j F Y") if agreement.valid_to else _("no end"),
    }


def price_words(agreement: ServiceAgreement) -> str:
    """What the provider gets, in one phrase."""
    if agreement.kind == AgreementKind.PURCHASE and agreement.purchase_price is not None:
        return _("%(price)s per item") % {"price": euros(agreement.purchase_price)}
    if agreement.kind == AgreementKind.INTRODUCTION:
        return _("All that the client pays, from the client")
    if agreement.commission_percent:
        return _("Client’s price less %(percent)s") % {"percent": percent(agreement.commission_percent)}
    if agreement.commission_fixed:
        return _("Client’s price less %(amount)s per job") % {"amount": euros(agreement.commission_fixed)}
    return _("All that the client pays")


def invoicing_words(agreement: ServiceAgreement) -> str:
    """Who invoices whom, as both sides can read it."""
    return {
        Invoicing.PROVIDER_TO_US: _("The provider invoices the concierge service"),
        Invoicing.WE_SELF_BILL: _("The concierge service writes the provider’s invoices, by its mandate"),
        Invoicing.PROVIDER_TO_CLIENT: _("The provider invoices the client"),
    }[Invoicing(agreement.invoicing)]


def vat_words(agreement: ServiceAgreement) -> str:
    """How the provider invoices VAT."""
    if agreement.vat_rate is None:
        return _("not stated")
    return percent(agreement.vat_rate) if agreement.vat_rate else _("none (CGI art. 293 B)")


def hours_words(hours: int, none: str) -> str:
    """24 hours, or what zero means."""
    return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours} if hours else none


def cut_off_words(agreement: ServiceAgreement) -> str:
    """Until when accepted work may be given back."""
    hours = agreement.cancel_hours
    if not hours:
        return _("until it begins")
    return ngettext("until %(n)d hour before it begins", "until %(n)d hours before it begins", hours) % {"n": hours}
