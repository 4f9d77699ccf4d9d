// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/conv/conv.h"

#include "model/conv/chunk.h"
#include "model/conv/plane.h"

#define BUDGET ((size_t)1 << 20) ///< Bytes of a chunk's inputs and products, to stay in cache
#define LIGHT  ((size_t)1 << 18) ///< Bytes of weights that stay there beside them

/// The lines that hold these output frames
static void
find_lines(const ub_conv* w, ub_span rows, int64_t* first, uint32_t* count)
{
    const uint32_t s = w->layer->stride[0];
    const uint32_t crop = w->layer->pad[0][0];
    *first = rows.first;
    *count = rows.count;
    if (w->grouped) {
        *first = (rows.first + crop) / s;
        *count = (uint32_t)((rows.first + rows.count - 1 + crop) / s - *first + 1);
    }
}

/// Whether its lines are taken in chunks: the weights are read once for each of them
static bool
is_cut(const ub_conv* w)
{
    return w->filtered || w->size <= LIGHT;
}

/// Lines in a chunk, and the bytes it takes
static uint32_t
chunk_lines(const ub_conv* w, uint32_t n, uint32_t lines, size_t* bytes)
{
    const uint32_t least = w->classes;
    uint32_t count = lines;
    for (;;) {
        count = (count + least - 1) / least * least;
        *bytes = ub_conv_chunk_size(w, n, count);
        if (!is_cut(w) || *bytes <= BUDGET || count <= least) {
            return count;
        }
        count = (count + 1) / 2;
    }
}

size_t
ub_conv_scratch(const ub_conv* conv, uint32_t n, uint32_t rows)
{
    int64_t first = 0;
    uint32_t lines = 0;
    size_t bytes = 0;
    if (conv->swept) {
        return ub_conv_sweep_scratch(conv);
    }
    find_lines(conv, (ub_span){0, rows}, &first, &lines);
    const uint32_t step = chunk_lines(conv, n, lines, &bytes);
    // Fewer lines or jobs may be cut in larger chunks, though never above the budget
    return step < lines && bytes < BUDGET ? BUDGET : bytes;
}

static void
run_chunk(ub_conv_chunk* c)
{
    ub_conv_chunk_begin(c, c->memory);
    for (uint32_t k = 0; k < c->n * c->rows; ++k) {
        ub_conv_chunk_transform(c, k);
    }
    for (uint32_t k = 0; k < c->conv->panels; ++k) {
        ub_conv_chunk_multiply(c, k);
    }
    for (uint32_t k = 0; k < c->n * c->lines; ++k) {
        ub_conv_chunk_finish(c, k);
    }
}

/// Whether all jobs read the same images
static bool
share_input(const ub_conv_job* jobs, uint32_t n)
{
    bool same = true;
    for (uint32_t i = 1; i < n; ++i) {
        for (int k = 0; k < 2; ++k) {
            same = same && jobs[i].in[k].pixels == jobs[0].in[k].pixels;
        }
    }
    return same;
}

/// Chunk by chunk
static void
run_chunks(const ub_conv* conv, const ub_conv_job* jobs, uint32_t n, ub_span rows, void* scratch)
{
    const bool shared = share_input(jobs, n);
    ub_conv_chunk all = {.conv = conv,
                         .jobs = jobs,
                         .n = shared ? 1 : n,
                         .each = shared ? n : 1,
                         .wanted = rows,
                         .memory = scratch};
    size_t bytes = 0;
    find_lines(conv, rows, &all.first, &all.lines);
    const uint32_t step = chunk_lines(conv, all.n, all.lines, &bytes);
    for (uint32_t done = 0; done < all.lines; done += step) {
        ub_conv_chunk c = all;
        c.first += (int64_t)done;
        c.lines = all.lines - done < step ? all.lines - done : step;
        run_chunk(&c);
    }
}

void
ub_conv_run(const ub_conv* conv, const ub_conv_job* jobs, uint32_t n, ub_span rows, void* scratch)
{
    if (!conv->swept) {
        run_chunks(conv, jobs, n, rows, scratch);
        return;
    }
    for (uint32_t i = 0; i < n; ++i) {
        ub_conv_sweep(conv, &jobs[i], rows, scratch);
    }
}
