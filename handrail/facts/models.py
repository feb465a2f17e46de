"""Tables of the facts layer: who works where, the facts themselves, and what follows from them.

Three sorts of row: ordinary ones (organisation, site, staff, role, device, card), which are changed by audited
commands; the append-only facts; and state (`is_state`), which is a fold over facts and can be rebuilt at any time.
"""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from handrail.facts.people_models import CardToken as CardToken
from handrail.facts.people_models import CodeHint as CodeHint
from handrail.facts.people_models import Consent as Consent
from handrail.facts.people_models import Handle as Handle
from handrail.facts.people_models import Participant as Participant
from handrail.facts.people_models import Proposal as Proposal
from handrail.facts.people_models import Receipt as Receipt
from handrail.facts.retention_models import LegalHold as LegalHold
from handrail.facts.watch_models import Alarm as Alarm
from handrail.facts.watch_models import Digest as Digest
from handrail.facts.watch_models import GlassBreak as GlassBreak
from handrail.facts.watch_models import Notice as Notice
from handrail.facts.watch_models import Unusual as Unusual
from handrail.kernel import clock, ids
from handrail.kernel.scope import ScopedModel

# -- ordinary rows ---------------------------------------------------------------------------------------------------


class Organisation(models.Model):
    """A programme, association, clinic or ministry: the border that no query crosses."""

    key = models.BigAutoField(primary_key=True)
    id = models.UUIDField(default=ids.new, unique=True, editable=False)
    name = models.CharField(max_length=120)
    country = models.CharField(max_length=2, help_text="ISO 3166-1 alpha-2")
    community_led = models.BooleanField(default=False)
    closed_settings = ArrayField(
        models.BigIntegerField(), default=list, help_text="Keys of its closed settings; needed before a scope is known"
    )

    def __str__(self) -> str:
        return self.name


class StaffManager(BaseUserManager["Staff"]):
    """Accounts by user name."""


class Staff(AbstractBaseUser):
    """Somebody who works here: a sign-in and the name colleagues use. Never a legal name."""

    key = models.BigAutoField(primary_key=True)
    id = models.UUIDField(default=ids.random, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    username = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=60)
    language = models.CharField(max_length=12, blank=True)
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "username"
    objects: ClassVar[StaffManager] = StaffManager()

    def __str__(self) -> str:
        return self.name


class SiteKind(models.TextChoices):
    """Kinds of site (`domain/people.md` 8)."""

    DROP_IN = "drop_in", _("Drop-in")
    FIXED_EXCHANGE = "fixed_exchange", _("Fixed exchange")
    VEHICLE = "vehicle", _("Van")
    PEER_BAG = "peer_bag", _("Peer’s bag")
    ROUTE_STOP = "route_stop", _("Route stop")
    VENDING_MACHINE = "vending_machine", _("Vending machine")
    WALL_BOX = "wall_box", _("Wall box")
    OPS = "ops", _("Overdose prevention site")
    OAT_CLINIC = "oat_clinic", _("Treatment clinic")
    PHARMACY = "pharmacy", _("Pharmacy")
    PRISON_UNIT = "prison_unit", _("Prison unit")
    HOSPITAL = "hospital", _("Hospital")
    HOUSING_PROJECT = "housing_project", _("Housing project")
    COMMUNITY_CENTRE = "community_centre", _("Community centre")
    LEGAL_OFFICE = "legal_office", _("Legal office")
    MAIL_CENTRE = "mail_centre", _("Mail centre")
    EVENT = "event", _("Event")
    VIRTUAL = "virtual", _("Online")
    STORE = "store", _("Store room")


class ClosedSetting(models.TextChoices):
    """Where people are held (`domain/exchange.md` 8). Reading there needs a role given for that very place."""

    PRISON = "prison", _("Prison")
    REMAND = "remand", _("Remand prison")
    POLICE_CELLS = "police_cells", _("Police cells")
    JUVENILE = "juvenile", _("Juvenile detention")
    COMPULSORY_CENTRE = "compulsory_centre", _("Compulsory centre")


