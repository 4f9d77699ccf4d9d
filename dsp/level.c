// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/level.h"

#include <math.h>

#define LONG  3.0  // s over which the level is averaged
#define BRIEF 0.2  // s, of a burst
#define RISE  0.1  // of a burst's power, below which the level never is: -10 dB
#define GATE  1e-7 // of the target, below which a frame is no sound: -70 dB
#define FAULT 1e5  // and above which it is none either, but a fault: 50 dB

ub_level
ub_level_new(double level, double hop)
{
    return (ub_level){.target = level < 0.0 ? pow(10.0, level / 10.0) : 0.0, .hop = hop};
}

// Move a mean over so many seconds, at first over all frames there are, towards a power
static double
mean(const ub_level* f, double before, double power, double seconds)
{
    return before + fmax(1.0 / (double)f->n, f->hop / seconds) * (power - before);
}

float
ub_level_next(ub_level* f, double power)
{
    if (power > GATE * f->target && power < FAULT * f->target) {
        ++f->n;
        f->burst = mean(f, f->burst, power, BRIEF);
        f->level = fmax(mean(f, f->level, power, LONG), RISE * f->burst);
    }
    return f->n ? (float)sqrt(f->target / f->level) : 1.0f;
}
