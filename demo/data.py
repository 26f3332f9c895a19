"""Who and what the demonstration shows: Dijon and its metropolis, invented people and businesses in real streets."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

PASSWORD = "demonstration-2026"  # noqa: S105 - published on purpose
# Known to everybody who reads this file: demonstration accounts never exist in production (S44).
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 - published on purpose


@dataclass(frozen=True)
class SiteData:
    name: str
    slug: str
    street: str
    postcode: str
    city: str
    latitude: Decimal
    longitude: Decimal
    directions: str
    # weekday from Monday = 0, opening and closing time
    hours: tuple[tuple[int, str, str], ...]


WEEK = tuple((day, opens, closes) for day in range(5) for opens, closes in (("08:00", "12:30"), ("13:30", "18:30")))
LUNCH = tuple((day, "11:00", "15:00") for day in (0, 1, 3, 4))

SITES = (
    SiteData(
        "Conciergerie République",
        "republique",
        "12 place de la République",
        "21000",
        "Dijon",
        Decimal("47.327100"),
        Decimal("5.044200"),
        "Face au tramway, arrêt République",
        (*WEEK, (5, "09:00", "12:00")),
    ),
    SiteData(
        "Conciergerie Toison d'Or",
        "toison-d-or",
        "3 rue de Cracovie",
        "21000",
        "Dijon",
        Decimal("47.354200"),
        Decimal("5.060300"),
        "Hall du parc d’activités, rez-de-chaussée",
        WEEK,
    ),
)
OTHER_HOST = "autre.localhost"
OTHER_SITE = SiteData(
    "Le Coup de main Chenôve",
    "chenove",
    "5 place Pierre Meunier",
    "21300",
    "Chenôve",
    Decimal("47.291400"),
    Decimal("5.008300"),
    "À côté de la bibliothèque",
    LUNCH,
)

# code, French label, English label, pictogram (domain.md 1.2: the labels of the inclusive market place)
CATEGORIES = (
    ("repassage", "Repassage", "Ironing", "ironing"),
    ("pressing", "Pressing", "Dry cleaning", "dry-cleaning"),
    ("cordonnerie", "Cordonnerie", "Shoe repair", "shoe"),
    ("couture", "Couture et retouches", "Mending and alterations", "mending"),
    ("vehicules", "Nettoyage de véhicules", "Car cleaning", "car-wash"),
    ("velos", "Réparation de vélos", "Bike repair", "bike"),
    ("coursiers", "Coursiers, plis et colis", "Couriers and parcels", "courier"),
    ("paniers", "Paniers et plateaux repas", "Baskets and meal trays", "basket"),
    ("petits-travaux", "Petits travaux", "Small repairs", "repair"),
    ("jardins", "Entretien des jardins", "Gardening", "garden"),
    ("aide-menagere", "Aide ménagère", "Housework", "cleaning"),
    ("accueil", "Accueil et démarches", "Reception and paperwork", "paperwork"),
)

VAT = (
    ("standard", "20.00", "CGI art. 278"),
    ("intermediate", "10.00", "CGI art. 279"),
    ("reduced", "5.50", "CGI art. 278-0 bis"),
)


@dataclass(frozen=True)
class ServiceData:
    category: str
    code: str
    name: str
    name_en: str
    text: str
    text_en: str
    execution: str
    minutes: int
    turnaround: int
    price: str | None = None
    items: tuple[tuple[str, str, str], ...] = ()
    options: tuple[tuple[str, str, str], ...] = ()
    place: str = "desk"
    skill: str = ""
    vat: str = "standard"
    # How the price is meant when it is not one price for one piece, and what is counted then.
    mode: str = ""
    unit: str = ""
    step: str = "1"
    sap: bool = False


SERVICES = (
    ServiceData(
        "repassage",
        "repassage",
        "Repassage",
        "Ironing",
        "Votre linge repassé et plié, à la pièce.",
        "Your laundry ironed and folded, by the piece.",
        "own_team",
        45,
        48,
        items=(
            ("Chemise", "Shirt", "2.50"),
            ("Pantalon", "Trousers", "3.00"),
            ("Robe", "Dress", "4.50"),
            ("Drap", "Sheet", "4.00"),
            ("Housse de couette", "Duvet cover", "5.50"),
        ),
        options=(("Sur cintre", "On hangers", "1.50"), ("Livraison au bureau", "Delivered to your office", "3.00")),
        skill="H2410",
    ),
    ServiceData(
        "repassage",
        "linge-au-poids",
        "Linge au poids",
        "Laundry by weight",
        "Lavé, séché, plié : vous payez ce que pèse le panier.",
        "Washed, dried, folded: you pay what the basket weighs.",
        "own_team",
        60,
        48,
        "4.90",
        options=(("Lessive sans parfum", "Unscented detergent", "0.80"),),
        skill="H2410",
        mode="per_unit",
        unit="kg",
        step="0.05",
    ),
    ServiceData(
        "pressing",
        "pressing",
        "Nettoyage à sec",
        "Dry cleaning",
        "Nettoyé par un pressing voisin, collecté par nos soins.",
        "Cleaned by a dry cleaner nearby, collected by us.",
        "collected_provider",
        30,
        96,
        items=(
            ("Costume deux pièces", "Two-piece suit", "16.90"),
            ("Manteau", "Coat", "15.50"),
            ("Robe", "Dress", "12.90"),
        ),
        skill="N4104",
    ),
    ServiceData(
        "cordonnerie",
        "cordonnerie",
        "Réparation de chaussures",
        "Shoe repair",
        "Par un cordonnier de la métropole.",
        "By a cobbler of the metropolis.",
        "provider",
        30,
        96,
        items=(
            ("Talons", "Heels", "12.00"),
            ("Demi-semelles", "Half soles", "22.00"),
            ("Ressemelage", "Resoling", "45.00"),
            ("Couture", "Stitching", "15.00"),
        ),
        options=(("Cirage", "Polish", "4.00"),),
    ),
    ServiceData(
        "couture",
        "retouches",
        "Retouches",
        "Alterations",
        "Ourlets, fermetures, petits accrocs.",
        "Hems, zips, small tears.",
        "own_team",
        60,
        72,
        items=(
            ("Ourlet simple", "Simple hem", "10.00"),
            ("Fermeture éclair", "Zip", "14.00"),
            ("Accroc", "Tear", "8.00"),
        ),
        skill="D1207",
    ),
    ServiceData(
        "vehicules",
        "lavage-auto",
        "Lavage de voiture",
        "Car wash",
        "Intérieur et extérieur, sans eau, sur le parking.",
        "Inside and outside, waterless, on the car park.",
        "own_team",
        90,
        24,
        price="35.00",
        options=(("Sièges", "Seats", "12.00"),),
        skill="K2204",
    ),
    ServiceData(
        "velos",
        "revision-velo",
        "Révision de vélo",
        "Bike check-up",
        "Freins, vitesses, pneus\u00a0: par un réparateur du quartier.",
        "Brakes, gears, tyres: by a repairer nearby.",
        "provider",
        60,
        72,
        price="45.00",
    ),
    ServiceData(
        "coursiers",
        "colis",
        "Envoi de colis",
        "Parcel sent",
        "Pesé, affranchi et déposé pour vous.",
        "Weighed, stamped and posted.",
        "own_team",
        20,
        24,
        price="6.00",
        skill="N4104",
    ),
    ServiceData(
        "paniers",
        "panier",
        "Panier de légumes",
        "Vegetable basket",
        "Cinq kilos de saison d’un maraîcher à moins de 20 km.",
        "Five kilos in season, grown less than 20 km away.",
        "provider",
        15,
        72,
        price="15.00",
        vat="reduced",
    ),
    ServiceData(
        "petits-travaux",
        "petits-travaux",
        "Petits travaux (1 h)",
        "Small repairs (1 h)",
        "Étagère, joint, poignée, ampoule.",
        "Shelf, seal, handle, bulb.",
        "own_team",
        60,
        72,
        price="32.00",
        place="home",
        skill="I1203",
    ),
    ServiceData(
        "petits-travaux",
        "coup-de-main",
        "Coup de main",
        "A helping hand",
        "Un meuble à monter, une ampoule à changer : chaque demi-heure commencée compte.",
        "Furniture to assemble, a bulb to change: each started half hour counts.",
        "own_team",
        60,
        0,
        "14.00",
        place="home",
        skill="I1203",
        vat="intermediate",
        mode="per_half_hour",
        sap=True,
    ),
    ServiceData(
        "jardins",
        "jardin",
        "Entretien du jardin (2 h)",
        "Gardening (2 h)",
        "Tonte, taille, désherbage.",
        "Mowing, trimming, weeding.",
        "provider",
        120,
        96,
        price="64.00",
        place="home",
    ),
    ServiceData(
        "jardins",
        "taille-haie",
        "Taille de haie",
        "Hedge trimming",
        "Nous venons voir, puis nous vous envoyons un devis.",
        "We come and see, then we send you a quote.",
        "provider",
        120,
        0,
        place="home",
        vat="intermediate",
        mode="on_quote",
    ),
    ServiceData(
        "aide-menagere",
        "menage",
        "Ménage (2 h)",
        "Housework (2 h)",
        "Un passage ponctuel, produits fournis.",
        "A one-off visit, products included.",
        "provider",
        120,
        96,
        price="56.00",
        place="home",
    ),
    ServiceData(
        "accueil",
        "demarches",
        "Aide aux démarches (30 min)",
        "Help with paperwork (30 min)",
        "Formulaires, courriers, comptes en ligne, ensemble au guichet.",
        "Forms, letters, online accounts, together at the desk.",
        "own_team",
        30,
        24,
        price="8.00",
        skill="K1205",
    ),
)


# What a site asks for beyond an hour of notice: baskets are gathered until Tuesday noon.
TERMS: dict[str, dict[str, Any]] = {
    "panier": {"weekly_cut_off_day": 1, "weekly_cut_off_time": dt.time(12)},
}
SUPPLEMENTS: dict[str, tuple[dict[str, Any], ...]] = {
    "linge-au-poids": ({"name": "Express, le jour même", "name_en": "Express, same day", "percent": Decimal(30)},),
    "coup-de-main": (
        {"name": "Samedi", "name_en": "Saturday", "rule": "saturday", "percent": Decimal(25)},
        {"name": "Dimanche", "name_en": "Sunday", "rule": "sunday", "percent": Decimal(50)},
        {"name": "Jour férié", "name_en": "Public holiday", "rule": "holiday", "percent": Decimal(100)},
        {"name": "Soirée", "name_en": "Evening", "rule": "evening", "amount": Decimal("6.00"), "after": dt.time(18)},
        {
            "name": "Hors de l’agglomération",
            "name_en": "Out of town",
            "rule": "beyond",
            "amount": Decimal("8.00"),
            "beyond_km": Decimal(10),
        },
    ),
}


@dataclass(frozen=True)
class ProviderData:
    name: str
    contact: str
    siren: str
    street: str
    postcode: str
    city: str
    latitude: str
    longitude: str
    services: tuple[str, ...]
    radius: str = "12"
    capacity: int = 6
    phone: str = "+33380112233"
    # Some are reached by SMS or by a call only.
    has_email: bool = True

    @property
    def is_labelled(self) -> bool:
        """Shoes and clothes are mended with the repair bonus."""
        return bool({"cordonnerie", "couture"} & set(self.services))


PROVIDERS = (
    ProviderData(
        "Cordonnerie du Bourg",
        "Hervé Maillot",
        "841203965",
        "31 rue du Bourg",
        "21000",
        "Dijon",
        "47.320700",
        "5.040900",
        ("cordonnerie",),
        capacity=40,
    ),
    ProviderData(
        "L'Atelier des semelles",
        "Inès Garnier",
        "852417730",
        "8 rue Monge",
        "21000",
        "Dijon",
        "47.320100",
        "5.036200",
        ("cordonnerie",),
        capacity=40,
    ),
    ProviderData(
        "Cordonnerie de Talant",
        "Paulo Teixeira",
        "809336214",
        "14 boulevard de Troyes",
        "21240",
        "Talant",
        "47.336500",
        "5.007800",
        ("cordonnerie",),
        capacity=40,
    ),
    ProviderData(
        "Pressing Jeanne d'Arc",
        "Nadia Belkacem",
        "823950471",
        "22 rue Jeannin",
        "21000",
        "Dijon",
        "47.323400",
        "5.047600",
        ("pressing",),
    ),
    ProviderData(
        "Blanc Comme Neige",
        "Yann Prost",
        "838114092",
        "5 avenue Roland Carraz",
        "21300",
        "Chenôve",
        "47.295800",
        "5.008900",
        ("pressing",),
    ),
    ProviderData(
        "Vélo Canal",
        "Lucie Bernard",
        "847520318",
        "2 rue de l'Hôpital",
        "21000",
        "Dijon",
        "47.317300",
        "5.034700",
        ("revision-velo",),
    ),
    ProviderData(
        "Les Rayons Libres",
        "Tom Garcia",
        "815604279",
        "17 rue d'Auxonne",
        "21000",
        "Dijon",
        "47.316100",
        "5.050400",
        ("revision-velo",),
    ),
    ProviderData(
        "Les Jardins de Bretenière",
        "Agathe Roy",
        "830275641",
        "9 route de Dijon",
        "21110",
        "Bretenière",
        "47.245600",
        "5.104200",
        ("panier",),
        radius="20",
        capacity=30,
    ),
    ProviderData(
        "Le Potager de Plombières",
        "Simon Moreau",
        "844906123",
        "3 rue de Velars",
        "21370",
        "Plombières-lès-Dijon",
        "47.338900",
        "4.972300",
        ("panier",),
        radius="20",
        capacity=30,
    ),
    ProviderData(
        "Verts Voisins",
        "Clara Dumont",
        "826731508",
        "11 rue de Mirande",
        "21000",
        "Dijon",
        "47.312200",
        "5.068300",
        ("jardin",),
        phone="+33612345670",
        has_email=False,
    ),
    ProviderData(
        "Maison Claire",
        "Fatou Diop",
        "818452967",
        "40 rue des Corroyeurs",
        "21000",
        "Dijon",
        "47.315600",
        "5.028800",
        ("menage",),
        has_email=False,
    ),
    ProviderData(
        "Net et Serein",
        "Bruno Legrand",
        "833687145",
        "6 rue de Longvic",
        "21600",
        "Longvic",
        "47.299300",
        "5.062100",
        ("menage", "jardin"),
    ),
)

# first name, last name, weekly hours, skills (ROME code, level)
TRAINEES = (
    ("Amina", "Haddad", 26, (("H2410", "autonomous"), ("D1207", "supervised"))),
    ("Yusuf", "Demir", 26, (("K2204", "autonomous"), ("N4104", "supervised"))),
    ("Marie-Jo", "Petit", 20, (("H2410", "transmitting"),)),
    ("Kofi", "Mensah", 35, (("I1203", "supervised"), ("K2204", "supervised"))),
    ("Olena", "Kovalenko", 26, (("D1207", "autonomous"), ("H2410", "supervised"))),
    ("Thierry", "Vasseur", 30, (("I1203", "autonomous"), ("N4104", "autonomous"))),
    ("Samira", "Benali", 24, (("K1205", "supervised"), ("H2410", "assisted"))),
    ("Lucas", "Martin", 26, (("N4104", "assisted"), ("K2204", "observed"))),
)
# Who has left since: name, trade, how far they had come.
FORMER = ("Ahmed", "Saïdi", "N4104", "autonomous")
# first name → licences and certificates; what they want to reach
CLEARANCES = {
    "Yusuf": ("driving_b", "cargo_bike"),
    "Thierry": ("driving_b", "electrical_h0b0"),
    "Samira": ("food_hygiene",),
}
GOALS = {"Samira": ("H2410", "supervised"), "Lucas": ("N4104", "autonomous"), "Amina": ("D1207", "autonomous")}
SUPERVISORS = (("Béatrice", "Lambert"), ("Karim", "Slimani"))

COMPANIES = (
    ("Habitat Côte-d'Or", "778213495", "habitat-cotedor.example", "landlord"),
    ("Moutarderie des Ducs", "301940219", "moutarderie.example", "company"),
)

CLIENTS = (
    "Camille Roux",
    "Julien Perrin",
    "Sophie Marchand",
    "Nicolas Guyot",
    "Léa Fournier",
    "Antoine Girard",
    "Manon Colin",
    "Paul Renard",
    "Chloé Barbier",
    "Hugo Mercier",
    "Élodie Picard",
    "Mathieu Leroux",
    "Sarah Cohen",
    "Romain Faivre",
    "Aurélie Joly",
    "Karine Boulanger",
    "Vincent Rousset",
    "Inès Amrani",
    "Gilles Thomas",
    "Nathalie Pernot",
    "David Schmitt",
    "Laure Jacquot",
    "Maxime Bonnet",
    "Fanny Robert",
    "Olivier Cretin",
    "Estelle Morel",
    "Sylvain Jobard",
    "Awa Traoré",
    "Pierre Noirot",
    "Hélène Vautrin",
)
