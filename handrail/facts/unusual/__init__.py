"""A week's digest of looks that are not usual: computed from the access log alone, one rule a file, and never a person named.

A line is a question to ask a colleague, not a finding against them: an outreach worker after an outbreak looks at many.
Each rule compares an account with what it did before and with what its colleagues did the same week.
"""

from __future__ import annotations

from datetime import date, timedelta

from django_tasks import task

from handrail.facts.models import Digest, Organisation
from handrail.facts.models import Unusual as Row
from handrail.facts.queries import today
from handrail.facts.unusual import many, never_served, night, refused, same_person
from handrail.facts.unusual.week import Line, Rule, Week, read
from handrail.kernel import clock, scope

RULES: dict[str, Rule] = {
    "many": many.RULE, "refused": refused.RULE, "night": night.RULE, "same_person": same_person.RULE, "never_served": never_served.RULE,
}
"""Every rule, in the order of the page."""


def monday_of(day: date) -> date:
    """The first day of a week."""
    return day - timedelta(days=day.weekday())


def last_week() -> date:
    """The Monday of the last week that is over."""
    return monday_of(today()) - timedelta(days=7)


def find(week: Week) -> list[tuple[str, Line]]:
    """What every rule found, with the rule's key."""
    return [(key, line) for key, rule in RULES.items() for line in rule.find(week)]


def make(monday: date) -> int:
    """Compute and keep the digest of a week, once; how many lines it has."""
    if Digest.objects.filter(week=monday).exists():
        return Row.objects.filter(week=monday).count()
    organisation = scope.organisation()
    Digest.objects.create(organisation_id=organisation, week=monday, made_at=clock.now())
    rows = [
        Row(organisation_id=organisation, week=monday, rule=key, staff=line.staff, number=line.number, usual=line.usual) for key, line in find(read(monday))
    ]
    Row.objects.bulk_create(rows)
    return len(rows)


def lines(monday: date) -> list[Row]:
    """The kept lines of a week, in the order of the rules, the highest number first."""
    order = list(RULES)
    found = [row for row in Row.objects.filter(week=monday) if row.rule in RULES]
    return sorted(found, key=lambda row: (order.index(row.rule), -row.number, row.key))


@task()
def make_digests() -> int:
    """The digest of the last week, for every organisation that has none yet; how many lines there are."""
    found = 0
    for organisation in Organisation.objects.all():
        with scope.enter([organisation.key]):
            found += make(last_week())
    return found
