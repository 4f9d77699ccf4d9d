// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   What hosts do to plugins: shared buffers, missing ports, bad numbers, several
   instances, starting and stopping at any time.
*/

#include "plugin/shell/parameters.h"
#include "tests/host/render.h"
#include "tests/host/tap.h"

#include <malloc.h>
#include <math.h>
#include <stdlib.h>

#define LENGTH 154350 // Samples, 3.5 s
static const ub_plan plain = {.block = {1024}};

static void
check_sharing(const ub_sound* in)
{
    ub_sound apart = ub_render(&plain, in);
    const ub_plan in_place = {.block = {1024}, .sharing = UB_IN_PLACE};
    ub_sound same = ub_render(&in_place, in);
    const double error = ub_difference(&apart, &same, 2, 0, in->n);
    ub_ok(error == 0.0, "in place gives the same, error %.1e", error);
    ub_sound_free(&same);
    ub_sound_free(&apart);

    // Both inputs are then the last one written, and the last output written stays
    ub_sound twin = ub_silence(in->n);
    for (uint32_t i = 0; i < in->n; ++i) {
        twin.channel[0][i] = twin.channel[1][i] = in->channel[1][i];
    }
    apart = ub_render(&plain, &twin);
    const ub_plan one = {.block = {1024}, .sharing = UB_ONE_BUFFER};
    same = ub_render(&one, in);
    const double either[2] = {
        ub_difference(&(ub_sound){in->n, {apart.channel[0]}, apart.latency, 0, 0}, &same, 1, 0,
                      in->n),
        ub_difference(&(ub_sound){in->n, {apart.channel[1]}, apart.latency, 0, 0}, &same, 1, 0,
                      in->n)};
    ub_ok(either[0] == 0.0 || either[1] == 0.0, "all audio ports on one buffer: an output is left");
    ub_sound_free(&same);
    ub_sound_free(&apart);
    ub_sound_free(&twin);
}

/// Numbers that are none must not come out, nor be heard of once they have gone by.
static void
check_bad_samples(const char* uri, const ub_sound* in)
{
    const ub_plan plan = {.uri = uri, .block = {1024}};
    ub_sound clean = ub_render(&plan, in);
    ub_sound bad = ub_noises(in->n);
    const float evil[] = {NAN, INFINITY, -INFINITY, 1e-42f, 3e38f, -3e38f};
    for (uint32_t i = 0; i < 600; ++i) {
        bad.channel[0][1000 + i] = evil[i % 6];
        bad.channel[1][1200 + i] = evil[i % 3];
    }
    ub_sound out = ub_render(&plan, &bad);
    ub_ok(ub_sane(&out, INFINITY) && isfinite(out.channel[0][in->n - 1]),
          "%s: bad samples in, finite out", uri);
    const ub_plan dry = {.uri = uri, .block = {1024}, .event = {{"enabled", 0.0f, 0}}};
    ub_sound dry_clean = ub_render(&dry, in);
    ub_sound dry_out = ub_render(&dry, &bad);
    const uint32_t gone = 1800 + 4096 + out.latency;
    ub_ok(ub_difference(&dry_clean, &dry_out, 1, gone, in->n) < 1e-6,
          "%s: bad samples are forgotten", uri);
    ub_sound_free(&dry_out);
    ub_sound_free(&dry_clean);
    ub_sound_free(&out);
    ub_sound_free(&bad);
    ub_sound_free(&clean);
}

/// Instances that take turns must sound as they do alone.
static void
check_two(const ub_sound* in)
{
    ub_plan plan[2] = {{.block = {512}, .event = {{"source", 0.0f, 0}}},
                       {.block = {512}, .event = {{"source", 1.0f, 0}, {"response", 1.0f, 0}}}};
    ub_rig rig[2];
    ub_sound together[2];
    ub_sound block = ub_silence(512);
    for (int k = 0; k < 2; ++k) {
        together[k] = ub_silence(in->n);
        ub_ok(ub_rig_open(&rig[k], UB_URI_STEREO, 44100.0), "instance %d opens", k);
    }
    for (uint32_t at = 0; at + 512 <= in->n; at += 512) {
        for (int k = 0; k < 2; ++k) {
            for (uint32_t c = 0; c < 2; ++c) {
                for (uint32_t i = 0; i < 512; ++i) {
                    block.channel[c][i] = in->channel[c][at + i];
                }
            }
            ub_sound out = ub_render_on(&rig[k], &plan[k], &block);
            for (uint32_t c = 0; c < 2; ++c) {
                for (uint32_t i = 0; i < 512; ++i) {
                    together[k].channel[c][at + i] = out.channel[c][i];
                }
            }
            together[k].latency = out.latency;
            ub_sound_free(&out);
        }
    }
    for (int k = 0; k < 2; ++k) {
        ub_sound alone = ub_render(&plan[k], in);
        const double error = ub_difference(&alone, &together[k], 2, 0, in->n - 512);
        ub_ok(alone.latency == together[k].latency && error < 1e-6,
              "instance %d beside another sounds as alone, error %.1e", k, error);
        ub_sound_free(&alone);
        ub_sound_free(&together[k]);
        ub_rig_close(&rig[k]);
    }
    ub_sound_free(&block);
}

