"""The heads of the chains, to print and keep elsewhere; comparing one that was kept; answering an alarm."""

from __future__ import annotations

import csv
import io
import uuid
from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from handrail.facts import alarms, heads
from handrail.facts.heads import Heads, NotAHead, Standing
from handrail.facts.models import Alarm, Device, Organisation, Staff
from handrail.facts.queries import today
from handrail.facts.record import Refusal
from handrail.kernel import audit, clock
from handrail.kernel.access import ActorRequest, may
from handrail.screens.console import qr

GROUP, IN_A_LINE = 8, 3


@dataclass(frozen=True)
class AlarmLine:
    """An open alarm, and what a look at the chains says of it now."""

    alarm: Alarm
    title: str
    noticed_by: str
    sentences: list[str]
    error: str


@dataclass(frozen=True)
class HeadsPage:
    """The heads now, what was answered to a comparison, and what needs an answer."""

    organisation: str
    heads: Heads
    code: qr.Code
    groups: list[str]
    links: list[tuple[str, int, str]]
    week: str
    alarms: list[AlarmLine]
    answers: list[tuple[str, str]]
    may_answer: bool
    restores: list[tuple[str, str]]
    typed: str = ""
    error: str = ""
    standing: str = ""
    sentences: tuple[str, ...] = ()


@may("alarm.see", methods=("GET", "POST"))
def page(request: ActorRequest) -> HttpResponse:
    """The heads of this week; what is posted is a head that somebody kept."""
    typed = request.POST.get("head", "").strip()
    if request.method != "POST":
        return _page(request)
    try:
        if not typed:
            raise NotAHead(_("Write or paste the head that was kept."))
        found = alarms.witness(actor=request.actor, kept=heads.read_text(typed))
    except NotAHead as problem:
        return _page(request, typed=typed, error=str(problem), status=422)
    audit.write("head.compared", actor=request.actor, detail={"standing": found.standing.value})
    return _page(request, typed=typed, standing=found.standing.value, sentences=found.sentences)


def _page(
    request: ActorRequest, *, typed: str = "", error: str = "", standing: str = "", sentences: tuple[str, ...] = (), status: int = 200,
    wrong: dict[uuid.UUID, str] | None = None,
) -> HttpResponse:
    now, day = heads.current(), today()
    text = now.as_text()
    year, week, _day = day.isocalendar()
    shown = HeadsPage(
        organisation=Organisation.objects.get(key=request.actor.organisation).name, heads=now, code=qr.code(text), groups=_lines(text),
        links=[(_("Recorded facts"), now.facts.number, now.facts.digest), (_("Audit lines"), now.audit.number, now.audit.digest)],
        week=_("Week %(week)d of %(year)d, %(day)s") % {"week": week, "year": year, "day": date_format(day, "j F Y")},
        alarms=[_alarm(alarm, (wrong or {}).get(alarm.id, "")) for alarm in alarms.open_alarms()],
        answers=[(value, str(words)) for value, words in Alarm.Answer.choices], may_answer=request.actor.may("alarm.answer"),
        restores=[(date_format(line.at, "j M Y H:i"), str(line.detail.get("from", ""))) for line in heads.restored_lately()],
        typed=typed, error=error, standing=standing, sentences=sentences,
    )
    return render(request, "console/heads.html", {"page": shown}, status=status)


def _lines(text: str) -> list[str]:
    """The text as a hand can copy it: eight signs, a space, three groups in a line: as many as a phone shows."""
    groups = [text[at : at + GROUP] for at in range(0, len(text), GROUP)]
    return [" ".join(groups[at : at + IN_A_LINE]) for at in range(0, len(groups), IN_A_LINE)]


def _alarm(alarm: Alarm, error: str) -> AlarmLine:
    noticed = _id(alarm.subject)
    device = Device.objects.filter(id=noticed).first() if noticed else None
    staff = Staff.objects.filter(id=noticed, organisation_id=alarm.organisation_id).first() if noticed else None
    sentences: list[str] = []
    if "kept" in alarm.detail:
        found = heads.compare(heads.read_json(alarm.detail["kept"]))
        sentences = list(found.sentences) if found.standing is Standing.BROKEN else [_("The chains go through this head again.")]
    elif "first" in alarm.detail:
        sentences = [str(alarm.detail["first"])]
    return AlarmLine(alarm, str(Alarm.Reason(alarm.reason).label), device.label if device else staff.name if staff else "", sentences, error)


def _id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


@may("alarm.answer", methods=("POST",), step_up=True)
def answer(request: ActorRequest, alarm: uuid.UUID) -> HttpResponse:
    """What was found out about an alarm."""
    found = Alarm.objects.filter(id=alarm).first()
    if found is None:
        raise Http404
    try:
        alarms.answer(actor=request.actor, alarm=found, said=request.POST.get("answer", ""))
    except Refusal as refusal:
        return _page(request, wrong={found.id: refusal.problems[0][1]}, status=422)
    return redirect("heads")


@may("alarm.see")
def as_csv(request: ActorRequest) -> HttpResponse:
    """The heads as a file of one line, to send to whoever keeps them."""
    now, written = heads.current(), io.StringIO()
    writer = csv.writer(written)
    writer.writerow(["at", "epoch", "facts", "facts_head", "audit_lines", "audit_head", "head"])
    writer.writerow(
        [f"{clock.now():%Y-%m-%d %H:%M} UTC", now.epoch, now.facts.number, now.facts.digest, now.audit.number, now.audit.digest, now.as_text()]
    )
    answer = HttpResponse(written.getvalue(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="heads-{today():%Y-%m-%d}.csv"'
    return answer
