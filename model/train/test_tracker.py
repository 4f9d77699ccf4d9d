# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Tracker modules, instrument by instrument."""

import ctypes.util
import json

import numpy as np
import pytest

import tracker

pytestmark = pytest.mark.skipif(not ctypes.util.find_library("openmpt"), reason="no libopenmpt0")
PERIODS = {48: 428, 55: 285}  # of a ProTracker note


def sample(length):
    """Header of a sample that loops, 30 bytes; lengths are in words."""
    words = (length // 2).to_bytes(2, "big")
    return bytes(22) + words + bytes([0, 64]) + bytes(2) + words


def write_module(path):
    """A module of four channels in ProTracker's format: a saw, a square, and an empty sample."""
    saw = bytes((n * 8) & 255 for n in range(32))
    square = bytes([100] * 32 + [156] * 32)
    headers = sample(32) + sample(64) + 29 * sample(0)
    rows = bytearray(64 * 16)
    for row in range(0, 64, 8):
        for channel, instrument, note in ((0, 1, 48), (1, 2, 55), (2, 1, 55)):
            period = PERIODS[note]
            cell = row * 16 + channel * 4
            rows[cell : cell + 4] = bytes([period >> 8, period & 255, instrument << 4, 0])
    order = bytes([1, 127]) + bytes(128)
    path.write_bytes(bytes(20) + headers + order + b"M.K." + rows + saw + square)


@pytest.fixture
def module(tmp_path):
    write_module(tmp_path / "tune.mod")
    return tmp_path / "tune.mod"


def test_instruments_alone_add_up_to_the_module(module):
    mix = tracker.play(module, None, 3)
    parts = [tracker.play(module, {n}, 3) for n in (1, 2)]
    assert len(mix) == 3 * 44100 and all(np.abs(x).max() > 0.01 for x in parts)
    error = mix - sum(parts)
    assert 10 * np.log10((error**2).mean() / (mix**2).mean()) < -60
    assert not tracker.play(module, {3}, 3).any()


def test_notes_are_counted(module):
    opened = tracker.Module(module)
    notes = opened.notes()
    opened.close()
    assert sum(notes[1].values()) == 16 and len(notes[1]) == 2
    assert sum(notes[2].values()) == 8 and len(notes[2]) == 1


def test_pieces_of_modules(module, tmp_path):
    source = {
        "name": "m", "seconds": 3, "valid": [],
        "modules": {"tune.mod": {"drums": [2]}},
    }  # fmt: skip
    (task,) = tracker.module_tasks(source, tmp_path, tmp_path / "out")
    tracker.make_module({**task, "about": {"source": "m"}})
    piece = tmp_path / "out" / "train" / "m-tune"
    about = json.loads((piece / "piece.json").read_text())
    assert about["joined"] and about["files"].keys() == {"tune.mod"}
    stems = {name: np.load(piece / f"{name}.npy") / 32767 for name in ("drums", "other")}
    wanted = tracker.play(module, {2}, 3)
    scale = about["gain"]
    assert np.abs(stems["drums"] - scale * wanted).max() < 1e-4
    assert np.abs(stems["other"]).max() > 0.01


def test_what_is_no_module_is_refused(tmp_path):
    (tmp_path / "a.mod").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="libopenmpt cannot read"):
        tracker.Module(tmp_path / "a.mod")
