"""A small world for tests: one organisation, one site in Dijon, people of every role, two services."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import encrypt
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from bookings.enums import Execution, Place, PriceMode
from bookings.models import (
    Client,
    OpeningHours,
    PriceItem,
    RequestLine,
    Service,
    ServiceAtSite,
    ServiceCategory,
    ServiceOption,
    ServiceRequest,
    SlotRule,
    VatRate,
    WorkOrder,
)
from concierge import tenancy
from concierge.api.keys import new_key
from concierge.enums import STAFF_ROLES, Role, Scope
from concierge.models import ApiClient, Domain, Membership, Organisation, Site, User
from concierge.tenancy import Actor

PASSWORD = "un-mot-de-passe-long"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@dataclass
class World:
    """What ``build_world`` made."""

    organisation: Organisation
    site: Site
    host: str
    ironing: Service
    cobbler: Service
    shirt: PriceItem
    client: Client
    users: dict[str, User] = field(default_factory=dict)

    def actor(self, *roles: str, **extra: Any) -> Actor:
        """Somebody holding these roles at every site; without a role, the machine itself."""
        if not roles:
            return tenancy.system_actor(self.organisation)
        return Actor(
            kind="user",
            organisation=self.organisation,
            label=str(self.users[roles[0]]),
            user=self.users[roles[0]],
            roles={role: frozenset() for role in roles},
            **extra,
        )

    def request(self, *services: Service, **extra: Any) -> ServiceRequest:
        """A confirmed request with one work order and one line per service, written as plain rows."""
        now = timezone.now()
        start = extra.pop("promised_start", now + dt.timedelta(days=1))
        request = ServiceRequest.objects.create(
            organisation=self.organisation,
            site=self.site,
            client=self.client,
            status=extra.pop("status", "confirmed"),
            contact_name=str(self.client),
            contact_email=self.client.email,
            promised_start=start,
            promised_end=start + dt.timedelta(days=2),
            total_incl_vat=Decimal("18.00") * len(services or (self.ironing,)),
            submitted_at=now,
            **extra,
        )
        for position, service in enumerate(services or (self.ironing,)):
            work_order = WorkOrder.objects.create(
                organisation=self.organisation,
                request=request,
                site=self.site,
                service=service,
                execution=service.execution,
                duration_minutes=service.duration_minutes,
                promised_start=start,
                promised_end=start + dt.timedelta(days=2),
            )
            RequestLine.objects.create(
                organisation=self.organisation,
                request=request,
                work_order=work_order,
                service=service,
                description=service.name,
                quantity=1,
                unit_price_incl_vat=Decimal("18.00"),
                vat_code="standard",
                vat_rate=Decimal("20.00"),
                total_incl_vat=Decimal("18.00"),
                position=position,
            )
        return request

    def api_key(self, *scopes: str, provider_id: int | None = None) -> str:
        """A fresh API key with these scopes (all of them when none is named)."""
        key, prefix, digest = new_key(self.organisation)
        with tenancy.working_for(self.organisation):
            ApiClient.objects.create(
                organisation=self.organisation,
                name="test",
                prefix=prefix,
                secret_hash=digest,
                scopes=list(scopes) or list(Scope.values),
                provider_id=provider_id,
            )
        return key


def add_second_factor(user: User) -> None:
    """A sign-in app with a known secret, so that staff pages open."""
    from allauth.mfa.totp.internal.auth import TOTP

    TOTP.activate(user, TOTP_SECRET)


def _people(organisation: Organisation) -> dict[str, User]:
    """One user for each role, staff with a second factor."""
    hashed = make_password(PASSWORD)
    users = User.objects.bulk_create(
        User(email=f"{role}@{organisation.slug}.example", password=hashed, first_name=role.title(), last_name="Test")
        for role in (*STAFF_ROLES, Role.TRAINEE, Role.PROVIDER)
    )
    found = dict(zip((*STAFF_ROLES, Role.TRAINEE, Role.PROVIDER), users, strict=True))
    Membership.objects.bulk_create(
        Membership(organisation=organisation, user=user, role=role) for role, user in found.items()
    )
    data = {"secret": encrypt(TOTP_SECRET)}
    Authenticator.objects.bulk_create(
        Authenticator(user=found[role], type=Authenticator.Type.TOTP, data=data) for role in STAFF_ROLES
    )
    return {role.value: user for role, user in found.items()}


def build_world(slug: str = "sens-pratique", name: str = "Sens Pratique", host: str = "testserver") -> World:
    """Insert the rows of a small organisation. Signed-in pages: ``client.force_login(world.users["dispatcher"])``."""
    organisation = Organisation.objects.create(
        name=name, slug=slug, email=f"bonjour@{slug}.example", phone="0380000000"
    )
    Domain.objects.create(host=host, organisation=organisation)
    with tenancy.working_for(organisation):
        site = Site.objects.create(
            organisation=organisation,
            name="Conciergerie République",
            slug="republique",
            street="12 place de la République",
            postcode="21000",
            city="Dijon",
            latitude=Decimal("47.327100"),
            longitude=Decimal("5.044200"),
        )
        OpeningHours.objects.bulk_create(
            OpeningHours(organisation=organisation, site=site, weekday=weekday, opens=dt.time(9), closes=dt.time(18))
            for weekday in range(5)
        )
        SlotRule.objects.create(organisation=organisation, site=site, place=Place.DESK, slot_minutes=30, capacity=2)
        SlotRule.objects.create(organisation=organisation, site=site, place=Place.HOME, slot_minutes=60, capacity=1)
        VatRate.objects.create(
            organisation=organisation, code="standard", rate=Decimal("20.00"), valid_from=dt.date(2014, 1, 1)
        )
        linen = ServiceCategory.objects.create(
            organisation=organisation, code="repassage", name="Repassage", name_en="Ironing", pictogram="ironing"
        )
        leather = ServiceCategory.objects.create(
            organisation=organisation,
            code="cordonnerie",
            name="Cordonnerie",
            name_en="Shoe repair",
            pictogram="shoe",
            position=1,
        )
        ironing = Service.objects.create(
            organisation=organisation,
            category=linen,
            code="repassage",
            name="Repassage",
            name_en="Ironing",
            pictogram="ironing",
            price_mode=PriceMode.PER_ITEM,
            execution=Execution.OWN_TEAM,
            skill_code="H2410",
            duration_minutes=45,
        )
        shirt = PriceItem.objects.create(
            organisation=organisation, service=ironing, name="Chemise", name_en="Shirt", unit_price=Decimal("3.00")
        )
        PriceItem.objects.create(
            organisation=organisation,
            service=ironing,
            name="Pantalon",
            name_en="Trousers",
            unit_price=Decimal("4.00"),
            position=1,
        )
        ServiceOption.objects.create(
            organisation=organisation,
            service=ironing,
            name="Sur cintre",
            name_en="On hangers",
            unit_price=Decimal("1.50"),
        )
        cobbler = Service.objects.create(
            organisation=organisation,
            category=leather,
            code="talons",
            name="Pose de talons",
            name_en="New heels",
            pictogram="shoe",
            price_mode=PriceMode.FIXED,
            unit_price=Decimal("18.00"),
            execution=Execution.PROVIDER,
            duration_minutes=30,
            position=1,
        )
        for service in (ironing, cobbler):
            ServiceAtSite.objects.create(organisation=organisation, site=site, service=service)
        users = _people(organisation)
        client = Client.objects.create(
            organisation=organisation,
            first_name="Camille",
            last_name="Roux",
            email=f"camille@{slug}.example",
            phone="+33612345678",
            postcode="21000",
            city="Dijon",
        )
    return World(
        organisation=organisation,
        site=site,
        host=host,
        ironing=ironing,
        cobbler=cobbler,
        shirt=shirt,
        client=client,
        users=users,
    )
