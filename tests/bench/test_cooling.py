"""The floor of the time to cold, on the rests of a real boiler."""

from __future__ import annotations

from bench import cooling
from tests.bench.test_score import FROELING


def test_crossings_are_foretold_better_than_by_a_ruler() -> None:
    scores = cooling.score(FROELING)

    assert [found.count > 150 for found in scores.values()] == [True] * 3
    assert [found.error < limit for found, limit in zip(scores.values(), (8, 11, 14), strict=True)] == [True] * 3
    assert scores[60].error < 0.6 * scores[60].line_error
    assert scores[120].error < 0.5 * scores[120].line_error
    assert min(found.inside for found in scores.values()) > 0.7


def test_a_half_degree_is_crossed_once_however_the_probe_flickers() -> None:
    rest = [(0, 61.0), (60, 60.0), (120, 61.0), (180, 60.0), (240, 59.0)]

    assert cooling.crossings(rest) == {60.5: 60, 59.5: 240}
