// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "gui/paint.h"

#include <stdio.h>
#include <string.h>

const ub_colour ub_ground = {0.086f, 0.094f, 0.110f};
const ub_colour ub_panel = {0.150f, 0.163f, 0.188f};
const ub_colour ub_raised = {0.205f, 0.222f, 0.255f};
const ub_colour ub_edge = {0.275f, 0.297f, 0.337f};
const ub_colour ub_text = {0.910f, 0.920f, 0.935f};
const ub_colour ub_faint = {0.640f, 0.665f, 0.705f};
const ub_colour ub_alarm = {0.960f, 0.420f, 0.330f};
const ub_colour ub_accent = {0.800f, 0.820f, 0.850f};

#define TEXT    264 ///< Bytes of the longest line, and one letter
#define RADIANS 0.017453292519943295

void
ub_paint_colour(cairo_t* cr, ub_colour c, double alpha)
{
    cairo_set_source_rgba(cr, (double)c.r, (double)c.g, (double)c.b, alpha);
}

static void
path(cairo_t* cr, const ub_box* b, double r)
{
    cairo_new_sub_path(cr);
    cairo_arc(cr, b->x + b->w - r, b->y + r, r, -90 * RADIANS, 0);
    cairo_arc(cr, b->x + b->w - r, b->y + b->h - r, r, 0, 90 * RADIANS);
    cairo_arc(cr, b->x + r, b->y + b->h - r, r, 90 * RADIANS, 180 * RADIANS);
    cairo_arc(cr, b->x + r, b->y + r, r, 180 * RADIANS, 270 * RADIANS);
    cairo_close_path(cr);
}

void
ub_paint_box(cairo_t* cr, const ub_box* box, double radius, ub_colour colour)
{
    path(cr, box, radius);
    ub_paint_colour(cr, colour, 1.0);
    cairo_fill(cr);
}

void
ub_paint_frame(cairo_t* cr, const ub_box* box, double radius, ub_colour colour)
{
    const ub_box inner = {box->x + 0.5, box->y + 0.5, box->w - 1, box->h - 1};
    path(cr, &inner, radius);
    ub_paint_colour(cr, colour, 1.0);
    cairo_set_line_width(cr, 1.0);
    cairo_stroke(cr);
}

static void
font(cairo_t* cr, double size, bool bold)
{
    cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cr, size);
}

/// Bytes of the letter that UTF-8 begins with; 0 if there is none that Cairo takes
static size_t
letter(const char* text)
{
    const unsigned char* const s = (const unsigned char*)text;
    const size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    uint32_t code = n > 1 ? s[0] & (0x7fU >> n) : s[0];
    for (size_t i = 1; i < n; ++i) {
        if ((s[i] & 0xc0U) != 0x80U) {
            return 0;
        }
        code = code << 6U | (s[i] & 0x3fU);
    }
    const bool longer = (n == 3 && code < 0x800) || (n == 4 && code < 0x10000);
    const bool none = (code & 0xfffff800U) == 0xd800U || (code & 0xfffeU) == 0xfffeU ||
                      (code >= 0xfdd0 && code <= 0xfdef) || code > 0x10ffff;
    return longer || none ? 0 : n;
}

/// Names of files may be anything, and long texts are cut anywhere: a single wrong byte would keep
/// Cairo from drawing all that follows
static void
clean(const char* text, char out[TEXT])
{
    size_t n = 0;
    while (*text && n + 4 < TEXT) {
        const size_t k = letter(text);
        memcpy(out + n, k ? text : "?", k ? k : 1);
        n += k ? k : 1;
        text += k ? k : 1;
    }
    out[n] = '\0';
}

static double
advance(cairo_t* cr, const char* text)
{
    cairo_text_extents_t e;
    char letters[TEXT];
    clean(text, letters);
    cairo_text_extents(cr, letters, &e);
    return e.x_advance;
}

/// Take the last character off UTF-8 text
static void
chop(char* text)
{
    size_t n = strlen(text);
    while (n && ((unsigned char)text[--n] & 0xc0U) == 0x80U) {}
    text[n] = '\0';
}

/// As much of the text as fits, with dots for the rest
static void
fit(cairo_t* cr, const char* text, double width, char* line, size_t size)
{
    char cut[256];
    snprintf(cut, sizeof(cut), "%s", text);
    snprintf(line, size, "%s", text);
    while (cut[0] && advance(cr, line) > width) {
        chop(cut);
        snprintf(line, size, "%s\xe2\x80\xa6", cut);
    }
}

static void
show(cairo_t* cr, double x, double y, const char* line, ub_colour colour)
{
    char letters[TEXT];
    clean(line, letters);
    ub_paint_colour(cr, colour, 1.0);
    cairo_move_to(cr, x, y);
    cairo_show_text(cr, letters);
    cairo_new_path(cr);
}

void
ub_paint_text(cairo_t* cr, const ub_box* box, const char* text, double size, bool bold,
              ub_align align, ub_colour colour)
{
    char line[260];
    font(cr, size, bold);
    fit(cr, text, box->w, line, sizeof(line));
    const double spare = box->w - advance(cr, line);
    const double x = box->x + (align == UB_LEFT ? 0 : align == UB_CENTRE ? spare / 2 : spare);
    show(cr, x, box->y + box->h / 2 + 0.36 * size, line, colour);
}

double
ub_paint_lines(cairo_t* cr, const ub_box* box, const char* text, double size,
               const ub_colour* colour)
{
    font(cr, size, false);
    const double high = 1.35 * size;
    double y = 0;
    while (*text) {
        size_t taken = strcspn(text, " "), next = taken;
        char line[256];
        while (text[next]) { // words as long as they fit
            next += 1 + strcspn(text + next + 1, " ");
            if (next >= sizeof(line)) {
                break;
            }
            snprintf(line, sizeof(line), "%.*s", (int)next, text);
            if (advance(cr, line) > box->w) {
                break;
            }
            taken = next;
        }
        snprintf(line, sizeof(line), "%.*s", (int)taken, text);
        y += high;
        if (colour) {
            show(cr, box->x, box->y + y - 0.3 * size, line, *colour);
        }
        text += taken + (text[taken] == ' ');
    }
    return y;
}

ub_colour
ub_paint_on(ub_colour c)
{
    const float light = 0.299f * c.r + 0.587f * c.g + 0.114f * c.b;
    return light > 0.45f ? (ub_colour){0.05f, 0.05f, 0.06f} : ub_text;
}
