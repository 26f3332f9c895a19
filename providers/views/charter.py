"""What a local business promises when it begins to work with us."""

from __future__ import annotations

from django.utils.translation import gettext as _

from concierge.models import Organisation


def charter_lines(organisation: Organisation) -> list[str]:
    """The sentences, as they are shown and kept with the signature."""
    return [
        _("We answer offers of %(name)s in time. A no is fine too.") % {"name": organisation.name},
        _("We do the work that was agreed, at the price that was agreed, and say at once when something goes wrong."),
        _("We meet clients and the team with respect. Many of its members are on their way back to work."),
        _("What we learn of clients serves the job only: we tell nobody, and keep it no longer than the job lasts."),
        _("We are insured, we declare the people who work for us, and we pay what we owe to social security."),
        _("We repair before we replace, and dispose of waste as we should."),
    ]
