// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "tests/unit/stub_device.h"

#include "dsp/clock.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

struct ub_runner_s {
    const ub_item* items; // begun
    uint32_t n;
    uint32_t first;
    uint32_t count;
};

stub_device_state stub_device;

void
stub_device_reset(void)
{
    sem_init(&stub_device.gate, 0, 0);
    sem_init(&stub_device.arrived, 0, 0);
    atomic_store(&stub_device.gated, false);
    atomic_store(&stub_device.lost, false);
    atomic_store(&stub_device.full, false);
    atomic_store(&stub_device.busy, 0);
    atomic_store(&stub_device.runs, 0);
}

static bool
always(void)
{
    return true;
}

static ub_runner*
device_create(const ub_model* m, char* err, size_t err_size)
{
    (void)m;
    if (atomic_load(&stub_device.full)) {
        snprintf(err, err_size, "the device's memory is full");
        return NULL;
    }
    atomic_fetch_add(&stub_device.runners, 1);
    return calloc(1, sizeof(ub_runner));
}

static bool
device_run(ub_runner* self, const ub_item* items, uint32_t n, uint32_t first, uint32_t count)
{
    (void)self, (void)first;
    if (atomic_load(&stub_device.gated)) {
        const int run = atomic_fetch_add(&stub_device.runs, 1);
        stub_device.batch[run] = n;
        stub_device.trail[run] = items[0].trail;
        stub_device.start[run] = items[0].start;
        stub_device.offline[run] = items[0].offline;
        struct sched_param param;
        sched_getparam(0, &param);
        stub_device.policy[run] = sched_getscheduler(0);
        stub_device.priority[run] = param.sched_priority;
        for (uint32_t i = 0; i < n; ++i) {
            stub_device.tag[run][i] = items[i].input[(STUB_FRAMES - 1) * STUB_FRAME / 2];
        }
        sem_post(&stub_device.arrived);
        sem_wait(&stub_device.gate);
    }
    const double until = ub_clock(CLOCK_THREAD_CPUTIME_ID) + 1e-3 * atomic_load(&stub_device.busy);
    while (ub_clock(CLOCK_THREAD_CPUTIME_ID) < until) {}
    for (uint32_t i = 0; i < n; ++i) {
        for (uint32_t k = 0; k < count * STUB_FRAME; ++k) {
            items[i].mask[k] = 0.25f;
        }
    }
    return !atomic_load(&stub_device.lost);
}

bool
stub_device_begin(ub_runner* self, const ub_item* items, uint32_t n, uint32_t first, uint32_t count)
{
    *self = (ub_runner){items, n, first, count};
    return true;
}

bool
stub_device_finish(ub_runner* self)
{
    return device_run(self, self->items, self->n, self->first, self->count);
}

static void
device_destroy(ub_runner* self)
{
    atomic_fetch_sub(&stub_device.runners, 1);
    free(self);
}

static const char*
device_fault(const ub_runner* self)
{
    (void)self;
    return "unplugged";
}

static ub_trail*
device_trail_new(const ub_model* m, uint32_t step, uint32_t conditions)
{
    (void)m;
    ub_trail* made = calloc(1, sizeof(ub_trail));
    if (made) {
        *made = (ub_trail){step, conditions};
        atomic_fetch_add(&stub_device.trails, 1);
    }
    return made;
}

static void
device_trail_free(ub_trail* made)
{
    atomic_fetch_sub(&stub_device.trails, 1);
    free(made);
}

const ub_backend stub_device_backend = {.name = "device",
                                        .available = always,
                                        .create = device_create,
                                        .run = device_run,
                                        .destroy = device_destroy,
                                        .trail_new = device_trail_new,
                                        .trail_free = device_trail_free,
                                        .batch = STUB_BATCH,
                                        .device = true,
                                        .fault = device_fault};
