// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/progress.h"

#include "dsp/clock.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR   24  // Characters in the bar
#define REST  34  // Characters beside bar and name
#define PAUSE 0.2 // Seconds between drawings

void
ub_progress_begin(ub_progress* self, const char* name, double rate, bool wanted)
{
    *self = (ub_progress){
        .name = name, .rate = rate, .start = ub_now(), .on = wanted && isatty(STDERR_FILENO)};
}

static int
name_width(void)
{
    struct winsize size;
    const int columns = !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col ? size.ws_col : 80;
    const int width = columns - BAR - REST;
    return width < 8 ? 8 : width;
}

static void
draw_bar(double part, double spent)
{
    static const char full[] = "########################";
    static const char empty[] = "........................";
    const int left = (int)(spent * (1.0 - part) / part + 0.5);
    const int filled = (int)(part * BAR);
    fprintf(stderr, "[%.*s%.*s] %3d %%  %d:%02d left  ", filled, full, BAR - filled, empty,
            (int)(100.0 * part), left / 60, left % 60);
}

void
ub_progress_update(ub_progress* self, int64_t done, double part)
{
    const double now = ub_now();
    if (!self->on || now - self->shown < PAUSE || done < 1) {
        return;
    }
    self->shown = now;
    const double spent = now - self->start;
    const double speed = (double)done / self->rate / spent;
    fprintf(stderr, "\r\033[K%.*s ", name_width(), self->name);
    draw_bar(part, spent);
    fprintf(stderr, "%.1f x", speed);
    fflush(stderr);
}

void
ub_progress_end(ub_progress* self)
{
    if (self->on && self->shown > 0.0) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
}
