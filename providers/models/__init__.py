"""The supply: local businesses, what was agreed with them, and what they are asked."""

from providers.models.agreements import AgreementSignature, ServiceAgreement
from providers.models.availability import ProviderClosure, ProviderHours
from providers.models.bank import ProviderBankAccount
from providers.models.businesses import Provider, ProviderMember, acts_for_stopped, provider_id_of
from providers.models.contacts import ChannelState, InboundSms, OfferContact
from providers.models.counters import CounterOffer
from providers.models.documents import ProviderDocument, StoredFile
from providers.models.feeds import ProviderFeed
from providers.models.invitations import InvitationLink, ProviderInvitation
from providers.models.links import AccessLink, AgreementLink, PersonalLink, PriceLink
from providers.models.matching import MatchingPolicy
from providers.models.offers import ConsideredProvider, Offer, OfferRound, OfferWave
from providers.models.pauses import OfferPause
from providers.models.places import ProviderArea, ProviderCapacity, ProviderSite
from providers.models.policies import OfferPolicy
from providers.models.prices import PriceRequest
from providers.models.reach import ProviderReach
from providers.models.runs import AssignmentRun, ProposedAssignment
from providers.models.shares import ShareAlarm
from providers.models.ways import ProviderWay

__all__ = [
    "AccessLink",
    "AgreementLink",
    "AgreementSignature",
    "AssignmentRun",
    "ChannelState",
    "ConsideredProvider",
    "CounterOffer",
    "InboundSms",
    "InvitationLink",
    "MatchingPolicy",
    "Offer",
    "OfferContact",
    "OfferPause",
    "OfferPolicy",
    "OfferRound",
    "OfferWave",
    "PersonalLink",
    "PriceLink",
    "PriceRequest",
    "ProposedAssignment",
    "Provider",
    "ProviderArea",
    "ProviderBankAccount",
    "ProviderCapacity",
    "ProviderClosure",
    "ProviderDocument",
    "ProviderFeed",
    "ProviderHours",
    "ProviderInvitation",
    "ProviderMember",
    "ProviderReach",
    "ProviderSite",
    "ProviderWay",
    "ServiceAgreement",
    "ShareAlarm",
    "StoredFile",
    "acts_for_stopped",
    "provider_id_of",
]
