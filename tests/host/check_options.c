// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   The block length that a host tells, at first and while the plugin plays.
*/

#include "plugin/shell/parameters.h"
#include "tests/host/messages.h"
#include "tests/host/render.h"
#include "tests/host/tap.h"

#include <lv2/atom/atom.h>
#include <lv2/buf-size/buf-size.h>
#include <lv2/options/options.h>

#include <math.h>
#include <string.h>
#include <unistd.h>

#define RATE  48000.0
#define SHORT 256
#define LONG  4096 // More than Live has time for

static const LV2_Options_Option end = {LV2_OPTIONS_INSTANCE, 0, 0, 0, 0, NULL};

static LV2_Options_Option
length(const char* uri, const int32_t* value)
{
    return (LV2_Options_Option){LV2_OPTIONS_INSTANCE,   0,    ub_urid(uri), sizeof(*value),
                                ub_urid(LV2_ATOM__Int), value};
}

/// Live, in a host that says how long its blocks are: usually, and at most (0: it does not).
static void
open_rig(ub_rig* rig, int32_t usual, int32_t most)
{
    LV2_Options_Option options[3] = {end, end, end};
    int n = 0;
    if (most) {
        options[n++] = length(LV2_BUF_SIZE__maxBlockLength, &most);
    }
    if (usual) {
        options[n++] = length(LV2_BUF_SIZE__nominalBlockLength, &usual);
    }
    const LV2_Feature map = {LV2_URID__map, ub_urid_map()};
    const LV2_Feature told = {LV2_OPTIONS__options, options};
    const LV2_Feature* const features[] = {&map, &told, NULL};
    ub_ok(ub_rig_open_with(rig, UB_URI_STEREO, RATE, features), "opens with blocks of %d of %d",
          usual, most);
    *ub_rig_control(rig, "response") = 2.0f;
    *ub_rig_control(rig, "freewheel") = 1.0f;
    *ub_rig_control(rig, "amount") = 0.0f;
}

static const LV2_Options_Interface*
interface_of(const ub_rig* rig)
{
    return (const LV2_Options_Interface*)lilv_instance_get_extension_data(rig->instance,
                                                                          LV2_OPTIONS__interface);
}

/// Tell of another length, in a list that does not end, as some hosts do.
static uint32_t
tell(const ub_rig* rig, int32_t usual)
{
    const LV2_Options_Option options[2] = {length(LV2_BUF_SIZE__nominalBlockLength, &usual),
                                           {LV2_OPTIONS_INSTANCE, 0, 1, 4, 1, (void*)1}};
    return interface_of(rig)->set(lilv_instance_get_handle(rig->instance), options);
}

/// Run a second and a half in blocks; whether another deck took over.
static bool
run(ub_rig* rig, uint32_t block)
{
    static float silence[LONG];
    static float out[2][LONG];
    float* const ins[2] = {silence, silence};
    float* const outs[2] = {out[0], out[1]};
    bool told = false;
    for (uint32_t t = 0; t < 1.5 * RATE; t += block) {
        ub_rig_run(rig, ins, outs, block);
        told = ub_messages_told(rig) || told;
    }
    return told;
}

/// The latency of a rig that was opened with a block length.
static float
latency_of(int32_t usual, int32_t most)
{
    ub_rig rig;
    open_rig(&rig, usual, most);
    run(&rig, SHORT);
    const float latency = *ub_rig_control(&rig, "latency");
    ub_rig_close(&rig);
    return latency;
}

/// How far off an impulse comes back, at the latency that the port says.
static double
impulse(ub_rig* rig)
{
    const ub_plan plan = {.block = {SHORT}, .event = {{"freewheel", 1.0f, 0}}};
    ub_sound in = ub_silence(20000);
    in.channel[0][777] = 1.0f;
    ub_sound out = ub_render_on(rig, &plan, &in);
    const double error = ub_difference(&in, &out, 1, 0, in.n);
    ub_sound_free(&out);
    ub_sound_free(&in);
    return error;
}

static void
check_change(float by_short, float by_long)
{
    ub_rig rig;
    open_rig(&rig, SHORT, 0);
    run(&rig, SHORT);
    ub_ok(tell(&rig, 2 * SHORT) == LV2_OPTIONS_SUCCESS && !run(&rig, 2 * SHORT) &&
              *ub_rig_control(&rig, "latency") == by_short,
          "blocks that there is time for change nothing");
    bool done = tell(&rig, LONG) == LV2_OPTIONS_SUCCESS && run(&rig, LONG);
    float latency = *ub_rig_control(&rig, "latency");
    ub_ok(done && latency == by_long,
          "longer ones make the latency longer while it plays: %.0f samples", latency);
    ub_ok(impulse(&rig) < 1e-5, "which is where an impulse comes back");
    done = tell(&rig, SHORT) == LV2_OPTIONS_SUCCESS && run(&rig, SHORT);
    latency = *ub_rig_control(&rig, "latency");
    ub_ok(done && latency == by_short, "shorter ones make it short again: %.0f samples", latency);
    ub_rig_close(&rig);
}

static void
check_others(void)
{
    ub_rig rig;
    open_rig(&rig, SHORT, 0);
    const LV2_Handle handle = lilv_instance_get_handle(rig.instance);
    int32_t value = LONG;
    LV2_Options_Option options[2] = {length(LV2_BUF_SIZE__sequenceSize, &value), end};
    ub_ok(interface_of(&rig)->set(handle, options) == LV2_OPTIONS_ERR_BAD_KEY &&
              interface_of(&rig)->get(handle, options) == LV2_OPTIONS_ERR_BAD_KEY,
          "other options are refused");
    value = -1;
    options[0] = length(LV2_BUF_SIZE__nominalBlockLength, &value);
    ub_ok(interface_of(&rig)->set(handle, options) != LV2_OPTIONS_SUCCESS && !run(&rig, SHORT),
          "and so are blocks of no length");
    ub_rig_close(&rig);
}

/// The file of the model is taken away meanwhile.
static void
check_held(const char* path)
{
    ub_rig rig;
    open_rig(&rig, SHORT, 0);
    run(&rig, SHORT);
    const float before = *ub_rig_control(&rig, "latency");
    ub_ok(!unlink(path) && tell(&rig, LONG) == LV2_OPTIONS_SUCCESS && run(&rig, LONG) &&
              *ub_rig_control(&rig, "latency") > before,
          "longer blocks play the model there was, not what is in its file now");
    ub_rig_close(&rig);
}

int
main(int argc, char** argv)
{
    const float by_short = latency_of(SHORT, 0);
    const float by_long = latency_of(LONG, 0);
    ub_ok(by_long > by_short && latency_of(0, LONG) == by_long,
          "blocks of %d and %d: latency %.0f and %.0f", SHORT, LONG, by_short, by_long);
    ub_ok(latency_of(SHORT, LONG) == by_short, "the usual length counts, not the longest");
    check_change(by_short, by_long);
    check_others();
    if (argc > 1) {
        check_held(argv[1]);
    }
    return ub_done();
}
