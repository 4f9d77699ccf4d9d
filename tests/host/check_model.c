// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   Another model while the plugin plays, and in a session.

     check_model MODEL BROKEN: weights files, the first with other masks and another
     latency than the bundle's, the second of no use.
     check_model: where the bundle's own is of no use.
*/

#include "plugin/lv2/patch.h"
#include "plugin/shell/parameters.h"
#include "tests/host/messages.h"
#include "tests/host/render.h"
#include "tests/host/tap.h"

#include <lv2/atom/atom.h>
#include <lv2/state/state.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RATE  44100.0
#define BLOCK 512

static bool
open_rig(ub_rig* rig)
{
    return ub_ok(ub_rig_open_with(rig, UB_URI_STEREO, RATE, ub_messages_features()), "opens");
}

/// Everything that comes out of a rig, with a model set before a sample (0: none).
static ub_sound
play(ub_rig* rig, const ub_sound* in, const char* path, uint32_t at)
{
    ub_sound out = ub_silence(in->n);
    for (uint32_t t = 0; t < in->n; t += BLOCK) {
        float* ins[2] = {in->channel[0] + t, in->channel[1] + t};
        float* outs[2] = {out.channel[0] + t, out.channel[1] + t};
        if (at && t == at) {
            ub_messages_set(rig, path);
        }
        ub_rig_run(rig, ins, outs, BLOCK);
    }
    out.latency = (uint32_t)*ub_rig_control(rig, "latency");
    out.late = (uint32_t)*ub_rig_control(rig, "late_frames");
    return out;
}

static ub_rig*
new_rig(void)
{
    ub_rig* const rig = (ub_rig*)calloc(1, sizeof(ub_rig));
    if (!rig || !open_rig(rig)) {
        exit(2);
    }
    *ub_rig_control(rig, "freewheel") = 1.0f;
    *ub_rig_control(rig, "response") = 1.0f;
    return rig;
}

static void
free_rig(ub_rig* rig)
{
    ub_rig_close(rig);
    free(rig);
}

static double
level(const ub_sound* sound, uint32_t from, uint32_t n)
{
    double sum = 0.0;
    for (uint32_t i = from; i < from + n; ++i) {
        sum += (double)sound->channel[0][i] * (double)sound->channel[0][i];
    }
    return sqrt(sum / n);
}

/// A sound as if it had come without latency.
static ub_sound
raw(const ub_sound* sound)
{
    return (ub_sound){.n = sound->n, .channel = {sound->channel[0], sound->channel[1]}};
}

/// The old model sounds up to the change, the new one after it, and neither stops.
static void
check_swap(const char* path)
{
    const uint32_t at = 61440; // where the windows of a stream from the start fall as well
    ub_sound in = ub_noises(352 * BLOCK);
    ub_rig* rig = new_rig();
    ub_sound old = play(rig, &in, NULL, 0);
    free_rig(rig);
    rig = new_rig();
    ub_sound swapped = play(rig, &in, path, at);
    ub_messages_get(rig);
    float spare[2][BLOCK] = {{0}};
    float* buffers[2] = {spare[0], spare[1]};
    ub_rig_run(rig, buffers, buffers, BLOCK);
    const char* const told = ub_messages_told(rig);
    ub_ok(told && !strcmp(told, path), "the new model is told of");
    free_rig(rig);
    rig = new_rig();
    ub_messages_set(rig, path);
    ub_rig_run(rig, buffers, buffers, BLOCK);
    lilv_instance_deactivate(rig->instance);
    lilv_instance_activate(rig->instance);
    ub_sound alone = play(rig, &in, NULL, 0);
    free_rig(rig);

    const uint32_t turn = at + swapped.latency; // when the new model has come through
    const ub_sound sounds[3] = {raw(&old), raw(&swapped), raw(&alone)};
    const double before = ub_difference(&sounds[0], &sounds[1], 1, 0, turn - 10);
    const double after = ub_difference(&sounds[2], &sounds[1], 1, turn + 40000, in.n);
    const double apart = ub_difference(&sounds[0], &sounds[2], 1, turn, in.n);
    ub_ok(old.latency != alone.latency && swapped.latency == alone.latency,
          "the latency is the new model's: %u, before %u", alone.latency, old.latency);
    ub_ok(before < 1e-6 && apart > 1e-2, "the old model plays on: error %.1e of %.1e", before,
          apart);
    ub_ok(after < 1e-6, "the new one follows: error %.1e of %.1e", after, apart);
    double least = 1.0;
    for (uint32_t i = old.latency + 5000; i + 441 < in.n; i += 441) {
        least = fmin(least, level(&swapped, i, 441));
    }
    ub_ok(least > 1e-3, "there is no gap: least level of 10 ms %.1e", least);
    ub_ok(swapped.late == 0, "no mask is late");
    ub_sound_free(&alone);
    ub_sound_free(&swapped);
    ub_sound_free(&old);
    ub_sound_free(&in);
}

