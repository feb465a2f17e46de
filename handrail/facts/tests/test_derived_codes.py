"""Self-made codes: worked examples 1 to 4 of `domain/people.md`, and what must hold for any name."""

from __future__ import annotations

import hashlib
import unicodedata
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handrail.facts import derived_codes, transliteration
from handrail.facts.derived_codes import BadElement, Elements, canonical
from handrail.facts.transliteration import ScriptNotCovered, latin_letters, two_letters
from handrail.kernel import crypto

KEY, SALT = bytes(range(32)), b"handrail-example"
ANNA = Elements("Anna", "Ivan", "Sergei", 7, 3, 1985)
DAY_OFF = Elements("Anna", "Ivan", "Sergei", 8, 3, 1985)
FEW = settings(max_examples=60, deadline=None, database=None, derandomize=True)
FROZEN = "bfed7885ea5eeed60e925461f47f17459bd082f1244f4e7778bae50c86af54f8"
ALPHABETS = {
    "ru": "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ", "uk": "АБВГҐДЕЄЖЗИІЇЙКЛМНОПРСТУФХЦЧШЩЬЮЯ", "be": "АБВГДЕЁЖЗІЙКЛМНОПРСТУЎФХЦЧШЫЬЭЮЯ",
    "mk": "АБВГДЃЕЖЗЅИЈКЛЉМНЊОПРСТЌУФХЦЧЏШ", "sr": "АБВГДЂЕЖЗИЈКЛЉМНЊОПРСТЋУФХЦЧЏШ", "bg": "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЬЮЯ",
    "kk": "АӘБВГҒДЕЁЖЗИЙКҚЛМНҢОӨПРСТУҰҮФХҺЦЧШЩЪЫІЬЭЮЯ", "ky": "АБВГДЕЁЖЗИЙКЛМНҢОӨПРСТУҮФХЦЧШЩЪЫЬЭЮЯ", "el": "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ",
    "hy": "".join(map(chr, range(0x531, 0x557))), "ka": "".join(map(chr, range(0x10D0, 0x10F1))),
    "ar": "ابتثجحخدذرزسشصضطظعغفقكلمنهويءآأؤإئىة", "fa": "اآبپتثجچحخدذرزژسشصضطظعغفقکگلمنوهیئءأؤ",
    "ur": "اآبپتٹثجچحخدڈذرڑزژسشصضطظعغفقکگلمنںوہھءیےئۓؤۂ", "he": "אבגדהוזחטיכךלמםנןסעפףצץקרשת", "la": "ÆŒØŁĐÐÞẞƏŊĦŦ",
}
COVERED = "".join(transliteration.TABLE) + "ABCXYZabcxyzéÉçßıIşğāņÓ'- ˈ"
NAMES = st.text(alphabet=COVERED, max_size=8)


def code(elements: Elements) -> str:
    return derived_codes.code(elements, key=KEY, salt=SALT)


# -- worked examples -----------------------------------------------------------------------------------------------------------


def test_the_price_of_a_guess_is_what_the_recipe_says():
    assert crypto.Cost(rounds=3, kibibytes=65_536) == crypto.FULL_PRICE


@pytest.mark.usefixtures("full_price")
def test_example_1_and_the_same_names_in_cyrillic():
    assert canonical(ANNA) == "hr1|MO=AN|FA=IV|OW=SE|DD=07|MM=03|YY=85"
    assert code(ANNA) == "7HR-9V4-99P-1"
    assert canonical(Elements("Анна", "Иван", "Сергей", 7, 3, 1985)) == canonical(ANNA)


@pytest.mark.usefixtures("full_price")
def test_example_2_accents_an_unknown_name_and_an_apostrophe():
    unknown = Elements("Ánna", "Iván", "", 7, 3, 1985)
    assert canonical(unknown) == "hr1|MO=AN|FA=IV|OW=XX|DD=07|MM=03|YY=85"
    assert code(unknown) == "QED-9MH-3NW-2"
    assert code(Elements("O'Neil", "Jo", "Zé", 31, 12, 1990)) == "AGK-YZW-H4N-R"


def test_example_3_every_single_change_and_every_swap_is_noticed():
    ten = "7HR9V499P1"
    changed = [ten[:i] + s + ten[i + 1 :] for i in range(10) for s in crypto.ALPHABET if s != ten[i]]
    swapped = [ten[:i] + ten[j] + ten[i + 1 : j] + ten[i] + ten[j + 1 :] for i in range(10) for j in range(i + 1, 10) if ten[i] != ten[j]]
    assert crypto.read_code("7HR-9V4-99P-2") is None
    assert crypto.read_code("H7R-9V4-99P-1") is None
    assert len(changed) == 300
    assert [c for c in changed + swapped if crypto.read_code(c)] == []


@pytest.mark.usefixtures("full_price")
def test_example_4_has_the_code_and_the_token_that_are_written_down():
    assert code(DAY_OFF) == "XE2-6NP-K8B-X"
    assert crypto.slow_token(KEY, SALT, derived_codes.leave_one_out(ANNA)[3]).hex().startswith("b3c4d9c6")


