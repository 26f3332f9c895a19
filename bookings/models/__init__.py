"""The demand: catalogue, availability, clients, requests and work orders."""

from bookings.models.availability import Closure, Hold, OpeningHours, ServedPostcode, SlotRule
from bookings.models.catalogue import PriceItem, Service, ServiceAtSite, ServiceCategory, ServiceOption, VatRate
from bookings.models.clients import (
    Client,
    ClientAccount,
    ClientMembership,
    ClientsApart,
    CompanyCodeTry,
    EmailVerification,
)
from bookings.models.people import Accompaniment, Prescriber
from bookings.models.promises import ClientQuestion, FollowUp, Pause
from bookings.models.requests import RequestLine, ServiceRequest, WorkOrder

__all__ = [
    "Accompaniment",
    "Client",
    "ClientAccount",
    "ClientMembership",
    "ClientQuestion",
    "ClientsApart",
    "Closure",
    "CompanyCodeTry",
    "EmailVerification",
    "FollowUp",
    "Hold",
    "OpeningHours",
    "Pause",
    "Prescriber",
    "PriceItem",
    "RequestLine",
    "ServedPostcode",
    "Service",
    "ServiceAtSite",
    "ServiceCategory",
    "ServiceOption",
    "ServiceRequest",
    "SlotRule",
    "VatRate",
    "WorkOrder",
]
