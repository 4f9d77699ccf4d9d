# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""A singer: Festival speaks the phones in monotone, a small vocoder sings them.

Speech is turned into one spectral envelope every 5 ms (after CheapTrick, Morise 2015, "CheapTrick,
a spectral envelope estimator for high-quality speech synthesis"), the envelopes are moved in time
so that every vowel starts on its note and lasts as long, and harmonics of the melody's pitch curve
plus shaped noise are played through them. Consonants keep their natural length.
"""
import os
import subprocess
import tempfile
import wave

import numpy as np

RATE = 44100
SPEECH_RATE = 16000
SPEECH_F0 = 110.0
FFT = 1024          # envelope grid of the speech, 513 bins
OUT_FFT = 2048      # envelope grid of the song, 1025 bins
HOP = 220           # song samples per envelope frame, 5 ms
TRACT = 1.13        # formants are moved up by this: a lighter voice than the speaker's own

DIPHTHONGS = set("ay aw ey ow oy".split())
VOWELS = DIPHTHONGS | set("aa ae ah ao ax eh er ih iy uh uw".split())
VOICELESS = set("ch f hh k p s sh t th pau".split())
BUZZED = set("dh v z zh jh".split())
CONSONANT = {"s": .11, "sh": .11, "f": .09, "th": .08, "hh": .07, "z": .08, "v": .06, "dh": .05,
             "m": .08, "n": .07, "ng": .08, "l": .07, "r": .07, "w": .07, "y": .06,
             "p": .09, "t": .08, "k": .09, "b": .07, "d": .06, "g": .07}
VOWEL = 0.24        # seconds a vowel lasts in the speech


def speak(segments):
    """The waveform of [(phone, seconds)], monotone, at SPEECH_RATE."""
    total = sum(length for _, length in segments)
    rows = [f"({p} {d:.4f})" for p, d in segments]
    rows[0] = f"({segments[0][0]} {segments[0][1]:.4f} (0 {SPEECH_F0}))"
    rows[-1] = f"({segments[-1][0]} {segments[-1][1]:.4f} ({segments[-1][1]:.4f} {SPEECH_F0}))"
    with tempfile.TemporaryDirectory() as folder:
        wav, script = os.path.join(folder, "v.wav"), os.path.join(folder, "v.scm")
        with open(script, "w") as file:
            file.write("(voice_kal_diphone)\n(set! u (Utterance Segments (%s)))\n"
                       "(utt.synth u)\n(utt.save.wave u \"%s\" 'riff)\n" % (" ".join(rows), wav))
        subprocess.run(["festival", "-b", script], check=True)
        with wave.open(wav) as file:
            raw = file.readframes(file.getnframes())
    speech = np.frombuffer(raw, "<i2") / 32768.0
    return np.pad(speech, (0, max(0, int((total + .1) * SPEECH_RATE) - len(speech))))


def envelopes(speech, times, voiceless):
    """Power spectral envelope [frame][bin] of the speech at each time."""
    out = np.empty((len(times), FFT // 2 + 1))
    padded = np.pad(speech, FFT)
    quefrency = np.minimum(np.arange(FFT), FFT - np.arange(FFT)) / SPEECH_RATE
    for i, (t, breath) in enumerate(zip(times, voiceless)):
        f0 = 230.0 if breath else SPEECH_F0
        half = int(1.5 * SPEECH_RATE / f0)
        start = int(t * SPEECH_RATE) + FFT - half
        window = np.hanning(2 * half + 1)
        frame = padded[start:start + 2 * half + 1] * window / np.sqrt(np.sum(window ** 2))
        power = np.abs(np.fft.fft(frame, FFT)) ** 2 + 1e-12
        width = max(1, int(round(f0 * 2 / 3 * FFT / SPEECH_RATE))) | 1
        ring = np.concatenate([power[-width:], power, power[:width]])
        power = np.convolve(ring, np.ones(width) / width, "same")[width:-width]
        cepstrum = np.fft.ifft(np.log(power)).real
        lifter = np.sinc(f0 * quefrency) * (1.18 - .18 * np.cos(2 * np.pi * f0 * quefrency))
        out[i] = np.exp(np.fft.fft(cepstrum * lifter).real[:FFT // 2 + 1])
    return out


def stretch(env, voiceless):
    """Log amplitude on the song's grid: formants moved by TRACT, the band above 8 kHz continued."""
    freq = np.arange(OUT_FFT // 2 + 1) * RATE / OUT_FFT / TRACT
    grid = np.arange(FFT // 2 + 1) * SPEECH_RATE / FFT
    log = 0.5 * np.log(env)
    edge = 7000.0
    octaves = np.maximum(0.0, np.log2(np.maximum(freq, 1.0) / edge))
    top = log[:, (grid > 6000) & (grid < edge)].mean(axis=1)
    fall = np.where(voiceless, 9.0, 20.0) / 8.686
    out = np.empty((len(env), len(freq)))
    for i, row in enumerate(log):
        out[i] = np.interp(freq, grid, row)
        out[i, freq > edge] = (top[i] - fall[i] * octaves)[freq > edge]
    return out


def minimum_phase(log_amp):
    cepstrum = np.fft.irfft(log_amp, OUT_FFT)
    cepstrum[:, 1:OUT_FFT // 2] *= 2
    cepstrum[:, OUT_FFT // 2 + 1:] = 0
    return np.fft.rfft(cepstrum, OUT_FFT).imag


def plan(syllables):
    """Lay phones out in time. syllables: [(phones, [(start s, seconds, MIDI note), ...]), ...].

    Returns the speech segments [(phone, seconds)] and, for each, its start in the song.
    """
    length = lambda phones: sum(CONSONANT[p] for p in phones)
    split = []
    for phones, notes in syllables:
        at = next(i for i, p in enumerate(phones) if p in VOWELS)
        split.append((phones[:at], phones[at], phones[at + 1:], notes))
    before, last_note = [], None
    for onset, _, _, notes in split:      # a cluster takes at most half of the note before it
        room = notes[0][0] - last_note if last_note is not None else 1.0
        before.append(min(length(onset), .5 * room))
        last_note = notes[-1][0]
    segments, starts = [("pau", .15)], [split[0][3][0][0] - before[0] - .15]

    def place(phones, at, seconds):
        for phone in phones:
            segments.append((phone, CONSONANT[phone]))
            starts.append(at)
            at += CONSONANT[phone] * seconds / length(phones)
        return at

    for i, (onset, vowel, coda, notes) in enumerate(split):
        begin, end = notes[0][0], notes[-1][0] + notes[-1][1]
        following = split[i + 1] if i + 1 < len(split) else None
        limit = following[3][0][0] - before[i + 1] if following else end + length(coda)
        rest = following is None or limit - end > .2
        stop = end if rest else min(end + length(coda), limit)
        after = min(length(coda), .35 * (stop - begin))
        place(onset, begin - before[i], before[i])
        segments.append((vowel, VOWEL))
        starts.append(begin)
        at = place(coda, stop - after, after)
        if rest:
            segments.append(("pau", .15))
            starts.append(at)
    return segments, starts + [starts[-1] + .15]


def warp(segments, starts, times):
    """For each song time the place in the speech and the phone."""
    knots_song, knots_speech, at = [], [], 0.0
    for (phone, length), begin, end in zip(segments, starts, starts[1:]):
        knots_song.append(begin)
        knots_speech.append(at)
        if phone in VOWELS and end - begin > length:
            # both flanks at natural speed, the middle drawn out; a diphthong glides at its end
            lead, tail = (.06, .14) if phone in DIPHTHONGS else (.09, .09)
            knots_song += [begin + lead, end - tail]
            knots_speech += [at + lead, at + length - tail]
        at += length
    knots_song.append(starts[-1])
    knots_speech.append(at)
    index = np.clip(np.searchsorted(starts, times, "right") - 1, 0, len(segments) - 1)
    return np.interp(times, knots_song, knots_speech), [segments[i][0] for i in index]


def smooth(x, seconds):
    """Gaussian smoothing of a curve sampled once per frame; axis 0."""
    sigma = max(seconds * RATE / HOP, 1e-3)
    reach = int(4 * sigma) + 1
    kernel = np.exp(-.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    pad = np.pad(x, [(reach, reach)] + [(0, 0)] * (x.ndim - 1), "edge")
    return sum(k * pad[i:i + len(x)] for i, k in enumerate(kernel))


def pitch_curve(syllables, times, rng):
    """The melody in semitones: slides between notes, a scoop into phrases, vibrato, drift."""
    notes = [n for _, group in syllables for n in group]
    curve = np.full(len(times), float(notes[0][2]))
    vibrato, scoop = np.zeros(len(times)), np.zeros(len(times))
    previous_end = -1.0
    for start, length, key in notes:
        curve[times >= start - .025] = key
        if start - previous_end > .2:
            scoop -= np.where(times >= start - .1, .9 * np.exp(-(times - start + .1) / .06), 0)
        previous_end = start + length
        if length > .4:
            inside = (times >= start) & (times < start + length)
            vibrato[inside] = np.clip((times[inside] - start - .22) / .3, 0, 1) * .28
    curve = smooth(curve, .018) + scoop
    rate = 5.5 + .25 * smooth(rng.standard_normal(len(times)), .3) * 8
    wobble = np.sin(2 * np.pi * np.cumsum(rate) * HOP / RATE) * smooth(vibrato, .05)
    drift = smooth(rng.standard_normal(len(times)), .08)
    return curve + wobble + .05 * drift / drift.std()


def harmonics(hz, log_amp, phase, voiced):
    """Sum of the harmonics of hz(t) through the envelope; a complex gain per frame and partial."""
    frames, samples = len(hz), len(hz) * HOP
    at = np.arange(samples) / HOP
    grid = np.arange(frames)
    turn = 2 * np.pi * np.cumsum(np.interp(at, grid, hz)) / RATE
    step = RATE / OUT_FFT
    out = np.zeros(samples)
    for k in range(1, int(16000 / hz.min())):
        place = np.minimum(k * hz / step, OUT_FFT // 2 - 1)
        low = place.astype(int)
        part = place - low
        pick = lambda m: m[grid, low] * (1 - part) + m[grid, low + 1] * part
        gain = np.exp(pick(log_amp)) * np.sqrt(pick(voiced)) * 2 * np.sqrt(hz / SPEECH_RATE)
        gain *= np.clip((16000 - k * hz) / 2000, 0, 1)
        gain = gain * np.exp(1j * pick(phase))
        real, imag = np.interp(at, grid, gain.real), np.interp(at, grid, gain.imag)
        out += real * np.cos(k * turn) - imag * np.sin(k * turn)
    return out


def breath(log_amp, voiced, rng):
    """Noise through the part of the envelope that is not voiced."""
    frames = len(log_amp)
    out = np.zeros((frames + 8) * HOP)
    window = np.hanning(2 * HOP + 1)[:-1]
    noise = rng.standard_normal(len(out)) * np.sqrt(RATE / SPEECH_RATE)
    amp = np.exp(log_amp) * np.sqrt(1 - voiced)
    for i in range(frames):
        start = i * HOP
        shaped = np.fft.irfft(np.fft.rfft(noise[start:start + 2 * HOP] * window, OUT_FFT) * amp[i])
        size = min(OUT_FFT // 2, len(out) - start)
        out[start:start + size] += shaped[:size]
    return out[:frames * HOP]


def sing(syllables, seconds, seed):
    """Mono float samples of `seconds` of song. Also returns (frame times, intended Hz, phones)."""
    rng = np.random.default_rng(seed)
    times = np.arange(int(seconds * RATE / HOP)) * HOP / RATE
    segments, starts = plan(syllables)
    source, phones = warp(segments, starts, times)
    silent = np.array([p == "pau" for p in phones])
    voiceless = np.array([p in VOICELESS for p in phones])
    buzzed = np.array([p in BUZZED for p in phones])
    log_amp = stretch(envelopes(speak(segments), source, voiceless), voiceless)
    freq = np.arange(OUT_FFT // 2 + 1) * RATE / OUT_FFT
    corner = np.where(buzzed, 1500.0, 5000.0)[:, None]
    voiced = 1 / (1 + (freq[None, :] / corner) ** 3)
    voiced = np.clip(smooth(np.where(voiceless[:, None], 0.0, voiced), .006), 0, 1)
    gate = smooth(np.where(silent, 0.0, 1.0), .012)
    log_amp = log_amp + np.log(np.maximum(gate, 1e-5))[:, None]
    hz = 440 * 2 ** ((pitch_curve(syllables, times, rng) - 69) / 12)
    out = harmonics(hz, log_amp, minimum_phase(log_amp), voiced) + breath(log_amp, voiced, rng)
    return out, (times, hz, phones)
