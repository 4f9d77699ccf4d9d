// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/progress.h"

#include "dsp/clock.h"

#include "plugin/cli/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE  1024
#define BAR   24  // Characters in the bar
#define NAME  8   // Columns that a name has at least
#define PAUSE 0.2 // Seconds between drawings

void
ub_progress_begin(ub_progress* self, const char* name, double rate, bool wanted)
{
    const char* terminal = getenv("TERM");
    *self = (ub_progress){.name = name,
                          .rate = rate,
                          .start = ub_now(),
                          .on = wanted && isatty(STDERR_FILENO),
                          .plain = !terminal || !*terminal || !strcmp(terminal, "dumb")};
}

/// What is beside the name, as much as there is room for; all of it is ASCII
static void
describe(char text[LINE], int columns, double part, double spent, double speed)
{
    static const char full[] = "########################";
    static const char empty[] = "........................";
    const int seconds = (int)(spent * (1.0 - part) / part + 0.5);
    const int percent = (int)(100.0 * part);
    const int filled = (int)(part * BAR);
    char left[32];
    snprintf(left, sizeof(left), "%d:%02d left", seconds / 60, seconds % 60);
    const int room = columns - NAME - 1;
    if (snprintf(text, LINE, " [%.*s%.*s] %3d %%  %s  %.1f x", filled, full, BAR - filled, empty,
                 percent, left, speed) <= room ||
        snprintf(text, LINE, " %3d %%  %s  %.1f x", percent, left, speed) <= room ||
        snprintf(text, LINE, " %3d %%  %s", percent, left) <= room) {
        return;
    }
    snprintf(text, LINE, " %3d %%", percent);
}

static void
draw(const ub_progress* self, double part, double spent, double speed)
{
    const int columns = ub_text_columns(STDERR_FILENO) - 1; // The last would begin a new line
    char name[LINE];
    char text[LINE];
    describe(text, columns, part, spent, speed);
    ub_text_fit(self->name, columns - (int)strlen(text), name, sizeof(name));
    fprintf(stderr, "\r\033[K%s%.*s", name, columns, text);
}

/// A line for each tenth
static void
tell(ub_progress* self, double part)
{
    const int tenth = (int)(10.0 * part);
    if (tenth > self->tenth) {
        char name[LINE];
        self->tenth = tenth;
        ub_text_fit(self->name, ub_text_columns(STDERR_FILENO) - 8, name, sizeof(name));
        fprintf(stderr, "%s: %d %%\n", name, 10 * tenth);
    }
}

void
ub_progress_update(ub_progress* self, int64_t done, double part)
{
    const double now = ub_now();
    if (!self->on || now - self->shown < PAUSE || done < 1 || part <= 0.0) {
        return;
    }
    self->shown = now;
    part = part < 1.0 ? part : 1.0;
    if (self->plain) {
        tell(self, part);
    } else {
        const double spent = now - self->start;
        draw(self, part, spent, (double)done / self->rate / spent);
    }
    fflush(stderr);
}

void
ub_progress_end(ub_progress* self)
{
    if (self->on && !self->plain && self->shown > 0.0) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
}
