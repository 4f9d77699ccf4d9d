# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Preparation and mixing."""

import json

import numpy as np
import pytest
import soundfile
import torch

import effects
import midi
import prepare
import render
import samples
from conftest import tone
from data import Mixer, Pieces, draw_blend, draw_conditions
from pieces import CODERS, RATE, coded, write_piece

SOURCES_TOML = """
[[source]]
name = "songs"
kind = "stems"
licence = "{licence}"
credit = "nobody"
origin = "nowhere"
songs = {{ A = "train", B = "valid" }}
rules = [{{ class = "vocals", words = ["VOX"] }}, {{ class = "", words = ["PAD + BASS"] }},
         {{ class = "bass", words = ["BASS"] }}]
"""

TRACKS_TOML = """
[[source]]
name = "music"
kind = "backing"
licence = "BSD-2-Clause"
credit = "nobody"
origin = "nowhere"
tracks = ["A.wav"]
"""


def run_prepare(call, folder, licence):
    """Prepare two one-second songs."""
    rng = np.random.default_rng(2)
    for song in ("A", "B"):
        (folder / "in" / song).mkdir(parents=True)
        for stem in ("VOX LEAD", "SY BASS", "PAD + BASS", "KEYS"):
            noise = 0.1 * rng.standard_normal((RATE, 2))
            soundfile.write(folder / "in" / song / f"{stem}.wav", noise, RATE)
    (folder / "sources.toml").write_text(SOURCES_TOML.format(licence=licence))
    call(prepare, folder / "sources.toml", folder / "out",
         "--folder", f"songs={folder / 'in'}", "-j", 1)  # fmt: skip


def test_prepare_writes_pieces_and_manifest(tmp_path, call):
    run_prepare(call, tmp_path, "CC0-1.0")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    piece = manifest["pieces"]["train/songs-A"]
    assert set(piece["minutes"]) == {"vocals", "bass", "other"}
    assert piece["files"]["PAD + BASS.wav"]["class"] is None
    assert len(piece["files"]["VOX LEAD.wav"]["sha256"]) == 64
    assert manifest["minutes"]["valid"]["songs"]["bass"] == pytest.approx(1 / 60, abs=0.01)


def test_prepare_takes_tracks_as_backings(tmp_path, call):
    noise = 0.5 * np.random.default_rng(2).standard_normal((RATE, 2))
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name in ("A", "B"):
        soundfile.write(tmp_path / "in" / "deep" / f"{name}.wav", noise, RATE)
    (tmp_path / "in" / "deep" / "A.txt").write_text("about A")
    (tmp_path / "sources.toml").write_text(TRACKS_TOML)
    call(prepare, tmp_path / "sources.toml", tmp_path / "out",
         "--folder", f"music={tmp_path / 'in'}", "-j", 1)  # fmt: skip
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert list(manifest["pieces"]) == ["train/music-A"]
    audio = np.load(tmp_path / "out" / "train" / "music-A" / "backing.npy") / 32768
    assert np.sqrt((audio**2).mean()) == pytest.approx(0.1, rel=0.01)


def test_prepare_refuses_a_licence(tmp_path, call, capsys):
    with pytest.raises(SystemExit):
        run_prepare(call, tmp_path, "CC-BY-NC-4.0")
    assert "CC-BY-NC-4.0 is not allowed" in capsys.readouterr().err


def test_pieces_know_their_classes(prepared):
    pieces = Pieces(prepared / "train", {"weights": {}})
    assert len(pieces.by_class["bass"]) == 2 and len(pieces.by_class["vocals"]) == 1
    assert list(pieces.whole) == ["one"]


def test_mixes_are_finite_and_vary(prepared, config):
    mixer = Mixer(prepared / "train", 20000, config["data"])
    rng = np.random.default_rng(3)
    mixes, backed = mixer.batch(rng, 8)
    assert not backed.any()
    assert mixes.shape == (8, 4, 2, 20000) and mixes.dtype == torch.float32
    assert mixes.isfinite().all()
    assert len({float(m.abs().sum()) for m in mixes}) > 4


def test_backed_mixes_are_vocals_and_a_backing(tmp_path, config):
    about, rng = {"source": "test"}, np.random.default_rng(1)
    write_piece(tmp_path / "voice", {"vocals": tone(rng, 3, 400, 900)}, about)
    write_piece(tmp_path / "music", {"backing": tone(rng, 3, 50, 90)}, about)
    options = {**config["data"], "missing": 0.0, "backing": 0.5}
    mixes, backed = Mixer(tmp_path, 20000, options).batch(rng, 16)
    silent = (mixes == 0).all((2, 3)).numpy()  # only a backed mix has anything but vocals here
    assert 0 < backed.sum() < 16
    assert (silent == [[False, True, True, not b] for b in backed]).all()


def conditions(chance, backed=(False,) * 6):
    """Six mixes' conditions."""
    rngs = np.random.default_rng(4), np.random.default_rng(5)
    return draw_conditions(*rngs, np.array(backed), chance)


def test_backed_mixes_ask_for_vocals_and_the_rest():
    backed = np.array([False, True, False, False, True, False])
    wanted, other = conditions(0.3, backed), conditions(0.3)
    assert (wanted[backed] == [[1, 0, 0, 0], [0, 1, 1, 1]]).all()
    assert (wanted[~backed] == other[~backed]).all()


def test_conditions_are_balanced():
    wanted = conditions(0.0)
    assert wanted.shape == (6, 2, 4) and wanted.dtype == np.float32
    assert (np.sort(wanted, 2) == [0, 0, 0, 1]).all()
    assert wanted.sum((0, 1)).tolist() == [3, 3, 3, 3]
    assert (wanted[:, 0] != wanted[:, 1]).any(1).all()


