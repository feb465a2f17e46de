"""Rules of the exchange room."""

from handrail.services.exchange.rules import needs_second_tap


def test_more_than_a_thousand_in_one_line_asks_for_a_second_tap():
    assert not needs_second_tap(1000)
    assert needs_second_tap(1001)
