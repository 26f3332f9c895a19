"""The demonstration accounts, in one place for the data, the printed list and the played story."""

from __future__ import annotations

from dataclasses import dataclass

from concierge.enums import Role


@dataclass(frozen=True)
class Account:
    """Somebody who can sign in; a prescriber has no role in the organisation."""

    email: str
    role: Role | None
    first_name: str
    last_name: str
    label: str


ACCOUNTS = (
    Account("concierge@sens-pratique.example", Role.CONCIERGE, "Nora", "Vidal", "Concierge"),
    Account("regulation@sens-pratique.example", Role.DISPATCHER, "Étienne", "Caron", "Dispatcher"),
    Account("lambert@sens-pratique.example", Role.SUPERVISOR, "Béatrice", "Lambert", "Technical supervisor"),
    Account("slimani@sens-pratique.example", Role.SUPERVISOR, "Karim", "Slimani", "Technical supervisor"),
    Account("cip@sens-pratique.example", Role.SOCIAL_ADVISER, "Julie", "Arnaud", "Social adviser"),
    Account("compta@sens-pratique.example", Role.ACCOUNTANT, "Patrick", "Meunier", "Accountant"),
    Account("direction@sens-pratique.example", Role.NETWORK_HEAD, "Hélène", "Brunet", "Network head"),
    Account("amina@sens-pratique.example", Role.TRAINEE, "Amina", "Haddad", "Trainee (phone page)"),
    Account("cordonnerie.bourg@sens-pratique.example", Role.PROVIDER, "Hervé", "Maillot", "Provider"),
)
PRESCRIBER = Account("ccas@partenaires.example", None, "Sonia", "Petit", "Prescriber (social worker)")
