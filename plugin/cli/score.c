// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/score.h"

#include <math.h>
#include <stdlib.h>

#define USDR_FLOOR 1e-7

typedef struct {
    double signal; ///< Energy of the true source
    double error;  ///< Energy of estimate minus true source
    bool truth;    ///< The true source is not silent
    bool estimate; ///< The estimate is not silent
} frame;

struct ub_score_s {
    uint32_t window;
    unsigned channels;
    frame* frames; ///< Whole frames, then the one under way
    size_t count;  ///< Whole frames
    size_t room;
    uint32_t part; ///< Samples in the frame under way
};

ub_score*
ub_score_new(uint32_t window, unsigned channels)
{
    ub_score* self = calloc(1, sizeof(*self));
    if (self) {
        self->window = window;
        self->channels = channels;
    }
    return self;
}

void
ub_score_free(ub_score* self)
{
    if (self) {
        free(self->frames);
        free(self);
    }
}

static bool
begin_frame(ub_score* self)
{
    if (self->count == self->room) {
        const size_t room = self->room ? 2 * self->room : 64;
        frame* frames = realloc(self->frames, room * sizeof(*frames));
        if (!frames) {
            return false;
        }
        self->frames = frames;
        self->room = room;
    }
    self->frames[self->count] = (frame){0};
    return true;
}

static void
add_sample(frame* f, const double* truth, const double* estimate, unsigned channels)
{
    // museval calls a frame silent if the sum of its channels is, even if they
    // only cancel
    double truth_sum = 0.0;
    double estimate_sum = 0.0;
    for (unsigned c = 0; c < channels; ++c) {
        const double error = estimate[c] - truth[c];
        f->signal += truth[c] * truth[c];
        f->error += error * error;
        truth_sum += truth[c];
        estimate_sum += estimate[c];
    }
    f->truth |= truth_sum != 0.0;
    f->estimate |= estimate_sum != 0.0;
}

bool
ub_score_add(ub_score* self, const double* truth, const double* estimate, size_t n)
{
    for (size_t i = 0; i < n; ++i) {
        if (!self->part && !begin_frame(self)) {
            return false;
        }
        add_sample(&self->frames[self->count], truth + i * self->channels,
                   estimate + i * self->channels, self->channels);
        if (++self->part == self->window) {
            self->part = 0;
            ++self->count;
        }
    }
    return true;
}

/// Whole frames; of less than a second, what there is
static size_t
counted(const ub_score* self)
{
    return self->count ? self->count : self->part > 0;
}

/// All frames, the unfinished one too
static size_t
all(const ub_score* self)
{
    return self->count + (self->part > 0);
}

bool
ub_score_heard(const ub_score* self)
{
    bool truth = false;
    bool estimate = false;
    for (size_t t = 0; t < all(self); ++t) {
        truth |= self->frames[t].truth;
        estimate |= self->frames[t].estimate;
    }
    return truth && estimate;
}

static int
compare(const void* a, const void* b)
{
    const double x = *(const double*)a;
    const double y = *(const double*)b;
    return (x > y) - (x < y);
}

/// NaN for none
static double
median(double* values, size_t n)
{
    if (!n) {
        return NAN;
    }
    qsort(values, n, sizeof(*values), compare);
    const double high = values[n / 2];
    return n % 2 ? high : 0.5 * (values[n / 2 - 1] + high);
}

double
ub_score_sdr(ub_score* const* sources, size_t count, size_t which)
{
    const ub_score* self = sources[which];
    const size_t n = counted(self);
    double* sdr = calloc(n ? n : 1, sizeof(*sdr));
    bool* silent = calloc(n ? n : 1, sizeof(*silent));
    size_t kept = 0;
    for (size_t i = 0; sdr && silent && i < count; ++i) {
        const bool heard = ub_score_heard(sources[i]);
        for (size_t t = 0; t < n; ++t) {
            const frame* f = &sources[i]->frames[t];
            silent[t] |= (heard || i == which) && !(f->truth && f->estimate);
        }
    }
    for (size_t t = 0; sdr && silent && t < n; ++t) {
        if (!silent[t]) {
            sdr[kept++] = 10.0 * log10(self->frames[t].signal / self->frames[t].error);
        }
    }
    const double result = sdr ? median(sdr, kept) : NAN;
    free(silent);
    free(sdr);
    return result;
}

double
ub_score_usdr(const ub_score* self)
{
    double signal = USDR_FLOOR;
    double error = USDR_FLOOR;
    for (size_t t = 0; t < all(self); ++t) {
        signal += self->frames[t].signal;
        error += self->frames[t].error;
    }
    return 10.0 * log10(signal / error);
}
