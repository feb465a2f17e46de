"""Strings that break programs. Whoever takes text from outside tries them all; the list is our own."""

from __future__ import annotations

STORABLE: dict[str, str] = {
    "empty": "", "space": " ", "spaces and tabs": " \t  \t ", "newlines": "\n\r\n\n", "no-break space": "\u00a0", "ideographic space": "\u3000",
    "zero width space": "\u200b", "word joiner": "\u2060", "byte order mark": "\ufeff", "mark in front": "\ufeffnaima", "soft hyphen": "ex\u00adchange",
    "every thin space": "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u205f",
    "override right to left": "\u202eegnahcxe\u202c", "isolate": "\u2067abc\u2069", "unclosed isolate": "abc\u2066def", "marks of direction": "\u200e\u200f\u061c",
    "arabic": "برنامج تبادل الإبر", "hebrew with points": "שָׁלוֹם", "persian with joiner": "می‌خواهم", "hindi": "सुई और सिरिंज", "thai": "เข็มฉีดยา",
    "amharic": "መርፌ", "burmese": "ဆေးထိုးအပ်", "cyrillic look-alike": "ехchаngе", "greek": "σύριγγα ΣΊΓΜΑΣ", "turkish i": "İıiI", "german sharp s": "ẞß STRASSE",
    "chinese": "針具交換計劃", "japanese half width": "ﾊﾝｶｸ", "korean in parts": "\u1112\u1161\u11ab", "beyond the first plane": "𐐷𝒳𠜎", "combining": "e\u0301 é",
    "zalgo": "Z\u0336\u0341\u035a\u0321a\u0336\u0313\u0354l\u0335\u0310\u0316g\u0337\u033f\u0323o\u0334\u0346\u0359", "a thousand accents": "a" + "\u0301" * 1000,
    "emoji": "💉", "family": "👩‍👩‍👧‍👦", "skin tone": "🧑🏿‍⚕️", "flag": "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", "keycap": "1️⃣", "lone joiner": "\u200d",
    "sql": "'; DROP TABLE facts_fact; --", "sql comment": "1/**/OR/**/1=1", "sql dollar": "$$; SELECT pg_sleep(9); $$", "backslash": "\\", "percent": "%s %d %n %(name)s %",
    "like": "%_\\%", "json": '{"quantity": 1}', "json end": '"}]}', "braces": "{0.__class__} {} {{7*7}} {% debug %}", "shell": "`id`; $(id) | cat /etc/passwd &",
    "path": "../../../../etc/passwd", "null word": "null", "none word": "None", "not a number": "NaN", "infinity": "-Infinity", "undefined": "undefined", "true": "true",
    "html": "<script>alert(1)</script>", "html in attribute": "\" onmouseover=alert(1) x=\"", "entity": "&lt;b&gt;&#0;", "comment": "<!-- --><![CDATA[", "svg": "<svg/onload=alert(1)>",
    "link": "javascript:alert(1)", "formula": "=1+1", "formula with command": "=cmd|' /C calc'!A0", "plus": "+1", "minus": "-1", "at": "@SUM(1)", "tab formula": "\t=1+1",
    "full width formula": "＝1+1", "semicolons": "a;b,c|d\te", "quotes": "\"\"'`´‘’“”„«»", "unclosed quote": "\"abc", "header": "a\r\nSet-Cookie: x=1",
    "escape": "\x1b[2J\x1b[31mred", "bell": "\x07", "delete": "\x7f", "every control": "".join(map(chr, [*range(1, 9), 11, 12, *range(14, 32)])), "next line": "\x85",
    "line separator": "\u2028\u2029", "private use": "\ue000\U000f0000", "not a character": "\ufffe\uffff\ufdd0", "replacement": "\ufffd", "interlinear": "\ufff9a\ufffab\ufffb",
    "variation": "a\ufe0f", "tag": "\U000e0001", "long": "x" * 5_000, "long words": "gegeben " * 2_000, "many newlines": "\n" * 3_000, "decimal digits": "١٢٣", "superscript": "²³", "circled": "①",
    "roman": "Ⅷ", "hexadecimal": "0x1F", "octal": "0o17", "exponent": "1e999", "many digits": "9" * 400, "endless digits": "9" * 5_000, "negative zero": "-0", "comma": "1,5", "thousands": "1.000.000", "minus sign": "−3",
}
"""PostgreSQL can hold each of these."""

UNSTORABLE: dict[str, str] = {
    "null": "\0", "null inside": "a\0b", "null at the end": "naima\0", "high surrogate": "\ud800", "low surrogate": "a\udfff", "surrogates the wrong way round": "\udc00\ud800",
}
"""PostgreSQL cannot hold these: they are refused, or kept as what they were, and never break anything."""

ALL = STORABLE | UNSTORABLE
