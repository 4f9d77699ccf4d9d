// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_STREAM_H
#define UB_PLUGIN_STREAM_H

/**
   @file
   What every shell needs: a model, a client of an engine and a separator, put
   together for one stream of audio.  Not real-time safe, where not said otherwise.
*/

#include "dsp/separator.h"
#include "model/engine/engine.h"

/** Response settings: how much latency buys how much quality. */
typedef enum {
    UB_STUDIO,   ///< Best quality: long look-ahead, windows cross-faded
    UB_BALANCED, ///< For playing along with a recording
    UB_LIVE,     ///< For playing: at most 120 ms, with a model of windows of 93 ms at most
                 ///< 140 ms, for blocks of up to 1024 samples
    UB_RESPONSES
} ub_response;

/// A response's timing with a model of that grid, for blocks no longer than its deadline
ub_timing ub_response_timing(ub_response response, const ub_grid* grid);

typedef struct {
    const char* model;      ///< Path of the weights file, for one that is not open
    const ub_model* opened; ///< The model, if it is open: it stays the same whatever becomes of
                            ///< the file.  The stream keeps a reference.
    double rate;            ///< Hz, 8000 to 192000
    uint32_t channels;      ///< Of the audio, 1 or 2, whatever the model has
    uint32_t outputs;       ///< Of so many channels each, 1 to UB_MAX_OUTPUTS
    uint32_t slots;         ///< Masks made at a time, 1 to UB_MAX_SLOTS, or 0 for one an output
    uint32_t block;         ///< Longest block that the host usually runs, samples, 0 if not
                            ///< known: masks get the time that it takes, and latency grows
    bool waits;             ///< For a file: it always waits for its masks, and has so many jobs
                            ///< under way that all of the engine's threads have work meanwhile,
                            ///< or takes turns with the only one.  Latency is as long as that
                            ///< takes; masks are the same.
    ub_engine* engine;      ///< Not owned; must outlive the stream
} ub_stream_config;

typedef struct ub_stream_s ub_stream;

/// NULL on failure, with one line in err.
ub_stream* ub_stream_new(const ub_stream_config* config, char* err, size_t err_size);

/// A stream without a model, which passes its input on with the latency that the
/// default model has.  For when there is nothing better to do.
ub_stream* ub_stream_new_dry(double rate, uint32_t channels, uint32_t outputs, char* err,
                             size_t err_size);

void ub_stream_free(ub_stream* self);

/// Owned by the stream.  Real-time safe.
ub_separator* ub_stream_separator(ub_stream* self);

/// False while the backend fails to make masks.  Real-time safe.
bool ub_stream_healthy(const ub_stream* self);

/// The model, or NULL for a dry stream
const ub_model* ub_stream_model(const ub_stream* self);

/**
   @defgroup play What is played

   From the next input sample on, to within half a frame.  Real-time safe, on the audio
   thread.  A shell has one of two ways:

   - each output plays one slot, and slot o is output o's: ub_stream_play for each output;
   - slots are mixed: ub_stream_ask for each slot, once, and ub_stream_mix for each output,
     whenever a fader moves.  A mixer is one output whose row is its faders' gains, 0 for
     what is muted, after ub_stream_shape with consistency 1: with all gains alike it gives
     the delayed input, times that gain.  Several sources in one output are their slots'
     factors in one row; a slot and all but it are the rows {1} and {-1, dry 1}.
   @{
*/

/** What an output plays, in the user's terms. */
typedef struct {
    float source[UB_MAX_SOURCES]; ///< How much of each of the model's sources, 0 to 1: the
                                  ///< network's condition.  All 0: silence if kept, the whole
                                  ///< mix if removed.
    bool remove;                  ///< The mix without that, instead of that alone
    float amount;                 ///< 0, the delayed input, to 1, the separated sound
    float gain;                   ///< Linear
} ub_play;

/// Set what an output plays through the slot of its number.
void ub_stream_play(ub_stream* self, uint32_t output, const ub_play* play);

/// Choose what a slot's masks are for, [the model's sources], each 0 to 1: the network's
/// condition.  NULL, or all 0, for nothing.
void ub_stream_ask(ub_stream* self, uint32_t slot, const float* source);

/// Choose an output's mix of slots and the dry sound.
void ub_stream_mix(ub_stream* self, uint32_t output, const ub_row* row);

/// Change the masks of all slots: the network's own are strength 1, consistency 0.
void ub_stream_shape(ub_stream* self, const ub_shaping* shape);

/// @}

#endif // UB_PLUGIN_STREAM_H
