// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/filterbank.h"

#include "dsp/history.h"
#include "dsp/overlap.h"
#include "dsp/stft.h"
#include "dsp/window.h"

#include <stdlib.h>
#include <string.h>

/** Of frames that are heard for so many samples. */
typedef struct {
    uint32_t heard;
    float* analysis;  // [size]
    float* synthesis; // [size]
    float* both;      // [heard] their product where it is heard
    double energy;    // sum of analysis squared
} windows;

struct ub_filterbank_s {
    ub_schedule schedule;
    uint32_t channels;
    uint32_t outputs;
    ub_history* history;
    ub_stft* stft;
    ub_overlap* overlap;
    float* window;    // [size] of what the model sees
    windows* timings; // [n]
    uint32_t n;
    const windows* heard; // of the chosen timing
};

static bool
make_windows(windows* w, uint32_t size, uint32_t heard)
{
    w->heard = heard;
    w->analysis = malloc(size * sizeof(float));
    w->synthesis = malloc(size * sizeof(float));
    w->both = malloc(heard * sizeof(float));
    if (!w->analysis || !w->synthesis || !w->both) {
        return false;
    }
    ub_window_analysis(size, heard, w->analysis);
    ub_window_synthesis(size, heard, w->synthesis);
    w->energy = 0.0;
    for (uint32_t i = 0; i < size; ++i) {
        w->energy += (double)w->analysis[i] * (double)w->analysis[i];
    }
    for (uint32_t i = 0; i < heard; ++i) {
        w->both[i] = w->analysis[size - heard + i] * w->synthesis[size - heard + i];
    }
    return true;
}

static bool
add_timings(ub_filterbank* bank, const ub_timing* timings, uint32_t n)
{
    const uint32_t size = bank->schedule.size;
    uint32_t longest = 0;
    bool ok = true;
    bank->timings = calloc(n, sizeof(windows));
    for (bank->n = 0; bank->timings && ok && bank->n < n; ++bank->n) {
        const ub_timing* t = &timings[bank->n];
        const uint32_t latency = ub_schedule_latency(&bank->schedule, t);
        longest = latency > longest ? latency : longest;
        ok = make_windows(&bank->timings[bank->n], size, ub_schedule_heard(&bank->schedule, t));
    }
    bank->heard = bank->timings;
    // A sample stays until what is heard of its last frame has been
    bank->history = ub_history_new(bank->channels, longest + size);
    return bank->timings && ok && bank->history;
}

ub_filterbank*
ub_filterbank_new(const ub_schedule* schedule, const ub_timing* timings, uint32_t n,
                  uint32_t channels, uint32_t outputs)
{
    ub_filterbank* bank = calloc(1, sizeof(ub_filterbank));
    if (!bank) {
        return NULL;
    }
    bank->schedule = *schedule;
    bank->channels = channels;
    bank->outputs = outputs;
    bank->stft = ub_stft_new(schedule->size);
    bank->overlap = ub_overlap_new(outputs * channels, schedule->size);
    bank->window = malloc(schedule->size * sizeof(float));
    if (!add_timings(bank, timings, n) || !bank->stft || !bank->overlap || !bank->window) {
        ub_filterbank_free(bank);
        return NULL;
    }
    ub_window_analysis(schedule->size, schedule->size, bank->window);
    return bank;
}

void
ub_filterbank_free(ub_filterbank* bank)
{
    if (!bank) {
        return;
    }
    for (uint32_t i = 0; i < bank->n; ++i) {
        free(bank->timings[i].analysis);
        free(bank->timings[i].synthesis);
        free(bank->timings[i].both);
    }
    free(bank->timings);
    free(bank->window);
    ub_history_free(bank->history);
    ub_stft_free(bank->stft);
    ub_overlap_free(bank->overlap);
    free(bank);
}

void
ub_filterbank_reset(ub_filterbank* bank, uint32_t timing)
{
    bank->heard = &bank->timings[timing];
    ub_history_reset(bank->history, bank->schedule.size + (uint32_t)ceil(bank->schedule.hop));
    ub_overlap_reset(bank->overlap);
}

void
ub_filterbank_take(ub_filterbank* bank, int64_t sample, const float* const* in, uint32_t offset,
                   uint32_t n)
{
    for (uint32_t c = 0; c < bank->channels; ++c) {
        ub_history_write(bank->history, sample, c, in[c] + offset, n);
    }
}

static const float complex*
transform(ub_filterbank* bank, int64_t start, uint32_t channel, const float* window)
{
    ub_history_read(bank->history, start, channel, ub_stft_frame(bank->stft), bank->schedule.size);
    return ub_stft_analyse(bank->stft, window);
}

const float complex*
ub_filterbank_analyse(ub_filterbank* bank, int64_t r, uint32_t channel)
{
    return transform(bank, ub_frame_start(&bank->schedule, r), channel, bank->window);
}

// The first sample at which frame r is heard; the frame it is heard in ends with the last
static int64_t
heard_start(const ub_filterbank* bank, int64_t r)
{
    return ub_frame_centre(&bank->schedule, r) - bank->heard->heard / 2;
}

// The first sample of the frame that frame r is heard in, which is never after its own
static int64_t
first_sample(const ub_filterbank* bank, int64_t r)
{
    return heard_start(bank, r) - (bank->schedule.size - bank->heard->heard);
}

bool
ub_filterbank_silent(const ub_filterbank* bank, int64_t r)
{
    return ub_history_quiet(bank->history) <= first_sample(bank, r);
}

void
ub_filterbank_begin(ub_filterbank* bank, int64_t r)
{
    ub_overlap_begin(bank->overlap, heard_start(bank, r), bank->heard->both, bank->heard->heard);
}

const float complex*
ub_filterbank_open(ub_filterbank* bank, int64_t r, uint32_t channel)
{
    return transform(bank, first_sample(bank, r), channel, bank->heard->analysis);
}

double
ub_filterbank_energy(const ub_filterbank* bank)
{
    return bank->heard->energy;
}

void
ub_filterbank_add(ub_filterbank* bank, int64_t r, uint32_t output, uint32_t channel,
                  const float* gain)
{
    const float* frame = ub_stft_synthesise(bank->stft, gain, bank->heard->synthesis);
    ub_overlap_add(bank->overlap, heard_start(bank, r), output * bank->channels + channel,
                   frame + bank->schedule.size - bank->heard->heard, bank->heard->heard);
}

void
ub_filterbank_give(ub_filterbank* bank, int64_t sample, float* const* out, uint32_t offset,
                   uint32_t n)
{
    const uint32_t before = sample >= 0 ? 0 : -sample < n ? (uint32_t)-sample : n;
    for (uint32_t c = 0; c < bank->outputs * bank->channels; ++c) {
        memset(out[c] + offset, 0, before * sizeof(float));
        ub_overlap_read(bank->overlap, sample + before, c, out[c] + offset + before, n - before);
    }
    ub_overlap_clear(bank->overlap, sample, n);
}
