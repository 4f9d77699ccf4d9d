// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   That run() allocates nothing, locks nothing and waits for nothing: over all
   plugins, responses and settings, with guard.c preloaded to end the program if
   it does.  The clock is put on and not waited for, so the engine is late most of the
   time.
*/

#include "plugin/ports.h"
#include "tests/host/render.h"
#include "tests/host/tap.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static void (*enter)(void);
static void (*leave)(void);
static void (*pass)(double seconds);

static void* find(const char* name)
{
    return dlsym(RTLD_DEFAULT, name);
}

/// Change one control at random, to a value in its range or a little beyond.
static void turn_a_knob(ub_rig* rig, const ub_shape* shape)
{
    const uint32_t count = UB_RESPONSE + 1 - shape->first;
    const ub_control control = shape->first + (uint32_t)rand() % count;
    if (control != UB_FREEWHEEL) { // the one in which run() may wait
        const ub_control_spec* const spec = &ub_control_specs[control];
        const float part = (float)(rand() % 1201 - 100) / 1000.0f;
        *ub_rig_control(rig, spec->symbol) = spec->min + part * (spec->max - spec->min);
    }
}

static void check_shape(const ub_shape* shape, double rate)
{
    static const uint32_t sizes[] = {1, 64, 100, 1024, 8192};
    ub_sound in = ub_noises(8192);
    ub_rig rig;
    if (!ub_ok(ub_rig_open(&rig, shape->uri, rate), "%s opens", shape->uri)) {
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
        if (run % 50 == 49) {
            lilv_instance_deactivate(rig.instance);
            lilv_instance_activate(rig.instance);
        }
    }
    ub_ok(true, "%s at %g Hz: 150 runs, a change at each (up to %u frames late)", shape->uri, rate,
          late);
    ub_rig_close(&rig);
    ub_sound_free(&in);
}

int main(int argc, char** argv)
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
        check_shape(&ub_shapes[s], 48000.0);
    }
    check_shape(&ub_shapes[0], 192000.0);
    check_shape(&ub_shapes[0], 44100.0);
    return ub_done();
}
