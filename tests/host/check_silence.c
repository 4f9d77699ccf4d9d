// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   Silence and near silence, with the network asked all the time.

   check_silence [LENGTH]: as many times as long, 1 if not said otherwise.  With 60, hours:
   the processor time of the first and the last part tells whether anything builds up.
*/

#include "dsp/clock.h"
#include "plugin/shell/parameters.h"
#include "tests/host/render.h"
#include "tests/host/tap.h"

#include <malloc.h>
#include <math.h>
#include <stdlib.h>

#define PART 442368 // Samples, 10 s: a whole number of hops and of steps in every response

#define REMEMBERED \
    PART // Samples: more than a window, and three times as long as the level is followed over

/** What there is to hear, part after part */
typedef struct {
    const char* name;
    void (*fill)(ub_sound* part);
    float limit; ///< Of the output
    double left; ///< That it may leave behind: what is no silence has a level, which the
                 ///< stream's follower forgets over some seconds only (dsp/level.h)
} kind;

static void
fill_nothing(ub_sound* part)
{
    (void)part;
}

static void
fill_noise(ub_sound* part)
{
    uint32_t seed = 1;
    for (uint32_t i = 0; i < part->n; ++i) {
        for (uint32_t c = 0; c < 2; ++c) {
            seed = seed * 1664525u + 1013904223u;
            part->channel[c][i] = 1e-7f * ((float)(seed >> 8) / 8388608.0f - 1.0f);
        }
    }
}

/// Down to the least number there is
static void
fill_decay(ub_sound* part)
{
    for (uint32_t i = 0; i < part->n; ++i) {
        const double level = 1e-3 * exp(-100.0 * i / part->n);
        part->channel[0][i] = (float)(level * sin(0.05 * i));
        part->channel[1][i] = (float)(level * cos(0.09 * i));
    }
}

static const kind silence = {"silence", fill_nothing, 0.0f, 0.0};
static const kind noise = {"noise at -140 dB", fill_noise, 1e-6f, 1e-6};
static const kind decay = {"a decay to nothing", fill_decay, 1e-3f, 1e-2};

/// Memory that is in use, KiB
static double
memory_used(void)
{
    const struct mallinfo2 info = mallinfo2();
    return (double)(info.uordblks + info.hblkhd) / 1024.0;
}

/// Play a part so many times.
static void
check_parts(ub_rig* rig, const ub_plan* plan, const kind* k, ub_sound* in, uint32_t parts)
{
    double first = 0.0;
    double last = 0.0;
    double memory = 0.0;
    bool sane = true;
    uint32_t late = 0;
    k->fill(in);
    for (uint32_t i = 0; i < parts; ++i) {
        const double before = ub_clock(CLOCK_PROCESS_CPUTIME_ID);
        ub_sound out = ub_render_on(rig, plan, in);
        last = ub_clock(CLOCK_PROCESS_CPUTIME_ID) - before;
        first = i == 1 ? last : first; // all is made by then
        sane = sane && ub_sane(&out, k->limit);
        late = out.late;
        ub_sound_free(&out);
        memory = i == 1 ? memory_used() : memory;
    }
    const double grown = memory_used() - memory;
    ub_ok(sane, "%s, response %.0f: nothing above %g", k->name, plan->event[0].value, k->limit);
    ub_ok(late == 0 && grown < 16.0, "%s: %u late frames, %.0f KiB more", k->name, late, grown);
    printf("# processor time of the second part %.1f ms, of the last %.1f ms\n", 1e3 * first,
           1e3 * last);
}

/// After all that, silence must be left behind without a trace, and the rest with hardly one.
static void
check_kind(const kind* k, float response, uint32_t parts)
{
    const ub_plan plan = {.block = {1024}, .event = {{"response", response, 0}}};
    ub_rig rig;
    ub_sound in = ub_silence(PART);
    ub_sound song = ub_noises(PART + PART / 2);
    ub_ok(ub_rig_open(&rig, UB_URI_STEREO, 44100.0), "opens");
    check_parts(&rig, &plan, k, &in, parts);
    ub_sound fresh = ub_render(&plan, &song);
    ub_sound later = ub_render_on(&rig, &plan, &song);
    const double error = ub_difference(&fresh, &later, 2, fresh.latency + REMEMBERED, song.n);
    ub_ok(error <= k->left, "%s, response %.0f: sound afterwards is as ever, error %.1e", k->name,
          response, error);
    ub_sound_free(&later);
    ub_sound_free(&fresh);
    ub_rig_close(&rig);
    ub_sound_free(&song);
    ub_sound_free(&in);
}

/// After hours at 8 kHz an impulse comes as late as ever.
static void
check_hours(uint32_t hours)
{
    const uint32_t minute = 60 * 8000;
    const ub_plan plan = {.block = {8192}, .event = {{"response", 2.0f, 0}}};
    const ub_plan dry = {.block = {8192}, .event = {{"amount", 0.0f, 0}}};
    ub_rig rig;
    ub_ok(ub_rig_open(&rig, UB_URI_MONO, 8000.0), "opens at 8 kHz");
    ub_sound in = ub_silence(minute);
    check_parts(&rig, &plan, &silence, &in, 60 * hours);
    in.channel[0][1000] = 1.0f;
    ub_sound out = ub_render_on(&rig, &dry, &in);
    const double error = ub_difference(&in, &out, 1, 0, in.n);
    ub_ok(error < 1e-5 && out.late == 0, "%u hours of silence and a click, error %.1e", hours,
          error);
    ub_sound_free(&out);
    ub_sound_free(&in);
    ub_rig_close(&rig);
}

int
main(int argc, char** argv)
{
    const uint32_t length = argc > 1 ? (uint32_t)atoi(argv[1]) : 1;
    check_hours(length > 24 ? 24 : length);
    for (int response = 0; response < 3; ++response) {
        check_kind(&silence, (float)response, 2 * length);
        check_kind(&noise, (float)response, 2 * length);
        check_kind(&decay, (float)response, 2 * length);
    }
    return ub_done();
}
