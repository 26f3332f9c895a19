"""Who looks after messages. Reading is ``Message.objects.visible_to(actor)``."""

from __future__ import annotations

from concierge.tenancy import Actor
from notifications.enums import Kind, MessageStatus
from notifications.models import MESSAGE_ROLES, Message

RESENDABLE = (MessageStatus.SENT, MessageStatus.FAILED, MessageStatus.DEAD)


def can_see_messages(actor: Actor) -> bool:
    """Whether the message centre opens."""
    return actor.kind == "system" or actor.has_role(*MESSAGE_ROLES)


def can_resend(actor: Actor, message: Message) -> bool:
    """Whether this person may send it again. A code lives ten minutes: its owner asks for a new one."""
    return can_see_messages(actor) and message.kind != Kind.EMAIL_CODE and message.status in RESENDABLE
