"""Errors that a person may read.

A ``DomainError`` is a state of affairs, not a bug: edges show its message and answer with its status. Anything else
that escapes is a bug and becomes a reported 500.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, ParamSpec

from django.core.exceptions import MultipleObjectsReturned, ObjectDoesNotExist, ValidationError
from django.db import DatabaseError
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.utils.functional import Promise, lazy
from django.utils.translation import gettext_lazy as _

P = ParamSpec("P")


def worded(sentence: Callable[P, str]) -> Callable[P, str]:
    """A message with amounts or days in it, put into words for each of its readers, as ``gettext_lazy`` does."""
    return lazy(sentence, str)


class DomainError(Exception):
    """Base of every refusal shown: a stable ``code`` for machines, a ``message`` for people, an HTTP status."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 422
    message: str | Promise = _("This is not possible.")

    def __init__(self, message: str | Promise | None = None, *, field: str | None = None, **details: object) -> None:
        """``field`` names the form or API field at fault; ``details`` are extra members of the problem."""
        if message is not None:
            self.message = message
        self.field = field
        self.details = details
        super().__init__(str(self.message))


class Invalid(DomainError):
    """The input itself is wrong."""

    code = "invalid"
    status = 400
    message = _("Please correct what is indicated.")


class NotAllowed(DomainError):
    """You may see it, you may not do it."""

    code = "not_allowed"
    status = 403
    message = _("You are not allowed to do this.")


class WrongState(DomainError):
    """The transition table has no such arrow from the present state."""

    code = "wrong_state"
    status = 409
    message = _("This is no longer possible: the situation has changed in the meantime.")


class Conflict(DomainError):
    """Somebody else was first."""

    code = "conflict"
    status = 409
    message = _("Someone else has just changed this. Please look again.")


class StaleVersion(DomainError):
    """``If-Match`` names a version that is no longer the present one (R44)."""

    code = "stale_version"
    status = 412
    message = _("This was changed by someone else since you opened it. Reload, then apply your change again.")


class Unavailable(DomainError):
    """A lock or a dependency did not answer in time; trying again is right."""

    code = "unavailable"
    status = 503
    message = _("The service is busy. Please try again in a few seconds.")


class TooManyAttempts(DomainError):
    """A limit against guessing or hoarding was reached."""

    code = "too_many_attempts"
    status = 429
    message = _("Too many attempts. Please wait a little, then try again.")

    def __init__(self, message: str | Promise | None = None, *, retry_after: int = 60, **details: Any) -> None:
        """``retry_after``: seconds until trying again is worth while, for ``Retry-After``."""
        super().__init__(message, **details)
        self.retry_after = retry_after


# What code of ours raises when it is wrong. A queue that meets one of these parks the item and goes on with the others
# (R18): `ObjectDoesNotExist`, for one, is no `LookupError`, and a queue that let it pass would meet the same item first
# for ever. Time limits, signals and a lost process are none of these: they end the task.
FAULTS = (
    DomainError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    DatabaseError,
    LookupError,
    MultipleObjectsReturned,
    ObjectDoesNotExist,
    RuntimeError,
    TemplateDoesNotExist,
    TemplateSyntaxError,
    TypeError,
    ValidationError,
    ValueError,
)
