// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_SHELL_LOADER_H
#define UB_PLUGIN_SHELL_LOADER_H

/**
   @file
   Makes decks while the plugin plays, on a thread of its own: what a host offers for
   such work is one thread for all plugins in some, and none at all in others.

   Models are ordered from two sides: messages in the audio's stream, and a session that is
   restored.  Orders have running numbers, as one may still wait when the next one comes: what
   was ordered last counts, in whatever order they are seen to.

   Decks go through two places between the threads: a loaded one waits in `ready` for
   the audio thread, and one that has played its last waits in `done` to be freed.
*/

#include "plugin/shell/deck.h"
#include "plugin/shell/host.h"
#include "plugin/shell/processor.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

typedef struct {
    ub_deck_config config; ///< Its block is under the lock
    const ub_host* host;
    bool running;     ///< Whether there is a thread
    unsigned process; ///< Whose thread it is
    pthread_t thread;

    // Audio thread to loader
    char asked_path[UB_PATH_SIZE]; ///< Written by the audio thread while not `busy`, as the next
    unsigned asked_order;          ///< That path's, 0 if no model was asked for
    ub_processor asked_processor;
    atomic_bool busy;       ///< The loader has been asked, and has not answered
    atomic_bool unclear;    ///< What computes has changed, and the host should know why
    _Atomic(ub_deck*) done; ///< To be freed; written only while NULL
    sem_t work;
    atomic_bool quit;

    // Loader and restoring threads to audio thread
    _Atomic(ub_deck*) ready;
    atomic_bool failed; ///< The last model asked for could not be loaded

    atomic_uint orders; ///< Number of the last one

    pthread_mutex_t lock;           ///< Of what follows, and of loading
    unsigned order;                 ///< The last one that was seen to
    char wanted[UB_PATH_SIZE];      ///< The model that a session should remember
    char loaded[UB_PATH_SIZE];      ///< The last one that could be loaded
    const ub_model* model;          ///< That one, held: whatever becomes of its file, another
                                    ///< deck has the same; NULL if none could be
    ub_processor processor;         ///< The last one asked for
    ub_engine* engine;              ///< Of the last deck made, which keeps it; NULL for a dry one
    uint32_t latency[UB_RESPONSES]; ///< Of that deck
} ub_loader;

/// Start the thread, for a player that has the bundle's model on a deck, which is not
/// owned.  The host must outlive the loader.  False, with one line in err: no thread.
bool ub_loader_start(ub_loader* loader, const ub_deck* deck, const ub_deck_config* config,
                     const ub_host* host, char* err, size_t err_size);

/// Stop the thread, if there is one, and free what is waiting.
void ub_loader_stop(ub_loader* loader);

/// Load a model on the calling thread, "" for the bundle's own; it then waits to be
/// taken over.  On failure the wanted model is remembered all the same, so that a session
/// that is saved again has not lost it.  Nothing is done if another was ordered meanwhile.
/// Not on the audio thread.
bool ub_loader_load(ub_loader* loader, const char* path);

/// The host's blocks are of another length now.  Where that makes for another latency, a
/// deck with it waits to be taken over.  False if there can be none: the length is as it was.
/// Not on the audio thread.
bool ub_loader_set_block(ub_loader* loader, uint32_t block);

/// Copy the path of the model that a session should remember, "" for the bundle's own.
/// Not on the audio thread.
void ub_loader_wanted(ub_loader* loader, char path[UB_PATH_SIZE]);

/// Number an order that comes now: at least 1.  Real-time safe.
unsigned ub_loader_order(ub_loader* loader);

/// Ask for a model that was ordered, or with order 0 for the one there is, on a processor.
/// False if the loader is still busy.  Real-time safe.
bool ub_loader_ask(ub_loader* loader, unsigned order, const char* path, ub_processor processor);

/// Whether what was asked for is still being loaded.  Real-time safe.
bool ub_loader_busy(ub_loader* loader);

/// Whether loading has failed since this was last asked.  Real-time safe.
bool ub_loader_failed(ub_loader* loader);

/// Have the host told why something else computes now, if it is for a fault.  Real-time safe.
void ub_loader_explain(ub_loader* loader);

/// Whether a deck waits to be taken over.  Real-time safe.
bool ub_loader_offers(ub_loader* loader);

/// The deck that waits to be taken over, or NULL.  Real-time safe.
ub_deck* ub_loader_take(ub_loader* loader);

/// Whether there is room for a deck to be put away.  Real-time safe.
bool ub_loader_has_room(ub_loader* loader);

/// Have a deck freed, for which there must be room.  Real-time safe.
void ub_loader_put_away(ub_loader* loader, ub_deck* deck);

#endif // UB_PLUGIN_SHELL_LOADER_H
