"""The mail server. Every call has a time limit (``EMAIL_TIMEOUT``)."""

from __future__ import annotations

import re
import smtplib
from email.utils import formataddr, parseaddr
from types import TracebackType

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from concierge.models import Organisation
from notifications.actions.writing import Letter
from notifications.gateways.failures import Delayed, Refused, ServerDown, Unsendable
from notifications.models import Message

CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")


def one_line(text: str) -> str:
    """Text fit for a header: control characters and line ends become spaces (S53)."""
    return " ".join(CONTROL.sub(" ", text).split())


def sender_of(organisation: Organisation) -> str:
    """``"Name of the organisation" <address of the installation>``: the domain that SPF and DKIM vouch for."""
    return formataddr((one_line(organisation.name), parseaddr(settings.DEFAULT_FROM_EMAIL)[1]))


def compose(message: Message, letter: Letter) -> EmailMultiAlternatives:
    """The mail as it travels: text and HTML, stable Message-ID, answers go to the organisation."""
    organisation = message.organisation
    mail = EmailMultiAlternatives(
        subject=one_line(letter.subject),
        body=letter.text,
        from_email=sender_of(organisation),
        to=[message.address],
        reply_to=[one_line(organisation.email)] if organisation.email else [],
        headers={
            "Message-ID": message.message_id,
            "Auto-Submitted": "auto-generated",
            "Content-Language": message.language,
        },
    )
    mail.attach_alternative(letter.html, "text/html")
    for attachment in letter.attachments:
        mail.attach(attachment.name, attachment.content, attachment.media_type)
    return mail


class Postman:
    """One conversation with the mail server for several messages; opened late, closed after any trouble."""

    def __init__(self) -> None:
        self._connection: BaseEmailBackend | None = None

    def __enter__(self) -> Postman:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hang_up()

    def deliver(self, message: Message, letter: Letter) -> None:
        """Hand one message to the server. Raises ``Refused`` (``Unsendable``), ``Delayed`` or ``ServerDown``."""
        try:
            mail = compose(message, letter)
            mail.message()
        except ValueError as error:
            raise Unsendable(_trouble(error)) from error
        if self._connection is None:
            self._connect()
        try:
            mail.connection = self._connection
            mail.send()
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            self._hang_up()
            raise _verdict(code, said) from error
        except (smtplib.SMTPSenderRefused, smtplib.SMTPAuthenticationError) as error:
            # About us, not about the reader: an administrator has to act, nothing is lost meanwhile.
            self._hang_up()
            raise ServerDown(_answer(error.smtp_code, error.smtp_error)) from error
        except smtplib.SMTPResponseException as error:
            self._hang_up()
            raise _verdict(error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPNotSupportedError as error:
            raise Refused(str(error)) from error
        except (smtplib.SMTPException, OSError) as error:
            # Cut off or silent in the middle of the conversation.
            self._hang_up()
            raise ServerDown(_trouble(error)) from error

    def _connect(self) -> None:
        connection = get_connection()
        try:
            connection.open()
        except smtplib.SMTPResponseException as error:
            raise ServerDown(_answer(error.smtp_code, error.smtp_error)) from error
        except (smtplib.SMTPException, OSError) as error:
            raise ServerDown(_trouble(error)) from error
        self._connection = connection

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.close()
        except (smtplib.SMTPException, OSError):
            # It was broken already.
            return


def _verdict(code: int, said: bytes | str) -> Refused | Delayed | ServerDown:
    if code == 421:
        return ServerDown(_answer(code, said))
    return Refused(_answer(code, said)) if code >= 500 else Delayed(_answer(code, said))


def _trouble(error: Exception) -> str:
    return one_line(f"{type(error).__name__}: {error}")


def _answer(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return one_line(f"{code} {text}")[:300]
