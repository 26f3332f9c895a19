"""Nothing begins at a site that takes no requests. PostgreSQL refuses it (``site_takes_requests``), also when somebody
closes the site at the same moment: whoever writes first is waited for by the other."""

from __future__ import annotations

from contextlib import AbstractContextManager

from django.utils.translation import gettext_lazy as _

from concierge.db import refuse_on
from concierge.errors import DomainError


class SiteClosed(DomainError):
    """The site takes no requests any more."""

    code, status = "site_closed", 409
    message = _("This concierge desk takes no requests any more. Please choose another one, or call us.")


def refuse_closed() -> AbstractContextManager[None]:
    """Around what begins something at a site, without a statement more; the refusal ends the transaction."""
    return refuse_on("site_takes_requests", SiteClosed(), savepoint=False)
