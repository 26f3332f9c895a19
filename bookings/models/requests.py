"""The request the client follows, its lines, and the work orders given to one doer each."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from decimal import Decimal
from typing import Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.signing import BadSignature, Signer
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now, Upper
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField
from phonenumber_field.phonenumber import PhoneNumber

from bookings.enums import (
    REQUEST_CATEGORY,
    TO_COLLECT,
    UNASSIGNED,
    WORK_ORDER_CATEGORY,
    Execution,
    Leg,
    PerformerKind,
    Place,
    RequestStatus,
    WorkOrderStatus,
)
from bookings.models.accounts import ClientAccount
from bookings.models.availability import Hold
from bookings.models.catalogue import Service
from bookings.models.clients import Client
from bookings.models.people import Accompaniment, Prescriber
from bookings.models.presences import Presence
from concierge.enums import Channel, Role
from concierge.models import Event, PublicIdModel, Site, TenantModel
from concierge.tenancy import Actor

# Roles that follow requests; accountants and advisers reach them through invoices and people.
REQUEST_ROLES = (
    Role.CONCIERGE,
    Role.DISPATCHER,
    Role.SUPERVISOR,
    Role.SITE_MANAGER,
    Role.NETWORK_HEAD,
    Role.ACCOUNTANT,
)

# States of a request that is over.
ENDED = (RequestStatus.CLOSED, RequestStatus.CANCELLED, RequestStatus.DECLINED, RequestStatus.EXPIRED)

# How long the tracking link of an ended request still opens its page.
TRACKING_DAYS = 90

# Fewer digits than these are no telephone number.
FEWEST_DIGITS = 4

# Letters and digits that nobody confuses on paper or on the phone.
REFERENCE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_reference() -> str:
    """Eight random characters, shown as ``ABCD-2345``: tells nothing about volumes (S35)."""
    letters = "".join(secrets.choice(REFERENCE_ALPHABET) for _n in range(8))
    return f"{letters[:4]}-{letters[4:]}"


class ServiceRequestQuerySet(models.QuerySet["ServiceRequest"]):
    """Reads of requests."""

    def changed_since(self, moment: dt.datetime) -> Self:
        """Those about which something was recorded since then, whatever it was."""
        news = Event.objects.filter(recorded_at__gte=moment, request_id__isnull=False)
        return self.filter(public_id__in=news.order_by().values("request_id"))

    def visible_to(self, actor: Actor) -> Self:
        """Staff: the sites where they hold a role. Clients: their own; prescribers also those they made for people they
        still accompany. The organisation's keys: all. Others: none."""
        found = self.filter(organisation=actor.organisation)
        if actor.kind == "system" or (actor.kind == "api" and actor.provider_id is None):
            return found
        if actor.is_staff:
            sites = actor.site_ids(*REQUEST_ROLES)
            return found if sites is None else found.filter(site_id__in=sites)
        own = Q(pk__in=[])
        if actor.client_id:
            own = Q(client_id__in=Client.objects.family_of(actor.client_id).values("pk"))
        if actor.prescriber_id:
            own |= Q(pk__in=ServiceRequest.objects.made_by(actor.prescriber_id).order_by().values("pk"))
        return found.filter(own)

    def made_by(self, prescriber_id: int) -> Self:
        """What a prescriber asked for, as long as they did not stop accompanying that person."""
        people = Accompaniment.objects.filter(prescriber_id=prescriber_id).order_by()
        head = Coalesce("client__merged_into_id", "client_id")
        mine = self.filter(prescriber_id=prescriber_id).alias(head=head)
        live = Q(head__in=people.filter(ended_at=None).values_list(head))
        return mine.filter(live | ~Q(head__in=people.exclude(ended_at=None).values_list(head)))

    def matching(self, text: str) -> Self:
        """What somebody at the desk types: a reference of ours, part of a name, of an address or of a number.

        Each way has its index, so they are united, not joined by OR.
        """
        digits = "".join(c for c in text if c in "0123456789").removeprefix("0")
        about = Q(contact_name__icontains=text) | Q(contact_email__icontains=text)
        # The digits of a reference or of an address are not part of a number.
        if len(digits) >= FEWEST_DIGITS and not any(c.isalpha() for c in text):
            about |= Q(contact_phone__contains=digits)
        contact = ServiceRequest.objects.filter(about)
        named = ServiceRequest.objects.filter(reference=text.upper())
        orders = WorkOrder.objects.filter(reference=text.upper())
        found = (named.values("pk"), orders.values("request_id"))
        return self.filter(pk__in=contact.values("pk").order_by().union(*(one.order_by() for one in found)))

    def with_live_link(self, now: dt.datetime) -> Self:
        """Whose tracking link may still open their page: under way, or ended not long ago."""
        recent = Q(closed_at=None) | Q(closed_at__gt=now - dt.timedelta(days=TRACKING_DAYS))
        return self.filter(recent | Q(tracking_until__gt=now))

    def open(self) -> Self:
        """Not yet closed, cancelled, declined or expired."""
        return self.exclude(status__in=ENDED)


