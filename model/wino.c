// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/wino.h"

#include "model/wino_kernel.h"
#include "model/wino_pack.h"

#include <omp.h>
#include <string.h>

#define OUTPUTS 4U               ///< Of a tile and phase
#define BUDGET ((size_t)1 << 20) ///< Bytes of a chunk's inputs and products, to stay in cache
#define ALIGNMENT 64U

/** Lines that are computed together by one thread. */
typedef struct {
    const ub_wino* wino;
    const ub_wino_job* jobs;
    uint32_t n;     ///< Jobs
    int64_t first;  ///< Line
    uint32_t lines; ///< Count
    int64_t row;    ///< First input frame
    uint32_t rows;  ///< Input frames
    float* input[UB_WINO_TERMS];   ///< Transformed, [job][row][tile][depth]
    float* product[UB_WINO_TERMS]; ///< [class][line of the class][job][tile][width]
    uint32_t* pixels; ///< Of each product's row, its first input: (job * rows + row) * tiles + tile
    float* zeros;     ///< For inputs outside the image
    float* spare;     ///< For outputs outside the image
    float* raw;       ///< A mask's line, [bin position][columns]
} chunk;

static size_t
larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/// The lines that hold these output frames
static void
find_lines(const ub_wino* w, ub_span rows, int64_t* first, uint32_t* count)
{
    const uint32_t s = w->layer->stride[0];
    const uint32_t crop = w->layer->pad[0][0];
    *first = rows.first;
    *count = rows.count;
    if (w->mask) {
        *first = (rows.first + crop) / s;
        *count = (uint32_t)((rows.first + rows.count - 1 + crop) / s - *first + 1);
    }
}

static uint32_t
line_class(const ub_wino* w, int64_t line)
{
    return (uint32_t)((line + (w->transposed ? w->layer->pad[0][0] : 0)) % w->classes);
}

/// The first input frame of a line
static int64_t
line_row(const ub_wino* w, int64_t line)
{
    const int64_t s = w->layer->stride[0];
    const int64_t pad = w->layer->pad[0][0];
    if (!w->transposed) {
        return line * s - pad;
    }
    const int64_t q = w->mask ? line : (line + pad) / s;
    return q + 1 - (int64_t)w->taps[line_class(w, line)];
}

/// At most so many input frames for some lines in a row
static uint32_t
most_rows(const ub_wino* w, uint32_t lines)
{
    const uint32_t s = w->layer->stride[0];
    if (!w->transposed) {
        return (lines - 1) * s + w->taps[0];
    }
    return w->mask ? lines - 1 + w->taps[0] : (lines + s - 2) / s + w->taps[0];
}

