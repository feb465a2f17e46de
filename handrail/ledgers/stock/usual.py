"""The usual catalogue: what a new programme finds, to rename, retire or add to. And an example of a restricted fund, as data."""

from __future__ import annotations

from datetime import date

from django.conf import settings

from handrail.kernel.access import Actor
from handrail.ledgers.stock import catalogue, funds
from handrail.ledgers.stock.commands import Traits
from handrail.ledgers.stock.models import Effect, Fund

DEMONSTRATION = (
    # code, name, class, pack
    ("syringe-1ml-29g", "Syringe 1 ml, 29G", "syringe_with_needle", 10),
    ("filter", "Filter", "preparation", 50),
    ("syringe-2ml-23g", "Syringe 2 ml, 23G", "syringe_with_needle", 10),
    ("cooker", "Cooker", "preparation", 10),
    ("water-5ml", "Sterile water 5 ml", "preparation", 50),
    ("swab", "Alcohol swab", "preparation", 100),
    ("sharps-bin-1l", "Sharps bin 1 litre", "disposal", 1),
    ("condom", "External condom", "safer_sex", 12),
    ("pipe-kit", "Safer smoking kit", "smoking", 1),
    ("foil", "Foil sheet", "smoking", 50),
    ("wound-kit", "Wound kit", "care", 1),
)
"""What the demonstration's story is told with; its order is the order on the demonstration's screens."""

MORE = (
    ("barrel-2ml", "Syringe barrel 2 ml", "barrel", 100),
    ("needle-23g", "Needle 23G", "needle", 100),
    ("needle-25g", "Needle 25G", "needle", 100),
    ("acidifier", "Citric acid sachet", "preparation", 100),
    ("tourniquet", "Tourniquet", "preparation", 10),
    ("stem", "Straight stem", "smoking", 10),
    ("bowl-pipe", "Bowl pipe", "smoking", 10),
    ("mouthpiece", "Mouthpiece tubing", "smoking", 50),
    ("screen", "Brass screen", "smoking", 100),
    ("push-stick", "Wooden push stick", "smoking", 50),
    ("lip-balm", "Lip balm", "smoking", 10),
    ("straw", "Sniffing straw", "snorting", 50),
    ("nasal-rinse", "Nasal rinse", "snorting", 10),
    ("internal-condom", "Internal condom", "safer_sex", 1),
    ("lubricant", "Lubricant sachet", "safer_sex", 50),
    ("hiv-self-test", "HIV self-test", "tests", 1),
    ("fentanyl-strip", "Fentanyl test strip", "tests", 100),
    ("meal", "Meal", "care", 1),
    ("drinking-water", "Drinking water", "care", 1),
    ("hygiene-pack", "Hygiene pack", "care", 1),
    ("menstrual-pads", "Menstrual pads", "care", 10),
    ("dressing", "Wound dressing", "care", 25),
    ("warm-clothing", "Warm clothing", "care", 1),
    ("naloxone-nasal-4mg", "Naloxone spray, 4 mg", "naloxone", 1),
    ("naloxone-im", "Naloxone for injection, 0.4 mg", "naloxone", 1),
)

STERILE = frozenset({
    "syringe-1ml-29g", "syringe-2ml-23g", "water-5ml", "swab", "wound-kit", "barrel-2ml", "needle-23g", "needle-25g", "dressing", "naloxone-im",
})
"""What comes sterile, and so with a date on the box."""
DATED = frozenset({"condom", "internal-condom", "lubricant", "acidifier", "nasal-rinse", "hiv-self-test", "fentanyl-strip", "lip-balm", "meal", "naloxone-nasal-4mg"})
"""What has a date for another reason."""

ITEMS = (*DEMONSTRATION, *MORE)
"""Everything, in the order of a new programme's screens (`domain/exchange.md` 2)."""

KITS = (
    # code, name, class, parts: (code, how many)
    ("injecting-kit", "Injecting kit", "preparation", (("syringe-1ml-29g", 10), ("filter", 10), ("water-5ml", 10), ("sharps-bin-1l", 1))),
    ("smoking-kit-parts", "Smoking kit from parts", "smoking", (("stem", 1), ("mouthpiece", 1), ("screen", 5), ("push-stick", 1), ("lip-balm", 1))),
)

