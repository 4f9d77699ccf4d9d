// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/native/images.h"

#include "model/conv/pixels.h"

#include <stdlib.h>

#define PAGE 4096U

void*
ub_page_alloc(size_t size)
{
    return aligned_alloc(PAGE, (size + PAGE - 1) / PAGE * PAGE);
}

static size_t
larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

size_t
ub_images_value_size(const ub_images* images)
{
    return images->half ? sizeof(uint16_t) : sizeof(float);
}

float*
ub_raw_make(const ub_frames_plan* whole)
{
    size_t most = 0;
    for (uint32_t i = 0; i < whole->decoders; ++i) {
        most = larger(most, whole->decoder[i].raw_size);
    }
    return (float*)ub_page_alloc(sizeof(float) * most);
}

bool
ub_images_make(ub_images* images, const ub_network* net, bool half, float* raw)
{
    images->net = net;
    images->half = half;
    images->raw = raw;
    const size_t size = ub_images_value_size(images);
    size_t in = 0;
    bool ok = raw;
    for (uint32_t i = 0; i < net->encoders; ++i) {
        const ub_layer* l = &net->encoder[i];
        images->encoder[i] = ub_page_alloc(size * l->filters * l->out_size[0] * l->out_size[1]);
        ok = ok && images->encoder[i];
    }
    for (uint32_t i = 0; i < net->decoders; ++i) {
        const ub_layer* l = &net->decoder[i];
        in = larger(in, (size_t)l->inputs * l->in_size[0] * l->in_size[1]);
    }
    images->input = ub_page_alloc(size * net->channels * net->frames * net->bins);
    images->decoder[0] = ub_page_alloc(size * in);
    images->decoder[1] = ub_page_alloc(size * in);
    return ok && images->input && images->decoder[0] && images->decoder[1];
}

void
ub_images_free(ub_images* images)
{
    for (int i = 0; i < UB_MAX_LAYERS; ++i) {
        free(images->encoder[i]);
    }
    free(images->input);
    free(images->decoder[0]);
    free(images->decoder[1]);
}

bool
ub_encoder_is_plain(const ub_network* net)
{
    bool plain = true;
    for (uint32_t i = 0; i < net->encoders; ++i) {
        plain = plain && net->encoder[i].film == UB_FILM_NONE;
    }
    return plain;
}

void
ub_images_begin(ub_images* images, const ub_item* item)
{
    const ub_network* net = images->net;
    ub_planes_to_pixels(item->input, net->channels, (size_t)net->frames * net->bins, images->input,
                        images->half);
}

/** Output bins of one phase in one frame: raw pixels and where they belong. */
typedef struct {
    const float* raw;
    size_t raw_step;
    uint32_t bin; ///< First one, then every stride[1]th
    uint32_t n;
} run_of_bins;

/// Bin phase `k` of a part in frame t
static run_of_bins
find_run(const ub_images* images, const ub_layer* l, const ub_decoder_plan* d, uint32_t n,
         uint32_t t, uint32_t k)
{
    const ub_part* part = &d->parts[n];
    const uint32_t s = l->stride[1];
    const uint32_t crop = l->pad[1][0];
    const uint32_t u = t + l->pad[0][0];
    const uint32_t j = u % l->stride[0] - part->first_phase[0];
    const uint32_t row = u / l->stride[0] - part->q_first[0];
    const uint32_t phase = part->first_phase[1] + k;
    // Least q with s * q + phase >= crop
    const uint32_t q = crop > phase ? (crop - phase + s - 1) / s : 0;
    run_of_bins run;
    run.bin = s * q + phase - crop;
    run.n = run.bin < l->out_size[1] ? (l->out_size[1] - run.bin + s - 1) / s : 0;
    run.raw_step = part->filters;
    run.raw = images->raw + d->raw[n] +
              ((size_t)row * part->out_size[1] + q - part->q_first[1]) * part->filters +
              (j * part->phases[1] + k) * l->filters;
    return run;
}

/// Channels of a decoder layer's input that lie side by side
static size_t
input_step(const ub_images* images, uint32_t layer)
{
    const ub_network* net = images->net;
    const ub_layer* l = &net->decoder[layer];
    return l->inputs - (images->split[layer] && l->skip >= 0 ? net->encoder[l->skip].filters : 0);
}

/// Whether a part holds outputs of frame t
static bool
holds_frame(const ub_layer* l, const ub_part* part, uint32_t t)
{
    const uint32_t phase = (t + l->pad[0][0]) % l->stride[0];
    return phase >= part->first_phase[0] && phase < part->first_phase[0] + part->phases[0];
}

/// Put finished pixels of frame t into the next layer's input
static void
finish_row(ub_images* images, const ub_decoder_plan* d, const ub_finish* finish, uint32_t i,
           uint32_t t)
{
    const ub_layer* l = &images->net->decoder[i];
    const size_t channels = input_step(images, i + 1);
    const size_t step = channels * ub_images_value_size(images);
    char* row = (char*)images->decoder[(i + 1) % 2] + (t - d->out.first) * l->out_size[1] * step;
    for (uint32_t n = 0; n < d->n_parts; ++n) {
        for (uint32_t k = 0; holds_frame(l, &d->parts[n], t) && k < d->parts[n].phases[1]; ++k) {
            const run_of_bins run = find_run(images, l, d, n, t, k);
            ub_finish_pixels(finish, run.raw, run.raw_step, row + run.bin * step,
                             l->stride[1] * channels, run.n, images->half);
        }
    }
}

