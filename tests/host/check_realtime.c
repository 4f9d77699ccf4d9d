// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   That run() allocates nothing, locks nothing and waits for nothing: over all
   plugins, responses and settings, with guard.c preloaded to end the program if
   it does.  The clock is put on and not waited for, so the engine is late most of the
   time.
*/

#include "plugin/shell/parameters.h"
#include "tests/host/messages.h"
#include "tests/host/render.h"
#include "tests/host/tap.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void (*enter)(void);
static void (*leave)(void);
static void (*pass)(double seconds);

static void*
find(const char* name)
{
    return dlsym(RTLD_DEFAULT, name);
}

/// Change one control at random, to a value in its range or a little beyond.
static void
turn_a_knob(ub_rig* rig, const ub_shape* shape)
{
    const ub_parameter control = shape->parameters[(uint32_t)rand() % shape->n_parameters];
    const ub_parameter_spec* const spec = &ub_parameters[control];
    if (control != UB_FREEWHEEL && !spec->output) { // the one in which run() may wait
        const float part = (float)(rand() % 1201 - 100) / 1000.0f;
        *ub_rig_control(rig, spec->symbol) = spec->min + part * (spec->max - spec->min);
    }
}

/// Every now and then another model, by turns the bundle's own, or one that is none.
static void
change_model(ub_rig* rig, uint32_t run, const char* model)
{
    const char* const paths[] = {model, "/nowhere/none", ""};
    if (run % 10 == 5) {
        ub_messages_set(rig, paths[run / 10 % 3]);
    } else if (run % 10 == 7) {
        ub_messages_get(rig);
    }
}

/// Whether a model that is set gets to play, which takes its loader some time.
static bool
change_at_last(ub_rig* rig, double rate, const ub_sound* in, const char* model)
{
    const ub_plan plan = {.block = {in->n}, .real_time = true};
    bool changed = false;
    for (uint32_t run = 0; !changed && run < 1000; ++run) {
        if (run % 100 == 0) { // the loader may still be busy with the last one
            ub_messages_set(rig, model);
        }
        ub_sound out = ub_render_on(rig, &plan, in);
        ub_sound_free(&out);
        const char* const told = ub_messages_told(rig);
        changed = told && !strcmp(told, model);
        pass(in->n / rate);
        usleep(5000);
    }
    return changed;
}

static void
check_shape(const ub_shape* shape, double rate, const char* model)
{
    static const uint32_t sizes[] = {1, 64, 100, 1024, 8192};
    ub_sound in = ub_noises(8192);
    ub_rig rig;
    if (!ub_ok(ub_rig_open_with(&rig, shape->uri, rate, ub_messages_features()), "%s opens",
               shape->uri)) {
        return;
    }
    rig.enter = enter;
    rig.leave = leave;
    uint32_t late = 0;
    for (uint32_t run = 0; run < 150; ++run) {
        const ub_plan plan = {.block = {sizes[run % 5], sizes[rand() % 5]}, .real_time = true};
        ub_sound out = ub_render_on(&rig, &plan, &in);
        late = out.late > late ? out.late : late;
        ub_sound_free(&out);
        pass(in.n / rate);
        turn_a_knob(&rig, shape);
        change_model(&rig, run, model);
        if (run % 50 == 49) {
            lilv_instance_deactivate(rig.instance);
            lilv_instance_activate(rig.instance);
        }
    }
    ub_ok(change_at_last(&rig, rate, &in, model), "%s: the model changes", shape->uri);
    ub_ok(true,
          "%s at %g Hz: 150 runs, a change at each, now and then of model (up to %u frames late)",
          shape->uri, rate, late);
    ub_rig_close(&rig);
    ub_sound_free(&in);
}

int
main(int argc, char** argv)
{
    void* const symbols[3] = {find("ub_guard_enter"), find("ub_guard_leave"),
                              find("ub_guard_pass")};
    if (!symbols[0] || !symbols[1] || !symbols[2]) {
        fprintf(stderr, "check_realtime: the guard is not preloaded\n");
        return 2;
    }
    memcpy(&enter, &symbols[0], sizeof(enter));
    memcpy(&leave, &symbols[1], sizeof(leave));
    memcpy(&pass, &symbols[2], sizeof(pass));
    if (argc > 1 && !strcmp(argv[1], "--break")) {
        enter();
        void* volatile const memory = malloc(16); // Must not come back
        return memory ? 0 : 1;
    }
    for (int s = 0; s < UB_SHAPES; ++s) {
        check_shape(&ub_shapes[s], 48000.0, argv[1]);
    }
    check_shape(&ub_shapes[0], 192000.0, argv[1]);
    check_shape(&ub_shapes[0], 44100.0, argv[1]);
    return ub_done();
}