/// Place a chunk's buffers in memory, NULL to measure only.  Returns bytes.
static size_t
lay_out(chunk* c, char* memory)
{
    const ub_wino* w = c->wino;
    const size_t pixels = (size_t)c->n * c->lines * w->tiles;
    size_t at = 0;
#define PLACE(pointer, type, count)                                                                \
    do {                                                                                           \
        (pointer) = memory ? (type*)(memory + at) : NULL;                                          \
        at += ((count) * sizeof(type) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;                    \
    } while (0)
    for (uint32_t k = 0; k < UB_WINO_TERMS; ++k) {
        PLACE(c->input[k], float, (size_t)c->n * c->rows * w->tiles * w->term[k].depth);
        PLACE(c->product[k], float, pixels * w->term[k].width);
    }
    PLACE(c->pixels, uint32_t, pixels);
    PLACE(c->zeros, float, (size_t)w->layer->inputs);
    PLACE(c->spare, float, (size_t)w->layer->filters);
    PLACE(c->raw, float, w->mask ? (size_t)w->tiles * OUTPUTS * w->term[0].width : 0);
#undef PLACE
    return at;
}

/// Lines in a chunk, and the bytes it takes
static uint32_t
chunk_lines(const ub_wino* w, uint32_t n, uint32_t lines, int threads, size_t* bytes)
{
    chunk c = {.wino = w, .n = n};
    const uint32_t least = w->classes;
    c.lines = (lines + (uint32_t)threads - 1) / (uint32_t)threads;
    for (;;) {
        c.lines = (c.lines + least - 1) / least * least;
        c.rows = most_rows(w, c.lines);
        *bytes = lay_out(&c, NULL);
        if (*bytes <= BUDGET || c.lines <= least) {
            return c.lines;
        }
        c.lines = (c.lines + 1) / 2;
    }
}

size_t
ub_wino_scratch(const ub_wino* wino, uint32_t n, uint32_t rows, int threads)
{
    int64_t first = 0;
    uint32_t lines = 0;
    size_t most = 0;
    find_lines(wino, (ub_span){0, rows}, &first, &lines);
    for (uint32_t i = 1; i <= n; ++i) {
        size_t bytes = 0;
        chunk_lines(wino, i, lines, threads, &bytes);
        most = larger(most, bytes);
    }
    return most * (size_t)threads;
}

/// Transform one channel range of a frame
static void
transform_part(const chunk* c, const ub_wino_image* in, uint32_t channel, int64_t row, size_t at)
{
    const ub_wino* w = c->wino;
    const uint32_t bins = w->layer->in_size[1];
    const float* from = in->pixels + (size_t)(row - in->first) * bins * in->step;
    for (uint32_t tile = 0; tile < w->tiles; ++tile) {
        for (uint32_t p = 0; p < w->in_phases; ++p) {
            const float* d[UB_WINO_TERMS];
            float* v[UB_WINO_TERMS];
            for (uint32_t e = 0; e < UB_WINO_TERMS; ++e) {
                const int64_t bin =
                    w->in_base + (int64_t)(tile * OUTPUTS + e) * w->in_phases + (int64_t)p;
                const ub_wino_term* t = &w->term[e];
                d[e] = bin >= 0 && bin < bins ? from + (size_t)bin * in->step : c->zeros;
                v[e] = t->in_at[p] == UB_WINO_NONE || !t->columns
                           ? NULL
                           : c->input[e] + (at + tile) * t->depth + (size_t)t->in_at[p] + channel;
            }
            ub_wino_transform(d, in->channels, v);
        }
    }
}

static void
transform_inputs(const chunk* c)
{
    const ub_wino* w = c->wino;
    memset(c->zeros, 0, w->layer->inputs * sizeof(float));
    for (uint32_t i = 0; i < c->n * c->rows; ++i) {
        const ub_wino_job* job = &c->jobs[i / c->rows];
        const int64_t row = c->row + (int64_t)(i % c->rows);
        const size_t at = (size_t)i * w->tiles;
        if (row >= 0 && row < w->layer->in_size[0]) {
            transform_part(c, &job->in[0], 0, row, at);
            if (job->in[1].channels) {
                transform_part(c, &job->in[1], job->in[0].channels, row, at);
            }
            continue;
        }
        for (uint32_t k = 0; k < UB_WINO_TERMS; ++k) {
            const size_t depth = w->term[k].depth;
            memset(c->input[k] + at * depth, 0, w->tiles * depth * sizeof(float));
        }
    }
}

/// List the pixels of a class.  Returns their count.
static uint32_t
list_pixels(const chunk* c, uint32_t class, uint32_t* pixels)
{
    const ub_wino* w = c->wino;
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->lines; ++i) {
        const int64_t line = c->first + (int64_t)i;
        for (uint32_t job = 0; line_class(w, line) == class && job < c->n; ++job) {
            const uint32_t row = (uint32_t)(line_row(w, line) - c->row);
            for (uint32_t tile = 0; tile < w->tiles; ++tile) {
                pixels[n++] = (job * c->rows + row) * w->tiles + tile;
            }
        }
    }
    return n;
}