/// Put finished bins of frame t into the mask
static void
finish_mask_row(const ub_images* images, const ub_frames_plan* plan, const ub_finish* finish,
                float* mask, uint32_t t)
{
    const ub_network* net = images->net;
    const ub_layer* l = &net->decoder[net->decoders - 1];
    const ub_decoder_plan* d = &plan->decoder[net->decoders - 1];
    for (uint32_t n = 0; n < d->n_parts; ++n) {
        for (uint32_t k = 0; holds_frame(l, &d->parts[n], t) && k < d->parts[n].phases[1]; ++k) {
            const run_of_bins run = find_run(images, l, d, n, t, k);
            for (uint32_t c = 0; c < l->filters; ++c) {
                const size_t row = (size_t)c * plan->count + t - plan->first;
                ub_finish_plane(finish, c, run.raw, run.raw_step, mask + row * net->bins + run.bin,
                                l->stride[1], run.n);
            }
        }
    }
}

/// Append an encoder output to a decoder layer's input, frame t
static void
append_skip(ub_images* images, const ub_decoder_plan* d, uint32_t layer, uint32_t t)
{
    const ub_layer* l = &images->net->decoder[layer];
    const size_t size = ub_images_value_size(images);
    const uint32_t channels = images->net->encoder[l->skip].filters;
    const size_t bins = l->in_size[1];
    const char* from = (const char*)images->encoder[l->skip] + t * bins * channels * size;
    char* to = (char*)images->decoder[layer % 2] +
               ((t - d->in.first) * bins * l->inputs + (l->inputs - channels)) * size;
    ub_copy_pixels(from, channels, to, l->inputs, channels, bins, images->half);
}

void
ub_decoder_append(ub_images* images, const ub_frames_plan* plan, uint32_t layer)
{
    const ub_decoder_plan* d = &plan->decoder[layer];
    const bool copied = images->net->decoder[layer].skip >= 0 && !images->split[layer];
    const int end = copied ? (int)(d->in.first + d->in.count) : 0;
#pragma omp parallel for schedule(static)
    for (int t = (int)d->in.first; t < end; ++t) {
        append_skip(images, d, layer, (uint32_t)t);
    }
}

const void*
ub_decoder_begin(ub_images* images, const ub_frames_plan* plan)
{
    const ub_network* net = images->net;
    const ub_layer* l = &net->decoder[0];
    const ub_decoder_plan* d = &plan->decoder[0];
    const uint32_t channels = net->encoder[net->encoders - 1].filters;
    const size_t bins = l->in_size[1];
    const char* from = (const char*)images->encoder[net->encoders - 1] +
                       d->in.first * bins * channels * ub_images_value_size(images);
    if (l->skip < 0 || images->split[0]) {
        return from;
    }
    ub_copy_pixels(from, channels, images->decoder[0], l->inputs, channels, d->in.count * bins,
                   images->half);
    ub_decoder_append(images, plan, 0);
    return images->decoder[0];
}

const void*
ub_part_input(const ub_images* images, const ub_frames_plan* plan, uint32_t layer, uint32_t part,
              const void* input)
{
    const ub_layer* l = &images->net->decoder[layer];
    const ub_decoder_plan* d = &plan->decoder[layer];
    const size_t row = (size_t)l->in_size[1] * l->inputs * ub_images_value_size(images);
    return (const char*)input + (d->parts[part].in_first[0] - d->in.first) * row;
}

const void*
ub_decoder_finish(ub_images* images, const ub_frames_plan* plan, const ub_item* item,
                  uint32_t layer)
{
    const ub_network* net = images->net;
    const ub_layer* l = &net->decoder[layer];
    const ub_decoder_plan* d = &plan->decoder[layer];
    const ub_finish finish = {&l->activation, item->folded->decoder_scale[layer],
                              item->folded->decoder_shift[layer], l->filters};
    const bool last = layer + 1 == net->decoders;
    const bool skip = !last && l[1].skip >= 0 && !images->split[layer + 1];
    const int end = (int)(d->out.first + d->out.count);
#pragma omp parallel for schedule(static)
    for (int t = (int)d->out.first; t < end; ++t) {
        if (last) {
            finish_mask_row(images, plan, &finish, item->mask, (uint32_t)t);
        } else {
            finish_row(images, d, &finish, layer, (uint32_t)t);
        }
        if (skip) {
            append_skip(images, d + 1, layer + 1, (uint32_t)t);
        }
    }
    return last ? item->mask : images->decoder[(layer + 1) % 2];
}

ub_conv_job
ub_decoder_job(const ub_images* images, const ub_frames_plan* plan, const ub_item* item,
               uint32_t layer, const void* input)
{
    const ub_network* net = images->net;
    const ub_layer* l = &net->decoder[layer];
    const ub_decoder_plan* d = &plan->decoder[layer];
    const bool last = layer + 1 == net->decoders;
    const uint32_t channels = (uint32_t)input_step(images, layer);
    ub_conv_job job = {.in = {{(const float*)input, d->in.first, channels, channels}},
                       .finish = {&l->activation, item->folded->decoder_scale[layer],
                                  item->folded->decoder_shift[layer], l->filters},
                       .out_first = d->out.first};
    if (l->skip >= 0) {
        const uint32_t skipped = net->encoder[l->skip].filters;
        job.in[1] = (ub_conv_image){(const float*)images->encoder[l->skip], 0, skipped, skipped};
    }
    job.out = last ? item->mask : (float*)images->decoder[(layer + 1) % 2];
    job.out_step = last ? (size_t)plan->count * net->bins : input_step(images, layer + 1);
    return job;
}
