"""What somebody has typed so far, kept in their session (in the database), so that nothing is lost on the way."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from typing import Any
from zoneinfo import ZoneInfo

from allauth.account.models import EmailAddress
from django.forms import BaseForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property

from bookings.actions.beneficiaries import Beneficiary
from bookings.actions.clients import ClientDetails
from bookings.actions.guards import place_of, stands_for
from bookings.actions.holds import hold_of, release_hold
from bookings.actions.pre_orders import plan_for
from bookings.actions.pricing import offered_on
from bookings.actions.quote_requests import Wanted, is_on_quote
from bookings.enums import HoldStatus, Place
from bookings.forms.booking import wishes_of
from bookings.models import Accompaniment, Client, Hold, PreOrderPlan, PreOrderRun, Presence, Service
from bookings.models.access import LONGEST_ACCESS
from bookings.perms import can_book_for_others
from bookings.rules.prices import Wish
from bookings.views.kinds import of_kind
from bookings.views.spots import spot_of
from concierge import encryption
from concierge.enums import Channel
from concierge.errors import DomainError
from concierge.models import Site, normalise_email
from concierge.tenancy import Actor

KEY = "booking"
DONE = "booked"
# Who somebody is; and what is typed beside it.
WHO_FIELDS = ("first_name", "last_name", "email", "phone", "street", "postcode", "city")
KEPT_FIELDS = (*WHO_FIELDS, "note", "on_phone")


class Draft:
    """One booking on its way. Reading never writes the session; ``save`` does."""

    def __init__(self, request: HttpRequest, site: Site) -> None:
        self.request, self.site = request, site
        stored: dict[str, Any] = request.session.get(KEY, {})
        # Who you are is kept when you change the site; what you asked for belongs to one.
        same = stored.get("site") == str(site.public_id)
        kept: dict[str, Any] = {name: stored[name] for name in ("contact", "person", "client") if name in stored}
        self.data: dict[str, Any] = stored if same else kept
        actor = request.actor  # type: ignore[attr-defined]  # set by TenantMiddleware
        self.for_others = can_book_for_others(actor, site)
        if self.for_others:
            actor = actor.by_way_of(Channel.PHONE if self.contact.get("on_phone") else Channel.DESK)
        self.actor: Actor = actor

    @classmethod
    def begin(cls, request: HttpRequest, site: Site, **seed: str) -> Draft:
        """Another booking instead of the one under way, if any: nothing of that is kept, not its place either."""
        before = request.session.get(KEY, {})
        request.session[KEY] = {"site": str(site.public_id), **seed}
        draft = cls(request, site)
        draft._let_go(before)
        return draft

    def save(self, **changes: Any) -> None:
        """Remember some answers. The place kept at another site is given back: one is kept at a time."""
        before = self.request.session.get(KEY, {})
        self.data.update(changes, site=str(self.site.public_id))
        self.data.setdefault("token", secrets.token_urlsafe(32))
        self.request.session[KEY] = self.data
        self._let_go(before)

    def _let_go(self, before: dict[str, Any]) -> None:
        """Give back the place of a draft that is no longer this one."""
        token = before.get("token", "")
        hold = hold_of(token) if token and token != self.token else None
        if hold is not None and hold.status == HoldStatus.HELD:
            release_hold(hold, by=self.actor)

    @property
    def access(self) -> str:
        """How to get in, when somebody comes, as it was typed: encrypted in the session as it is in the request."""
        try:
            return encryption.decrypt(self.data["access"]) if "access" in self.data and self.is_visit else ""
        except encryption.Unreadable:
            return ""

    def note_access(self, form: BaseForm) -> None:
        """Remember what was typed of it, also on a page that is refused; it is saved with the rest."""
        if not form.is_bound or "access_note" not in form.fields:
            return
        text = str(form.data.get("access_note", ""))
        self.data.pop("access", None)
        if text := text.replace("\x00", "").strip()[:LONGEST_ACCESS]:
            self.data["access"] = encryption.encrypt(text)

    @property
    def is_visit(self) -> bool:
        """Somebody comes, at a time that is chosen here."""
        return self.place == Place.HOME and not self.on_quote

    def forget_owner(self) -> None:
        """It is for somebody else than whose card it was begun from: nothing said of them is kept."""
        for name in ("client", "wants", "contact", "typed", "other", "typed_other", "access"):
            self.data.pop(name, None)
        self.save()

    def finish(self, kept: uuid.UUID, tracking_token: str) -> None:
        """Forget everything typed (the next person may sit at the same screen); remember what the place kept became."""
        self.request.session.pop(KEY, None)
        done = dict(list(self.request.session.get(DONE, {}).items())[-4:])
        self.request.session[DONE] = {**done, str(kept): tracking_token}

    @cached_property
    def stands(self) -> list[Presence]:
        """Where else than at the desk this person may bring things."""
        if self.place != Place.DESK:
            return []
        return stands_for(self.site, self.proved_email, self.actor)

    @property
    def proved_email(self) -> str:
        """The address whose rights count: the one that was typed and proved, else one of the account's; or none."""
        mine = self.email if self.is_verified else ""
        return mine or next(iter(sorted(self.own_emails)), "")

    @property
    def email(self) -> str:
        """Of whoever asks: as it is kept, or as it was typed."""
        return str(self.owner.email if self.owner is not None else self.contact.get("email", ""))

    @property
    def takes_code(self) -> bool:
        """Whether a code of a company can be typed now: by a client whose address is proved, for themself."""
        return not self.for_others and self.person is None and bool(self.proved_email)

    @cached_property
    def offered(self) -> list[Service]:
        """What the site offers."""
        today = timezone.localdate(timezone=ZoneInfo(self.site.time_zone))
        return list(offered_on(self.site.pk, today))

    @cached_property
    def choices(self) -> list[Service]:
        """What is shown to choose from: of what was begun at the desk, those services, else everything."""
        if self.owner is None:
            return self.offered
        return of_kind(self.site, self.offered, self.data.get("wants", "")) or self.offered

    @property
    def services(self) -> list[Service]:
        """What was chosen and is still offered."""
        wanted = set(self.data.get("services", []))
        return [service for service in self.offered if str(service.public_id) in wanted]

    @property
    def place(self) -> Place:
        """Where it happens."""
        try:
            return place_of(self.services)
        except DomainError:
            return Place.DESK

    @property
    def on_quote(self) -> bool:
        """What was chosen has no price yet: no quantities, no time, a quote instead."""
        try:
            return is_on_quote(self.services)
        except DomainError:
            return False

    @property
    def last_step(self) -> str:
        """Where everything is shown once more."""
        return "ask" if self.on_quote else "review"

    @property
    def wanted(self) -> list[Wanted]:
        """What is to be quoted, in the client's words."""
        kept: dict[str, Any] = self.data.get("wanted", {})
        return [
            Wanted(service, wish["description"], _day(wish["wanted_from"]), _day(wish["wanted_until"]))
            for service in self.services
            if (wish := kept.get(str(service.public_id)))
        ]

    @property
    def key(self) -> uuid.UUID | None:
        """Names the request that this draft becomes, so that sending it twice is one."""
        return uuid.UUID(self.data["key"]) if "key" in self.data else None

    @property
    def asked(self) -> dict[str, Any]:
        """Quantities and options of the services that are still chosen."""
        chosen = {str(service.public_id) for service in self.services}
        kept: dict[str, Any] = self.data.get("asked", {})
        return {key: wish for key, wish in kept.items() if key in chosen}

    @property
    def wishes(self) -> list[Wish]:
        """The order as rules understand it."""
        return wishes_of(self.asked)

    @property
    def token(self) -> str:
        """The secret of this session's hold; empty before the first answer."""
        return str(self.data.get("token", ""))

    @cached_property
    def hold(self) -> Hold | None:
        """The place kept for this session, live or not."""
        hold = hold_of(self.token) if self.token else None
        return hold if hold is not None and hold.site_id == self.site.pk else None

    @property
    def holds_a_place(self) -> bool:
        """A place of the right kind is kept."""
        hold = self.hold
        return hold is not None and hold.status == HoldStatus.HELD and hold.place == self.place

    @cached_property
    def plan(self) -> PreOrderPlan | None:
        """How what was chosen is ordered ahead, if it is."""
        try:
            return plan_for(self.site, self.services)
        except DomainError:
            return None

    @cached_property
    def run(self) -> PreOrderRun | None:
        """The hand-out that was chosen, as long as it takes orders."""
        if self.plan is None or not self.data.get("run"):
            return None
        mine = PreOrderRun.objects.filter(plan=self.plan, public_id=self.data["run"])
        return mine.taking_orders(timezone.now()).select_related("plan__producer", "site").first()

    @property
    def kept(self) -> uuid.UUID | None:
        """What the last form names, so that sending it twice is one request: the hold, or the choice of a hand-out."""
        if self.plan is not None:
            return uuid.UUID(self.data["run_key"]) if self.run is not None else None
        return self.hold.public_id if self.hold is not None else None

    @property
    def contact(self) -> dict[str, Any]:
        """What was typed about oneself."""
        contact: dict[str, Any] = self.data.get("contact", {})
        return contact

    @property
    def is_verified(self) -> bool:
        """The typed address belongs to whoever types: by code, by their account, or the desk vouches for it."""
        email = self.contact.get("email", "")
        return (
            self.for_others
            or bool(self.person)
            or (bool(email) and (email == self.data.get("verified") or email in self.own_emails))
        )

    @cached_property
    def own_emails(self) -> set[str]:
        """Addresses that the signed-in account has verified."""
        user = self.request.user
        if not user.is_authenticated:
            return set()
        mine = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
        return {normalise_email(email) for email in mine}

    def details(self) -> ClientDetails:
        """The client, as actions take it."""
        if self.person is not None:
            return self._known_details(self.person.client, self.person.email)
        if self.owner is not None:
            return self._known_details(self.owner, self.owner.email)
        mine = {name: self.contact.get(name, "") for name in WHO_FIELDS}
        user = self.request.user
        is_me = not self.for_others and user.is_authenticated and mine["email"] in self.own_emails
        return ClientDetails(
            **mine,
            **spot_of(self.contact),
            language=self.request.LANGUAGE_CODE,
            user=user if is_me else None,  # type: ignore[arg-type]  # authenticated
            access_note=self.access,
        )

    @cached_property
    def person(self) -> Accompaniment | None:
        """Whom a prescriber books for."""
        chosen = self.data.get("person")
        if not chosen or self.actor.prescriber_id is None:
            return None
        found = Accompaniment.objects.visible_to(self.actor).filter(public_id=chosen)
        return found.select_related("client", "prescriber").first()

    @cached_property
    def owner(self) -> Client | None:
        """Whom the desk books for, from their card: the row under which they are kept."""
        chosen = self.data.get("client")
        if not chosen or not self.for_others:
            return None
        found = Client.objects.visible_to(self.actor).select_related("merged_into").filter(public_id=chosen).first()
        return found.kept_as if found is not None else None

    @property
    def whose(self) -> str:
        """For whom it was begun: every form says it, so that one of another tab is not taken for this person's."""
        name = "person" if self.person is not None else "client" if self.owner is not None else ""
        return str(self.data[name]) if name else ""

    @property
    def knows_who(self) -> bool:
        """Who asks was said before the first page: their name is not typed again."""
        return self.person is not None or self.owner is not None

    def _known_details(self, client: Client, email: str) -> ClientDetails:
        """That person: who they are was said before; how to reach them and where may differ this time."""
        typed = self.contact
        return ClientDetails(
            first_name=client.first_name,
            last_name=client.last_name,
            email=email,
            language=client.language,
            phone=typed.get("phone", ""),
            street=typed.get("street", ""),
            postcode=typed.get("postcode", ""),
            city=typed.get("city", ""),
            access_note=self.access,
            **spot_of(typed),
        )

    @property
    def other(self) -> dict[str, Any]:
        """What was typed about the person it is for, when that is not the client."""
        typed: dict[str, Any] = self.data.get("other", {})
        return {} if self.on_quote else typed

    def beneficiary(self) -> Beneficiary | None:
        """That person, as actions take them."""
        return Beneficiary(**{**self.other, **spot_of(self.other)}, access_note=self.access) if self.other else None

    @property
    def comes_to_client(self) -> bool:
        """Whether we come to the client's own place: then it is the client who gives the address."""
        return self.asks_address and not self.other

    @property
    def met(self) -> ClientDetails | Beneficiary:
        """Whom the team comes to."""
        return self.beneficiary() or self.details()

    @property
    def asks_address(self) -> bool:
        """Whether an address is needed: of where we come, and on every quote."""
        return self.on_quote or self.place == Place.HOME

    def missing_before(self, step: str) -> str | None:
        """The first step that is not complete before this one, else ``None``."""
        path = self._path()
        if step not in {*path, self.last_step}:  # a page of the other kind of request
            return next((name for name, is_complete in path.items() if not is_complete), self.last_step)
        for name, is_complete in path.items():
            if name == step:
                return None
            if not is_complete:
                return name
        return None

    def _path(self) -> dict[str, bool]:
        """The steps of this kind of request in order, and whether each is complete."""
        chosen = {str(service.public_id) for service in self.services}
        last = {
            "contact": bool(self.contact if self.knows_who else self.contact.get("last_name"))
            and (not self.asks_address or bool((self.other or self.contact).get("street"))),
            "code": self.is_verified,
        }
        if self.on_quote:
            return {"services": True, "wishes": bool(self.key) and len(self.wanted) == len(chosen), **last}
        return {
            "services": bool(chosen),
            "details": bool(self.wishes) and set(self.asked) == chosen,
            "slot": self.run is not None if self.plan is not None else self.holds_a_place,
            **last,
        }


def _day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
