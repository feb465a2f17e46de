"""Makes files in the shape of the Ontario minimum data set, with totals that are known and errors that are counted."""

from __future__ import annotations

import csv
import io
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta

HEADINGS = [
    "Transaction number", "Site Name", "Affiliated PHU", "Programs provided", "Anonymous Client Code", "Year of birth", "Gender",
    "Postal code of residence", "Substances used", "Date of transaction", "Location of transaction", "Client collecting on behalf of",
    "Additional services provided", "Referrals provided", "Needles 1cc 28G 1/2", "Needles 1cc 29G 1/2", "Cookers", "Filters",
    "Sterile water", "Straight stems", "Bowl pipes", "Condoms", "Date needles were returned", "Quantity of needles returned",
]
ITEMS = {
    "Needles 1cc 28G 1/2": "syringe-1ml-28g", "Needles 1cc 29G 1/2": "syringe-1ml-29g", "Cookers": "cooker", "Filters": "filter",
    "Sterile water": "water", "Straight stems": "stem-straight", "Bowl pipes": "pipe-bowl", "Condoms": "condom",
}
SITES = ["Van 1", "Drop-in"]
ERRORS = [
    ("Needles 1cc 29G 1/2", "1,5"), ("Needles 1cc 29G 1/2", "-3"), ("Cookers", "ca. 10"), ("Date of transaction", "31/02/2025"),
    ("Date of transaction", "02/28/2025"), ("Date of transaction", "2025-03-04"), ("Date of transaction", ""), ("Site Name", "Old van"),
    ("Gender", "F?"), ("Location of transaction", "the moon"), ("Quantity of needles returned", "a bagful"), ("Referrals provided", "Astrology"),
    ("Year of birth", "85"),
]
"""A cell that cannot be right, one for each way of being wrong."""


@dataclass
class Made:
    """A file and what is in its good rows."""

    rows: list[dict[str, str]] = field(default_factory=list)
    visits: int = 0
    people: set[tuple[str, str]] = field(default_factory=set)
    anonymous: int = 0
    items: Counter[str] = field(default_factory=Counter)
    returned: int = 0
    referrals: int = 0
    bad: list[tuple[int, str]] = field(default_factory=list)

    def text(self, delimiter: str = ",") -> str:
        """As CSV."""
        written = io.StringIO()
        lines = csv.DictWriter(written, HEADINGS, delimiter=delimiter, lineterminator="\r\n")
        lines.writeheader()
        lines.writerows(self.rows)
        return written.getvalue()

    def data(self) -> bytes:
        """As a spreadsheet program saves it."""
        return b"\xef\xbb\xbf" + self.text().encode()


def make(rows: int, *, errors: int = 0, seed: int = 1) -> Made:
    """So many rows of the year 2025; every error stands in a row of its own."""
    chance, made = random.Random(seed), Made()
    wrong = {place: ERRORS[number % len(ERRORS)] for number, place in enumerate(sorted(chance.sample(range(rows), errors)))}
    for place in range(rows):
        row = _row(chance, place)
        if place in wrong:
            name, typed = wrong[place]
            row[name] = typed
            made.bad.append((place + 2, name))
        else:
            _count(made, row)
        made.rows.append(row)
    return made


def _row(chance: random.Random, place: int) -> dict[str, str]:
    day = date(2025, 1, 1) + timedelta(days=chance.randrange(365))
    person = chance.randrange(400)
    known = chance.random() < 0.8
    row = dict.fromkeys(HEADINGS, "")
    row |= {
        "Transaction number": f"T{place + 1:06}", "Site Name": chance.choice(SITES), "Affiliated PHU": "Toronto Public Health",
        "Programs provided": "Needle Exchange", "Date of transaction": day.strftime("%d/%m/%Y"),
        "Location of transaction": chance.choice(["Street/parks", "Mobile distribution from a van", "In-service NEP/NSP (core or satellite)"]),
        "Client collecting on behalf of": chance.choice(["Self", "Self and others", ""]),
        "Additional services provided": chance.choice(["", "Practical support", "Education: overdose prevention;Education: safe disposal"]),
        "Referrals provided": chance.choice(["", "", "", "Housing", "HIV testing; Opioid agonist therapy"]),
        "Postal code of residence": "M5A", "Substances used": "Fentanyl (non-prescribed)",
    }
    if known:
        letters = "ABCDEFGHIJKLMNOPQRST"
        row |= {
            "Anonymous Client Code": "Z" + letters[person // 400 % 20] + letters[person // 20 % 20] + letters[person % 20],
            "Year of birth": str(1960 + person % 40), "Gender": ["Male", "Female", "Trans Female", "Other gender not listed"][person % 4],
        }
    for name in ITEMS:
        if chance.random() < 0.45:
            row[name] = str(chance.choice([1, 5, 10, 20, 100]))
    if chance.random() < 0.4:
        row["Quantity of needles returned"] = str(chance.randrange(1, 200))
    return row


def _count(made: Made, row: dict[str, str]) -> None:
    made.visits += 1
    if row["Anonymous Client Code"]:
        made.people.add((row["Anonymous Client Code"], row["Year of birth"]))
    else:
        made.anonymous += 1
    for name, code in ITEMS.items():
        made.items[code] += int(row[name] or 0)
    made.returned += int(row["Quantity of needles returned"] or 0)
    made.referrals += len([r for r in row["Referrals provided"].split(";") if r])
