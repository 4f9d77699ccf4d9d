// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "gui/picture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS UB_PICTURE_COLUMNS
#define BANDS   UB_REPORT_BANDS

#define COLUMN_SECONDS (1.0f / 42.0f)

// What is black and what is brightest, dB
#define FLOOR_DB (-84.0f)
#define TOP_DB   (-12.0f)

typedef struct {
    float mix[BANDS];
    float heard[BANDS];
} column;

struct ub_picture_s {
    cairo_surface_t* image; // COLUMNS x BANDS, column c of the ring at x = c
    column ring[COLUMNS];
    uint32_t next;  // column that is written next
    uint32_t count; // columns written so far, at most COLUMNS
    float due;      // seconds of sound that no column shows yet
    bool frozen;
    column* held; // the ring as it was frozen, for ub_picture_at()
    cairo_surface_t* still;
    uint32_t still_next;
    uint32_t still_count;
};

ub_picture*
ub_picture_new(void)
{
    ub_picture* const self = (ub_picture*)calloc(1, sizeof(ub_picture));
    if (!self) {
        return NULL;
    }
    self->image = cairo_image_surface_create(CAIRO_FORMAT_RGB24, COLUMNS, BANDS);
    if (cairo_surface_status(self->image) != CAIRO_STATUS_SUCCESS) {
        ub_picture_free(self);
        return NULL;
    }
    return self;
}

void
ub_picture_free(ub_picture* picture)
{
    if (picture) {
        ub_picture_freeze(picture, false);
        cairo_surface_destroy(picture->image);
        free(picture);
    }
}

/// 0 to 1
static float
brightness(float db)
{
    return fminf(fmaxf((db - FLOOR_DB) / (TOP_DB - FLOOR_DB), 0.0f), 1.0f);
}

static uint32_t
byte_of(float x)
{
    return (uint32_t)lrintf(255.0f * fminf(fmaxf(x, 0.0f), 1.0f));
}

/// Grey where nothing is heard, the colour where all of it is; the loudest turns white
static uint32_t
pixel(float mix, float heard, ub_colour colour)
{
    const float light = brightness(fmaxf(mix, heard));
    const float share = powf(10.0f, 0.05f * fminf(heard - mix, 0.0f)); // of amplitude
    const float lit = light * light * (3.0f - 2.0f * light);
    const float grey = 0.42f * lit;
    const float white = fmaxf(0.0f, light - 0.85f) * 2.0f;
    const float rgb[3] = {colour.r, colour.g, colour.b};
    uint32_t out = 0;
    for (int i = 0; i < 3; ++i) {
        const float full = rgb[i] * lit + (1.0f - rgb[i] * lit) * white;
        out = out << 8U | byte_of(grey + (full - grey) * share);
    }
    return out;
}

static ub_colour
colour_of(float owner, const ub_colour* colours)
{
    const int i = (int)owner;
    return colours[i >= 0 && i < UB_REPORT_SOURCES ? i : UB_REPORT_SOURCES];
}

static void
draw_column(ub_picture* self, const float* owner, const ub_colour* colours)
{
    cairo_surface_flush(self->image);
    uint8_t* const data = cairo_image_surface_get_data(self->image);
    const int stride = cairo_image_surface_get_stride(self->image);
    const column* const c = &self->ring[self->next];
    for (uint32_t b = 0; b < BANDS; ++b) {
        const uint32_t value = pixel(c->mix[b], c->heard[b], colour_of(owner[b], colours));
        memcpy(data + (size_t)(BANDS - 1 - b) * (size_t)stride + 4 * (size_t)self->next, &value, 4);
    }
    cairo_surface_mark_dirty_rectangle(self->image, (int)self->next, 0, 1, BANDS);
    self->next = (self->next + 1) % COLUMNS;
    self->count += self->count < COLUMNS;
}

void
ub_picture_add(ub_picture* picture, const ub_report* report,
               const ub_colour colours[UB_REPORT_SOURCES + 1])
{
    picture->due = fminf(picture->due + report->seconds, 8.0f * COLUMN_SECONDS);
    while (picture->due >= 0.5f * COLUMN_SECONDS) {
        picture->due -= COLUMN_SECONDS;
        memcpy(picture->ring[picture->next].mix, report->mix, sizeof(report->mix));
        memcpy(picture->ring[picture->next].heard, report->heard, sizeof(report->heard));
        draw_column(picture, report->owner, colours);
    }
}

