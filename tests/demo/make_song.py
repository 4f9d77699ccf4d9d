#!/usr/bin/python3
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Makes the demo song's four stems: make_song.py OUT_DIR

Writes vocals, drums, bass and other as Ogg Vorbis (44.1 kHz stereo, equal lengths); the mix is
their sum. Needs Debian's python3-numpy, fluidsynth, fluid-soundfont-gm, festival,
festvox-kallpc16k and vorbis-tools. The same packages give the same bytes on every run.
"""
import os
import struct
import subprocess
import sys
import tempfile

import numpy as np

import score
import voice

RATE = 44100
LENGTH = int((score.BARS * 4 * score.BEAT + 1.2) * RATE)
SOUNDFONT = "/usr/share/sounds/sf2/FluidR3_GM.sf2"
PEAK = 10 ** (-1.5 / 20)     # of the mix; Vorbis may move it by some tenths of a dB
ORDER = ("vocals", "drums", "bass", "other")


def instrument(notes, program, channel, seed):
    """One part played dry by fluidsynth: [2][LENGTH]."""
    with tempfile.TemporaryDirectory() as folder:
        midi, raw = os.path.join(folder, "p.mid"), os.path.join(folder, "p.raw")
        with open(midi, "wb") as file:
            file.write(score.midi_file(notes, program, channel, np.random.default_rng(seed)))
        subprocess.run(["fluidsynth", "-niq", "-R", "0", "-C", "0", "-g", "0.5", "-r", str(RATE),
                        "-T", "raw", "-O", "float", "-F", raw, SOUNDFONT, midi], check=True,
                       stdout=subprocess.DEVNULL)
        audio = np.fromfile(raw, "<f4").astype(float).reshape(-1, 2).T
    return np.pad(audio, ((0, 0), (0, max(0, LENGTH - audio.shape[1]))))[:, :LENGTH]


def convolve(audio, response):
    size = 1 << (audio.shape[-1] + response.shape[-1]).bit_length()
    product = np.fft.rfft(audio, size) * np.fft.rfft(response, size)
    return np.fft.irfft(product, size)[..., :audio.shape[-1]]


def equalise(audio, points):
    """Gain curve through (Hz, dB) points, straight over log frequency; minimum phase."""
    size = 1 << 14
    freq = np.maximum(np.arange(size // 2 + 1) * RATE / size, 10)
    hz, gain = zip(*points)
    log_amp = np.interp(np.log(freq), np.log(hz), gain) / 8.686
    cepstrum = np.fft.irfft(log_amp, size)
    cepstrum[1:size // 2] *= 2
    cepstrum[size // 2 + 1:] = 0
    return convolve(audio, np.fft.irfft(np.exp(np.fft.rfft(cepstrum)), size))


def compress(audio, threshold_db, ratio, attack=.008, release=.12):
    """Stereo-linked, on the level of 1 ms blocks, with a smooth gain between them."""
    block = RATE // 1000
    blocks = audio.shape[1] // block
    power = (audio[:, :blocks * block] ** 2).mean(axis=0).reshape(blocks, block).mean(axis=1)
    level = 10 * np.log10(power + 1e-10)
    wanted = -np.maximum(0, level - threshold_db) * (1 - 1 / ratio)
    gain, state = np.empty(blocks), 0.0
    for i, target in enumerate(wanted):
        state += (target - state) * (1 - np.exp(-.001 / (attack if target < state else release)))
        gain[i] = state
    at = np.arange(audio.shape[1]) / block - .5
    return audio * 10 ** (np.interp(at, np.arange(blocks), gain) / 20)


def reverb(audio, seconds, predelay, dark, seed):
    """Wet signal of a room: decaying noise, different left and right, darker as it decays."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(1.4 * seconds * RATE)) / RATE
    room = rng.standard_normal((2, len(t)))
    spectrum = np.fft.rfft(room)
    freq = np.fft.rfftfreq(len(t), 1 / RATE)
    late = np.fft.irfft(spectrum / (1 + (freq / dark) ** 2), len(t))
    mid = np.fft.irfft(spectrum / (1 + (freq / (4 * dark)) ** 2), len(t))
    room = mid * np.exp(-t * 13.8 / seconds) + .8 * late * np.exp(-t * 6.9 / seconds)
    room *= np.clip(t / .015, 0, 1)
    room /= np.sqrt((room ** 2).sum(axis=1, keepdims=True))
    wet = convolve(np.atleast_2d(audio) * np.ones((2, 1)), room)
    shift = int(predelay * RATE)
    return equalise(np.pad(wet, ((0, 0), (shift, 0)))[:, :LENGTH], [(150, -24), (300, 0)])


def pan(mono, place):
    """place -1 (left) to 1 (right), constant power."""
    angle = (place + 1) * np.pi / 4
    return np.stack([np.cos(angle) * mono, np.sin(angle) * mono])


def loudness(audio):
    """Integrated loudness in LUFS (ITU-R BS.1770-4), K weighting applied on the spectrum."""
    freq = np.maximum(np.fft.rfftfreq(audio.shape[1], 1 / RATE), 1e-3)
    z = np.exp(-2j * np.pi * freq / 48000)
    shelf = ((1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z ** 2)
             / (1 - 1.69065929318241 * z + .73248077421585 * z ** 2))
    high = (1 - 2 * z + z ** 2) / (1 - 1.99004745483398 * z + .99007225036621 * z ** 2)
    weighted = np.fft.irfft(np.fft.rfft(audio) * shelf * high, audio.shape[1])
    step = RATE // 10
    whole = audio.shape[1] // step * step
    power = (weighted[:, :whole] ** 2).sum(axis=0).reshape(-1, step).mean(axis=1)
    blocks = np.convolve(power, np.ones(4) / 4, "valid")
    level = lambda p: -.691 + 10 * np.log10(p + 1e-12)
    blocks = blocks[level(blocks) > -70]
    return level(blocks[level(blocks) > level(blocks.mean()) - 10].mean())


