// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   What comes out, when: impulses against the reported latency, blocks of every
   size, automation to the sample.
*/

#include "plugin/shell/parameters.h"
#include "tests/host/render.h"
#include "tests/host/tap.h"

#include <math.h>
#include <string.h>

static uint32_t
latency_of(const ub_plan* plan)
{
    ub_sound in = ub_silence(1);
    ub_sound out = ub_render(plan, &in);
    const uint32_t latency = out.latency;
    ub_sound_free(&in);
    ub_sound_free(&out);
    return latency;
}

/// Restarted, with amount 0, an impulse must come back whole, on the sample that the port
/// says.  Returns the largest error; the latency must be the same for all blocks.
static double
check_impulse(ub_rig* rig, uint32_t response, uint32_t block, uint32_t* latency)
{
    const ub_plan plan = {.block = {block},
                          .event = {{"amount", 0.0f, 0}, {"response", (float)response, 0}}};
    ub_sound start = ub_silence(1);
    lilv_instance_deactivate(rig->instance);
    lilv_instance_activate(rig->instance);
    ub_sound first = ub_render_on(rig, &plan, &start);
    lilv_instance_deactivate(rig->instance);
    lilv_instance_activate(rig->instance);
    const uint32_t at = 777;
    ub_sound in = ub_silence(first.latency + 10000);
    in.channel[0][at] = 1.0f;
    in.channel[1][at + 10] = -1.0f;
    ub_sound out = ub_render_on(rig, &plan, &in);
    const bool same = out.latency == first.latency && (!*latency || out.latency == *latency);
    const double error = ub_difference(&in, &out, rig->outs < 2 ? 1 : 2, 0, in.n);
    *latency = out.latency;
    ub_sound_free(&out);
    ub_sound_free(&in);
    ub_sound_free(&first);
    ub_sound_free(&start);
    return same ? error : INFINITY;
}

/// Impulses at a rate, in every response, with blocks of every kind.
static void
check_impulses(const char* uri, double rate)
{
    static const uint32_t blocks[] = {1, 64, 100, 1024, 8192};
    ub_rig rig;
    if (!ub_ok(ub_rig_open(&rig, uri, rate), "%s opens at %g Hz", uri, rate)) {
        return;
    }
    for (uint32_t response = 0; response < 3; ++response) {
        double worst = 0.0;
        uint32_t latency = 0;
        for (int b = 0; b < 5; ++b) {
            worst = fmax(worst, check_impulse(&rig, response, blocks[b], &latency));
        }
        ub_ok(worst < 1e-5, "%s %g Hz response %u: impulses %u samples late, error %.1e", uri, rate,
              response, latency, worst);
    }
    ub_rig_close(&rig);
}

static void
check_blocks(const char* uri, float response)
{
    ub_plan plan = {.uri = uri, .event = {{"response", response, 0}}};
    ub_sound in = ub_noises(latency_of(&plan) + 66150);
    ub_sound whole = ub_render(&plan, &in);
    const uint32_t patterns[][4] = {{64}, {1, 8192, 100, 17}, {333, 1, 1, 2048}, {8192}};
    for (int p = 0; p < 4; ++p) {
        for (int b = 0; b < 4; ++b) {
            plan.block[b] = patterns[p][b];
        }
        ub_sound cut = ub_render(&plan, &in);
        const double error = ub_difference(&whole, &cut, UB_RIG_CHANNELS, 0, in.n);
        ub_ok(error < 1e-6 && cut.late == 0 && cut.status > 0,
              "%s response %.0f: blocks of %u, ... sound as those of 1024 do, error %.1e", uri,
              response, patterns[p][0], error);
        ub_sound_free(&cut);
    }
    ub_sound_free(&whole);
    ub_sound_free(&in);
}

/// What is kept and what is removed must add up to the input, to -110 dB.
static void
check_sum(const char* uri, float response, float strength)
{
    ub_plan plan = {.uri = uri, .event = {{"response", response, 0}, {"strength", strength, 0}}};
    ub_sound in = ub_noises(latency_of(&plan) + 66150);
    ub_sound kept = ub_render(&plan, &in);
    plan.event[2] = (ub_event){"mode", 1.0f, 0};
    ub_sound rest = ub_render(&plan, &in);
    double largest = 0.0;
    for (uint32_t i = 0; i < in.n; ++i) {
        kept.channel[0][i] += rest.channel[0][i];
        largest = fmax(largest, fabs((double)in.channel[0][i]));
    }
    const double level = 20.0 * log10(ub_difference(&in, &kept, 1, 0, in.n) / largest);
    ub_ok(level < -110.0, "%s response %.0f, strength %g: kept and removed add up, error %.0f dB",
          uri, response, (double)strength, level);
    ub_sound_free(&rest);
    ub_sound_free(&kept);
    ub_sound_free(&in);
}

