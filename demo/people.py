"""The demonstration accounts, in one place for the data, the printed list and the played story."""

from __future__ import annotations

from dataclasses import dataclass

from concierge.enums import Role


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in."""

    email: str
    first_name: str
    last_name: str
    label: str


@dataclass(frozen=True)
class Account(Person):
    """Somebody with a role in the organisation."""

    role: Role


ACCOUNTS = (
    Account("concierge@sens-pratique.example", "Nora", "Vidal", "Concierge", Role.CONCIERGE),
    Account("regulation@sens-pratique.example", "Étienne", "Caron", "Dispatcher", Role.DISPATCHER),
    Account("lambert@sens-pratique.example", "Béatrice", "Lambert", "Technical supervisor", Role.SUPERVISOR),
    Account("slimani@sens-pratique.example", "Karim", "Slimani", "Technical supervisor", Role.SUPERVISOR),
    Account("cip@sens-pratique.example", "Julie", "Arnaud", "Social adviser", Role.SOCIAL_ADVISER),
    Account("compta@sens-pratique.example", "Patrick", "Meunier", "Accountant", Role.ACCOUNTANT),
    Account("direction@sens-pratique.example", "Hélène", "Brunet", "Network head", Role.NETWORK_HEAD),
    Account("amina@sens-pratique.example", "Amina", "Haddad", "Trainee (phone page)", Role.TRAINEE),
    Account("cordonnerie.bourg@sens-pratique.example", "Hervé", "Maillot", "Provider", Role.PROVIDER),
)
PRESCRIBER = Person("ccas@partenaires.example", "Sonia", "Petit", "Prescriber (social worker)")
