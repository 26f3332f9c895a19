"""The supply: local businesses, what was agreed with them, and what they are asked."""

from providers.models.businesses import (
    Provider,
    ProviderDocument,
    ProviderHours,
    ProviderMember,
    ServiceAgreement,
    acts_for_stopped,
    provider_id_of,
)
from providers.models.links import AccessLink
from providers.models.offers import ConsideredProvider, Offer, OfferPolicy, OfferRound, OfferWave

__all__ = [
    "AccessLink",
    "ConsideredProvider",
    "Offer",
    "OfferPolicy",
    "OfferRound",
    "OfferWave",
    "Provider",
    "ProviderDocument",
    "ProviderHours",
    "ProviderMember",
    "ServiceAgreement",
    "acts_for_stopped",
    "provider_id_of",
]
