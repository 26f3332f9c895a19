"""Who is told of agreements."""

from __future__ import annotations

from concierge.events import subscribe
from concierge.models import Event
from notifications.enums import Kind
from notifications.handlers.readers import business, heads, tell
from providers.enums import AgreementStatus, Side
from providers.models import ServiceAgreement


@subscribe("agreement.sent", "agreement.signed", "agreement.withdrawn", "agreement.ended")
def tell_the_provider_of_an_agreement(event: Event) -> None:
    """What they were sent, and what became of it. What was signed on paper, or was only a draft, tells nobody."""
    found = ServiceAgreement.objects.select_related("provider").filter(public_id=event.subject_id).exclude(seal="")
    for agreement in found.exclude(status=AgreementStatus.PAPER):
        tell(event, [business(agreement.provider)])


@subscribe("agreement.link_asked")
def send_the_link_of_an_agreement(event: Event) -> None:
    """What there is to sign, to the address on file, never to one that was typed."""
    for agreement in ServiceAgreement.objects.select_related("provider").filter(public_id=event.subject_id):
        tell(event, [business(agreement.provider)], kind=Kind.AGREEMENT_SENT)


@subscribe("agreement.ending")
def tell_both_sides_of_the_end(event: Event) -> None:
    """In time to agree anew; the heads also for what was signed on paper."""
    for agreement in ServiceAgreement.objects.select_related("provider").filter(public_id=event.subject_id):
        tell(event, [business(agreement.provider), *heads(event.organisation_id)])


@subscribe("agreement.signature_given", "agreement.declined")
def tell_the_heads_of_an_agreement(event: Event) -> None:
    """The provider has answered: it is their turn."""
    if event.data.get("side") != Side.OURS:
        tell(event, heads(event.organisation_id))