/// A host that is faster than real time but does not say so misses nothing either.
static void
check_unannounced(const ub_sound* in)
{
    ub_sound waited = ub_render(&plain, in);
    const ub_plan rushed = {.block = {1024}, .real_time = true};
    ub_sound out = ub_render(&rushed, in);
    const double error = ub_difference(&waited, &out, 2, 0, in->n);
    ub_ok(error < 1e-6 && out.late == 0, "a host in a hurry gets every mask, error %.1e", error);
    ub_sound_free(&out);
    ub_sound_free(&waited);
}

/// Stopped and started again it must sound as new, wherever it was stopped.
static void
check_cycles(const ub_sound* in)
{
    ub_rig rig;
    ub_sound fresh = ub_render(&plain, in);
    ub_ok(ub_rig_open(&rig, UB_URI_STEREO, 44100.0), "opens");
    lilv_instance_deactivate(rig.instance); // At once, without a run
    lilv_instance_activate(rig.instance);
    for (uint32_t n = 1; n < in->n; n *= 23) {
        // As Ardour does: one run with all audio on one buffer, then stop and start
        ub_sound part = *in;
        part.n = n;
        const ub_plan one = {.block = {1024}, .sharing = UB_ONE_BUFFER, .real_time = n == 23};
        ub_sound ignored = ub_render_on(&rig, &one, &part);
        lilv_instance_deactivate(rig.instance);
        lilv_instance_activate(rig.instance);
        ub_sound again = ub_render_on(&rig, &plain, in);
        const double error = ub_difference(&fresh, &again, 2, 0, in->n);
        ub_ok(error < 1e-6 && again.latency == fresh.latency,
              "as new after a stop at sample %u, error %.1e", n, error);
        lilv_instance_deactivate(rig.instance);
        lilv_instance_activate(rig.instance);
        ub_sound_free(&again);
        ub_sound_free(&ignored);
    }
    ub_rig_close(&rig);
    ub_sound_free(&fresh);
}

/// Memory that is in use, KiB.  What the process holds depends on how its threads share it.
static double
memory_used(void)
{
    const struct mallinfo2 info = mallinfo2();
    return (double)(info.uordblks + info.hblkhd) / 1024.0;
}

/// Made again and again, at other rates, it sounds as at first and memory does not grow.
static void
check_reopened(const ub_sound* in)
{
    static const double rates[] = {44100.0, 192000.0, 8000.0, 96000.0};
    ub_sound first = ub_render(&plain, in);
    ub_sound start = ub_silence(4096);
    double before = 0.0;
    for (int k = 0; k < 9; ++k) {
        const ub_plan plan = {.uri = ub_shapes[k % UB_SHAPES].uri, .rate = rates[k % 4]};
        ub_sound out = ub_render(&plan, &start);
        ub_sound_free(&out);
        before = k == 2 ? memory_used() : before; // all tables are made
    }
    const double grown = (memory_used() - before) / 6;
    ub_ok(grown < 64.0, "another instance leaves %.1f KiB behind", grown);
    ub_sound last = ub_render(&plain, in);
    const double error = ub_difference(&first, &last, 2, 0, in->n);
    ub_ok(error == 0.0, "the last of many instances sounds as the first, error %.1e", error);
    ub_sound_free(&last);
    ub_sound_free(&start);
    ub_sound_free(&first);
}

/// Ports that no host connected, or with nonsense in them, must do no harm.
static void
check_ports(const ub_shape* shape)
{
    const char* const uri = shape->uri;
    ub_rig rig;
    ub_ok(ub_rig_open(&rig, uri, 48000.0), "%s opens", uri);
    for (uint32_t p = 0; p < rig.ports; ++p) {
        lilv_instance_connect_port(rig.instance, p, NULL);
    }
    for (uint32_t n = 0; n < 5000; n += 999) {
        lilv_instance_run(rig.instance, n);
    }
    ub_ok(true, "%s: no port connected", uri);
    ub_rig_close(&rig);

    static const float values[] = {NAN, INFINITY, -INFINITY, 1e30f, -1e30f, 0.5f, 1.49f, -0.2f};
    ub_sound in = ub_noises(512);
    ub_rig_open(&rig, uri, 48000.0);
    bool sane = true;
    for (int k = 0; k < 400; ++k) {
        const ub_plan plan = {.block = {(uint32_t)(k * 37 % 512 + 1)}, .real_time = k % 3};
        const uint8_t p = shape->parameters[(uint32_t)rand() % shape->n_parameters];
        if (!ub_parameters[p].output && p != UB_PROCESSOR) {
            *ub_rig_control(&rig, ub_parameters[p].symbol) = values[rand() % 8];
        }
        ub_sound out = ub_render_on(&rig, &plan, &in);
        sane = sane && ub_sane(&out, 20.0f) && out.latency > 0;
        ub_sound_free(&out);
    }
    ub_ok(sane, "%s: nonsense in control ports", uri);
    ub_rig_close(&rig);
    ub_sound_free(&in);
}

int
main(void)
{
    ub_sound in = ub_noises(LENGTH);
    check_reopened(&in);
    ub_rig keeper; // of the network, which takes the longest to make ready
    ub_rig_open(&keeper, UB_URI_STEREO, 44100.0);
    check_sharing(&in);
    check_two(&in);
    check_unannounced(&in);
    check_cycles(&in);
    for (int s = 0; s < UB_SHAPES; ++s) {
        check_bad_samples(ub_shapes[s].uri, &in);
        check_ports(&ub_shapes[s]);
    }
    ub_rig_close(&keeper);
    ub_sound_free(&in);
    return ub_done();
}
