// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   Another processor while the plugin plays.

     check_processor change: there is a GPU
     check_processor refuse: there is none
     check_processor ruled: the environment says what computes
*/

#include "plugin/shell/parameters.h"
#include "tests/host/messages.h"
#include "tests/host/render.h"
#include "tests/host/tap.h"

#include <math.h>
#include <string.h>

#define RATE   44100.0
#define LENGTH 180224 // Samples
#define AT     61440  // Where the processor is chosen, and windows begin as from the start
#define CUDA   3      // Of the status port

#define EVENTS 2 // Of the plain plan

static const ub_plan plain = {.event = {{"response", 1.0f, 0}, {"processor", UB_CPU, 0}}};

static ub_plan
choose(ub_processor processor)
{
    ub_plan plan = plain;
    plan.event[EVENTS] = (ub_event){"processor", (float)processor, AT};
    return plan;
}

/// Render in a host with a log.  Returns the last line logged.
static const char*
render(const ub_plan* plan, const ub_sound* in, ub_sound* out)
{
    ub_rig rig;
    (void)ub_messages_logged();
    ub_ok(ub_rig_open_with(&rig, UB_URI_STEREO, RATE, ub_messages_features()), "opens");
    *out = ub_render_on(&rig, plan, in);
    ub_rig_close(&rig);
    return ub_messages_logged();
}

/// The CPU's sound up to the change and, in the end, that of a GPU from the same sample on.
static void
check_change(const ub_sound* in)
{
    const ub_plan plan = choose(UB_GPU);
    ub_sound cpu;
    ub_sound changed;
    render(&plain, in, &cpu);
    const char* const line = render(&plan, in, &changed);
    const uint32_t turn = AT + cpu.latency; // when the GPU's masks are first heard
    const double before = ub_difference(&cpu, &changed, 2, 0, turn - 10);
    const double after = ub_difference(&cpu, &changed, 2, turn + 70000, in->n);
    ub_ok(cpu.status != CUDA && changed.status == CUDA, "the status says GPU");
    ub_ok(before == 0.0, "up to the change all is as without, error %.1e", before);
    ub_ok(after < 1e-4, "after it the GPU sounds as the CPU, error %.1e", after);
    double least = 1.0;
    for (uint32_t i = cpu.latency + 5000; i + 441 < in->n; i += 441) {
        double most = 0.0;
        for (uint32_t k = i; k < i + 441; ++k) {
            most = fmax(most, fabs((double)changed.channel[0][k]));
        }
        least = fmin(least, most);
    }
    ub_ok(least > 1e-3, "there is no gap: least peak of 10 ms %.1e", least);
    ub_ok(changed.late == 0 && changed.latency == cpu.latency, "no mask is late");
    ub_ok(!*line, "nothing is said: %s", line);
    ub_sound_free(&changed);
    ub_sound_free(&cpu);
}

/// Without a GPU nothing changes but a line that says why; the same for the CPU needs none.
static void
check_same(const ub_sound* in, ub_processor processor, bool says)
{
    const ub_plan plan = choose(processor);
    ub_sound before;
    ub_sound after;
    render(&plain, in, &before);
    const char* const line = render(&plan, in, &after);
    const double error = ub_difference(&before, &after, 2, 0, in->n);
    ub_ok(error == 0.0 && after.status == before.status && after.late == 0,
          "processor %d: the sound stays the same, error %.1e", processor, error);
    ub_ok(says ? !strncmp(line, "unbraid: backend gpu: ", 22) &&
                     strchr(line, '\n') == line + strlen(line) - 1
               : !*line,
          "and the host is told: %s", *line ? line : "nothing");
    ub_sound_free(&after);
    ub_sound_free(&before);
}

int
main(int argc, char** argv)
{
    const char* const what = argc == 2 ? argv[1] : "";
    ub_sound in = ub_noises(LENGTH);
    if (!strcmp(what, "change")) {
        check_change(&in);
    } else if (!strcmp(what, "refuse")) {
        check_same(&in, UB_GPU, true);
        check_same(&in, UB_CPU, false);
    } else if (!strcmp(what, "ruled")) {
        check_same(&in, UB_GPU, false);
    } else {
        fprintf(stderr, "usage: check_processor change|refuse|ruled\n");
        return 2;
    }
    ub_sound_free(&in);
    return ub_done();
}
