// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "tests/host/render.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BLOCK 8192

ub_sound
ub_silence(uint32_t n)
{
    ub_sound sound = {n, {NULL}, 0, 0, 0};
    for (uint32_t c = 0; c < UB_RIG_CHANNELS; ++c) {
        sound.channel[c] = (float*)calloc(n, sizeof(float));
        if (!sound.channel[c]) {
            fprintf(stderr, "out of memory\n");
            exit(2);
        }
    }
    return sound;
}

ub_sound
ub_noises(uint32_t n)
{
    ub_sound sound = ub_silence(n);
    uint32_t seed = 1;
    for (uint32_t i = 0; i < n; ++i) {
        for (uint32_t c = 0; c < 2; ++c) {
            seed = seed * 1664525u + 1013904223u;
            const float noise = (float)(seed >> 8) / 8388608.0f - 1.0f;
            const float burst = (i / 4096) % 3 ? 0.02f : 0.3f;
            const float tone = sinf(0.05f * (float)(c + 1) * (float)(i % 88200));
            const float click = i % 5000 == 1234 ? 0.5f : 0.0f;
            sound.channel[c][i] = burst * noise + 0.2f * tone + click;
        }
    }
    return sound;
}

void
ub_sound_free(ub_sound* sound)
{
    for (uint32_t c = 0; c < UB_RIG_CHANNELS; ++c) {
        free(sound->channel[c]);
        sound->channel[c] = NULL;
    }
}

/// Run one block whose start is at a sample of the sounds.
static void
run_block(ub_rig* rig, ub_sharing sharing, const ub_sound* in, ub_sound* out, uint32_t at,
          uint32_t n)
{
    static float buffer[2 * UB_RIG_CHANNELS][MAX_BLOCK];
    float* ins[UB_RIG_CHANNELS];
    float* outs[UB_RIG_CHANNELS];
    for (uint32_t c = 0; c < rig->ins; ++c) {
        ins[c] = buffer[sharing == UB_ONE_BUFFER ? 0 : c];
        memcpy(ins[c], in->channel[c] + at, n * sizeof(float));
    }
    for (uint32_t c = 0; c < rig->outs; ++c) {
        outs[c] = buffer[sharing == UB_APART ? UB_RIG_CHANNELS + c : c];
        if (sharing == UB_ONE_BUFFER) {
            outs[c] = buffer[0];
        }
    }
    ub_rig_run(rig, ins, outs, n);
    for (uint32_t c = 0; c < rig->outs; ++c) {
        memcpy(out->channel[c] + at, outs[c], n * sizeof(float));
    }
}

/// Set what is due, and say how many samples there are to the next event.
static uint32_t
apply_events(ub_rig* rig, const ub_plan* plan, uint32_t at, uint32_t n)
{
    for (uint32_t e = 0; e < UB_EVENTS && plan->event[e].symbol; ++e) {
        const ub_event* const event = &plan->event[e];
        if (event->at == at) {
            *ub_rig_control(rig, event->symbol) = event->value;
        } else if (event->at > at && event->at - at < n) {
            n = event->at - at;
        }
    }
    return n;
}

ub_sound
ub_render_on(ub_rig* rig, const ub_plan* plan, const ub_sound* in)
{
    ub_sound out = ub_silence(in->n);
    *ub_rig_control(rig, "freewheel") = plan->real_time ? 0.0f : 1.0f;
    for (uint32_t at = 0, b = 0; at < in->n; ++b) {
        const uint32_t block = plan->block[b % 4] ? plan->block[b % 4]
                               : plan->block[0]   ? plan->block[0]
                                                  : 1024;
        const uint32_t left = in->n - at < block ? in->n - at : block;
        const uint32_t n = apply_events(rig, plan, at, left);
        run_block(rig, plan->sharing, in, &out, at, n);
        at += n;
    }
    out.latency = (uint32_t)*ub_rig_control(rig, "latency");
    out.late = (uint32_t)*ub_rig_control(rig, "late_frames");
    out.status = (uint32_t)*ub_rig_control(rig, "status");
    return out;
}

ub_sound
ub_render(const ub_plan* plan, const ub_sound* in)
{
    ub_rig rig;
    if (!ub_rig_open(&rig, plan->uri ? plan->uri : "urn:unbraid:stereo",
                     plan->rate > 0.0 ? plan->rate : 44100.0)) {
        exit(2);
    }
    ub_sound out = ub_render_on(&rig, plan, in);
    ub_rig_close(&rig);
    return out;
}

double
ub_difference(const ub_sound* a, const ub_sound* b, uint32_t channels, uint32_t from, uint32_t to)
{
    const uint32_t shift = b->latency - a->latency;
    double worst = 0.0;
    for (uint32_t c = 0; c < channels; ++c) {
        for (uint32_t i = from; i < to && i < a->n && i + shift < b->n; ++i) {
            const double d = fabs((double)a->channel[c][i] - (double)b->channel[c][i + shift]);
            worst = d <= worst ? worst : d; // Keeps a NaN
        }
    }
    return worst;
}

bool
ub_sane(const ub_sound* sound, float limit)
{
    for (uint32_t c = 0; c < UB_RIG_CHANNELS; ++c) {
        for (uint32_t i = 0; i < sound->n; ++i) {
            if (!(fabsf(sound->channel[c][i]) <= limit)) {
                return false;
            }
        }
    }
    return true;
}

static double
told(const char* name)
{
    const char* const text = getenv(name);
    const double value = text ? atof(text) : 0.0;
    if (value <= 0.0) {
        fprintf(stderr, "%s: not set (expected lib.sh's tell_grid before)\n", name);
        exit(2);
    }
    return value;
}

double
ub_frame_length(double rate)
{
    return told("UB_MODEL_WINDOW") * rate / told("UB_MODEL_RATE");
}

double
ub_half_hop(double rate)
{
    return 0.5 * told("UB_MODEL_HOP") * rate / told("UB_MODEL_RATE");
}

ub_move
ub_render_move(const ub_plan* plan, ub_event move, const ub_sound* in)
{
    ub_plan moving = *plan;
    uint32_t last = 0;
    while (moving.event[last].symbol) {
        ++last;
    }
    ub_sound before = ub_render(&moving, in);
    moving.event[last] = (ub_event){move.symbol, move.value, 0};
    ub_sound after = ub_render(&moving, in);
    moving.event[last].at = move.at;
    ub_sound moved = ub_render(&moving, in);
    // A frame's window and half a hop either way may hold both
    const uint32_t point = move.at + moved.latency;
    const uint32_t reach = (uint32_t)(ub_frame_length(44100.0) + ub_half_hop(44100.0));
    const ub_move result = {ub_difference(&before, &moved, 2, 0, point - reach),
                            ub_difference(&after, &moved, 2, point + reach, in->n),
                            ub_difference(&before, &after, 2, 0, in->n)};
    ub_sound_free(&moved);
    ub_sound_free(&after);
    ub_sound_free(&before);
    return result;
}

bool
ub_is_moved(const ub_move* move)
{
    return move->before < 1e-5 && move->after < 1e-5 && move->apart > 1e-3;
}
