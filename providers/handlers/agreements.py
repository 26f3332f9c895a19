"""What follows from agreements."""

from __future__ import annotations

from concierge import events
from concierge.models import Event
from providers.actions.agreement_ends import plan_end
from providers.models import ServiceAgreement


@events.subscribe("agreement.signed", "agreement.ended")
def be_told_of_the_end(event: Event) -> None:
    """Whoever signed, and whoever ended it, hears of the end in time."""
    for agreement in ServiceAgreement.objects.filter(public_id=event.subject_id).select_related("organisation"):
        plan_end(agreement)
