"""What may come of handing a message over, by whatever way."""

from __future__ import annotations


class Refused(Exception):
    """Permanent, and of this reader only: no such mailbox or number, or it does not want it."""


class Unsendable(Refused):
    """It has no form in which it could travel: no server was asked."""


class Delayed(Exception):
    """This message not now; others may pass (greylist, full mailbox, too many at once)."""


class ServerDown(Exception):
    """No conversation with the server at all: the others need not be tried now."""
