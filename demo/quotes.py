"""Three requests for a quote, as on any morning: one for which gardeners were asked for a price, one that waits for the
client, one that is agreed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from bookings.actions.clients import ClientDetails
from bookings.actions.quote_answers import Acceptance, accept_quote, request_changes
from bookings.actions.quote_origins import set_margin
from bookings.actions.quote_requests import Wanted, ask_for_quote
from bookings.actions.quotes import LineDraft, OptionDraft, QuoteDraft, draft_quote, save_quote, send_quote
from bookings.models import Quote, ServiceRequest
from concierge.tenancy import Actor
from demo.history import settle
from demo.setup import House
from providers.actions.prices import PriceAnswer, Question, answer_price, ask_for_prices, decline_price
from providers.enums import DeclineReason
from providers.models import Provider

WISHES = (
    ("Hélène", "Marchal", "Une haie de thuyas de 18 mètres, haute de 2 mètres, à ramener à 1,60 mètre."),
    ("Youssef", "Benali", "Un laurier et deux rosiers à tailler, au fond d'une cour sans accès pour une camionnette."),
    (
        "Claire",
        "Petitjean",
        "La haie de la maison de ma mère : 25 mètres le long du trottoir, à tailler cet hiver.",
    ),
)


def ask_for_quotes(house: House, *, now: dt.datetime) -> None:
    """Play them through the actions, at the time of the story. Needs the tenant."""
    first, second, third = (_ask(house, *wish, now=now) for wish in WISHES)
    quote = _send(house, second, "45.00", now=now)
    request_changes(quote, text="Peut-on garder les déchets verts pour mon compost ?", by=house.by)
    _send(house, second, "38.00", now=now)
    agreed = _send(house, third, "52.00", now=now, starts_at=now + dt.timedelta(days=6))
    option = agreed.options.order_by("position")[1]
    accept_quote(agreed, Acceptance("Claire Petitjean", agreed.seal, option.public_id), by=house.by)
    _ask_gardeners(house, first, now=now)
    settle(house)


def _ask_gardeners(house: House, request: ServiceRequest, *, now: dt.datetime) -> None:
    """Three businesses are asked for a price: one gives it without VAT, one has no time, one is silent so far."""
    set_margin(house.organisation, Decimal(12), service=house.services["taille-haie"], by=house.by)
    providers = list(Provider.objects.active().order_by("pk")[:3])
    question = Question(
        need="Une haie de thuyas de 18 mètres, haute de 2 mètres, à ramener à 1,60 mètre.",
        due_at=now + dt.timedelta(days=2),
        wanted_on=now.date() + dt.timedelta(days=5),
    )
    service = house.services["taille-haie"]
    asked = ask_for_prices(request, service, providers, question, by=house.by)
    answer = PriceAnswer(
        price=Decimal("145.00"),
        includes_vat=False,
        vat_rate=Decimal("20.00"),
        earliest_on=now.date() + dt.timedelta(days=6),
        valid_until=now.date() + dt.timedelta(days=30),
        comment="Évacuation des déchets verts comprise.",
    )
    answer_price(asked[0], answer, by=_for(house, providers[0]))
    decline_price(asked[1], reason=DeclineReason.TOO_BUSY, comment="Pas avant janvier.", by=_for(house, providers[1]))


def _for(house: House, provider: Provider) -> Actor:
    """Somebody who holds the link that was sent to a business."""
    return Actor(
        kind="link", organisation=house.organisation, label=provider.name, provider_id=provider.pk, channel="link"
    )


def _ask(house: House, first_name: str, last_name: str, wish: str, *, now: dt.datetime) -> ServiceRequest:
    service = house.services["taille-haie"]
    mail = f"{first_name}.{last_name}@courriel.example".lower().replace("é", "e").replace("è", "e")
    client = ClientDetails(
        first_name=first_name,
        last_name=last_name,
        email=mail,
        phone="0612345699",
        street="8 rue des Roses",
        postcode="21000",
        city="Dijon",
    )
    day = now.date()
    wanted = Wanted(service, wish, day + dt.timedelta(days=5), day + dt.timedelta(days=20))
    return ask_for_quote(house.sites[0], client=client, wanted=[wanted], by=house.by)


def _send(
    house: House, request: ServiceRequest, hour: str, *, now: dt.datetime, starts_at: dt.datetime | None = None
) -> Quote:
    """Two options: trimming only, or with everything taken away."""
    work = LineDraft("Taille", Decimal("2.5"), Decimal(hour), unit="h", vat_code="intermediate")
    travel = LineDraft("Déplacement", Decimal(1), Decimal("18.00"), vat_code="intermediate", kind="travel")
    waste = LineDraft("Enlèvement des déchets verts", Decimal(1), Decimal("40.00"), vat_code="intermediate")
    draft = QuoteDraft(
        options=[
            OptionDraft([work, travel], "Taille seule"),
            OptionDraft([work, waste, travel], "Taille et enlèvement"),
        ],
        intro="Merci de votre confiance. Notre jardinier partenaire est passé voir la haie.",
        starts_at=starts_at,
        duration="une demi-journée",
        conditions="Accès et prise électrique à disposition.",
    )
    return send_quote(save_quote(draft_quote(request, by=house.by), draft, by=house.by), by=house.by)
