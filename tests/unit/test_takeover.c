// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* What becomes of a stream that plays while its device stalls and is lost, and of a
   model that the backend asked for by name cannot take: with a device made up for the
   purpose. */

#include "dsp/schedule.h"
#include "model/backend/reference/reference.h"
#include "model/engine/seats.h"

#include "tests/unit/one_model.h"
#include "tests/unit/signal.h"
#include "tests/unit/stub_device.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RATE 44100
#define HOP  64

static const ub_timing timing = {.lookahead = 1, .step = 2, .fade = 0, .deadline = 2};

static ub_client*
make_client(ub_engine* engine)
{
    char err[256] = "";
    const ub_span span = {STUB_FRAMES - timing.lookahead - timing.step, timing.step};
    const ub_client_options options = {.slots = 1,
                                       .room = ub_timings_room(&timing, 1),
                                       .series = {{{span, timing.step, false}}, 1}};
    ub_client* client = ub_client_new(engine, model, &options, err, sizeof(err));
    if (!client) {
        fail_msg("%s", err);
    }
    return client;
}

static ub_separator*
make_separator(ub_client* client)
{
    char err[256] = "";
    const ub_separator_config config = {.rate = RATE,
                                        .grid = ub_model_grid(model),
                                        .timing = &timing,
                                        .timings = 1,
                                        .channels = 2,
                                        .slots = 1,
                                        .outputs = 1,
                                        .masker = ub_client_masker(client)};
    const float condition[UB_MAX_SOURCES] = {1.0f};
    const ub_row row = {.slot = {1.0f}};
    ub_separator* separator = ub_separator_new(&config, err, sizeof(err));
    if (!separator) {
        fail_msg("%s", err);
    }
    ub_separator_ask(separator, 0, condition);
    ub_separator_mix(separator, 0, &row);
    return separator;
}

/* So many frames' time; in freewheel no faster than the engine answers, however slow this
   machine is.  Returns how many frames have been late. */
static uint64_t
play(ub_separator* separator, int frames, bool freewheel)
{
    static float in[2][HOP], out[2][HOP];
    const float* const ins[] = {in[0], in[1]};
    float* const outs[] = {out[0], out[1]};
    const uint64_t before = ub_separator_late_frames(separator);
    ub_separator_set_freewheel(separator, freewheel);
    for (int i = 0; i < frames; ++i) {
        ub_noise(in[0], HOP, (uint32_t)i);
        ub_noise(in[1], HOP, (uint32_t)i + 1000);
        ub_separator_run(separator, ins, outs, HOP);
        for (uint32_t s = 0; s < HOP; ++s) {
            assert_true(isfinite(out[0][s]) && isfinite(out[1][s]));
        }
    }
    return ub_separator_late_frames(separator) - before;
}

/* Nothing late before; while the device stalls every frame, once those that were answered
   are played; none again as soon as the processor has taken over */
static void
test_frames_are_late_while_a_device_stalls(void** state)
{
    (void)state;
    static const ub_backend* const backends[] = {&stub_device_backend, &ub_backend_reference, NULL};
    char err[256] = "";
    const ub_engine_options options = {.workers = 1, .backends = backends};
    stub_device_reset();
    ub_engine* engine = ub_engine_new(&options, err, sizeof(err));
    assert_non_null(engine);
    ub_client* client = make_client(engine);
    ub_separator* separator = make_separator(client);
    const uint32_t latency = ub_separator_latency(separator);
    assert_int_equal(play(separator, 50, true), 0);
    atomic_store(&stub_device.gated, true);
    const uint32_t answered = ub_timing_delay(&timing) + timing.step;
    assert_in_range(play(separator, (int)answered, false), 1, answered);
    assert_int_equal(play(separator, 7, false), 7);
    atomic_store(&stub_device.lost, true);
    sem_post(&stub_device.gate);
    play(separator, (int)answered, true);
    assert_int_equal(play(separator, 50, true), 0);
    assert_int_equal(stub_device.runs, 1);
    assert_string_equal(ub_engine_backend(engine)->name, "reference");
    assert_true(ub_client_healthy(client));
    assert_int_equal(ub_separator_latency(separator), latency);
    ub_separator_free(separator);
    ub_client_free(client);
    ub_engine_free(engine);
}

/* A place for a model with the first of two backends asked for by name; "" or why not */
static void
take_seat(const ub_backend* first, const ub_backend* second, char note[UB_NOTE], char* err,
          size_t err_size)
{
    static const ub_client_options options = {.slots = 1};
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    ub_lineup lineup = {.lock = PTHREAD_MUTEX_INITIALIZER,
                        .settling = PTHREAD_MUTEX_INITIALIZER,
                        .list = {first, second},
                        .n = 2,
                        .named = true};
    ub_seats seats = {.lock = &lock, .lineup = &lineup};
    stub_device_reset();
    atomic_store(&stub_device.full, true);
    err[0] = '\0';
    if (ub_seats_take(&seats, model, &options, err, err_size)) {
        assert_ptr_equal(ub_seats_find(&seats, model)->backend, second);
        ub_seats_leave(&seats, model);
    }
    ub_lineup_note(&lineup, note, UB_NOTE);
    assert_null(seats.first);
    assert_int_equal(stub_device.runners, 0);
}

/* A device that was asked for and cannot take a model leaves it to a processor, and says
   so; a processor that was asked for is the only one */
static void
test_what_was_named_cannot_be_made(void** state)
{
    (void)state;
    char note[UB_NOTE];
    char err[256];
    take_seat(&stub_device_backend, &ub_backend_reference, note, err, sizeof(err));
    assert_string_equal(note, "the device's memory is full; reference takes over");
    ub_backend processor = stub_device_backend;
    processor.device = false;
    take_seat(&processor, &ub_backend_reference, note, err, sizeof(err));
    assert_string_equal(note, "");
    assert_string_equal(err, "the device's memory is full");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_are_late_while_a_device_stalls),
        cmocka_unit_test(test_what_was_named_cannot_be_made),
    };
    return cmocka_run_group_tests_name("takeover", tests, setup, teardown);
}