class ServiceRequest(PublicIdModel, TenantModel):
    """What a client asked for. Prices, names and addresses on it are frozen when it is confirmed."""

    reference = models.CharField(_("reference"), max_length=9, default=new_reference, editable=False)
    site = models.ForeignKey(Site, models.PROTECT, related_name="requests", verbose_name=_("site"))
    client = models.ForeignKey(Client, models.PROTECT, related_name="requests", verbose_name=_("client"))
    payer_account = models.ForeignKey(
        ClientAccount, models.PROTECT, null=True, blank=True, related_name="requests", verbose_name=_("paid by")
    )
    # For whom, when that is not the client; their e-mail only when they agreed to be written to.
    beneficiary = models.ForeignKey(
        Client, models.PROTECT, null=True, blank=True, related_name="requests_for_them", verbose_name=_("for")
    )
    beneficiary_name = models.CharField(_("name of the person it is for"), max_length=160, blank=True)
    beneficiary_phone = PhoneNumberField(_("phone of the person it is for"), blank=True)
    beneficiary_email = models.EmailField(_("e-mail of the person it is for"), blank=True)
    # Who asked for the client, on their word.
    prescriber = models.ForeignKey(
        Prescriber, models.PROTECT, null=True, blank=True, related_name="requests", verbose_name=_("prescriber")
    )
    hold = models.OneToOneField(Hold, models.PROTECT, null=True, blank=True, related_name="request", editable=False)
    place = models.CharField(_("place"), max_length=10, choices=Place.choices, default=Place.DESK)
    status = models.CharField(
        _("status"), max_length=20, choices=RequestStatus.choices, default=RequestStatus.SUBMITTED
    )
    contact_name = models.CharField(_("name"), max_length=160)
    contact_email = models.EmailField(_("e-mail"), blank=True)
    contact_phone = PhoneNumberField(_("phone"), blank=True)
    street = models.CharField(_("street"), max_length=200, blank=True)
    postcode = models.CharField(_("postcode"), max_length=5, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    # Where that is, when somebody knows; without it the postcode decided whether we come.
    latitude = models.DecimalField(_("latitude"), max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(_("longitude"), max_digits=9, decimal_places=6, null=True, blank=True)
    # Of an address whose place is not known: what somebody of the team measured, for supplements by distance.
    measured_km = models.DecimalField(
        _("measured distance (km)"), max_digits=5, decimal_places=2, null=True, blank=True
    )
    note = models.CharField(_("note for us"), max_length=500, blank=True)
    language = models.CharField(
        _("language"), max_length=2, choices=[("fr", "Français"), ("en", "English")], default="fr"
    )
    promised_start = models.DateTimeField(_("appointment"), null=True, blank=True)
    promised_end = models.DateTimeField(_("ready by"), null=True, blank=True)
    # How often the appointment was moved: SEQUENCE of its calendar entry, whose UID stays.
    sequence = models.PositiveSmallIntegerField(default=0, editable=False)
    total_incl_vat = models.DecimalField(_("total incl. VAT (€)"), max_digits=10, decimal_places=2)
    channel = models.CharField(_("channel"), max_length=20, choices=Channel.choices, default=Channel.WEB)
    submitted_at = models.DateTimeField(_("sent at"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    # For the team. What the client reads of a no is apart: why, and what they may do instead.
    cancel_reason = models.CharField(_("reason of cancellation"), max_length=200, blank=True)
    refusal = models.CharField(_("why we cannot"), max_length=200, blank=True)
    alternative = models.CharField(_("what we propose instead"), max_length=300, blank=True)
    tracking_version = models.PositiveSmallIntegerField(default=1, editable=False)
    tracking_until = models.DateTimeField(_("tracking link valid until"), null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)

    objects = ServiceRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("service request")
        verbose_name_plural = _("service requests")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["organisation", "status", "-id"], name="request_by_status"),
            models.Index(fields=["organisation", "site", "-id"], name="request_by_site"),
            models.Index(fields=["organisation", "client", "-id"], name="request_by_client"),
            # Appointments of some weeks, for calendars that read them by themselves.
            models.Index(
                fields=["organisation", "site", "promised_start"],
                condition=Q(promised_start__isnull=False, hold__isnull=False),
                name="request_by_appointment",
            ),
            # Parts of words; usable behind row-level security because of deploy/postgres.sql.
            GinIndex(
                OpClass(Upper("contact_name"), name="gin_trgm_ops"),
                OpClass(Upper("contact_email"), name="gin_trgm_ops"),
                OpClass(F("contact_phone"), name="gin_trgm_ops"),
                name="request_search",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "reference"], name="request_reference_once"),
            models.CheckConstraint(condition=Q(status__in=RequestStatus.values), name="request_status_is_known"),
            models.CheckConstraint(condition=Q(total_incl_vat__gte=0), name="request_total_not_negative"),
            models.CheckConstraint(
                condition=Q(measured_km=None) | Q(measured_km__isnull=False, measured_km__gte=0),
                name="request_distance_not_negative",
            ),
            models.CheckConstraint(
                condition=~Q(place="home") | ~Q(street="", city=""),
                name="request_home_visit_has_an_address",
                violation_error_message=_("Tell us the address where we should come."),
            ),
            models.CheckConstraint(
                condition=Q(beneficiary=None, beneficiary_name="", beneficiary_phone="", beneficiary_email="")
                | (Q(beneficiary__isnull=False) & ~Q(beneficiary_name="")),
                name="request_beneficiary_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def met_name(self) -> str:
        """The person whom the doer meets."""
        return self.beneficiary_name or self.contact_name

    @property
    def met_first_name(self) -> str:
        """What the team calls the person there."""
        return (self.beneficiary or self.client).first_name

    @property
    def met_phone(self) -> PhoneNumber | str:
        """Their number; that of the client when they have none."""
        return self.beneficiary_phone or self.contact_phone

    @property
    def speaker(self) -> Prescriber | None:
        """The prescriber who asked, as long as they may: neither paused, nor no longer with this person."""
        spoke = self.prescriber
        if spoke is None or spoke.paused_at is not None:
            return None
        return spoke if ServiceRequest.objects.made_by(spoke.pk).filter(pk=self.pk).exists() else None

    @property
    def meets_at(self) -> Site | Presence:
        """Where client and team meet, when nobody comes to the client: the desk, or the stand that was chosen."""
        return self.hold.presence if self.hold is not None and self.hold.presence is not None else self.site

    @property
    def category(self) -> str:
        """Fixed meaning of the status."""
        return REQUEST_CATEGORY[self.status].value

    @property
    def tracking_token(self) -> str:
        """Long unguessable text for the public tracking page; changing ``tracking_version`` revokes it."""
        return Signer(salt=f"tracking:{self.tracking_version}", sep=".").sign(self.public_id.hex)

    def holds_tracking_token(self, token: str) -> bool:
        """Whether a token opens this request's tracking page, as long as its time is not over."""
        return self._signed(token, self.tracking_version)

    def held_tracking_token(self, token: str) -> bool:
        """Whether a token once opened it, before the link was renewed."""
        return any(self._signed(token, version) for version in range(1, self.tracking_version))

    def _signed(self, token: str, version: int) -> bool:
        try:
            return Signer(salt=f"tracking:{version}", sep=".").unsign(token) == self.public_id.hex
        except BadSignature:
            return False

    @property
    def tracking_ends(self) -> dt.datetime | None:
        """When the link stops opening the page; ``None`` while the request is under way."""
        if self.tracking_until is not None or self.closed_at is None:
            return self.tracking_until
        return self.closed_at + dt.timedelta(days=TRACKING_DAYS)

    def tracking_is_over(self, now: dt.datetime) -> bool:
        """Whether the time of the link is over."""
        return self.tracking_ends is not None and self.tracking_ends <= now


def public_id_of_tracking_token(token: str) -> uuid.UUID | None:
    """The request a token speaks of, before its signature is checked; ``None`` when it has not even the right shape."""
    head = token.partition(".")[0]
    try:
        return uuid.UUID(hex=head)
    except ValueError:
        return None


class WorkOrderQuerySet(models.QuerySet["WorkOrder"]):
    """Reads of work orders."""

    def visible_to(self, actor: Actor) -> Self:
        """Staff by site; a provider those it holds; the organisation's keys all; clients none (they read requests)."""
        found = self.filter(organisation=actor.organisation)
        if actor.provider_id is not None:
            return found.filter(performer_kind=PerformerKind.PROVIDER, performer_id=actor.provider_id)
        if actor.kind in {"system", "api"}:
            return found
        if actor.is_staff:
            sites = actor.site_ids(*REQUEST_ROLES)
            return found if sites is None else found.filter(site_id__in=sites)
        return found.none()

    def for_team_now(self) -> Self:
        """With something for our own team to do now: the same as having a ``leg_now``."""
        to_collect = Q(status__in=TO_COLLECT, collected_at=None)
        to_return = Q(status=WorkOrderStatus.COMPLETED, collected_at__isnull=False, returned_at=None)
        carried = Q(execution=Execution.COLLECTED_PROVIDER, performer_kind=PerformerKind.PROVIDER)
        return self.filter(
            Q(execution=Execution.OWN_TEAM, status__in=UNASSIGNED) | (carried & (to_collect | to_return))
        )

    def billable(self) -> Self:
        """Checked work: what an invoice may carry."""
        return self.filter(status=WorkOrderStatus.VERIFIED)


class WorkOrder(PublicIdModel, TenantModel):
    """The unit given to one doer: own team or provider. ``performer_id`` is the key of a trainee or provider above."""

    reference = models.CharField(_("reference"), max_length=9, default=new_reference, editable=False)
    request = models.ForeignKey(ServiceRequest, models.PROTECT, related_name="work_orders", verbose_name=_("request"))
    site = models.ForeignKey(Site, models.PROTECT, related_name="work_orders", verbose_name=_("site"))
    service = models.ForeignKey(Service, models.PROTECT, related_name="work_orders", verbose_name=_("service"))
    execution = models.CharField(_("done by"), max_length=20, choices=Execution.choices)
    status = models.CharField(
        _("status"), max_length=20, choices=WorkOrderStatus.choices, default=WorkOrderStatus.READY
    )
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    quantity = models.DecimalField(_("how many or how much"), max_digits=8, decimal_places=3, default=Decimal(1))
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    duration_minutes = models.PositiveSmallIntegerField(_("working time (min)"))
    performer_kind = models.CharField(
        _("held by"), max_length=10, choices=PerformerKind.choices, default=PerformerKind.NOBODY, blank=True
    )
    performer_id = models.BigIntegerField(null=True, blank=True, editable=False)
    performer_label = models.CharField(_("held by"), max_length=160, blank=True)
    # Where the provider works, for whoever carries things there and back.
    performer_address = models.CharField(_("address of the holder"), max_length=250, blank=True)
    promised_start = models.DateTimeField(_("from (client)"))
    promised_end = models.DateTimeField(_("to (client)"))
    planned_start = models.DateTimeField(_("from (worker)"), null=True, blank=True)
    planned_end = models.DateTimeField(_("to (worker)"), null=True, blank=True)
    collected_at = models.DateTimeField(_("brought to the provider at"), null=True, blank=True)
    returned_at = models.DateTimeField(_("back from the provider at"), null=True, blank=True)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    completed_at = models.DateTimeField(_("done at"), null=True, blank=True)
    verified_at = models.DateTimeField(_("checked at"), null=True, blank=True)
    failure_reason = models.CharField(_("reason"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)

    objects = WorkOrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("work order")
        verbose_name_plural = _("work orders")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["organisation", "status", "promised_end"], name="work_order_by_status"),
            models.Index(
                fields=["organisation", "performer_kind", "performer_id", "-id"], name="work_order_by_performer"
            ),
            models.Index(fields=["organisation", "verified_at"], name="work_order_verified"),
            # Orders of a day, for services that take only so many (every look at free times).
            models.Index(fields=["organisation", "service", "promised_start"], name="work_order_of_a_day"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "reference"], name="work_order_reference_once"),
            models.CheckConstraint(condition=Q(status__in=WorkOrderStatus.values), name="work_order_status_is_known"),
            models.CheckConstraint(
                condition=Q(promised_end__gte=F("promised_start")), name="work_order_promise_end_not_before_start"
            ),
            models.CheckConstraint(
                condition=Q(planned_start=None, planned_end=None)
                | Q(planned_start__isnull=False, planned_end__isnull=False, planned_end__gt=F("planned_start")),
                name="work_order_plan_end_after_start",
                violation_error_message=_("The planned end must be after the planned start."),
            ),
            models.CheckConstraint(
                condition=Q(performer_kind="", performer_id=None)
                | (~Q(performer_kind="") & Q(performer_id__isnull=False)),
                name="work_order_performer_is_whole",
            ),
            models.CheckConstraint(
                condition=~Q(
                    status__in=["booked", "scheduled", "in_progress", "on_hold", "completed", "rework", "verified"]
                )
                | ~Q(performer_kind=""),
                name="work_order_held_work_has_a_holder",
            ),
            models.CheckConstraint(
                condition=Q(completed_at=None) | Q(started_at__isnull=False), name="work_order_completed_after_start"
            ),
            models.CheckConstraint(
                condition=Q(returned_at=None) | Q(collected_at__isnull=False),
                name="work_order_returned_after_collected",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def category(self) -> str:
        """Fixed meaning of the status."""
        return WORK_ORDER_CATEGORY[self.status].value

    @property
    def awaits_collection(self) -> bool:
        """Whether its provider cannot start because our team has not brought it yet."""
        return self.execution == Execution.COLLECTED_PROVIDER and self.collected_at is None

    @property
    def leg_now(self) -> Leg | None:
        """What our own team has to do on it now, if anything."""
        if self.execution == Execution.OWN_TEAM:
            return Leg.WORK if self.status in UNASSIGNED else None
        if self.execution != Execution.COLLECTED_PROVIDER or self.performer_kind != PerformerKind.PROVIDER:
            return None
        if self.collected_at is None:
            return Leg.COLLECT if self.status in TO_COLLECT else None
        return Leg.RETURN if self.status == WorkOrderStatus.COMPLETED and self.returned_at is None else None

    def shows_client(self, now: dt.datetime) -> bool:
        """Whether its holder still reads the client's contact details: until 24 hours after the check (P05)."""
        if self.status == WorkOrderStatus.VERIFIED:
            return self.verified_at is not None and now < self.verified_at + dt.timedelta(hours=24)
        return self.status not in {WorkOrderStatus.CANCELLED, WorkOrderStatus.FAILED}
