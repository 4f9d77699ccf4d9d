# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""What is measured of a weights file by the engine alone."""

import numpy as np
import pytest

import measure
from songs import Piece


class Half:
    """An engine whose every estimate is half of the mix."""

    def __init__(self):
        self.heard = []

    def program(self, mix, wanted):
        self.heard.append((np.abs(mix).max(), wanted))
        return {name: mix / 2 for name in wanted}


@pytest.fixture
def piece():
    rng = np.random.default_rng(1)
    stems = {
        n: (0.1 * rng.standard_normal((2, 88200))).astype(np.float32) for n in ("vocals", "other")
    }
    return Piece("noise", stems)


def test_what_is_asked_of_a_piece(piece):
    wanted = measure.truths(piece, joined=True)
    assert set(wanted) == {"vocals", "other", "no-vocals", "bass+other"}
    assert np.array_equal(wanted["no-vocals"], piece.stems["other"])
    assert "bass+other" not in measure.truths(piece, joined=False)


def test_the_level_is_taken_off_again(piece):
    engine = Half()
    rows = [
        measure.scores("", *measure.by_program(engine, piece, False, gain), None)
        for gain in (0.0, -40.0)
    ]
    assert engine.heard[1][0] == pytest.approx(engine.heard[0][0] / 100, rel=1e-5)
    # half of two equal and unrelated sounds: an error of half the power
    for each in rows:
        assert each[""]["vocals"]["usdr"] == pytest.approx(3.0, abs=0.1)


def test_what_is_high_is_scored_alone(piece):
    stems = piece.stems
    high = measure.high(stems, 9000)
    # half of what is right above 9 kHz, and all wrong below
    estimates = {name: high[name] * 1.5 - stems[name] for name in stems}
    rows = measure.scores("x", piece, estimates, 9000)
    assert rows["x"]["other"]["usdr"] < 0
    assert rows["x, above 9000 Hz"]["other"]["usdr"] == pytest.approx(6.02, abs=0.01)
