// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "tests/unit/separator_rig.h"

#include "tests/unit/signal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

const ub_timing timings[TIMINGS] = {
    {.lookahead = 40, .step = 48, .fade = 16, .deadline = 24},
    {.lookahead = 12, .step = 8, .fade = 8, .deadline = 12},
    {.lookahead = 1, .step = 3, .fade = 1, .deadline = 3},
    {.lookahead = 0, .step = 1, .fade = 0, .deadline = 1},
    {.lookahead = 2, .step = 1, .fade = 1, .deadline = 2, .heard = 2},
    {.lookahead = 0, .step = 2, .fade = 0, .deadline = 1, .heard = 3},
};

const double rates[RATES] = {8000,  11025, 16000, 22050, 24000,  32000,
                             44100, 48000, 88200, 96000, 176400, 192000};

void
set(ub_separator* separator, uint32_t output, setting s)
{
    ub_row row = {.dry = s.dry};
    row.slot[output] = s.wet;
    ub_separator_ask(separator, output, s.condition);
    ub_separator_mix(separator, output, &row);
}

rig
make_matrix(double rate, uint32_t timing, uint32_t slots, uint32_t outputs, uint32_t n,
            stub_mask mask)
{
    rig r = {.channels = 2, .outputs = outputs, .n = n};
    const ub_grid grid = stub_grid(r.channels);
    r.stub = stub_masker_new(&grid, slots, MAX_COUNT, mask);
    const ub_separator_config config = {
        rate, grid, &timings[timing], 1, r.channels, slots, outputs, &r.stub->masker,
    };
    char err[256] = "";
    r.separator = ub_separator_new(&config, err, sizeof(err));
    if (!r.separator) {
        fail_msg("%s", err);
    }
    for (uint32_t c = 0; c < r.channels; ++c) {
        r.in[c] = malloc(n * sizeof(float));
        ub_noise(r.in[c], n, 7 + c);
    }
    for (uint32_t c = 0; c < outputs * r.channels; ++c) {
        r.out[c] = malloc(n * sizeof(float));
    }
    return r;
}

rig
make_rig(double rate, uint32_t timing, uint32_t outputs, uint32_t n, stub_mask mask)
{
    rig r = make_matrix(rate, timing, outputs, outputs, n, mask);
    for (uint32_t o = 0; o < outputs; ++o) {
        set(r.separator, o, (setting){.condition = {1.0f}, .dry = 0.0f, .wet = 1.0f});
    }
    return r;
}

void
free_rig(rig* r)
{
    ub_separator_free(r->separator);
    stub_masker_free(r->stub);
    for (uint32_t c = 0; c < r->channels; ++c) {
        free(r->in[c]);
    }
    for (uint32_t c = 0; c < r->outputs * r->channels; ++c) {
        free(r->out[c]);
    }
}

void
run_part(rig* r, uint32_t from, uint32_t n)
{
    const float* in[UB_MAX_CHANNELS];
    float* out[MAX_CHANNELS];
    for (uint32_t c = 0; c < r->channels; ++c) {
        in[c] = r->in[c] + from;
    }
    for (uint32_t c = 0; c < r->outputs * r->channels; ++c) {
        out[c] = r->out[c] + from;
    }
    ub_separator_run(r->separator, in, out, n);
}

void
run_blocks(rig* r, uint32_t block)
{
    uint32_t seed = 1;
    for (uint32_t done = 0, n = 0; done < r->n; done += n) {
        n = block ? block : 1 + ub_random(&seed) % (ub_random(&seed) % 4 ? 300 : 8192);
        n = n < r->n - done ? n : r->n - done;
        run_part(r, done, n);
    }
}

uint32_t
latency(const rig* r)
{
    return ub_separator_latency(r->separator);
}

void
assert_finite(const rig* r)
{
    for (uint32_t c = 0; c < r->outputs * r->channels; ++c) {
        for (uint32_t i = 0; i < r->n; ++i) {
            assert_true(isfinite(r->out[c][i]));
        }
    }
}

float
wavy(const stub_masker* stub, int64_t t, const float* condition, uint32_t c, uint32_t b)
{
    (void)condition;
    return 0.5f + 0.5f * sinf(0.3f * (float)(t - stub->first) + 0.01f * (float)b + (float)c);
}