class Site(ScopedModel):
    """A place where work is done: a van, a drop-in, a clinic, a store room."""

    id = models.UUIDField(default=ids.new, editable=False)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=24, choices=SiteKind)
    time_zone = models.CharField(max_length=40, default="UTC")
    area = models.CharField(max_length=40, blank=True, help_text="Area code that size estimates use")
    setting = models.CharField(max_length=12, default="community", choices=[("facility", _("Facility")), ("community", _("Community"))])
    provider_type = models.CharField(max_length=16, default="community_led")
    offers = models.JSONField(default=list, help_text="Referral services this site takes people for")
    closed_setting = models.CharField(max_length=20, blank=True, choices=ClosedSetting)
    item_classes = models.JSONField(default=list, help_text="Classes of the catalogue handed out here; empty: all")
    kinds = models.JSONField(default=list, help_text="Kinds that a visit here offers to record; empty: what suits the kind of place")
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "id"], name="site_id")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def today(self) -> date:
        """The calendar day it is at this place."""
        return clock.local_date(clock.now(), self.time_zone)


class RoleAssignment(models.Model):
    """A role that a person holds, at one site or (site empty) everywhere in the organisation.

    Read together with the account before any scope is known, so no row security of its own (row_security.GLOBAL_TABLES).
    """

    key = models.BigAutoField(primary_key=True)
    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=24)
    site = models.ForeignKey(Site, null=True, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["staff", "role", "site"], name="role_once", nulls_distinct=False)
        ]


class Device(ScopedModel):
    """Something that records facts: a phone, a tablet, or the server itself for what is typed in a browser."""

    id = models.UUIDField(default=ids.random, editable=False)
    label = models.CharField(max_length=60)
    is_server = models.BooleanField(default=False)
    token = models.BinaryField(null=True, help_text="Keyed digest of its access token; the token itself is shown once")
    role = models.CharField(max_length=24, blank=True, help_text="What it may do, as a role")
    site = models.ForeignKey(Site, null=True, on_delete=models.PROTECT, related_name="+")
    enrolled_by = models.UUIDField(null=True)
    enrolled_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="device_id"),
            models.UniqueConstraint(fields=["organisation", "token"], name="device_token"),
        ]


class SourceStatus(models.TextChoices):
    """How sure we are of a value's source (`domain/people.md` 9)."""

    VERIFIED = "verified", _("Read in the source")
    PARTLY = "partly", _("Partly read")
    UNVERIFIED = "unverified", _("Not verified")
    LOCAL_POLICY = "local_policy", _("Our own policy")


class SafetyClass(models.TextChoices):
    """Who has to approve a value before it is used."""

    CLINICAL = "clinical", _("Clinical")
    LEGAL = "legal", _("Legal")
    PRIVACY = "privacy", _("Privacy")
    OPERATIONAL = "operational", _("Operational")


class Setting(ScopedModel):
    """A value a programme set for itself, or for one site, from a day on. Earlier rows stay: past decisions name theirs."""

    id = models.UUIDField(default=ids.new, editable=False)
    name = models.CharField(max_length=60, help_text="Key of the declared value (`facts.values`)")
    value = models.JSONField()
    site = models.ForeignKey(Site, null=True, on_delete=models.PROTECT, related_name="+")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, help_text="First day it holds no more")
    source = models.CharField(max_length=200, blank=True)
    source_status = models.CharField(max_length=16, choices=SourceStatus, default=SourceStatus.LOCAL_POLICY)
    set_by = models.UUIDField(null=True)
    approved_by = models.UUIDField(null=True)
    approved_at = models.DateTimeField(null=True)
    review_on = models.DateField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "id"], name="setting_id")]
        indexes = [models.Index(fields=["organisation", "name"], name="setting_name")]


class Head(ScopedModel):
    """The head of an organisation's facts: counter, chain digest, epoch. Every writer locks it first.

    A counter under a lock, not a database sequence: with a sequence a reader who pulls by number can miss a fact
    whose transaction committed late (security.md F6). The epoch changes whenever a backup is restored.
    """

    counter = models.BigIntegerField(default=0)
    digest = models.BinaryField(default=b"")
    epoch = models.UUIDField(default=ids.random)
    server_device = models.UUIDField()
    server_sequence = models.BigIntegerField(default=0)
    purges = models.BigIntegerField(default=0, help_text="How often facts lost what was past its period; the warehouse is then written anew")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation"], name="facts_one_head")]


