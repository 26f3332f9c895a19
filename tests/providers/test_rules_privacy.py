"""What businesses may not read before they have the job."""

from __future__ import annotations

import pytest

from providers.rules.privacy import Known, reveals

KNOWN = Known(
    names=["Inès Petit", "Jean-Luc Garnier"],
    last_names=["Petit", "Garnier", "Li", "de la Tour", "Roy-Lebrun"],
    phones=["+33612345678", ""],
    emails=["ines.petit@example.fr", ""],
    streets=["12 bis, rue des Rosiers", "3 Verte", ""],
)

pytestmark = pytest.mark.promise("P05")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Deux étagères à poser, mur en placoplâtre.", None),
        ("", None),
        # Words that are also a name say nothing as long as they are words.
        ("Un petit meuble à monter. Petit portail à peindre.", None),
        ("Deux rosiers à tailler dans la rue", None),
        ("Peinture verte, 3 m² ; référence 06 12 34 56.", None),
        ("Chez Mme Petit, au fond de la cour", "name"),
        ("PETIT : deux étagères", "name"),
        ("petit inès, deux étagères", "name"),
        ("Pour INES PETIT", "name"),
        ("pour jean luc garnier", "name"),
        ("Madame Garnier veut deux étagères", "name"),
        ("chez les De La Tour", "name"),
        ("Portail de Roy-Lebrun", "name"),
        ("Le vélo de Li", None),
        ("Appeler le 06 12 34 56 78", "phone"),
        ("appeler +33 (0)6.12.34.56.78", "phone"),
        ("écrire à Ines.Petit@Example.fr", "email"),
        ("Au 12 rue des rosiers", "street"),
        ("RUE DES ROSIERS, troisième étage", "street"),
    ],
)
def test_a_text_says_whom_it_is_for_or_not(text: str, found: str | None) -> None:
    assert reveals(text, KNOWN) == found


def test_nothing_known_nothing_said() -> None:
    assert reveals("Chez Mme Petit, 12 rue des Rosiers, 06 12 34 56 78", Known()) is None
