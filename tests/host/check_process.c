// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   What a plugin does to the process that it is loaded into, and what a child of that process
   can do with it.

   check_process load PLUGIN.so    that it is loaded changes nothing
   check_process fork              a child after fork() plays on, and can load another
*/

#include "tests/host/render.h"
#include "tests/host/tap.h"

#include <dlfcn.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_MEMORY 16384 // kB of addresses that its code and that of its libraries may take
#define BLOCK       1024
#define PATIENCE    60 // s

extern char** environ;

/// A number from /proc/self/status
static long
status_of(const char* name)
{
    char line[256];
    long value = -1;
    FILE* const file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof(line), file)) {
        if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':') {
            value = atol(line + strlen(name) + 1);
        }
    }
    if (file) {
        fclose(file);
    }
    return value;
}

/// The environment as one text.  To be freed.
static char*
environment(void)
{
    char* text = NULL;
    size_t size = 0;
    FILE* const out = open_memstream(&text, &size);
    for (char** e = environ; *e; ++e) {
        fprintf(out, "%p %s\n", (void*)*e, *e);
    }
    fclose(out);
    return text;
}

/// How many signals have a handler
static int
handlers(void)
{
    int n = 0;
    for (int s = 1; s < NSIG; ++s) {
        struct sigaction action;
        n += !sigaction(s, NULL, &action) && action.sa_handler != SIG_DFL;
    }
    return n;
}

static void
check_load(const char* path)
{
    char* const before = environment();
    const long memory = status_of("VmSize");
    const int handled = handlers();
    void* const library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    ub_ok(library, "%s is loaded", library ? path : dlerror());
    char* const after = environment();
    const long taken = status_of("VmSize") - memory;
    ub_ok(status_of("Threads") == 1, "no thread is started: %ld", status_of("Threads"));
    ub_ok(taken < MOST_MEMORY, "%ld kB of addresses (expected less than %d)", taken, MOST_MEMORY);
    ub_ok(!strcmp(before, after), "the environment is as it was");
    ub_ok(handlers() == handled, "no signal is handled");
    free(before);
    free(after);
}

/// Play a few windows' time as a host that waits; whether something is heard
static bool
plays(ub_rig* rig)
{
    float buffer[2 * UB_RIG_CHANNELS][BLOCK];
    float* in[UB_RIG_CHANNELS];
    float* out[UB_RIG_CHANNELS];
    double power = 0.0;
    uint32_t seed = 1;
    for (int c = 0; c < UB_RIG_CHANNELS; ++c) {
        in[c] = buffer[2 * c];
        out[c] = buffer[2 * c + 1];
    }
    *ub_rig_control(rig, "freewheel") = 1.0f;
    for (int b = 0; b < 200; ++b) {
        for (int i = 0; i < BLOCK; ++i) {
            seed = seed * 1664525U + 1013904223U;
            in[0][i] = in[1][i] = (float)(seed >> 8) * 0x1p-24f - 0.5f;
        }
        ub_rig_run(rig, in, out, BLOCK);
        for (int i = 0; i < BLOCK; ++i) {
            power += (double)out[0][i] * (double)out[0][i];
        }
    }
    return isfinite(power) && power > 0.0;
}

/// Ends with a signal if it takes too long
static void
live_on(ub_rig* rig)
{
    ub_rig another;
    alarm(PATIENCE);
    bool ok = plays(rig);
    *ub_rig_control(rig, "processor") = 1.0f; // which cannot be had here
    ok = plays(rig) && ok;
    ub_rig_close(rig);
    ok = ub_rig_open(&another, "urn:unbraid:mono", 44100.0) && plays(&another) &&
         *ub_rig_control(&another, "late_frames") == 0.0f && ok;
    ub_rig_close(&another);
    _exit(!ok);
}

static void
check_fork(void)
{
    ub_rig rig;
    ub_ok(ub_rig_open(&rig, "urn:unbraid:stereo", 44100.0) && plays(&rig), "plays");
    const pid_t child = fork();
    if (!child) {
        live_on(&rig);
    }
    int status = -1;
    waitpid(child, &status, 0);
    ub_ok(WIFEXITED(status), "a child waits for nothing that will not come");
    ub_ok(!status, "and plays a plugin of its own");
    ub_ok(plays(&rig) && *ub_rig_control(&rig, "late_frames") == 0.0f, "the parent plays on");
    ub_rig_close(&rig);
}

int
main(int argc, char** argv)
{
    if (argc == 3 && !strcmp(argv[1], "load")) {
        check_load(argv[2]);
    } else if (argc == 2 && !strcmp(argv[1], "fork")) {
        check_fork();
    } else {
        fprintf(stderr, "usage: check_process load PLUGIN.so | fork\n");
        return 2;
    }
    return ub_done();
}