# -- facts -----------------------------------------------------------------------------------------------------------


class Fact(ScopedModel):
    """Something that happened. Never edited; a correction is a new fact that supersedes this one."""

    append_only: ClassVar[bool] = True

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    """No index of its own, nor has the site: PostgreSQL would sometimes take it and read all facts of a programme or place."""
    id = models.UUIDField(editable=False)
    kind = models.CharField(max_length=60)
    kind_version = models.SmallIntegerField()
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    encounter = models.UUIDField(null=True)
    participant = models.UUIDField(null=True)
    about = models.UUIDField(null=True, help_text="The record this one speaks of, such as the referral of an outcome")
    staff = models.UUIDField(null=True)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    device = models.UUIDField()
    device_sequence = models.BigIntegerField(null=True)
    counter = models.BigIntegerField()
    supersedes: models.Field[Any, Any] = models.JSONField(default=list)
    root = models.UUIDField(help_text="First fact of the chain of corrections this one belongs to")
    payload = models.JSONField()
    settlement = models.JSONField(null=True, help_text="What the door decided at the time, such as the lots taken")
    door = models.JSONField(null=True, help_text="Why it was quarantined, clock skew, what the sender claimed")
    payload_digest = models.BinaryField()
    digest = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="fact_id"),
            models.UniqueConstraint(fields=["organisation", "counter"], name="fact_counter"),
            models.UniqueConstraint(fields=["organisation", "device", "device_sequence"], name="fact_device_sequence"),
        ]
        indexes = [
            models.Index(fields=["organisation", "encounter"], name="fact_encounter"),
            models.Index(fields=["organisation", "site", "kind", "-occurred_at"], name="fact_site_kind_time"),
            models.Index(
                fields=["organisation", "site", "kind", "-occurred_at"], name="fact_outside_visits",
                condition=models.Q(encounter__isnull=True) & ~models.Q(kind="facts.encounter"),
            ),
            models.Index(fields=["organisation", "root"], name="fact_root"),
            models.Index(fields=["organisation", "about"], name="fact_about", condition=models.Q(about__isnull=False)),
            models.Index(fields=["organisation", "participant"], name="fact_participant", condition=models.Q(participant__isnull=False)),
        ]


# -- state: folds over facts -----------------------------------------------------------------------------------------


class Standing(ScopedModel):
    """Which fact of a chain counts now. Only chains with a correction have a row; all other facts simply count."""

    is_state: ClassVar[bool] = True

    root = models.UUIDField()
    effective = models.UUIDField(null=True, help_text="The fact that counts; empty when taken back")
    heads = models.JSONField(default=list, help_text="Facts nobody superseded; more than one means a conflict")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "root"], name="standing_root")]


class Aside(ScopedModel):
    """A fact that does not count now, and why: superseded, taken back, or kept aside until somebody has looked."""

    is_state: ClassVar[bool] = True

    fact = models.UUIDField()
    reason = models.CharField(max_length=40)
    waiting_for = models.UUIDField(null=True, help_text="The fact that must arrive first")
    is_open = models.BooleanField(default=False, help_text="Somebody has to decide")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "fact"], name="aside_fact")]
        indexes = [
            models.Index(fields=["organisation", "waiting_for"], name="aside_waiting", condition=models.Q(is_open=True)),
            models.Index(fields=["organisation", "is_open"], name="aside_open", condition=models.Q(is_open=True)),
        ]


class Referral(ScopedModel):
    """A referral and how far it got."""

    is_state: ClassVar[bool] = True

    fact = models.UUIDField(help_text="The fact that made it; its root if it was corrected")
    service = models.CharField(max_length=24)
    status = models.CharField(max_length=24)
    from_site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    to_site = models.ForeignKey(Site, null=True, on_delete=models.PROTECT, related_name="+")
    participant = models.UUIDField(null=True)
    made_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, help_text="When the person wanted it; nothing known 90 days later is unknown")
    status_at = models.DateTimeField()
    source = models.CharField(max_length=24, blank=True)
    consent_to_share = models.BooleanField(null=True)
    to_service = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "fact"], name="referral_fact")]
        indexes = [models.Index(fields=["organisation", "to_site", "status"], name="referral_to"), models.Index(fields=["organisation", "from_site", "status"], name="referral_from")]