SPANISH = {
    "syringe-1ml-29g": "Jeringa 1 ml, 29G", "filter": "Filtro", "syringe-2ml-23g": "Jeringa 2 ml, 23G", "cooker": "Cazoleta",
    "water-5ml": "Agua estéril 5 ml", "swab": "Toallita con alcohol", "sharps-bin-1l": "Contenedor de punzocortantes 1 litro",
    "condom": "Condón externo", "pipe-kit": "Kit para fumar con menos riesgo", "foil": "Lámina de aluminio", "wound-kit": "Kit para heridas",
    "barrel-2ml": "Cuerpo de jeringa 2 ml", "needle-23g": "Aguja 23G", "needle-25g": "Aguja 25G", "acidifier": "Sobre de ácido cítrico",
    "tourniquet": "Torniquete", "stem": "Tubo recto para fumar", "bowl-pipe": "Pipa de bola", "mouthpiece": "Boquilla",
    "screen": "Rejilla de latón", "push-stick": "Varilla de madera", "lip-balm": "Bálsamo labial", "straw": "Tubito para inhalar",
    "nasal-rinse": "Lavado nasal", "internal-condom": "Condón interno", "lubricant": "Sobre de lubricante",
    "hiv-self-test": "Autoprueba de VIH", "fentanyl-strip": "Tira para detectar fentanilo", "meal": "Comida",
    "drinking-water": "Agua para beber", "hygiene-pack": "Kit de higiene", "menstrual-pads": "Toallas menstruales",
    "dressing": "Apósito para heridas", "warm-clothing": "Ropa de abrigo", "naloxone-im": "Naloxona inyectable 0,4 mg", "naloxone-nasal-4mg": "Naloxona en aerosol nasal 4 mg",
    "injecting-kit": "Kit para inyectarse", "smoking-kit-parts": "Kit para fumar, por piezas",
}
"""The same in Spanish, by code."""

EXAMPLE_FUND = ("HHS", "Federal health money (example)", date(2026, 1, 1))
EXAMPLE_RESTRICTIONS = (
    # class, effect: money that supports syringe services and buys neither needles nor syringes (`domain/funding.md` 4)
    ("syringe_with_needle", Effect.FORBID_PURCHASE.value),
    ("barrel", Effect.FORBID_PURCHASE.value),
    ("needle", Effect.FORBID_PURCHASE.value),
)
EXAMPLE_SOURCE = ("NIH Grants Policy Statement", "4.2.9, no purchase of needles or syringes")


def names_of(code: str, name: str) -> tuple[str, dict[str, str]]:
    """The base name in the programme's first language, and the names in the others this file knows."""
    known = {"en": name} | ({"es": SPANISH[code]} if code in SPANISH else {})
    base = known.pop(settings.LANGUAGE_CODE.split("-")[0], name)
    return base, {language: other for language, other in known.items() if other != base}


def traits_of(code: str) -> Traits:
    """Whether it comes sterile and has a date; what it costs is for each programme to write."""
    return Traits(sterile=code in STERILE, expiry_tracked=code in DATED)


def fill(*, actor: Actor) -> None:
    """The whole usual catalogue, items and kits, for a new programme."""
    for position, (code, name, item_class, pack) in enumerate(ITEMS):
        base, names = names_of(code, name)
        catalogue.create(actor=actor, code=code, name=base, names=names, item_class=item_class, pack_size=pack, position=position, traits=traits_of(code))
    for code, name, item_class, parts in KITS:
        base, names = names_of(code, name)
        catalogue.create(actor=actor, code=code, name=base, names=names, item_class=item_class, pack_size=1, parts=dict(parts))


def add_example_fund(*, actor: Actor) -> Fund:
    """A fund that may pay for everything but needles and syringes: rows, not code."""
    code, name, since = EXAMPLE_FUND
    fund = funds.add_fund(actor=actor, code=code, name=name, valid_from=since)
    document, clause = EXAMPLE_SOURCE
    for item_class, effect in EXAMPLE_RESTRICTIONS:
        funds.restrict(
            actor=actor, fund=fund, effect=effect, valid_from=since, item_class=item_class, source_document=document, clause=clause,
            status="verified",
        )
    return fund
