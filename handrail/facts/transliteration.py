"""Letters of other scripts as A–Z, for self-made codes. Part of the recipe `hr1`: never change it, write `hr2` beside it.

One letter always becomes the same letters, whatever the language: what matters is that the same name written again gives
the same code, not that it reads well. Sources: Unicode 15 for which letters do not decompose; for the scripts the usual
passport and map spellings, made one table. Where languages that share a script disagree, one of them was chosen.
Arabic and Hebrew write few vowels: such a name matches itself, not its Latin spelling.
"""

from __future__ import annotations

import unicodedata

VERSION = "hr1"

_LATIN = """
Æ AE|Œ OE|Ø O|Ł L|Đ D|Ð D|Þ TH|ẞ SS|I I|Ə E|Ŋ NG|Ħ H|Ŧ T|Ɓ B|Ɖ D|Ɗ D|Ƙ K|Ɛ E|Ɔ O|Ɣ G|Ɩ I|Ʋ V|Ɲ N|Ƴ Y|Ǝ E|Ɵ O|Ƶ Z|Ɨ I|Ʉ U|Ⱥ A|Ȼ C|Ɇ E|Ɉ J|Ɍ R|Ɏ Y
|Ǥ G|Ƀ B|ĸ K|Ƞ N|Ⱡ L|Ᵽ P|Ɋ Q|Ɪ I|Ƭ T|Ƥ P|Ʃ SH|Ʒ ZH|Ƣ GH|Ȣ OU
"""
_CYRILLIC = """
А A|Б B|В V|Г G|Ґ G|Ѓ GJ|Ғ G|Д D|Ђ D|Е E|Ѐ E|Ё E|Є YE|Ж ZH|З Z|Ѕ DZ|И I|Ѝ I|І I|Ї YI|Й Y|Ј J|К K|Ќ KJ|Қ K|Л L|Љ LJ|М M|Н N|Њ NJ|Ң N|О O|Ө O
|П P|Р R|С S|Т T|Ћ C|У U|Ў U|Ұ U|Ү U|Ф F|Х KH|Һ H|Ц TS|Ч CH|Џ DZ|Ш SH|Щ SHCH|Ъ A|Ы Y|Ь |Э E|Ю YU|Я YA|Ә A|Ѣ E|Ѳ F|Ѵ I|Ҳ H|Ҷ J|Ӣ I|Ӯ U|Ӏ I
"""
_GREEK = """
Α A|Β V|Γ G|Δ D|Ε E|Ζ Z|Η I|Θ TH|Ι I|Κ K|Λ L|Μ M|Ν N|Ξ X|Ο O|Π P|Ρ R|Σ S|Τ T|Υ Y|Φ F|Χ CH|Ψ PS|Ω O
"""
_ARMENIAN = """
Ա A|Բ B|Գ G|Դ D|Ե E|Զ Z|Է E|Ը Y|Թ T|Ժ ZH|Ի I|Լ L|Խ KH|Ծ TS|Կ K|Հ H|Ձ DZ|Ղ GH|Ճ CH|Մ M|Յ Y|Ն N|Շ SH|Ո O|Չ CH|Պ P|Ջ J|Ռ R|Ս S|Վ V|Տ T|Ր R|Ց TS|Ւ U|Փ P|Ք K
|Օ O|Ֆ F
"""
_GEORGIAN = """
ა A|ბ B|გ G|დ D|ე E|ვ V|ზ Z|თ T|ი I|კ K|ლ L|მ M|ნ N|ო O|პ P|ჟ ZH|რ R|ს S|ტ T|უ U|ფ P|ქ K|ღ GH|ყ Q|შ SH|ჩ CH|ც TS|ძ DZ|წ TS|ჭ CH|ხ KH|ჯ J|ჰ H
"""
_ARABIC = """
ا A|آ A|أ A|إ A|ٱ A|ء |ب B|پ P|ت T|ٹ T|ث TH|ج J|چ CH|ح H|خ KH|د D|ڈ D|ذ DH|ر R|ڑ R|ز Z|ژ ZH|س S|ش SH|ص S|ض D|ط T|ظ Z|ع A|غ GH|ف F|ق Q|ك K|ک K|گ G|ل L|م M|ن N|ں N
|و W|ؤ W|ه H|ہ H|ھ H|ة H|ۃ H|ۀ H|ۂ H|ي Y|ی Y|ى Y|ئ Y|ے Y|ۓ Y|ې E|ډ D|ړ R|ښ SH|ټ T|ځ DZ|څ TS|ڼ N|ګ G
"""
_HEBREW = """
א A|ב B|ג G|ד D|ה H|ו V|ז Z|ח H|ט T|י Y|כ K|ך K|ל L|מ M|ם M|נ N|ן N|ס S|ע A|פ P|ף P|צ TS|ץ TS|ק K|ר R|ש SH|ת T|װ VV|ױ VY|ײ YY
"""


def _read(*scripts: str) -> dict[str, str]:
    pairs = [pair.partition(" ") for script in scripts for pair in script.replace("\n", "").split("|")]
    table = {letter: latin for letter, _space, latin in pairs}
    # Python turns Georgian letters into their capitals (U+1C90 …); they read the same.
    return table | {letter.upper(): latin for letter, latin in table.items()}


TABLE = _read(_LATIN, _CYRILLIC, _GREEK, _ARMENIAN, _GEORGIAN, _ARABIC, _HEBREW)
"""Upper-case letter to A–Z letters."""


class ScriptNotCovered(ValueError):
    """The name has a letter this recipe does not know; issue a card instead."""


def latin_letters(name: str) -> str:
    """A name as A–Z: NFC, upper case, table, NFKD, keep A–Z. A letter of a script not covered raises `ScriptNotCovered`.

    A composed letter that the table does not list is taken apart first, and its parts looked up.
    """
    found: list[str] = []
    for symbol in unicodedata.normalize("NFC", name).upper():
        if symbol in TABLE:
            found.append(TABLE[symbol])
        else:
            found.extend(TABLE.get(part, part) for part in unicodedata.normalize("NFKD", symbol))
    kept = [symbol for symbol in "".join(found) if "A" <= symbol <= "Z"]
    if any(unicodedata.category(symbol) in {"Lu", "Ll", "Lt", "Lo"} and not "A" <= symbol <= "Z" for symbol in "".join(found)):
        raise ScriptNotCovered
    return "".join(kept)


def two_letters(name: str) -> str:
    """The two letters of a name that the recipe keeps, padded with X; nothing written gives XX."""
    return (latin_letters(name) + "XX")[:2]
