"""What the pages say is true: links lead somewhere, quoted commands exist, and the examples really load."""

from __future__ import annotations

import argparse
import dataclasses
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from handrail.cli import _parser
from handrail.facts.labels import FIRST, SECOND
from handrail.facts.record import Draft, Mode, Status, record
from handrail.facts.spec import KINDS
from handrail.insight import compute, results
from handrail.insight import indicators as indicator_files
from handrail.insight.columns import columns_of
from handrail.insight.examples import play
from handrail.insight.periods import Period
from handrail.insight.spec import INDICATORS
from handrail.kernel import ids
from handrail.kernel.config import Config
from handrail.kernel.rooms import rooms
from handrail.ledgers.stock import commands as stock
from handrail.ledgers.stock.models import Leg
from handrail.screens.console import composer, composer_read
from handrail.screens.console.describe import sentences
from handrail.services.exchange import kinds as kind_files

ROOT = Path(__file__).resolve().parents[2]
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "changes").glob("*.md"), *ROOT.glob("handrail/**/README.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
MADE_BY_TESTS = ROOT / "docs" / "start"
"""Pictures come from the browser tests, so a page may name one before it was made."""

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_ENVIRONMENT = re.compile(r"[A-Z_]+=\S*")


def prose(page: Path) -> str:
    """A page without its fenced blocks and without what stands in backticks."""
    return re.sub(r"`[^`\n]*`", "", _FENCE.sub("", page.read_text()))


def headings(page: Path) -> set[str]:
    """Anchors of a page, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in found}


def quoted_commands(page: Path) -> list[list[str]]:
    """Every line of a page's fenced sh blocks, in words, without comments and settings in front."""
    found: list[list[str]] = []
    for language, block in _FENCE.findall(page.read_text()):
        if language == "sh":
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                while words and (words[0] in {"export", "sudo", "$"} or _ENVIRONMENT.fullmatch(words[0])):
                    words = words[1:]
                if words:
                    found.append(words)
    return found


def make_targets() -> set[str]:
    """Targets that the Makefile describes."""
    return set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))


def problem_of(words: list[str]) -> str:
    """What is wrong with a quoted command; empty when it exists."""
    if words[0] == "make":
        unknown = [word for word in words[1:] if not _ENVIRONMENT.fullmatch(word) and word not in make_targets()]
        return f"make has no target {unknown}" if unknown else ""
    if Path(words[0]).name == "handrail":
        try:
            _parser().parse_args(words[1:])
        except (SystemExit, argparse.ArgumentError):
            return f"handrail does not take {words[1:]}"
    return ""


def example_code(what: str) -> tuple[str, str]:
    """Name and content of an example file of CONTRIBUTING.md."""
    found = re.search(rf"<!-- example: {what} (\w+) -->\n```python\n(.*?)^```$", CONTRIBUTING.read_text(), re.MULTILINE | re.DOTALL)
    assert found, f"CONTRIBUTING.md has no example of a new {what}"
    return found[1], found[2]


