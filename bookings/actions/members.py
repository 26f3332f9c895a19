"""People of client accounts: added one by one or by a list, their rights ended; who left by themself (R2)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bookings.actions.clients import LONGEST_EMAIL
from bookings.models import Client, ClientAccount, ClientMembership
from concierge import events, retention, tenancy
from concierge.days import today_of, zone_of
from concierge.errors import DomainError, Invalid
from concierge.models import Organisation, normalise_email
from concierge.tenancy import Actor

# Of one list.
MOST_LINES = 10_000


@retention.forget("memberships")
def never_came(before: dt.datetime) -> QuerySet[ClientMembership]:
    """Addresses that an account gave us and whose owner never came, once their rights or its contract ended, or once it
    is no longer active. Whoever came has a record; that their rights ended stays said, so that a code does not give
    them back."""
    organisation = Organisation.objects.get(pk__in=[tenancy.current_id()])
    day = timezone.localdate(before, timezone=zone_of(organisation))
    known = Client.objects.filter(organisation=OuterRef("organisation"), email__iexact=OuterRef("email"))
    over = Q(valid_to__lt=day) | Q(account__contract_to__lt=day) | Q(account__inactive_since__lt=day)
    return ClientMembership.objects.filter(over, ~Exists(known), client=None)


@transaction.atomic
def add_member(
    account: ClientAccount,
    email: str,
    *,
    by: Actor,
    valid_from: dt.date | None = None,
    valid_to: dt.date | None = None,
) -> tuple[ClientMembership, bool]:
    """The owner of this address has the account's rights, between the days given; and whether that is new.

    Raises ``Invalid`` (400) naming the field.
    """
    email = normalise_email(email)
    if not is_address(email):
        raise Invalid(_("Please write a whole e-mail address, such as name@example.fr."), field="email")
    if valid_from and valid_to and valid_to < valid_from:
        raise Invalid(_("These rights end before they begin."), field="valid_to")
    days = {"valid_from": valid_from, "valid_to": valid_to}
    known = _lines_of(account, email=email)
    if known:
        ClientMembership.objects.filter(pk__in=[row.pk for row in known]).update(**days)
        row, is_new = next((row for row in known if row.email == email), known[0]), False
        row.valid_from, row.valid_to = valid_from, valid_to
    else:
        row, is_new = ClientMembership.objects.update_or_create(
            account=account,
            email=email,
            defaults=days,
            create_defaults={"organisation_id": account.organisation_id, **days},
        )
    events.record("client_account.member_added", account, by=by, member=str(row.public_id))
    return row, is_new


def _lines_of(account: ClientAccount, *, client: Client | None = None, email: str = "") -> list[ClientMembership]:
    """Every line of one person, locked: the address that the account gave us, and the record that typed its code."""
    found = ClientMembership.objects.of_person(client=client, email=email).filter(account=account)
    return list(found.select_for_update(of=("self",), no_key=True).order_by("pk"))


def _whole_person(membership: ClientMembership) -> list[ClientMembership]:
    return _lines_of(membership.account, client=membership.client, email=membership.email)


class MemberGone(DomainError):
    """They left meanwhile: no line is left of them."""

    code, status = "not_found", 404
    message = _("This person has left the account meanwhile.")


@transaction.atomic
def remove_member(membership: ClientMembership, *, by: Actor) -> None:
    """The rights of this person end now: what was booked stays paid. That they ended stays said, so that a code which
    they know does not give them back; the team may give them again."""
    _end_now(_whole_person(membership), membership.account)
    events.record("client_account.member_removed", membership.account, by=by, member=str(membership.public_id))


@transaction.atomic
def leave_account(membership: ClientMembership, *, by: Actor) -> None:
    """Somebody no longer belongs to it, by their own word. They may come back with a code, unless the account had said
    from when until when they have rights: then these have ended."""
    rows = _whole_person(membership)
    if any(row.valid_from or row.valid_to for row in rows):
        _end_now(rows, membership.account)
    else:
        ClientMembership.objects.filter(pk__in=[row.pk for row in rows]).delete()
    events.record("client_account.member_left", membership.account, by=by, member=str(membership.public_id))


def _end_now(rows: list[ClientMembership], account: ClientAccount) -> None:
    yesterday = today_of(account.organisation) - dt.timedelta(days=1)
    for row in rows:
        _end(row, yesterday)


def _end(row: ClientMembership, last_day: dt.date) -> bool:
    """Not after that day, and whether that is new; rights that would begin later never begin."""
    if row.valid_to is not None and row.valid_to <= last_day:
        return False
    row.valid_to = last_day
    row.valid_from = min(row.valid_from, last_day) if row.valid_from else None
    row.save(update_fields=["valid_from", "valid_to"])
    return True


@transaction.atomic
def end_member(membership: ClientMembership, last_day: dt.date, *, by: Actor) -> ClientMembership:
    """The rights of this person end with that day, unless they end before it: nothing here gives rights back. The line
    stays, as does what was booked. Again: nothing happens.

    Raises ``Invalid`` (400) when they would end before they begin, ``MemberGone`` (404) once they have left.
    """
    rows = _whole_person(membership)
    locked = next((row for row in rows if row.pk == membership.pk), None)
    if locked is None:
        raise MemberGone
    if locked.valid_from and last_day < locked.valid_from:
        raise Invalid(_("These rights end before they begin."), field="last_day")
    ended = [row for row in rows if _end(row, last_day)]
    if ended:
        day = last_day.isoformat()
        events.record("client_account.member_ended", membership.account, by=by, member=str(locked.public_id), on=day)
    return locked


def is_address(email: str) -> bool:
    """Whether a mailbox may have this name."""
    try:
        validate_email(email)
    except ValidationError:
        return False
    return len(email) <= LONGEST_EMAIL


@dataclass(frozen=True)
class Line:
    """What one line of a pasted list becomes. ``ended``: the lines of somebody whose rights are over, who gets them
    again."""

    number: int
    text: str
    email: str
    problem: str | Promise
    ended: frozenset[int] = frozenset()


def read_members(account: ClientAccount, text: str) -> list[Line]:
    """Every line that is not empty, with what is wrong about it. The address is the first cell that has an @.

    Raises ``Invalid`` (400) beyond 10,000 lines. Writes nothing.
    """
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) > MOST_LINES:
        raise Invalid(_("At most 10,000 lines at once."), field="text")
    today, known = today_of(account.organisation), _People(account)
    seen: set[str] = set()
    found = []
    for number, line in lines:
        cells = [cell.strip(" \"'<>") for cell in line.replace("\t", ";").replace(",", ";").split(";")]
        email = normalise_email(next((cell for cell in cells if "@" in cell), cells[0]))
        rows = known.rows_of(email)
        is_over = all(row.valid_to is not None and row.valid_to < today for row in rows)
        problem: str | Promise = ""
        if not is_address(email):
            problem = _("no e-mail address")
        elif email in seen:
            problem = _("twice in this list")
        elif rows and not is_over:
            problem = _("already a member")
        seen.add(email)
        found.append(Line(number, line[:120], email, problem, frozenset(row.pk for row in rows)))
    return found


class _People:
    """The people of an account, each with their lines: by an address on the list, and by every address that belongs to
    whoever is on it or typed its code. Two queries."""

    def __init__(self, account: ClientAccount) -> None:
        self._by_email: defaultdict[str, set[ClientMembership]] = defaultdict(set)
        self._by_head: defaultdict[int, set[ClientMembership]] = defaultdict(set)
        self._heads: defaultdict[str, set[int]] = defaultdict(set)
        rows = ClientMembership.objects.filter(account=account).order_by()
        named = Q(pk__in=rows.exclude(client=None).values("client")) | Q(
            email__in=rows.exclude(email="").values("email")
        )
        kept = Client.objects.filter(named).order_by().annotate(head=Coalesce("merged_into_id", "id")).values("head")
        family = Client.objects.filter(Q(pk__in=kept) | Q(merged_into_id__in=kept)).order_by()
        heads = {}
        for client, head, email in family.annotate(head=Coalesce("merged_into_id", "id")).values_list(
            "pk", "head", "email"
        ):
            heads[client] = head
            if email:
                self._heads[normalise_email(email)].add(head)
        for row in rows.only("client_id", "email", "valid_to"):
            if row.email:
                self._by_email[normalise_email(row.email)].add(row)
            for head in {heads[row.client_id]} if row.client_id else self._heads.get(normalise_email(row.email), ()):
                self._by_head[head].add(row)

    def rows_of(self, email: str) -> set[ClientMembership]:
        """Every line of whoever has this address."""
        found = set(self._by_email.get(email, ()))
        for head in self._heads.get(email, ()):
            found |= self._by_head.get(head, set())
        return found


@transaction.atomic
def import_members(account: ClientAccount, text: str, *, by: Actor) -> int:
    """Load the lines that are right: who is new gets the account's rights, who had them gets them again, without an
    end. Returns how many people; again: nothing new."""
    right = [line for line in read_members(account, text) if not line.problem]
    rows = [
        ClientMembership(organisation_id=account.organisation_id, account=account, email=line.email)
        for line in right
        if not line.ended
    ]
    ClientMembership.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)
    ended = {key for line in right for key in line.ended}
    again = ClientMembership.objects.filter(pk__in=ended, valid_to__lt=today_of(account.organisation))
    keys = list(again.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk", flat=True))
    ClientMembership.objects.filter(pk__in=keys).update(valid_from=None, valid_to=None)
    if right:
        count = len(right) - len(rows)
        events.record("client_account.members_imported", account, by=by, count=len(right), again=count)
    return len(right)