static void
check_broken(const char* path)
{
    ub_sound in = ub_noises(120 * BLOCK);
    ub_rig* rig = new_rig();
    ub_sound old = play(rig, &in, NULL, 0);
    free_rig(rig);
    rig = new_rig();
    (void)ub_messages_logged();
    ub_sound kept = play(rig, &in, path, 40 * BLOCK);
    const char* const line = ub_messages_logged();
    ub_ok(ub_difference(&old, &kept, 2, 0, in.n) == 0.0, "%s: the model before plays on", path);
    ub_ok(!strncmp(line, "unbraid: ", 9) && strstr(line, path) &&
              strchr(line, '\n') == line + strlen(line) - 1,
          "and one line says why: %s", line);
    free_rig(rig);
    ub_sound_free(&kept);
    ub_sound_free(&old);
    ub_sound_free(&in);
}

/// The model that an instance says it has.
static void
ask(ub_rig* rig, char* path, size_t size)
{
    float spare[2][BLOCK] = {{0}};
    float* buffers[2] = {spare[0], spare[1]};
    ub_messages_get(rig);
    ub_rig_run(rig, buffers, buffers, BLOCK);
    const char* const told = ub_messages_told(rig);
    snprintf(path, size, "%s", told ? told : "");
}

/// What a host would keep of it in a session.
static LilvState*
saved(const ub_rig* rig)
{
    return lilv_state_new_from_instance(rig->plugin, rig->instance, ub_urid_map(), NULL, NULL, NULL,
                                        NULL, NULL, NULL, 0, NULL);
}

/// A state as it comes back out of a session's file.
static LilvState*
filed(const LilvState* state)
{
    char* const text = lilv_state_to_string(ub_rig_world(), ub_urid_map(), ub_urid_unmap(), state,
                                            "urn:unbraid:test:session", "file:///nowhere/");
    LilvState* const read = lilv_state_new_from_string(ub_rig_world(), ub_urid_map(), text);
    lilv_free(text);
    return read;
}

/// Restored before anything has run, the model of the session plays from the first sample.
static void
check_session(const char* path)
{
    char first[4096];
    char own[4096];
    ub_rig* const from = new_rig();
    ask(from, own, sizeof(own));
    ub_ok(strstr(own, "default.safetensors"), "at first the bundle's own model plays");
    LilvState* const fresh = saved(from);
    ub_messages_set(from, path);
    float spare[2][BLOCK] = {{0}};
    float* buffers[2] = {spare[0], spare[1]};
    ub_rig_run(from, buffers, buffers, BLOCK);
    LilvState* const state = saved(from);
    free_rig(from);

    ub_rig* const to = new_rig();
    lilv_instance_deactivate(to->instance);
    lilv_state_restore(state, to->instance, NULL, NULL, 0, NULL); // which passes no features
    lilv_instance_activate(to->instance);
    ask(to, first, sizeof(first));
    ub_ok(!strcmp(first, path), "a restored session has its model (%s)", first);
    LilvState* const again = saved(to);
    ub_ok(lilv_state_equals(state, again) && !lilv_state_equals(state, fresh),
          "and saves it again");
    lilv_instance_deactivate(to->instance);
    LilvState* const read = filed(fresh);
    lilv_state_restore(read, to->instance, NULL, NULL, 0, NULL);
    lilv_instance_activate(to->instance);
    ask(to, first, sizeof(first));
    ub_ok(!strcmp(first, own), "a session without one has the bundle's own (%s)", first);
    free_rig(to);
    lilv_state_free(read);
    lilv_state_free(again);
    lilv_state_free(state);
    lilv_state_free(fresh);
}

/** What a host like Carla keeps of a session: by key what was stored last, whether or not it
    is stored again, and texts without the zero at their end. */
typedef struct {
    char text[4096];
    size_t length;
    uint32_t type; ///< 0: nothing was ever stored
} keeper;

static const void*
retrieve(LV2_State_Handle handle, uint32_t key, size_t* size, uint32_t* type, uint32_t* flags)
{
    const keeper* const kept = (const keeper*)handle;
    *size = kept->length;
    *type = kept->type;
    *flags = LV2_STATE_IS_POD;
    return key == ub_urid(UB_URI_MODEL) && kept->type ? kept->text : NULL;
}

