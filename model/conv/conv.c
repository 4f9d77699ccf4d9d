// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/conv/conv.h"

#include "model/conv/chunk.h"

#include <omp.h>

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
    if (w->kind == UB_CONV_MASK) {
        *first = (rows.first + crop) / s;
        *count = (uint32_t)((rows.first + rows.count - 1 + crop) / s - *first + 1);
    }
}

/// Whether each thread takes chunks of its own, rather than a part of the weights
static bool
goes_apart(const ub_conv* w)
{
    return w->filtered || w->size <= LIGHT;
}

/// Lines in a chunk, and the bytes it takes: all of them where threads share it
static uint32_t
chunk_lines(const ub_conv* w, uint32_t n, uint32_t lines, int threads, size_t* bytes)
{
    const uint32_t least = w->classes;
    const bool apart = goes_apart(w);
    uint32_t count = apart ? (lines + (uint32_t)threads - 1) / (uint32_t)threads : lines;
    for (;;) {
        count = (count + least - 1) / least * least;
        *bytes = ub_conv_chunk_size(w, n, count);
        if (!apart || *bytes <= BUDGET || count <= least) {
            return count;
        }
        count = (count + 1) / 2;
    }
}

size_t
ub_conv_scratch(const ub_conv* conv, uint32_t n, uint32_t rows, int threads)
{
    int64_t first = 0;
    uint32_t lines = 0;
    size_t bytes = 0;
    find_lines(conv, (ub_span){0, rows}, &first, &lines);
    const uint32_t step = chunk_lines(conv, n, lines, threads, &bytes);
    if (!goes_apart(conv)) {
        return bytes;
    }
    // Fewer lines or jobs may be cut in larger chunks, though never above the budget
    const bool cut = step < (lines + (uint32_t)threads - 1) / (uint32_t)threads;
    return (cut && bytes < BUDGET ? BUDGET : bytes) * (size_t)threads;
}

/// Each thread some chunks
static void
run_apart(ub_conv_chunk* all, uint32_t step, size_t bytes)
{
    const int chunks = (int)((all->lines + step - 1) / step);
#pragma omp parallel for schedule(dynamic)
    for (int i = 0; i < chunks; ++i) {
        const uint32_t done = (uint32_t)i * step;
        ub_conv_chunk c = *all;
        c.first += (int64_t)done;
        c.lines = all->lines - done < step ? all->lines - done : step;
        ub_conv_chunk_begin(&c, all->memory + (size_t)omp_get_thread_num() * bytes);
        for (uint32_t k = 0; k < c.n * c.rows; ++k) {
            ub_conv_chunk_transform(&c, k);
        }
        for (uint32_t k = 0; k < c.conv->panels; ++k) {
            ub_conv_chunk_multiply(&c, k);
        }
        for (uint32_t k = 0; k < c.n * c.lines; ++k) {
            ub_conv_chunk_finish(&c, k);
        }
    }
}

/// All threads one chunk, so that each reads a part of the weights
static void
run_together(ub_conv_chunk* c)
{
    ub_conv_chunk_begin(c, c->memory);
#pragma omp parallel
    {
#pragma omp for schedule(static)
        for (uint32_t k = 0; k < c->n * c->rows; ++k) {
            ub_conv_chunk_transform(c, k);
        }
#pragma omp for schedule(static)
        for (uint32_t k = 0; k < c->conv->panels; ++k) {
            ub_conv_chunk_multiply(c, k);
        }
#pragma omp for schedule(static)
        for (uint32_t k = 0; k < c->n * c->lines; ++k) {
            ub_conv_chunk_finish(c, k);
        }
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

void
ub_conv_run(const ub_conv* conv, const ub_conv_job* jobs, uint32_t n, ub_span rows, void* scratch)
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
    const uint32_t step = chunk_lines(conv, all.n, all.lines, omp_get_max_threads(), &bytes);
    if (goes_apart(conv)) {
        run_apart(&all, step, bytes);
    } else {
        run_together(&all);
    }
}
