// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/filterbank.h"

#include "dsp/history.h"
#include "dsp/overlap.h"
#include "dsp/stft.h"

#include <stdlib.h>
#include <string.h>

struct ub_filterbank_s {
    ub_schedule schedule;
    uint32_t channels;
    uint32_t outputs;
    ub_history* history;
    ub_stft* stft;
    ub_overlap* overlap;
};

ub_filterbank* ub_filterbank_new(const ub_schedule* schedule, uint32_t channels, uint32_t outputs,
                                 uint32_t latency)
{
    ub_filterbank* bank = calloc(1, sizeof(ub_filterbank));
    if (!bank) {
        return NULL;
    }
    bank->schedule = *schedule;
    bank->channels = channels;
    bank->outputs = outputs;
    bank->history = ub_history_new(channels, latency + schedule->size);
    bank->stft = ub_stft_new(schedule->size);
    if (bank->stft) {
        bank->overlap =
            ub_overlap_new(outputs * channels, schedule->size, ub_stft_window(bank->stft));
    }
    if (!bank->history || !bank->stft || !bank->overlap) {
        ub_filterbank_free(bank);
        return NULL;
    }
    return bank;
}

void ub_filterbank_free(ub_filterbank* bank)
{
    if (bank) {
        ub_history_free(bank->history);
        ub_stft_free(bank->stft);
        ub_overlap_free(bank->overlap);
        free(bank);
    }
}

void ub_filterbank_reset(ub_filterbank* bank)
{
    ub_history_reset(bank->history, bank->schedule.size + (uint32_t)ceil(bank->schedule.hop));
    ub_overlap_reset(bank->overlap);
}

void ub_filterbank_take(ub_filterbank* bank, int64_t sample, const float* const* in,
                        uint32_t offset, uint32_t n)
{
    for (uint32_t c = 0; c < bank->channels; ++c) {
        ub_history_write(bank->history, sample, c, in[c] + offset, n);
    }
}

const float complex* ub_filterbank_analyse(ub_filterbank* bank, int64_t r, uint32_t channel)
{
    ub_history_read(bank->history, ub_frame_start(&bank->schedule, r), channel,
                    ub_stft_frame(bank->stft), bank->schedule.size);
    return ub_stft_analyse(bank->stft);
}

void ub_filterbank_begin(ub_filterbank* bank, int64_t r)
{
    ub_overlap_begin(bank->overlap, ub_frame_start(&bank->schedule, r));
}

void ub_filterbank_add(ub_filterbank* bank, int64_t r, uint32_t output, uint32_t channel,
                       const float* gain)
{
    ub_overlap_add(bank->overlap, ub_frame_start(&bank->schedule, r),
                   output * bank->channels + channel, ub_stft_synthesise(bank->stft, gain));
}

void ub_filterbank_give(ub_filterbank* bank, int64_t sample, float* const* out, uint32_t offset,
                        uint32_t n)
{
    const uint32_t before = sample >= 0 ? 0 : -sample < n ? (uint32_t)-sample : n;
    for (uint32_t c = 0; c < bank->outputs * bank->channels; ++c) {
        memset(out[c] + offset, 0, before * sizeof(float));
        ub_overlap_read(bank->overlap, sample + before, c, out[c] + offset + before, n - before);
    }
    ub_overlap_clear(bank->overlap, sample, n);
}