/// A class's products of one term with one panel of its weights
static void
multiply_panel(const chunk* c, uint32_t k, uint32_t class, uint32_t column, const uint32_t* pixels,
               uint32_t n, float* out)
{
    const ub_wino* w = c->wino;
    const ub_wino_term* t = &w->term[k];
    const uint32_t groups = (n + UB_WINO_ROWS - 1) / UB_WINO_ROWS;
    ub_wino_product p = {.taps = w->taps[class],
                         .tap_step = (size_t)w->tiles * t->depth,
                         .depth = t->depth,
                         .b = t->weights[class] + (size_t)w->taps[class] * t->depth * column,
                         .vectors = ub_wino_panel(w, t, column) / w->lanes,
                         .c_step = t->width};
    for (uint32_t g = 0; g < groups; ++g) { // of sizes as even as can be
        const uint32_t first = (uint32_t)((uint64_t)n * g / groups);
        p.rows = (uint32_t)((uint64_t)n * (g + 1) / groups) - first;
        p.c = out + (size_t)first * t->width + column;
        for (uint32_t i = 0; i < p.rows; ++i) {
            p.a[i] = c->input[k] + (size_t)pixels[first + i] * t->depth;
        }
        ub_wino_multiply(w->lanes, &p);
    }
}

static void
multiply(const chunk* c)
{
    const ub_wino* w = c->wino;
    uint32_t done = 0;
    for (uint32_t class = 0; class < w->classes; ++class) {
        const uint32_t n = list_pixels(c, class, c->pixels + done);
        for (uint32_t k = 0; k < UB_WINO_TERMS; ++k) {
            const ub_wino_term* t = &w->term[k];
            float* out = c->product[k] + (size_t)done * t->width;
            for (uint32_t column = 0; column < t->width; column += 2 * w->lanes) {
                multiply_panel(c, k, class, column, c->pixels + done, n, out);
            }
        }
        done += n;
    }
}

/// Products of an output phase at one pixel, NULL for terms that it has none of
static void
find_products(const chunk* c, uint32_t phase, size_t at, const float* m[UB_WINO_TERMS])
{
    for (uint32_t k = 0; k < UB_WINO_TERMS; ++k) {
        const ub_wino_term* t = &c->wino->term[k];
        m[k] = t->out_at[phase] == UB_WINO_NONE || !t->depth
                   ? NULL
                   : c->product[k] + at * t->width + t->out_at[phase];
    }
}

/// Finish a line of an image
static void
finish_line(const chunk* c, const ub_wino_job* job, int64_t line, size_t at)
{
    const ub_wino* w = c->wino;
    const int64_t bins = w->layer->out_size[1];
    float* row = job->out + (size_t)(line - job->out_first) * (size_t)bins * job->out_step;
    for (uint32_t tile = 0; tile < w->tiles; ++tile) {
        for (uint32_t p = 0; p < w->out_phases; ++p) {
            const float* m[UB_WINO_TERMS];
            float* y[OUTPUTS];
            find_products(c, p, at + tile, m);
            for (uint32_t o = 0; o < OUTPUTS; ++o) {
                const int64_t bin =
                    w->out_base + (int64_t)(tile * OUTPUTS + o) * w->out_phases + (int64_t)p;
                y[o] = bin >= 0 && bin < bins ? row + (size_t)bin * job->out_step : c->spare;
            }
            ub_wino_back_finish(m, &job->finish, y);
        }
    }
}

/// Finish a phase of a line of a mask, in one plane
static void
finish_bins(const chunk* c, const ub_wino_job* job, uint32_t phase, uint32_t plane, float* row)
{
    const ub_wino* w = c->wino;
    const ub_layer* l = w->layer;
    const int64_t s = l->stride[1];
    const size_t width = w->term[0].width;
    int64_t position = 0;
    int64_t bin = w->out_base + (int64_t)phase % s;
    for (; bin < 0; bin += s) {
        ++position;
    }
    if (bin < l->out_size[1]) {
        ub_finish_plane(&job->finish, plane,
                        c->raw + (size_t)position * width + phase * l->filters, width, row + bin,
                        (size_t)s, (size_t)((l->out_size[1] - bin + s - 1) / s));
    }
}