static cairo_surface_t*
copy_image(cairo_surface_t* image)
{
    cairo_surface_t* const copy = cairo_image_surface_create(CAIRO_FORMAT_RGB24, COLUMNS, BANDS);
    cairo_t* const cr = cairo_create(copy);
    cairo_set_source_surface(cr, image, 0, 0);
    cairo_paint(cr);
    cairo_destroy(cr);
    return copy;
}

void
ub_picture_freeze(ub_picture* picture, bool frozen)
{
    if (frozen == picture->frozen) {
        return;
    }
    if (frozen) {
        picture->held = (column*)malloc(sizeof(picture->ring));
        if (!picture->held) {
            return; // it runs on
        }
        memcpy(picture->held, picture->ring, sizeof(picture->ring));
        picture->still = copy_image(picture->image);
        picture->still_next = picture->next;
        picture->still_count = picture->count;
    } else {
        free(picture->held);
        cairo_surface_destroy(picture->still);
        picture->held = NULL;
        picture->still = NULL;
    }
    picture->frozen = frozen;
}

bool
ub_picture_frozen(const ub_picture* picture)
{
    return picture->frozen;
}

/// Columns [from, COLUMNS or next) of the ring, from a place of the rectangle on
static void
paint_half(cairo_t* cr, cairo_surface_t* image, uint32_t from, uint32_t count, double at)
{
    cairo_save(cr);
    cairo_set_antialias(cr, CAIRO_ANTIALIAS_NONE);
    cairo_rectangle(cr, at, 0, count, BANDS);
    cairo_clip(cr);
    cairo_set_source_surface(cr, image, at - from, 0);
    cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_BILINEAR);
    cairo_pattern_set_extend(cairo_get_source(cr), CAIRO_EXTEND_PAD); // no seam between halves
    cairo_paint(cr);
    cairo_restore(cr);
}

void
ub_picture_paint(const ub_picture* picture, cairo_t* cr, double x, double y, double w, double h)
{
    cairo_surface_t* const image = picture->frozen ? picture->still : picture->image;
    const uint32_t next = picture->frozen ? picture->still_next : picture->next;
    cairo_save(cr);
    cairo_rectangle(cr, x, y, w, h);
    cairo_clip(cr);
    cairo_translate(cr, x, y);
    cairo_scale(cr, w / COLUMNS, h / BANDS);
    paint_half(cr, image, next, COLUMNS - next, 0);
    paint_half(cr, image, 0, next, COLUMNS - next);
    cairo_restore(cr);
}

static float
octaves(float hertz)
{
    return log2f(hertz / UB_REPORT_LOW) / log2f(UB_REPORT_HIGH / UB_REPORT_LOW);
}

float
ub_picture_row(float hertz)
{
    return 1.0f - octaves(hertz);
}

float
ub_picture_span(void)
{
    return COLUMNS * COLUMN_SECONDS;
}

bool
ub_picture_at(const ub_picture* picture, float x, float y, ub_picture_point* point)
{
    const uint32_t count = picture->frozen ? picture->still_count : picture->count;
    const uint32_t next = picture->frozen ? picture->still_next : picture->next;
    const column* const ring = picture->frozen ? picture->held : picture->ring;
    if (!(x >= 0 && x < 1 && y >= 0 && y < 1)) {
        return false;
    }
    const uint32_t ago = COLUMNS - 1 - (uint32_t)(x * COLUMNS); // 0: the newest
    if (ago >= count) {
        return false;
    }
    const uint32_t band = (uint32_t)((1.0f - y) * BANDS) % BANDS;
    const column* const c = &ring[(next + COLUMNS - 1 - ago) % COLUMNS];
    *point = (ub_picture_point){(float)ago * COLUMN_SECONDS,
                                UB_REPORT_LOW * powf(UB_REPORT_HIGH / UB_REPORT_LOW, 1.0f - y),
                                c->mix[band], c->heard[band]};
    return true;
}
