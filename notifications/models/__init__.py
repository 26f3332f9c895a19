"""What is told to whom: messages to people, calls to systems."""

from notifications.models.messages import MESSAGE_ROLES, TROUBLED, Message, MessageQuerySet
from notifications.models.webhooks import WebhookDelivery, WebhookEndpoint

__all__ = ["MESSAGE_ROLES", "TROUBLED", "Message", "MessageQuerySet", "WebhookDelivery", "WebhookEndpoint"]