def to_level(audio, lufs):
    return audio * 10 ** ((lufs - loudness(audio)) / 20)


def make_vocals():
    seconds = LENGTH / RATE
    polish = [(60, -30), (110, -6), (180, 0), (350, -2), (1500, 0), (3500, 5), (7000, 9),
              (16000, 8)]

    def take(syllables, seed):
        return np.pad(voice.sing(syllables, seconds, seed)[0], (0, 300))[:LENGTH]

    lead = equalise(take(score.lead(), 1)[None], polish)[0]
    lead = compress(np.stack([lead, lead]), -22, 3.5)[0]
    mix = to_level(pan(lead, 0), -20)
    low, high = score.CHORUS, score.TAG + 1
    for degrees, late, seed, place, level in ((0, .013, 2, -.7, -31), (0, -.009, 3, .7, -31),
                                              (-2, .007, 4, -.45, -29), (-2, .018, 5, .5, -29)):
        extra = take(score.lead(low, high, degrees, late), seed)
        extra = compress(equalise(pan(extra, place), polish), -26, 3)
        mix += to_level(extra, level)
    mix = compress(mix, -21, 2.5, .003, .08)
    mix += .22 * reverb(mix, 1.7, .03, 3500, 11)
    echo = int(.75 * score.BEAT * RATE)
    crossed = equalise(mix[::-1], [(300, -12), (600, 0), (2500, 0), (5000, -12)])
    mix[:, echo:] += .09 * crossed[:, :-echo]
    return mix


def make_drums():
    kit = instrument(score.drums(), 0, 9, 21)
    kit = equalise(kit, [(40, 2), (70, 3), (200, 0), (400, -3), (1000, 0), (5000, 2), (12000, 3)])
    kit = compress(to_level(kit, -20), -20, 2.5, .012, .1)
    kit += .10 * reverb(kit, .7, .008, 5000, 22)
    return .55 * np.tanh(to_level(kit, -17) / .55)     # rounds the tallest hits


def make_bass():
    line = instrument(score.bass(), 33, 0, 31).mean(axis=0)
    line = equalise(pan(line, 0), [(30, -12), (50, 0), (90, 2), (250, -1), (900, 3), (3000, 0),
                                   (7000, -9)])
    return compress(to_level(line, -20), -22, 3, .02, .15)


def make_other():
    def place(audio, points, where, lufs):
        return to_level(equalise(pan(audio.mean(axis=0), where) + .25 * audio, points), lufs)
    keys = place(instrument(score.piano(), 4, 0, 41),
                 [(100, -9), (250, 0), (3000, 1), (9000, 2)], -.4, -22)
    pick = place(instrument(score.guitar(), 25, 0, 42),
                 [(120, -12), (300, -2), (2500, 2), (8000, 3)], .5, -23)
    pad = to_level(equalise(instrument(score.strings(), 48, 0, 43),
                            [(150, -15), (350, 0), (3000, -2), (9000, 0)]), -26)
    bell = place(instrument(score.bells(), 11, 0, 44), [(200, -9), (500, 0), (9000, 0)], .15, -25)
    tremolo = .12 * np.sin(2 * np.pi * 4.6 * np.arange(LENGTH) / RATE)
    keys *= np.stack([1 + tremolo, 1 - tremolo])
    dry = compress(to_level(keys + pick + pad + bell, -20), -19, 2.5, .005, .15)
    return dry + .2 * reverb(keys + pick + 1.5 * bell + .8 * pad, 1.6, .018, 4000, 45)


def encode(path, audio):
    """Ogg Vorbis by oggenc; the fixed serial number keeps the bytes the same from run to run."""
    data = audio.T.astype("<f4").tobytes()
    header = (b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt "
              + struct.pack("<IHHIIHH", 16, 3, 2, RATE, RATE * 8, 8, 32)
              + b"data" + struct.pack("<I", len(data)))
    subprocess.run(["oggenc", "-Q", "-q", "7", "--serial", "1", "-o", path, "-"],
                   input=header + data, check=True)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_song.py OUT_DIR")
    levels = {"vocals": -16.7, "drums": -19.0, "bass": -20.5, "other": -20.0}
    makers = {"vocals": make_vocals, "drums": make_drums, "bass": make_bass, "other": make_other}
    stems = {name: to_level(makers[name](), levels[name]) for name in ORDER}
    end = np.clip((LENGTH - np.arange(LENGTH)) / (1.5 * RATE), 0, 1) ** 2
    start = np.clip(np.arange(LENGTH) / 64, 0, 1)
    stems = {name: audio * end * start for name, audio in stems.items()}
    scale = PEAK / np.abs(sum(stems.values())).max()
    os.makedirs(sys.argv[1], exist_ok=True)
    for name in ORDER:
        audio = stems[name] * scale
        encode(os.path.join(sys.argv[1], name + ".ogg"), audio)


if __name__ == "__main__":
    main()
