# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Voices, kits, synthesisers and sampled instruments, on tones and noise."""

import json

import numpy as np
import pytest
import soundfile

import effects
import kits
import midi
import prepare
import synths
import voices
from pieces import RATE

SOURCE = """
[[source]]
name = "made"
licence = "PD"
credit = "nobody"
origin = "nowhere"
seconds = 3
valid = []
genres = true
"""


def spoken_tone(hertz, seconds=1.0):
    """Pulses at `hertz` through a resonance at 900 Hz, between two bursts of noise; mono."""
    x = np.zeros(int(seconds * RATE))
    x[:: round(RATE / hertz)] = 1
    time = np.arange(600) / RATE
    x = np.convolve(x, np.exp(-time * 600) * np.sin(2 * np.pi * 900 * time))[: len(x)]
    noise = 0.05 * np.random.default_rng(1).standard_normal(RATE // 5)
    return np.concatenate([noise, x, noise]).astype(np.float32)


def formant_of(x):
    """The frequency of the strongest 300 Hz wide band."""
    power = np.abs(np.fft.rfft(x)) ** 2
    width = int(300 * len(x) / RATE)
    return (np.convolve(power, np.ones(width), "same").argmax()) * RATE / len(x)


def test_pitch_is_found_where_there_is_one():
    track = voices.pitch_track(spoken_tone(220))
    middle = track[60:220]
    assert (middle > 0).mean() > 0.95 and np.median(middle) == pytest.approx(220, rel=0.02)
    assert (track[:25] > 0).mean() < 0.3


@pytest.mark.parametrize("pitch,formant", [(130.0, 0.8), (330.0, 1.0), (330.0, 1.25)])
def test_pitch_formants_and_time_are_apart(pitch, formant):
    x, rng = spoken_tone(220), np.random.default_rng(2)
    places, periods = voices.pitch_marks(x, voices.pitch_track(x))
    count = int(1.5 * len(x))
    y = voices.resing(
        rng, x, places, periods, np.linspace(0, len(x) - 1, count), np.full(count, pitch), formant
    )
    track = voices.pitch_track(y)
    assert len(y) == count and np.median(track[track > 0]) == pytest.approx(pitch, rel=0.03)
    assert formant_of(y) == pytest.approx(900 * formant, abs=130)


def test_melodies_stay_near_the_register():
    rng = np.random.default_rng(3)
    for _ in range(20):
        singer = voices.draw_singer(rng)
        pitch = voices.melody(rng, 3 * RATE, singer)
        assert pitch.shape == (3 * RATE,) and np.abs(pitch - singer.centre).max() < 24


def test_effects_keep_length_and_are_finite():
    rng = np.random.default_rng(4)
    x = 0.3 * rng.standard_normal((RATE, 2)).astype(np.float32)
    for effect in (effects.distort, effects.narrow, effects.echo, effects.chorus):
        y = effect(rng, x)
        assert y.shape == x.shape and np.isfinite(y).all() and not np.array_equal(x, y)


def write_score(path):
    """A bass, a melody and drums."""
    events = [(0, b"\xc0\x21"), (0, b"\xc1\x50")]
    for n in range(150):
        keys = ((0, 36 + n % 5), (1, 60 + n % 7), (9, (36, 42, 38, 46)[n % 4]))
        events += [(48 * n, bytes([0x90 | channel, key, 96])) for channel, key in keys]
        events += [(48 * n + 40, bytes([0x80 | channel, key, 0])) for channel, key in keys]
    path.parent.mkdir(parents=True)
    midi.write(path, 192, events)


def made(call, folder, more, scores=None):
    """{class: samples} and piece.json of the one piece of a source of the folder `in`."""
    (folder / "s.toml").write_text(SOURCE + more)
    named = [f"made={folder / 'in'}"] + ([f"freedoom={scores}"] if scores else [])
    listed = (folder / "s.toml").read_text()
    if scores:
        listed += '[[source]]\nname = "freedoom"\nkind = "stems"\nlicence = "PD"\nsongs = {}\n'
        listed += 'rules = []\ncredit = ""\norigin = ""\n'
        (folder / "s.toml").write_text(listed)
    call(prepare, folder / "s.toml", folder / "out", "-j", 1,
         *[a for n in named for a in ("--folder", n)])  # fmt: skip
    (path,) = (folder / "out" / "train").glob("*/piece.json")
    about = json.loads(path.read_text())
    return {k: np.load(path.parent / f"{k}.npy") for k in about["minutes"]}, about


def test_voices_make_a_piece(tmp_path, call):
    (tmp_path / "in").mkdir()
    soundfile.write(tmp_path / "in" / "a.wav", spoken_tone(220), RATE)
    stems, about = made(call, tmp_path, 'kind = "voices"\npieces = 1\n')
    assert set(stems) == {"vocals"} and len(stems["vocals"]) > 3 * RATE
    assert about["minutes"]["vocals"] > 0.02 and list(about["files"]) == ["a.wav"]


def write_microphones(folder):
    """Two loudnesses of a snare and a kick before four microphones."""
    rng = np.random.default_rng(5)
    for name in ("Snare", "KdrumR"):
        (folder / "Samples" / name).mkdir(parents=True)
        for n in (1, 2):
            for microphone in ("OHL", "OHR", "AmbL", "Snare_top"):
                hit = 0.1 * n * rng.standard_normal(4000) * np.exp(-np.arange(4000) / 800)
                path = folder / "Samples" / name / f"{n}-{name}-{microphone}.flac"
                soundfile.write(path, hit, RATE)


def test_microphone_kits_have_layers(tmp_path):
    write_microphones(tmp_path)
    kit = kits.Microphones(np.random.default_rng(6), tmp_path)
    assert {slot: len(found) for slot, found in kit.files.items()} == {"snare": 2, "kick": 2}
    soft, loud = (np.abs(kit.load("snare", n)).max() for n in (0, 1))
    assert loud > 1.5 * soft
    assert kits.slot_in(kit, "clap") == "snare" and kits.slot_in(kit, "tom-low") == "kick"


def test_kits_play_when_the_notes_say(tmp_path):
    write_microphones(tmp_path)
    rng = np.random.default_rng(7)
    x = kits.play(rng, kits.Microphones(rng, tmp_path), [(0.5, "snare", 100)], 1)
    assert np.abs(x[: RATE // 2]).max() == 0 and np.abs(x[RATE // 2 : RATE]).max() > 0


def test_a_piece_of_one_shots(tmp_path, call):
    rng = np.random.default_rng(8)
    (tmp_path / "in" / "kit").mkdir(parents=True)
    for name in ("kick-1", "snare", "hihat-closed", "hihat-open"):
        hit = 0.3 * rng.standard_normal((3000, 2)) * np.exp(-np.arange(3000) / 500)[:, None]
        soundfile.write(tmp_path / "in" / "kit" / f"{name}.wav", hit, RATE)
    write_score(tmp_path / "scores" / "1_beat_4-4.mid")
    more = 'kind = "kits"\nlayout = "shots"\nkits = ["kit"]\nscores = "freedoom"\npieces = 1\n'
    scores = tmp_path / "scores"
    stems, about = made(call, tmp_path, more, scores)
    assert set(stems) == {"drums"} and about["minutes"]["drums"] > 0.02


def test_synthesisers_play_every_part(tmp_path, call):
    write_score(tmp_path / "in" / "a.mid")
    stems, about = made(call, tmp_path, 'kind = "synths"\npieces = 1\n')
    assert set(stems) == {"drums", "bass", "other"}
    assert all(minutes > 0.02 for minutes in about["minutes"].values())


def test_a_filter_that_opens_lets_more_through():
    rng = np.random.default_rng(9)
    patch = synths.draw_patch(rng, "pad")._replace(resonance=0.0, steep=2.0)
    noise = rng.standard_normal((RATE, 2))
    dull, bright = (
        np.square(synths.swept(noise, np.full(200, cutoff), patch)).mean()
        for cutoff in (300.0, 8e3)
    )
    assert bright > 10 * dull


def test_a_saw_has_its_pitch_and_few_aliases():
    phase = np.arange(RATE) * 1234.0 / RATE
    power = np.abs(np.fft.rfft(synths.saw(phase, 1234.0 / RATE) * np.hanning(RATE))) ** 2
    assert power.argmax() == 1234
    tuned = sum(power[k * 1234 - 3 : k * 1234 + 4].sum() for k in range(1, 18))
    assert tuned > 0.99 * power.sum()


def test_solo_parts_fold_into_the_range(tmp_path, call):
    (tmp_path / "in").mkdir()
    tone = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    soundfile.write(tmp_path / "in" / "a.wav", tone, RATE)
    keys = "".join(f"<region> sample=a.wav pitch_keycenter={k}\n" for k in (57, 69))
    (tmp_path / "in" / "a.sfz").write_text(keys)
    write_score(tmp_path / "scores" / "b.mid")
    more = 'kind = "solo"\nscores = "freedoom"\nparts = 1\n'
    stems, about = made(call, tmp_path, more, tmp_path / "scores")
    assert set(stems) == {"other"} and set(about["files"]) == {"b.mid", "a.wav"}
