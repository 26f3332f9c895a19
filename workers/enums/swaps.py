"""States of a request to swap two shifts (lifecycles.md 2.5)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SwapStatus(models.TextChoices):
    """Asked by one, agreed by the other, approved by a supervisor; every other end leaves the week as it is."""

    ASKED = "asked", _("Asked")
    AGREED = "agreed", _("Both agree")
    APPROVED = "approved", _("Approved")
    DECLINED = "declined", _("The other said no")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Taken back")
    EXPIRED = "expired", _("Too late")


OPEN_SWAPS = (SwapStatus.ASKED, SwapStatus.AGREED)
# verb → states it starts from, state it ends in
SWAP_TRANSITIONS: dict[str, tuple[tuple[SwapStatus, ...], SwapStatus]] = {
    "agree": ((SwapStatus.ASKED,), SwapStatus.AGREED),
    "decline": ((SwapStatus.ASKED,), SwapStatus.DECLINED),
    "withdraw": (OPEN_SWAPS, SwapStatus.WITHDRAWN),
    "approve": ((SwapStatus.AGREED,), SwapStatus.APPROVED),
    "refuse": ((SwapStatus.AGREED,), SwapStatus.REFUSED),
    "expire": (OPEN_SWAPS, SwapStatus.EXPIRED),
}