/// Finish a line of a mask: as many frames as the stride
static void
finish_mask(const chunk* c, const ub_wino_job* job, int64_t line, ub_span rows, size_t at)
{
    const ub_wino* w = c->wino;
    const ub_layer* l = w->layer;
    const size_t width = w->term[0].width;
    for (uint32_t tile = 0; tile < w->tiles; ++tile) {
        const float* m[UB_WINO_TERMS];
        float* y[OUTPUTS];
        find_products(c, 0, at + tile, m);
        for (uint32_t o = 0; o < OUTPUTS; ++o) {
            y[o] = c->raw + (size_t)(tile * OUTPUTS + o) * width;
        }
        ub_wino_back(m, w->term[0].columns, y);
    }
    for (uint32_t p = 0; p < w->out_phases; ++p) {
        const int64_t frame =
            line * l->stride[0] + (int64_t)(p / l->stride[1]) - (int64_t)l->pad[0][0];
        const bool wanted = frame >= rows.first && frame < (int64_t)rows.first + rows.count;
        for (uint32_t plane = 0; wanted && plane < l->filters; ++plane) {
            float* row = job->out + plane * job->out_step +
                         (size_t)(frame - job->out_first) * l->out_size[1];
            finish_bins(c, job, p, plane, row);
        }
    }
}

/// Finish all lines, in the order in which their products are
static void
finish(const chunk* c, ub_span rows)
{
    const ub_wino* w = c->wino;
    size_t at = 0;
    for (uint32_t class = 0; class < w->classes; ++class) {
        for (uint32_t i = 0; i < c->lines; ++i) {
            const int64_t line = c->first + (int64_t)i;
            for (uint32_t job = 0; line_class(w, line) == class && job < c->n; ++job) {
                if (w->mask) {
                    finish_mask(c, &c->jobs[job], line, rows, at);
                } else {
                    finish_line(c, &c->jobs[job], line, at);
                }
                at += w->tiles;
            }
        }
    }
}

static void
run_chunk(chunk* c, ub_span rows, char* scratch)
{
    const ub_wino* w = c->wino;
    c->row = INT64_MAX;
    int64_t end = INT64_MIN;
    for (uint32_t i = 0; i < c->lines; ++i) {
        const int64_t line = c->first + (int64_t)i;
        const int64_t row = line_row(w, line);
        const int64_t after = row + w->taps[line_class(w, line)];
        c->row = row < c->row ? row : c->row;
        end = after > end ? after : end;
    }
    c->rows = (uint32_t)(end - c->row);
    lay_out(c, scratch);
    transform_inputs(c);
    multiply(c);
    finish(c, rows);
}

void
ub_wino_run(const ub_wino* wino, const ub_wino_job* jobs, uint32_t n, ub_span rows, void* scratch)
{
    int64_t first = 0;
    uint32_t lines = 0;
    size_t bytes = 0;
    find_lines(wino, rows, &first, &lines);
    const uint32_t step = chunk_lines(wino, n, lines, omp_get_max_threads(), &bytes);
    const int chunks = (int)((lines + step - 1) / step);
#pragma omp parallel for schedule(dynamic)
    for (int i = 0; i < chunks; ++i) {
        const uint32_t done = (uint32_t)i * step;
        chunk c = {.wino = wino,
                   .jobs = jobs,
                   .n = n,
                   .first = first + (int64_t)done,
                   .lines = lines - done < step ? lines - done : step};
        run_chunk(&c, rows, (char*)scratch + (size_t)omp_get_thread_num() * bytes);
    }
}
