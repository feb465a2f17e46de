"""What the demonstration programme is made of: places, people who work there, catalogue. All names are invented."""

from __future__ import annotations

from dataclasses import dataclass

from handrail.ledgers.stock import usual


@dataclass(frozen=True)
class DemoSite:
    """A place, and how many visits it has on a usual weekday."""

    name: str
    kind: str
    visits: float = 0.0
    offers: tuple[str, ...] = ()


@dataclass(frozen=True)
class DemoStaff:
    """Somebody to sign in as."""

    username: str
    name: str
    does: str
    grants: tuple[tuple[str, str | None], ...]
    records_at: str = ""


@dataclass(frozen=True)
class DemoOrganisation:
    """One organisation of the demonstration."""

    name: str
    country: str
    time_zone: str
    area: str
    people: int
    sites: tuple[DemoSite, ...]
    staff: tuple[DemoStaff, ...]


ITEMS = usual.DEMONSTRATION
"""The part of the usual catalogue that the demonstration's story is told with: code, name, class, pack."""

ORGANISATIONS = (
    DemoOrganisation(
        name="Riverside Harm Reduction", country="KE", time_zone="Africa/Nairobi", area="riverside", people=520,
        sites=(
            DemoSite("Store", "store"),
            DemoSite("Van 1", "vehicle", 5.0),
            DemoSite("Van 2", "vehicle", 6.5),
            DemoSite("Drop-in", "drop_in", 7.5),
            DemoSite("Riverside clinic", "oat_clinic", 1.5, ("OAT", "HIV_test", "HCV_treatment")),
        ),
        staff=(
            DemoStaff("naima", "Naima", "outreach worker on the vans", (("outreach", "Van 1"), ("outreach", "Van 2")), "Van 2"),
            DemoStaff("juma", "Juma", "outreach worker", (("outreach", "Van 1"),), "Van 1"),
            DemoStaff("wanjiru", "Wanjiru", "works at the drop-in", (("outreach", "Drop-in"),), "Drop-in"),
            DemoStaff("samuel", "Samuel", "storekeeper", (("storekeeper", None),)),
            DemoStaff("achieng", "Achieng", "nurse at the clinic", (("nurse", "Riverside clinic"),), "Riverside clinic"),
            DemoStaff("grace", "Grace", "coordinator", (("coordinator", None),)),
            DemoStaff("otieno", "Otieno", "auditor", (("auditor", None),)),
        ),
    ),
    DemoOrganisation(
        name="Northside Outreach", country="UA", time_zone="Europe/Kyiv", area="northside", people=60,
        sites=(
            DemoSite("Northside store", "store"),
            DemoSite("Minibus", "vehicle", 2.5),
            DemoSite("Night room", "drop_in", 1.5),
        ),
        staff=(
            DemoStaff("olena", "Olena", "outreach worker of another organisation", (("outreach", None),), "Minibus"),
            DemoStaff("taras", "Taras", "coordinator of another organisation", (("coordinator", None), ("storekeeper", None))),
        ),
    ),
)

BASKETS = (
    # what people take: (quantities, others collected for, weight)
    ((("syringe-1ml-29g", 30), ("filter", 10)), 2, 18),
    ((("syringe-1ml-29g", 10),), 0, 14),
    ((("syringe-1ml-29g", 20), ("filter", 20), ("water-5ml", 20)), 0, 12),
    ((("syringe-1ml-29g", 50), ("filter", 50), ("cooker", 10)), 4, 6),
    ((("syringe-1ml-29g", 10), ("cooker", 2), ("swab", 10)), 0, 8),
    ((("syringe-2ml-23g", 20), ("filter", 10)), 1, 5),
    ((("syringe-1ml-29g", 100), ("sharps-bin-1l", 1)), 6, 2),
    ((("pipe-kit", 2), ("foil", 5)), 0, 6),
    ((("condom", 12),), 0, 5),
    ((("wound-kit", 1), ("swab", 10)), 0, 2),
)

PER_VISIT = {
    code: sum(weight * dict(quantities).get(code, 0) for quantities, _others, weight in BASKETS) / sum(weight for *_rest, weight in BASKETS)
    for code, *_rest in ITEMS
}
"""How many of each item a visit takes on average: what deliveries and shelves are planned by."""

MOST_AT_ONCE = {code: max(dict(quantities).get(code, 0) for quantities, *_rest in BASKETS) for code, *_others in ITEMS}
"""The largest number of each item anybody takes at once: shelves hold a few of these besides."""
