"""Settings of the numbers are read as their pages say they are written."""

from __future__ import annotations

import pytest

from handrail.facts.setting_changes import read_typed
from handrail.insight.values import EXTERNAL_CONDOMS, KP_PACKAGE, REPORTS_ASKED


@pytest.mark.parametrize(
    ("value", "typed", "read"),
    [
        (KP_PACKAGE, "condoms, lubricant", ["condoms", "lubricant"]),
        (KP_PACKAGE, '["condoms"]', ["condoms"]),
        (REPORTS_ASKED, " who ,everybody, who,", ["who", "everybody"]),
        (EXTERNAL_CONDOMS, "condom", ["condom"]),
    ],
)
def test_codes_stand_with_commas_between_them(value, typed, read):
    assert read_typed(value, typed) == read


@pytest.mark.parametrize(("value", "typed", "named"), [(KP_PACKAGE, "condoms, soup", "lubricant"), (REPORTS_ASKED, "who, nobody", "global_fund"), (KP_PACKAGE, " , ", "needles"), (REPORTS_ASKED, "[1", "everybody")])
def test_what_is_no_code_is_refused_and_the_codes_are_named(value, typed, named):
    with pytest.raises(ValueError, match=named):
        read_typed(value, typed)