def test_some_conditions_become_blends():
    single, some, every = conditions(0.0), conditions(0.3), conditions(1.0)
    kept = (some == single).all(2)
    assert 0 < kept.sum() < 12
    assert ((every > 0).sum(2) >= 2).all()


def test_blends_are_of_two_to_four_sources():
    rng = np.random.default_rng(6)
    blends = np.stack([draw_blend(rng) for _ in range(200)])
    assert set((blends > 0).sum(1)) == {2, 3, 4}
    assert ((blends >= 0) & (blends <= 1)).all()
    plain = ((blends == 0) | (blends == 1)).all(1).mean()
    assert 0.3 < plain < 0.7


VOICE_TOML = """
[[source]]
name = "voice"
kind = "voice"
licence = "PD"
credit = "nobody"
origin = "nowhere"
phrases = 2
group = 1
"""


def prepared_voice(call, folder, more):
    """{piece: (piece.json, samples)} of two pieces of a noisy tone each."""
    rng = np.random.default_rng(8)
    (folder / "in").mkdir(parents=True)
    for name in ("a", "b"):
        soundfile.write(folder / "in" / f"{name}.wav", tone(rng, 1.2, 200, 400), RATE)
    (folder / "sources.toml").write_text(VOICE_TOML + more)
    call(prepare, folder / "sources.toml", folder / "out",
         "--folder", f"voice={folder / 'in'}", "-j", 1)  # fmt: skip
    pieces = json.loads((folder / "out" / "manifest.json").read_text())["pieces"]
    return {k: (v, np.load(folder / "out" / k / "vocals.npy")) for k, v in pieces.items()}


def test_pieces_have_a_genre_and_some_a_coder(tmp_path, call):
    plain = prepared_voice(call, tmp_path / "plain", "")
    styled = prepared_voice(call, tmp_path / "styled", "genres = true\nlossy = 1.0")
    again = prepared_voice(call, tmp_path / "again", "genres = true\nlossy = 1.0")
    assert len(plain) == 2
    for name, (about, x) in plain.items():
        styled_about, y = styled[name]
        assert not {"genre", "coder"} & set(about)
        assert styled_about["genre"] in effects.GENRES and styled_about["coder"][0] in CODERS
        assert x.shape == y.shape and not np.array_equal(x, y)
        assert again[name][0] == styled_about and np.array_equal(again[name][1], y)


@pytest.mark.parametrize("coder", CODERS)
def test_coders_keep_time(coder):
    x = tone(np.random.default_rng(9), 2, 300, 500)
    y = coded(x, coder, 96000)
    assert y.shape == x.shape and not np.array_equal(x, y)
    middle = slice(RATE // 2, RATE)
    assert ((y[middle] - x[middle]) ** 2).mean() < 0.1 * (x[middle] ** 2).mean()


def score():
    """One note each of drums, bass and piano, and a change of tempo."""
    return [
        (0, b"\xff\x51\x03\x07\xa1\x20"), (0, b"\xc0\x21"), (0, b"\xc1\x00"),
        (0, b"\x90\x28\x60"), (0, b"\x91\x40\x60"), (0, b"\x99\x24\x70"),
        (96, b"\x80\x28\x00"), (96, b"\x81\x40\x00"), (96, b"\xff\x51\x03\x0f\x42\x40"),
        (192, b"\x99\x24\x70"),
    ]  # fmt: skip


def test_midi_round_trip_and_split(tmp_path):
    path = tmp_path / "a.mid"
    midi.write(path, 96, score())
    division, events = midi.read(path)
    assert (division, events) == (96, score())
    classes, notes = midi.split(events)
    assert notes == {"drums": 2, "bass": 1, "other": 1}
    assert (0, b"\x90\x28\x60") in classes["bass"] and (0, b"\x90\x28\x60") not in classes["other"]
    assert midi.seconds(division, events)(192) == pytest.approx(0.5 + 1.0)
    assert midi.notes_of("bass", division, events) == [(0.0, 0.5, 40, 0x60)]
    assert [n[:2] for n in midi.played(division, events)] == [
        ("bass", 0), ("other", 1), ("drums", 9), ("drums", 9),
    ]  # fmt: skip


def test_midi_refuses_other_files(tmp_path):
    (tmp_path / "a.mid").write_bytes(b"RIFF----")
    with pytest.raises(ValueError, match="not a MIDI file"):
        midi.read(tmp_path / "a.mid")


def test_production_neither_clips_nor_breaks():
    rng = np.random.default_rng(5)
    for template in (effects.PLAIN, *effects.GENRES.values()):
        for kind in template.levels:
            noise = rng.standard_normal((RATE // 2, 2)).astype(np.float32)
            x = effects.produce(rng, noise, kind, template)
            assert np.isfinite(x).all() and 0.01 < np.abs(x).max() <= 0.951


def test_singing_stays_within_the_phrase():
    rng = np.random.default_rng(6)
    time = np.arange(RATE) / RATE
    x = np.repeat(np.sin(2 * np.pi * 220 * time)[:, None], 2, 1).astype(np.float32)
    y = render.sing(rng, x)
    assert 0.7 * len(x) < len(y) < 1.4 * len(x) and np.abs(y).max() > 0.9


def test_sfz_regions(tmp_path):
    (tmp_path / "s").mkdir()
    soundfile.write(tmp_path / "s" / "a b.wav", np.zeros(10), RATE)
    text = "<group> pitch_keycenter=40\n<region>\nsample=s\\a b.wav lokey=1\n// <region> key=3\n"
    (tmp_path / "i.sfz").write_text(text)
    assert samples.regions(tmp_path / "i.sfz") == [(str(tmp_path / "s" / "a b.wav"), 40)]
