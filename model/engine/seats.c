// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/engine/seats.h"

#include "model/engine/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A desk of that backend, ready for the seat's jobs
static ub_desk*
make_desk(const ub_seat* seat, const ub_seats* seats, const ub_backend* backend, char* err,
          size_t err_size)
{
    ub_desk* desk = ub_desk_new(backend, seat->model, err, err_size);
    const bool prepare = !seat->waits || backend->device;
    if (desk && prepare && !ub_desk_warm_up(desk, seat->slots, &seat->series)) {
        const char* fault = ub_desk_fault(desk);
        snprintf(err, err_size, "%s: the %s backend cannot run it%s%s", seat->model->path,
                 backend->name, fault ? ": " : "", fault ? fault : "");
        if (backend->device) {
            ub_lineup_break(seats->lineup, backend);
        }
        ub_desk_free(desk);
        return NULL;
    }
    return desk;
}

/*
  A desk of the best backend that can make one.  If that is not the best, or there is a
  `why` already, it is noted.  A processor asked for by name is the only one.
*/
static bool
fill(ub_seat* seat, const ub_seats* seats, const char* why, bool only, char* err, size_t err_size)
{
    char first[UB_NOTE] = "";
    const ub_backend* b = ub_lineup_next(seats->lineup, NULL);
    while (b && !(seat->desk = make_desk(seat, seats, b, err, err_size))) {
        if (!first[0]) {
            snprintf(first, sizeof(first), "%s", err);
        }
        b = only ? NULL : ub_lineup_next(seats->lineup, b);
    }
    if (b) {
        seat->backend = b;
        ub_lineup_use(seats->lineup, b, why ? why : first[0] ? first : NULL);
    } else if (first[0]) {
        snprintf(err, err_size, "%s", first);
    } else {
        snprintf(err, err_size, "%s: no backend is left to run it", seat->model->path);
    }
    return b;
}

ub_seat*
ub_seats_find(const ub_seats* seats, const ub_model* model)
{
    ub_seat* s = seats->first;
    while (s && s->model != model) {
        s = s->next;
    }
    return s;
}

static ub_seat*
make_seat(const ub_seats* seats, const ub_model* model, const ub_client_options* options, char* err,
          size_t err_size)
{
    ub_seat* seat = calloc(1, sizeof(ub_seat));
    if (!seat) {
        snprintf(err, err_size, "engine: out of memory");
        return NULL;
    }
    seat->model = ub_model_ref(model);
    seat->slots = options->slots;
    seat->series = options->series;
    seat->waits = options->waits;
    ub_lineup_settle(seats->lineup, model);
    const bool only = seats->lineup->named && !seats->lineup->list[0]->device;
    if (!fill(seat, seats, NULL, only, err, err_size)) {
        ub_model_unref(seat->model);
        free(seat);
        return NULL;
    }
    return seat;
}

static void
free_seat(ub_seat* seat)
{
    if (seat) {
        ub_desk_free(seat->desk);
        ub_model_unref(seat->model);
        free(seat);
    }
}

bool
ub_seats_take(ub_seats* seats, const ub_model* model, const ub_client_options* options, char* err,
              size_t err_size)
{
    pthread_mutex_lock(seats->lock);
    ub_seat* s = ub_seats_find(seats, model);
    if (s) {
        ++s->clients;
    }
    pthread_mutex_unlock(seats->lock);
    ub_seat* made = s ? NULL : make_seat(seats, model, options, err, err_size);
    if (s || !made) {
        return s;
    }
    pthread_mutex_lock(seats->lock);
    s = ub_seats_find(seats, model); // another client may have been faster
    if (!s) {
        s = made;
        s->next = seats->first;
        seats->first = s;
        made = NULL;
    }
    ++s->clients;
    pthread_mutex_unlock(seats->lock);
    free_seat(made);
    return true;
}

void
ub_seats_leave(ub_seats* seats, const ub_model* model)
{
    pthread_mutex_lock(seats->lock);
    ub_seat** link = &seats->first;
    while ((*link)->model != model) {
        link = &(*link)->next;
    }
    ub_seat* s = *link;
    ub_seat* unused = --s->clients == 0 ? s : NULL;
    if (unused) {
        *link = s->next;
    }
    pthread_mutex_unlock(seats->lock);
    free_seat(unused);
}

static void
replace(ub_seat* seat, const ub_seats* seats, const char* why)
{
    char err[UB_NOTE];
    ub_thread_set_realtime(false); // this takes long
    ub_desk_free(seat->desk);      // first: two may not have room on one machine
    seat->desk = NULL;
    fill(seat, seats, why, false, err, sizeof(err));
}

void
ub_seat_renew(ub_seat* seat, const ub_seats* seats)
{
    if (seat->desk && ub_lineup_broken(seats->lineup, seat->backend)) {
        replace(seat, seats, NULL);
    }
}

bool
ub_seat_fail(ub_seat* seat, const ub_seats* seats)
{
    if (!seat->backend->device) {
        return false;
    }
    char why[UB_NOTE];
    const char* fault = ub_desk_fault(seat->desk);
    snprintf(why, sizeof(why), "the %s backend failed%s%s", seat->backend->name, fault ? ": " : "",
             fault ? fault : "");
    ub_lineup_break(seats->lineup, seat->backend);
    replace(seat, seats, why);
    return seat->desk;
}
