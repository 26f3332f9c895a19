"""Letters to local businesses about papers that end."""

from __future__ import annotations

from django.utils.translation import gettext as _

from concierge.days import today_of
from concierge.words import date_words
from notifications.actions.addresses import link
from notifications.actions.letters import Note, NotNeeded, to_business, writes
from notifications.enums import Kind, Unsent
from notifications.models import Message
from providers.actions.expiry import latest_rows
from providers.models import ProviderDocument


@writes(Kind.PAPER_ENDING, Kind.PAPER_OVER)
def ending(message: Message) -> Note:
    """Which, until when, and what follows. Not once a newer one is there, or nobody works together any more."""
    found = ProviderDocument.objects.select_related("provider__organisation").filter(public_id=message.subject_id)
    document = found.first()
    if document is None:
        raise NotNeeded(Unsent.GONE)
    ends, provider = document.expires_on, document.provider
    if ends is None or latest_rows(provider).get(document.kind) != document or not provider.is_active:
        raise NotNeeded(Unsent.OUTDATED)
    today = today_of(provider.organisation)
    is_over = ends < today
    if is_over != (message.kind == Kind.PAPER_OVER):
        raise NotNeeded(Unsent.OUTDATED)
    facts = [(_("Document"), document.get_kind_display())]
    if document.reference:
        facts.append((_("Number"), document.reference))
    facts.append((_("Valid until"), date_words(ends, "l j F Y")))
    if provider.organisation.email:
        facts.append((_("Send it to"), provider.organisation.email))
    if provider.organisation.phone:
        facts.append((_("Or call us"), str(provider.organisation.phone_shown)))
    if is_over:
        heading = subject = _("A document has ended: we cannot offer you new jobs")
    elif ends == today:
        heading = subject = _("A document ends today")
    else:
        heading = subject = _("A document of yours ends soon")
    has_account = provider.members.exists()
    return to_business(
        "",
        subject=subject,
        heading=heading,
        facts=facts,
        url=link(provider.organisation, "providers:space") if has_account else "",
        label=_("Open your space"),
    )
