// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "gui/controls.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define OFF_DB (-60.0f) ///< A fader that ends here is silent at its end

static bool
is_fader(const ub_view_spec* spec)
{
    return !strcmp(spec->unit, "dB") && spec->min <= OFF_DB;
}

float
ub_view_fit(const ub_view_spec* spec, float value)
{
    if (!isfinite(value)) {
        return spec->def;
    }
    value = fminf(fmaxf(value, spec->min), spec->max);
    return spec->whole ? roundf(value) : value;
}

/** A fader's travel: dB at so much of the way. */
typedef struct {
    float place;
    float db;
} stop;

static const stop stops[] = {{0.0f, -60.0f}, {0.1f, -40.0f}, {0.25f, -20.0f},
                             {0.5f, -8.0f},  {0.75f, 0.0f},  {1.0f, 12.0f}};

#define STOPS (sizeof(stops) / sizeof(stops[0]))

float
ub_view_place(const ub_view_spec* spec, float value)
{
    if (!is_fader(spec)) {
        return spec->max > spec->min ? (value - spec->min) / (spec->max - spec->min) : 0.0f;
    }
    for (unsigned i = 1; i < STOPS; ++i) {
        const stop *a = &stops[i - 1], *b = &stops[i];
        if (value <= b->db) {
            return a->place + (b->place - a->place) * fmaxf(value - a->db, 0) / (b->db - a->db);
        }
    }
    return 1.0f;
}

float
ub_view_value(const ub_view_spec* spec, float place)
{
    place = fminf(fmaxf(place, 0.0f), 1.0f);
    if (!is_fader(spec)) {
        return ub_view_fit(spec, spec->min + place * (spec->max - spec->min));
    }
    for (unsigned i = 1; i < STOPS; ++i) {
        const stop *a = &stops[i - 1], *b = &stops[i];
        if (place <= b->place) {
            return a->db + (b->db - a->db) * (place - a->place) / (b->place - a->place);
        }
    }
    return spec->max;
}

static const char*
label_of(const ub_view_spec* spec, float value)
{
    int i = (int)roundf(value - spec->min);
    for (const char* const* label = spec->labels; label && *label && i >= 0; ++label, --i) {
        if (!i) {
            return *label;
        }
    }
    return NULL;
}

void
ub_view_print(const ub_view_spec* spec, float value, char* text, unsigned size)
{
    const char* const label = label_of(spec, value);
    if (label) {
        snprintf(text, size, "%s", label);
    } else if (is_fader(spec) && value <= OFF_DB) {
        snprintf(text, size, "off");
    } else if (!strcmp(spec->unit, "dB")) {
        // No "-0.0"
        snprintf(text, size, "%+.1f dB", (double)value + (fabsf(value) < 0.05f ? -value : 0.0f));
    } else if (!strcmp(spec->unit, "%")) {
        snprintf(text, size, "%.0f %%", 100.0 * (double)value);
    } else {
        snprintf(text, size, spec->whole ? "%.0f" : "%.2f", (double)value);
    }
}

bool
ub_view_parse(const ub_view_spec* spec, const char* text, float* value)
{
    for (unsigned i = 0; spec->labels && spec->labels[i]; ++i) {
        if (!strcasecmp(spec->labels[i], text)) {
            *value = spec->min + (float)i;
            return true;
        }
    }
    if (is_fader(spec) && !strcasecmp(text, "off")) {
        *value = spec->min;
        return true;
    }
    // The host's locale may want a comma, and people write one where they live with it
    locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    char* end;
    char number[32];
    snprintf(number, sizeof(number), "%s", text);
    for (char* c = number; *c; ++c) {
        *c = *c == ',' ? '.' : *c;
    }
    float typed = plain ? strtof_l(number, &end, plain) : strtof(number, &end);
    if (plain) {
        freelocale(plain);
    }
    if (end == number || !isfinite(typed)) {
        return false;
    }
    while (*end == ' ') {
        ++end;
    }
    if (*end && strcasecmp(end, spec->unit)) {
        return false;
    }
    *value = ub_view_fit(spec, !strcmp(spec->unit, "%") ? typed / 100.0f : typed);
    return true;
}