/// Where the level of a tone falls through half, in a render that turns it down.
static uint32_t
find_step(const ub_sound* loud, const ub_sound* turned)
{
    for (uint32_t i = loud->latency + 5000; i + 100 < loud->n; ++i) {
        double a = 0.0;
        double b = 0.0;
        for (uint32_t k = i - 50; k < i + 50; ++k) {
            a += fabs((double)loud->channel[0][k]);
            b += fabs((double)turned->channel[0][k]);
        }
        if (b < 0.5 * (1.0 + pow(10.0, -1.2)) * a) {
            return i;
        }
    }
    return 0;
}

/// A gain step at an input sample acts on that sample of the output.
static void
check_gain_step(double rate, uint32_t block, uint32_t at)
{
    ub_plan plan = {.rate = rate, .block = {block}, .event = {{"amount", 0.0f, 0}}};
    const uint32_t latency = latency_of(&plan);
    ub_sound in = ub_silence(latency + at + 20000);
    for (uint32_t i = 0; i < in.n; ++i) {
        in.channel[0][i] = in.channel[1][i] = 0.5f * sinf(0.1257f * (float)i);
    }
    ub_sound loud = ub_render(&plan, &in);
    plan.event[1] = (ub_event){"gain", -24.0f, at};
    ub_sound turned = ub_render(&plan, &in);
    const double half_hop = ub_half_hop(rate);
    const double error = (double)find_step(&loud, &turned) - at - latency;
    ub_ok(fabs(error) <= half_hop, "%g Hz, blocks of %u: a step at %u is off by %.0f samples", rate,
          block, at, error);
    ub_sound_free(&turned);
    ub_sound_free(&loud);
    ub_sound_free(&in);
}

/// A change of selector or mode: the old sound up to the change, the new one after.
static void
check_change(const char* symbol, float value, uint32_t block, uint32_t at)
{
    const ub_plan plan = {.block = {block}};
    ub_sound in = ub_noises(latency_of(&plan) + at + 44100);
    const ub_move moved = ub_render_move(&plan, (ub_event){symbol, value, at}, &in);
    ub_ok(ub_is_moved(&moved),
          "%s to %.0f at %u, blocks of %u: error %.1e before, %.1e after (of %.1e)", symbol,
          (double)value, at, block, moved.before, moved.after, moved.apart);
    ub_sound_free(&in);
}

int
main(void)
{
    static const double rates[] = {8000,  11025, 16000, 22050, 24000,  32000,
                                   44100, 48000, 88200, 96000, 176400, 192000};
    ub_rig keeper; // of the network, which takes the longest to make ready
    ub_rig_open(&keeper, UB_URI_STEREO, 44100.0);
    for (int r = 0; r < 12; ++r) {
        check_impulses(UB_URI_STEREO, rates[r]);
    }
    check_impulses(UB_URI_MONO, 48000.0);
    check_impulses(UB_URI_STEMS, 48000.0);
    for (int response = 0; response < 3; ++response) {
        check_blocks(UB_URI_STEREO, (float)response);
        check_sum(UB_URI_STEREO, (float)response, 1.0f);
    }
    check_sum(UB_URI_MONO, 0.0f, 1.0f);
    check_sum(UB_URI_STEMS, 0.0f, 1.0f);
    check_sum(UB_URI_STEREO, 2.0f, 2.5f);
    check_change("strength", 3.0f, 1024, 30000);
    check_gain_step(44100.0, 1024, 30000);
    check_gain_step(48000.0, 64, 31111);
    check_gain_step(96000.0, 8192, 50017);
    check_change("source", 1.0f, 1024, 40000);
    check_change("source", 2.0f, 100, 41234);
    check_change("mode", 1.0f, 8192, 33333);
    ub_rig_close(&keeper);
    return ub_done();
}