static LV2_State_Status
store(LV2_State_Handle handle, uint32_t key, const void* value, size_t size, uint32_t type,
      uint32_t flags)
{
    keeper* const kept = (keeper*)handle;
    (void)flags;
    if (key != ub_urid(UB_URI_MODEL) || !size || size > sizeof(kept->text)) {
        return LV2_STATE_ERR_UNKNOWN;
    }
    memset(kept->text, 'x', sizeof(kept->text));
    kept->length = strnlen((const char*)value, size);
    memcpy(kept->text, value, kept->length);
    kept->type = type;
    return LV2_STATE_SUCCESS;
}

static const LV2_State_Interface*
state_of(const ub_rig* rig)
{
    return (const LV2_State_Interface*)lilv_instance_get_extension_data(rig->instance,
                                                                        LV2_STATE__interface);
}

/// Keep what an instance with a model ("" the bundle's own) stores, in place of what is kept.
static void
keep(keeper* kept, const char* path)
{
    ub_rig* const rig = new_rig();
    float spare[2][BLOCK] = {{0}};
    float* buffers[2] = {spare[0], spare[1]};
    ub_messages_set(rig, path);
    ub_rig_run(rig, buffers, buffers, BLOCK);
    state_of(rig)->save(lilv_instance_get_handle(rig->instance), store, kept, 0, NULL);
    free_rig(rig);
}

/// The model of an instance that had another one before it was given what is kept.
static void
restored(keeper* kept, const char* before, char* path, size_t size)
{
    ub_rig* const rig = new_rig();
    float spare[2][BLOCK] = {{0}};
    float* buffers[2] = {spare[0], spare[1]};
    ub_messages_set(rig, before);
    ub_rig_run(rig, buffers, buffers, BLOCK);
    lilv_instance_deactivate(rig->instance);
    state_of(rig)->restore(lilv_instance_get_handle(rig->instance), retrieve, kept, 0, NULL);
    lilv_instance_activate(rig->instance);
    ask(rig, path, size);
    free_rig(rig);
}

/// What Carla keeps is restored, also after a return to the bundle's own model.
static void
check_keeper(const char* path)
{
    keeper kept = {.length = 0};
    char first[4096];
    keep(&kept, path);
    restored(&kept, "", first, sizeof(first));
    ub_ok(!strcmp(first, path), "a path kept without its end is restored (%s)", first);
    keep(&kept, "");
    restored(&kept, path, first, sizeof(first));
    ub_ok(strstr(first, "unbraid.lv2/default.safetensors"),
          "the bundle's own model takes the place of another that was kept (%s)", first);
}

/// A session whose model is gone for now is not robbed of it.
static void
check_missing(void)
{
    const char gone[] = "/nowhere/gone.safetensors";
    keeper kept = {.type = ub_urid(LV2_ATOM__Path), .length = strlen(gone)};
    memcpy(kept.text, gone, sizeof(gone));
    ub_rig* const rig = new_rig();
    const LV2_Handle handle = lilv_instance_get_handle(rig->instance);
    const LV2_State_Status status = state_of(rig)->restore(handle, retrieve, &kept, 0, NULL);
    memset(kept.text, 0, sizeof(kept.text));
    state_of(rig)->save(handle, store, &kept, 0, NULL);
    ub_ok(status != LV2_STATE_SUCCESS && kept.length == strlen(gone) &&
              !memcmp(kept.text, gone, kept.length),
          "a session keeps a model that is not there now");
    free_rig(rig);
}

/// A window that opens is told why there is no model, and again if it is opened once more.
static void
check_useless(void)
{
    float spare[2][BLOCK] = {{0}};
    float* buffers[2] = {spare[0], spare[1]};
    ub_rig* const rig = new_rig();
    for (int i = 0; i < 2; ++i) {
        ub_messages_get(rig);
        ub_rig_run(rig, buffers, buffers, BLOCK);
        const char* const said = ub_messages_said(rig);
        ub_ok(said && strstr(said, "default.safetensors"), "a window is told of what is wrong: %s",
              said ? said : "nothing");
    }
    free_rig(rig);
}

int
main(int argc, char** argv)
{
    if (argc == 1) {
        check_useless();
        return ub_done();
    }
    if (argc != 3) {
        fprintf(stderr, "usage: check_model [MODEL BROKEN]\n");
        return 2;
    }
    check_swap(argv[1]);
    check_broken(argv[2]);
    check_broken("/nowhere/none.safetensors");
    check_session(argv[1]);
    check_keeper(argv[1]);
    check_missing();
    return ub_done();
}