def test_example_4_one_wrong_day_leaves_exactly_one_token_equal_and_two_wrong_answers_none():
    anna = derived_codes.hints(ANNA, key=KEY, salt=SALT)
    assert anna == tuple(crypto.slow_token(KEY, SALT, text) for text in derived_codes.leave_one_out(ANNA))
    equal = [i for i, hint in enumerate(derived_codes.hints(DAY_OFF, key=KEY, salt=SALT)) if hint == anna[i]]
    assert equal == [3]
    two_off = derived_codes.hints(Elements("Anna", "Igor", "Sergei", 8, 3, 1985), key=KEY, salt=SALT)
    assert set(two_off) & set(anna) == set()


def test_the_leave_one_out_strings_keep_labels_and_order():
    assert derived_codes.leave_one_out(ANNA)[3] == "hr1|loo3|MO=AN|FA=IV|OW=SE|MM=03|YY=85"
    assert derived_codes.leave_one_out(ANNA)[0] == "hr1|loo0|FA=IV|OW=SE|DD=07|MM=03|YY=85"


# -- the recipe ----------------------------------------------------------------------------------------------------------------


def test_the_table_of_letters_is_frozen():
    said = "\n".join(f"{letter} {latin}" for letter, latin in sorted(transliteration.TABLE.items()))
    digest = hashlib.sha256(said.encode()).hexdigest()
    assert (transliteration.VERSION, digest) == ("hr1", FROZEN), (
        "The table is part of recipe hr1: with another table everybody's code changes. Undo the change, or write a new version hr2."
    )


def test_unknown_answers_have_their_own_signs():
    assert canonical(Elements("", "", "", None, None, None)) == "hr1|MO=XX|FA=XX|OW=XX|DD=00|MM=00|YY=XX"
    assert canonical(Elements("A", "Li", "Bo", 1, 1, 2000)).endswith("MO=AX|FA=LI|OW=BO|DD=01|MM=01|YY=00")
    assert Elements("", "Li", "…", 1, None, 2000).unknown() == 3
    assert ANNA.unknown() == 0


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ægir", "AE"), ("Østen", "OS"), ("Łukasz", "LU"), ("Đorđe", "DO"), ("Ђорђе", "DO"), ("Ilır", "IL"), ("ılgaz", "IL"), ("İlker", "IL"),
        ("ẞa", "SS"), ("ßa", "SS"), ("Юрій", "YU"), ("Їжак", "YI"), ("Ўладзімір", "UL"), ("Ѓорѓи", "GJ"), ("Ќемал", "KJ"), ("Џон", "DZ"), ("Љиљана", "LJ"),
        ("Ъ", "AX"), ("Әсел", "AS"), ("Қайрат", "KA"), ("Өмүр", "OM"), ("Нұр", "NU"), ("Άννα", "AN"), ("Ψυχή", "PS"), ("Անի", "AN"), ("ანა", "AN"),
        ("ნინო", "NI"), ("أحمد", "AH"), ("احمد", "AH"), ("گلناز", "GL"), ("چنگیز", "CH"), ("ٹیپو", "TY"), ("אנה", "AN"), ("שרה", "SH"), ("ﷴ", "MH"),
        ("", "XX"), ("7", "XX"), ("O’Neil", "ON"), ("  anna ", "AN"),
    ],
)
def test_names_of_many_scripts_give_two_letters(name, letters):
    assert two_letters(name) == letters


@pytest.mark.parametrize("language", ALPHABETS)
def test_every_letter_of_a_covered_alphabet_has_its_place(language):
    assert [letter for letter in ALPHABETS[language] if letter not in transliteration.TABLE] == []


@pytest.mark.parametrize("name", ["李", "ไทย", "Anna 李", "नेहा"])
def test_a_script_that_is_not_covered_says_so(name):
    with pytest.raises(ScriptNotCovered):
        latin_letters(name)


@FEW
@given(NAMES)
def test_a_name_gives_the_same_letters_however_it_is_written(name):
    letters = two_letters(name)
    assert len(letters) == 2
    assert all("A" <= letter <= "Z" for letter in letters)
    for form in ("NFC", "NFD"):
        written = unicodedata.normalize(form, name)
        assert two_letters(written) == two_letters(written.upper()) == two_letters(written.lower()) == letters


@FEW
@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_two_programmes_never_give_the_same_token(one, other):
    text = canonical(ANNA)
    same = crypto.slow_token(one, SALT, text) == crypto.slow_token(other, SALT, text)
    assert same == (one == other)
    assert (crypto.token(one, "card", "7HR9V499P1") == crypto.token(other, "card", "7HR9V499P1")) == (one == other)


def test_uses_are_kept_apart_by_their_purpose():
    assert crypto.token(KEY, "card", "X") != crypto.token(KEY, "receipt", "X") != crypto.token(KEY, "card@site", "X")


def test_elements_show_nothing_when_printed():
    assert repr(ANNA) == str(ANNA) == "Elements()"


def test_a_day_that_does_not_exist_is_refused():
    Elements("A", "B", "C", 29, 2, None).check(date(2026, 1, 1))
    for wrong, field in ((Elements(day=31, month=2), "day"), (Elements(day=29, month=2, year=1985), "day"), (Elements(month=13), "month"),
                         (Elements(year=2085), "year"), (Elements(year=1915), "year")):
        with pytest.raises(BadElement) as refused:
            wrong.check(date(2026, 1, 1))
        assert refused.value.name == field

