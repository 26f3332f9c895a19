"""Closed lists of the kernel. Stored as words, shown through gettext."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a member of an organisation may be (lifecycles.md 1.1)."""

    CONCIERGE = "concierge", _("Concierge")
    DISPATCHER = "dispatcher", _("Dispatcher")
    SUPERVISOR = "supervisor", _("Technical supervisor")
    SOCIAL_ADVISER = "social_adviser", _("Social adviser")
    ACCOUNTANT = "accountant", _("Accountant")
    SITE_MANAGER = "site_manager", _("Site manager")
    NETWORK_HEAD = "network_head", _("Network head")
    TRAINEE = "trainee", _("Trainee")
    PROVIDER = "provider", _("Provider")


STAFF_ROLES = (
    Role.CONCIERGE,
    Role.DISPATCHER,
    Role.SUPERVISOR,
    Role.SOCIAL_ADVISER,
    Role.ACCOUNTANT,
    Role.SITE_MANAGER,
    Role.NETWORK_HEAD,
)

# Roles whose pages show data about trainees: no session without a second factor (trust.md S12).
MFA_ROLES = STAFF_ROLES


class Scope(models.TextChoices):
    """What an API key may do; one scope per resource and direction."""

    CATALOGUE_READ = "catalogue:read", _("Read the catalogue")
    REQUESTS_READ = "requests:read", _("Read service requests")
    REQUESTS_WRITE = "requests:write", _("Create and change service requests")
    CLIENTS_READ = "clients:read", _("Search and read clients and prescribers")
    CLIENTS_WRITE = "clients:write", _("Add and correct clients")
    ACCOUNTS_READ = "accounts:read", _("Read client accounts, their members and usage")
    ACCOUNTS_WRITE = "accounts:write", _("Add and end members of client accounts")
    QUOTES_READ = "quotes:read", _("Read quotes")
    QUOTES_WRITE = "quotes:write", _("Write, send and withdraw quotes")
    QUOTES_ANSWER = "quotes:answer", _("Accept or decline quotes for clients")
    OFFERS_READ = "offers:read", _("Read offers")
    OFFERS_WRITE = "offers:write", _("Answer offers")
    OFFERS_DECIDE = "offers:decide", _("Decide on what providers propose")
    AGREEMENTS_READ = "agreements:read", _("Read agreements with providers")
    DOCUMENTS_READ = "documents:read", _("Read which papers of providers there are")
    DOCUMENTS_WRITE = "documents:write", _("Send papers of providers")
    WORK_ORDERS_READ = "work_orders:read", _("Read work orders")
    WORK_ORDERS_WRITE = "work_orders:write", _("Start and complete work orders")
    INVOICES_READ = "invoices:read", _("Read invoices")
    WEBHOOKS_WRITE = "webhooks:write", _("Say which systems are told what happens")


class HolidayZone(models.TextChoices):
    """Where a public holiday list applies (domain.md 4.2 L20); codes are those of the ``holidays`` library."""

    METROPOLE = "", _("Metropolitan France")
    ALSACE_MOSELLE = "57", _("Alsace-Moselle")
    GUADELOUPE = "971", _("Guadeloupe")
    MARTINIQUE = "972", _("Martinique")
    GUYANE = "973", _("French Guiana")
    REUNION = "974", _("Réunion")
    MAYOTTE = "976", _("Mayotte")
    SAINT_BARTHELEMY = "BL", _("Saint-Barthélemy")
    SAINT_MARTIN = "MF", _("Saint-Martin")
    MIQUELON = "PM", _("Saint-Pierre-et-Miquelon")
    NOUVELLE_CALEDONIE = "NC", _("New Caledonia")
    POLYNESIE = "PF", _("French Polynesia")
    WALLIS_ET_FUTUNA = "WF", _("Wallis and Futuna")


class TimeZone(models.TextChoices):
    """Zones in which a French site may live; names are those of the tz database."""

    PARIS = "Europe/Paris", _("Metropolitan France")
    GUADELOUPE = "America/Guadeloupe", _("Guadeloupe, Saint-Martin, Saint-Barthélemy")
    MARTINIQUE = "America/Martinique", _("Martinique")
    CAYENNE = "America/Cayenne", _("French Guiana")
    MIQUELON = "America/Miquelon", _("Saint-Pierre-et-Miquelon")
    REUNION = "Indian/Reunion", _("Réunion")
    MAYOTTE = "Indian/Mayotte", _("Mayotte")
    NOUMEA = "Pacific/Noumea", _("New Caledonia")
    TAHITI = "Pacific/Tahiti", _("French Polynesia")
    WALLIS = "Pacific/Wallis", _("Wallis and Futuna")


class Channel(models.TextChoices):
    """How somebody asked: by themself, or said to whoever wrote it down (R2)."""

    WEB = "web", _("On the website")
    DESK = "desk", _("At the desk")
    PHONE = "phone", _("On the phone")
    LINK = "link", _("By their personal link")
    SMS = "sms", _("By SMS")
    API = "api", _("By another system")
    SERIES = "series", _("By a regular request")
    SYSTEM = "system", _("By the system")
