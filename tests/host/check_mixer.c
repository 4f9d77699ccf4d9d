// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   The mixer: faders at 0 dB are the mix, strips are the stems, and what is moved at a sample is
   heard there.
*/

#include "plugin/shell/parameters.h"
#include "tests/host/render.h"
#include "tests/host/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH 66150
#define BALANCED            \
    {                       \
        "response", 1.0f, 0 \
    }

static const char* const strips[] = {"vocals", "drums", "bass", "other"};

static ub_sound
mix(const ub_sound* in, const ub_event* events, uint32_t n)
{
    ub_plan plan = {.uri = UB_URI_MIXER, .event = {BALANCED}};
    memcpy(plan.event + 1, events, n * sizeof(ub_event));
    return ub_render(&plan, in);
}

/// Largest difference from a sound times a factor, dB of its largest sample.
static double
error_db(const ub_sound* in, double factor, const ub_sound* out)
{
    ub_sound scaled = ub_silence(in->n);
    double largest = 0.0;
    for (int c = 0; c < 2; ++c) {
        for (uint32_t i = 0; i < in->n; ++i) {
            scaled.channel[c][i] = (float)(factor * (double)in->channel[c][i]);
            largest = fmax(largest, fabs((double)in->channel[c][i]));
        }
    }
    scaled.latency = in->latency;
    const double error = ub_difference(&scaled, out, 2, 0, in->n);
    ub_sound_free(&scaled);
    return 20.0 * log10(error / largest + 1e-12);
}

/// All faders alike: the mix, as loud as they say, at every response.
static void
check_alike(const ub_sound* in)
{
    for (int response = 0; response < 3; ++response) {
        const ub_plan plan = {.uri = UB_URI_MIXER, .event = {{"response", (float)response, 0}}};
        ub_sound out = ub_render(&plan, in);
        const double error = error_db(in, 1.0, &out);
        ub_ok(error < -120.0 && !out.late, "response %d: at 0 dB the mix comes back, error %.0f dB",
              response, error);
        ub_sound_free(&out);
    }
    const ub_event up[] = {{"vocals_gain", 6.0f, 0},
                           {"drums_gain", 6.0f, 0},
                           {"bass_gain", 6.0f, 0},
                           {"other_gain", 6.0f, 0}};
    ub_sound loud = mix(in, up, 4);
    const double error = error_db(in, pow(10.0, 0.3), &loud);
    ub_ok(error < -110.0, "all at 6 dB are the mix 6 dB louder, error %.0f dB", error);
    ub_sound_free(&loud);
    const ub_event off[] = {{"vocals_gain", -60.0f, 0},
                            {"drums_mute", 1.0f, 0},
                            {"bass_gain", -60.0f, 0},
                            {"other_mute", 1.0f, 0}};
    ub_sound none = mix(in, off, 4);
    ub_sound silence = ub_silence(in->n);
    ub_ok(ub_difference(&silence, &none, 2, 0, in->n) < 1e-9, "all off are silent");
    ub_sound_free(&silence);
    ub_sound_free(&none);
}

/// A strip alone is the stem that the other plugin gives; and with what is left without it, the
/// mix.
static void
check_strips(const ub_sound* in)
{
    const ub_plan plan = {.uri = UB_URI_STEMS, .event = {BALANCED, {"consistency", 1.0f, 0}}};
    ub_sound stems = ub_render(&plan, in);
    for (int s = 0; s < 4; ++s) {
        char symbol[32];
        snprintf(symbol, sizeof(symbol), "%s_solo", strips[s]);
        ub_sound alone = mix(in, &(ub_event){symbol, 1.0f, 0}, 1);
        const ub_sound stem = {.n = stems.n,
                               .latency = stems.latency,
                               .channel = {stems.channel[2 * s], stems.channel[2 * s + 1]}};
        const double error = ub_difference(&stem, &alone, 2, 0, in->n - stems.latency);
        snprintf(symbol, sizeof(symbol), "%s_mute", strips[s]);
        ub_sound rest = mix(in, &(ub_event){symbol, 1.0f, 0}, 1);
        for (int c = 0; c < 2; ++c) {
            for (uint32_t i = 0; i < rest.n; ++i) {
                rest.channel[c][i] += alone.channel[c][i];
            }
        }
        const double sum = error_db(in, 1.0, &rest);
        ub_ok(error < 1e-6 && sum < -110.0,
              "%s soloed is the stem, error %.1e; with those left when muted the mix, %.0f dB",
              strips[s], error, sum);
        ub_sound_free(&rest);
        ub_sound_free(&alone);
    }
    ub_sound_free(&stems);
}

/// Strips that the model has nothing for, and bypass.
static void
check_nothing(const ub_sound* in)
{
    const ub_event extra[] = {
        {"extra1_solo", 1.0f, 0}, {"extra1_gain", 12.0f, 0}, {"extra2_mute", 1.0f, 0}};
    ub_sound out = mix(in, extra, 3);
    double error = error_db(in, 1.0, &out);
    ub_ok(error < -120.0, "strips of what the model lacks do nothing, error %.0f dB", error);
    ub_sound_free(&out);
    const ub_event off[] = {{"enabled", 0.0f, 0}, {"drums_solo", 1.0f, 0}, {"bass_gain", 9.0f, 0}};
    out = mix(in, off, 3);
    error = error_db(in, 1.0, &out);
    ub_ok(error < -120.0, "off it plays the mix, error %.0f dB", error);
    ub_sound_free(&out);
}

/// A control moved at a sample: as before up to it, as after from it on, to within a frame.
static void
check_automation(const char* symbol, float value, uint32_t block, uint32_t at)
{
    const ub_plan plan = {.uri = UB_URI_MIXER, .block = {block}, .event = {BALANCED}};
    ub_sound in = ub_noises(at + 80000);
    const ub_move moved = ub_render_move(&plan, (ub_event){symbol, value, at}, &in);
    ub_ok(ub_is_moved(&moved),
          "%s to %.0f at %u, blocks of %u: error %.1e before, %.1e after (of %.1e)", symbol,
          (double)value, at, block, moved.before, moved.after, moved.apart);
    ub_sound_free(&in);
}

static void
check_blocks(const ub_sound* in)
{
    static const uint32_t patterns[][4] = {{64}, {1, 8192, 100, 17}, {8192}};
    ub_plan plan = {.uri = UB_URI_MIXER, .event = {BALANCED, {"vocals_gain", 3.0f, 0}}};
    ub_sound whole = ub_render(&plan, in);
    for (int p = 0; p < 3; ++p) {
        memcpy(plan.block, patterns[p], sizeof(plan.block));
        ub_sound cut = ub_render(&plan, in);
        const double error = ub_difference(&whole, &cut, 2, 0, in->n);
        ub_ok(error < 1e-6 && !cut.late, "blocks of %u, ... sound as those of 1024, error %.1e",
              patterns[p][0], error);
        ub_sound_free(&cut);
    }
    ub_sound_free(&whole);
}

int
main(void)
{
    ub_rig keeper; // of the network
    ub_rig_open(&keeper, UB_URI_MIXER, 44100.0);
    ub_sound in = ub_noises(LENGTH);
    check_alike(&in);
    check_strips(&in);
    check_nothing(&in);
    check_blocks(&in);
    check_automation("drums_mute", 1.0f, 1024, 20000);
    check_automation("vocals_gain", -60.0f, 100, 21234);
    check_automation("bass_solo", 1.0f, 8192, 23333);
    ub_sound_free(&in);
    ub_rig_close(&keeper);
    return ub_done();
}
