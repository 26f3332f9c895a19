"""The demand: catalogue, availability, clients, requests and work orders."""

from bookings.models.access import AccessNote
from bookings.models.accounts import ClientAccount, ClientMembership, CompanyCodeTry
from bookings.models.ahead import OrderSheet, PreOrder, PreOrderPlan, PreOrderRun, Producer, Substitution
from bookings.models.areas import ServedArea
from bookings.models.availability import Closure, Hold, OpeningHours, SlotRule
from bookings.models.catalogue import PriceItem, Service, ServiceAtSite, ServiceCategory, ServiceOption, VatRate
from bookings.models.clients import Client, ClientsApart, EmailVerification
from bookings.models.feeds import CalendarFeed
from bookings.models.helped import HelpedPerson
from bookings.models.imports import CatalogueImport
from bookings.models.lines import RequestLine
from bookings.models.people import Accompaniment, Prescriber
from bookings.models.presences import Presence, StandDay
from bookings.models.prices import DatedPrice, Supplement
from bookings.models.promises import ClientQuestion, FollowUp, Pause
from bookings.models.quotes import (
    Quote,
    QuoteDocument,
    QuoteLine,
    QuoteMargin,
    QuoteOption,
    QuoteSeries,
    QuoteWish,
)
from bookings.models.recurrence import Occurrence, Recurrence
from bookings.models.requests import ServiceRequest, WorkOrder
from bookings.models.waitlist import WaitlistEntry, WaitlistNotice

__all__ = [
    "AccessNote",
    "Accompaniment",
    "CalendarFeed",
    "CatalogueImport",
    "Client",
    "ClientAccount",
    "ClientMembership",
    "ClientQuestion",
    "ClientsApart",
    "Closure",
    "CompanyCodeTry",
    "DatedPrice",
    "EmailVerification",
    "FollowUp",
    "HelpedPerson",
    "Hold",
    "Occurrence",
    "OpeningHours",
    "OrderSheet",
    "Pause",
    "PreOrder",
    "PreOrderPlan",
    "PreOrderRun",
    "Prescriber",
    "Presence",
    "PriceItem",
    "Producer",
    "Quote",
    "QuoteDocument",
    "QuoteLine",
    "QuoteMargin",
    "QuoteOption",
    "QuoteSeries",
    "QuoteWish",
    "Recurrence",
    "RequestLine",
    "ServedArea",
    "Service",
    "ServiceAtSite",
    "ServiceCategory",
    "ServiceOption",
    "ServiceRequest",
    "SlotRule",
    "StandDay",
    "Substitution",
    "Supplement",
    "VatRate",
    "WaitlistEntry",
    "WaitlistNotice",
    "WorkOrder",
]