@pytest.fixture
def added(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Both examples as files in their folders while a test runs; their names by what they are."""
    names = {}
    for what, package in (("kind", kind_files), ("indicator", indicator_files)):
        name, code = example_code(what)
        folder = tmp_path / what
        folder.mkdir()
        (folder / f"{name}.py").write_text(code)
        package.__path__.append(str(folder))
        names[what] = name
    KINDS.reload()
    INDICATORS.reload()
    yield names
    for what, package in (("kind", kind_files), ("indicator", indicator_files)):
        package.__path__.remove(str(tmp_path / what))
        sys.modules.pop(f"{package.__name__}.{names[what]}", None)
        if hasattr(package, names[what]):
            delattr(package, names[what])
    KINDS.reload()
    INDICATORS.reload()


@pytest.mark.parametrize("name", NAMES)
def test_every_link_inside_the_house_leads_somewhere(name):
    page, broken = ROOT / name, []
    for link in _LINK.findall(prose(page)):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if target.suffix == ".png" and target.parent == MADE_BY_TESTS:
            continue
        if not target.exists() or not target.is_relative_to(ROOT) or (anchor and anchor not in headings(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("name", NAMES)
def test_every_command_a_page_quotes_exists(name):
    assert [problem for words in quoted_commands(ROOT / name) if (problem := problem_of(words))] == []


def test_a_command_that_does_not_exist_would_be_seen(capsys):
    assert problem_of(["make", "coffee"])
    assert problem_of(["handrail", "coffee"])
    assert problem_of([".venv/bin/handrail", "indicators"])
    assert not problem_of(["handrail", "indicators", "--period", "2026Q3"])
    assert not problem_of(["make", "demo"])
    capsys.readouterr()


def test_every_page_can_be_found_from_the_first_one():
    seen, todo = set(), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        links = [link.partition("#")[0] for link in _LINK.findall(prose(page)) if "://" not in link]
        todo += [(page.parent / link).resolve() for link in links if link and (page.parent / link).exists()]
    lost = [name for name in NAMES if ROOT / name not in seen and not name.startswith("handrail/") and name != "CHANGELOG.md"]
    assert [name for name in lost if not name.startswith("changes/")] == []
    listed = (ROOT / "CHANGELOG.md").read_text()
    assert [name for name in lost if name not in listed] == []


def test_the_reference_names_every_setting_and_every_room():
    settings_page = (ROOT / "docs" / "reference" / "settings.md").read_text()
    reference = "".join(path.read_text() for path in sorted((ROOT / "docs" / "reference").glob("*.md")))
    missing = [f.name for f in dataclasses.fields(Config) if f"HANDRAIL_{f.name.upper()}" not in settings_page]
    missing += [room.key for room in rooms() if f"`{room.key}`" not in reference]
    assert missing == []


def test_every_setting_a_page_names_is_one():
    known = {f"HANDRAIL_{f.name.upper()}" for f in dataclasses.fields(Config)}
    source = "".join(path.read_text() for path in (ROOT / "handrail").rglob("*.py") if path.name != Path(__file__).name)
    unknown = {word for page in PAGES for word in re.findall(r"HANDRAIL_[A-Z_]+", page.read_text()) if word not in known and f'"{word}"' not in source}
    assert unknown == set()


def test_pages_use_the_words_of_the_field():
    told_to_avoid = re.compile(r"\b(addicts?|abus(?:e|er|ers|ing)|junk(?:ie|ies)|clean (?:needle|syringe|person|time)s?|dirty)\b", re.IGNORECASE)
    assert {name: found for name in NAMES if (found := told_to_avoid.findall((ROOT / name).read_text()))} == {}


def test_the_two_words_of_a_page_are_words_the_programme_says():
    page = (ROOT / "docs" / "how-to" / "follow-a-referral.md").read_text()
    pairs = re.findall(r"“([a-z]+) ([a-z]+)”", page)
    assert pairs
    assert [pair for pair in pairs if pair[0] not in FIRST or pair[1] not in SECOND] == []


def test_the_example_kind_of_the_contributing_page_works(in_harbour, added):
    key, actor, van = f"exchange.{added['kind']}", in_harbour.actors["naima"], in_harbour.van
    kind = KINDS[key]
    section = next(s for s in composer.build(actor, van, [], {}, {}) if s.key == key)
    assert [row.label for row in section.rows] == ["Wound", "Wound kits used"]
    parsed = composer_read.parse(actor, van, {f"{key}:wound": "abscess", f"{key}:kits": "2"})
    assert parsed.errors == {}
    assert composer_read.parse(actor, van, {f"{key}:wound": "", f"{key}:kits": ""}).parts == []
    assert {"wound", "kits"} <= {column.name for column in columns_of(kind)}
    stock.add_item(actor=in_harbour.system, code="wound-kit", name="Wound kit", item_class="care")
    draft = Draft(kind=key, payload=parsed.parts[0].payload, site=van.id, encounter=ids.new())
    assert record(draft, actor=actor, mode=Mode.CONFIRMED).status is Status.ACCEPTED
    assert sorted(Leg.objects.filter(fact=draft.id).values_list("quantity", flat=True)) == [-2, 2]
    assert kind.parse(kind.sample.model_dump(mode="json")) == kind.sample


def test_the_example_kind_reads_in_words(in_harbour, added):
    kind = KINDS[f"exchange.{added['kind']}"]

    class Read:
        parsed = kind.sample

    assert sentences(Read, {}) == ["Wound: Abscess", "Wound kits used: 1"]  # type: ignore[arg-type]


def test_the_example_indicator_of_the_contributing_page_gives_the_answer_it_says(in_harbour, added, settings, tmp_path, monkeypatch):
    settings.CONFIG = dataclasses.replace(settings.CONFIG, var=tmp_path)
    expected = INDICATORS[added["indicator"]].example
    play(expected, actor=in_harbour.system, site=in_harbour.van)
    monkeypatch.setattr(compute, "INDICATORS", [INDICATORS[added["indicator"]]])  # the others have examples of their own
    compute.refresh(in_harbour.harbour.key, [expected.period])
    row = results.read(Period.parse(expected.period)).get(added["indicator"])
    assert (row.plain, row.numerator, row.people_behind) == (expected.value, expected.numerator, expected.people_behind)


def test_the_examples_leave_nothing_behind():
    assert KINDS.get("exchange.wound_dressing") is None
    assert INDICATORS.get("hiv_tests") is None
