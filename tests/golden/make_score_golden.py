# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Expected scores of made-up stems, computed by museval (BSSEval v4) and by NumPy (uSDR).

Prints score.h. The stems are not stored: tests/unit/test_cli_score.c makes the same ones.

Needs museval 0.4.1 and NumPy:  python3 tests/golden/make_score_golden.py > tests/golden/score.h
"""

import museval
import numpy as np

SOURCES = 3
RATE = 1000
# samples, [from, to) where the second true source is silent, and where the third
# estimate's channels cancel
CASES = [(5432, 0, 0, 0, 0), (6000, 1000, 2600, 0, 0), (6999, 0, 1000, 4000, 5000),
         (1000, 0, 0, 0, 0), (700, 0, 0, 0, 0)]
HEADER = """\
// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

// Written by make_score_golden.py

#ifndef UB_GOLDEN_SCORE_H
#define UB_GOLDEN_SCORE_H

#define SOURCES 3
#define RATE 1000

typedef struct {
    unsigned samples;
    unsigned silent[2]; // Second true source
    unsigned cancel[2]; // Third estimate
    double sdr[SOURCES];
    double usdr[SOURCES];
} score_case;

static const score_case cases[] = {"""


def uniform(name, count):
    """SplitMix64 started from the name's FNV-1a hash; numbers from -1 to 1."""
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = (state ^ byte) * 0x100000001B3 % 2**64
    with np.errstate(over="ignore"):
        z = np.uint64(state) + np.uint64(0x9E3779B97F4A7C15) * np.arange(1, count + 1,
                                                                        dtype=np.uint64)
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) * 2.0**-23 - 1.0


def stems(samples, silent_from, silent_to, cancel_from, cancel_to):
    """True and estimated sources, [source][sample][channel], like the test's own."""
    truth = np.stack([uniform(f"truth{i}", 2 * samples) for i in range(SOURCES)])
    noise = np.stack([uniform(f"noise{i}", 2 * samples) for i in range(SOURCES)])
    truth, noise = (x.reshape(SOURCES, samples, 2) for x in (truth, noise))
    fade = 0.1 + 0.9 * np.arange(samples) / samples
    estimate = 0.8 * truth + 0.3 * fade[None, :, None] * noise
    truth[1, silent_from:silent_to] = 0.0
    estimate[2, cancel_from:cancel_to, 1] = -estimate[2, cancel_from:cancel_to, 0]
    return truth, estimate


def main():
    print(HEADER)
    for case in CASES:
        truth, estimate = stems(*case)
        sdr = np.nanmedian(museval.evaluate(truth, estimate, win=RATE, hop=RATE)[0], axis=1)
        error = np.sum((estimate - truth) ** 2, axis=(1, 2))
        usdr = 10 * np.log10((np.sum(truth**2, axis=(1, 2)) + 1e-7) / (error + 1e-7))
        lists = [", ".join(f"{v:.9f}" for v in x) for x in (sdr, usdr)]
        print(f"    {{{case[0]}, {{{case[1]}, {case[2]}}}, {{{case[3]}, {case[4]}}},\n"
              f"     {{{lists[0]}}},\n     {{{lists[1]}}}}},")
    print("};\n\n#endif // UB_GOLDEN_SCORE_H")


if __name__ == "__main__":
    main()
