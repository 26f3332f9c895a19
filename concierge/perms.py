"""Who may do what in the kernel."""

from __future__ import annotations

from concierge.enums import Role
from concierge.tenancy import Actor


def can_manage_keys(actor: Actor) -> bool:
    """API keys of the organisation's own systems: site managers and heads of the network."""
    return actor.has_role(Role.SITE_MANAGER, Role.NETWORK_HEAD)


def can_run_organisation(actor: Actor) -> bool:
    """Open sites, say who the organisation is: heads of the whole network."""
    return actor.site_ids(Role.NETWORK_HEAD) is None
