// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend_onednn.h"

#include "model/error.h"
#include "model/onednn_plan.h"
#include "model/pixels.h"

#include <omp.h>
#include <string.h>

#define PLANS 8U ///< Made for different frames, then the one unused for longest gives way

struct ub_runner_s {
    const ub_model* model;
    ub_dnn_store* store;
    dnnl_stream_t stream;
    bool half;
    void* input;                  ///< Network input, [frames][bins][channels]
    void* encoder[UB_MAX_LAYERS]; ///< Outputs, [frames][bins][filters]
    void* decoder[2];             ///< Decoder inputs in turns, with the skip connection
    float* raw;                   ///< Convolution outputs of a decoder layer's parts
    void* scratch;
    size_t scratch_size;
    ub_dnn_plan plans[PLANS];
    uint64_t uses;
};

static size_t
value_size(const ub_runner* self)
{
    return self->half ? sizeof(uint16_t) : sizeof(float);
}

static void*
allocate(size_t size)
{
    return aligned_alloc(4096, (size + 4095) / 4096 * 4096);
}

static size_t
larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/// The plan for these frames and the calling thread's number of threads
static ub_dnn_plan*
find_plan(ub_runner* self, uint32_t first, uint32_t count)
{
    ub_dnn_plan* oldest = self->plans;
    const int threads = omp_get_max_threads();
    for (ub_dnn_plan* p = self->plans; p < self->plans + PLANS; ++p) {
        if (p->count == count && p->first == first && p->threads == threads) {
            p->used = ++self->uses;
            return p;
        }
        oldest = p->used < oldest->used ? p : oldest;
    }
    ub_dnn_plan_clear(oldest);
    if (!ub_dnn_plan_make(oldest, &self->model->net, self->store, self->half, first, count)) {
        ub_dnn_plan_clear(oldest);
        return NULL;
    }
    if (oldest->scratch > self->scratch_size) {
        free(self->scratch);
        self->scratch = allocate(oldest->scratch);
        self->scratch_size = self->scratch ? oldest->scratch : 0;
    }
    oldest->used = ++self->uses;
    return self->scratch_size >= oldest->scratch ? oldest : NULL;
}

static bool
run_encoder(ub_runner* self, const ub_dnn_plan* plan, const ub_item* item)
{
    const ub_network* net = &self->model->net;
    const void* src = self->input;
    bool ok = true;
    ub_planes_to_pixels(item->input, net->channels, (size_t)net->frames * net->bins, self->input,
                        self->half);
    for (uint32_t i = 0; ok && i < net->encoders; ++i) {
        const ub_dnn_buffers buffers = {src, self->encoder[i], item->folded->encoder_scale[i],
                                        item->folded->encoder_shift[i], self->scratch};
        ok = ub_dnn_conv_run(&plan->encoder[i], self->stream, &buffers);
        src = self->encoder[i];
    }
    return ok;
}

/** One output row of one phase: which raw pixels go to which bins. */
typedef struct {
    const float* raw;
    size_t raw_step;
    uint32_t bin; ///< First one, then every stride[1]th
    uint32_t n;
} run_of_bins;

/// Output bins of phase `k` of a part in frame t
static run_of_bins
find_run(const ub_runner* self, const ub_layer* l, const ub_dnn_part* p, uint32_t t, uint32_t k)
{
    const uint32_t s = l->stride[1];
    const uint32_t crop = l->pad[1][0];
    const uint32_t u = t + l->pad[0][0];
    const uint32_t j = u % l->stride[0] - p->part.first_phase[0];
    const uint32_t row = u / l->stride[0] - p->part.q_first[0];
    const uint32_t phase = p->part.first_phase[1] + k;
    // Least q with s * q + phase >= crop
    const uint32_t q = crop > phase ? (crop - phase + s - 1) / s : 0;
    run_of_bins run;
    run.bin = s * q + phase - crop;
    run.n = run.bin < l->out_size[1] ? (l->out_size[1] - run.bin + s - 1) / s : 0;
    run.raw_step = p->part.filters;
    run.raw = self->raw + p->raw +
              ((size_t)row * p->part.out_size[1] + q - p->part.q_first[1]) * p->part.filters +
              (j * p->part.phases[1] + k) * l->filters;
    return run;
}

/// Put finished pixels of frame t of a decoder layer into the next layer's input
static void
finish_row(ub_runner* self, const ub_dnn_plan* plan, const ub_folded* folded, uint32_t i,
           uint32_t t)
{
    const ub_layer* l = &self->model->net.decoder[i];
    const ub_layer* next = l + 1;
    const ub_dnn_decoder* d = &plan->decoder[i];
    const ub_finish finish = {&l->activation, folded->decoder_scale[i], folded->decoder_shift[i],
                              l->filters};
    const size_t step = next->inputs * value_size(self);
    char* row = (char*)self->decoder[(i + 1) % 2] + (t - d->out.first) * l->out_size[1] * step;
    for (uint32_t n = 0; n < d->n_parts; ++n) {
        const ub_part* part = &d->parts[n].part;
        if ((t + l->pad[0][0]) % l->stride[0] - part->first_phase[0] >= part->phases[0]) {
            continue;
        }
        for (uint32_t k = 0; k < part->phases[1]; ++k) {
            const run_of_bins run = find_run(self, l, &d->parts[n], t, k);
            ub_finish_pixels(&finish, run.raw, run.raw_step, row + run.bin * step,
                             (size_t)l->stride[1] * next->inputs, run.n, self->half);
        }
    }
}

/// Put the finished bins of frame t of the last layer into the mask
static void
finish_mask_row(ub_runner* self, const ub_dnn_plan* plan, const ub_item* item, uint32_t t)
{
    const ub_network* net = &self->model->net;
    const uint32_t i = net->decoders - 1;
    const ub_layer* l = &net->decoder[i];
    const ub_dnn_decoder* d = &plan->decoder[i];
    const ub_finish finish = {&l->activation, item->folded->decoder_scale[i],
                              item->folded->decoder_shift[i], l->filters};
    for (uint32_t n = 0; n < d->n_parts; ++n) {
        const ub_part* part = &d->parts[n].part;
        if ((t + l->pad[0][0]) % l->stride[0] - part->first_phase[0] >= part->phases[0]) {
            continue;
        }
        for (uint32_t k = 0; k < part->phases[1]; ++k) {
            const run_of_bins run = find_run(self, l, &d->parts[n], t, k);
            for (uint32_t c = 0; c < l->filters; ++c) {
                const size_t row = (size_t)c * plan->count + t - plan->first;
                ub_finish_plane(&finish, c, run.raw, run.raw_step,
                                item->mask + row * net->bins + run.bin, l->stride[1], run.n);
            }
        }
    }
}

/// Append an encoder output to a decoder layer's input, frame t
static void
append_skip(ub_runner* self, const ub_dnn_decoder* d, const ub_layer* l, void* input, uint32_t t)
{
    const size_t size = value_size(self);
    const uint32_t channels = self->model->net.encoder[l->skip].filters;
    const size_t bins = l->in_size[1];
    const char* from = (const char*)self->encoder[l->skip] + t * bins * channels * size;
    char* to =
        (char*)input + ((t - d->in.first) * bins * l->inputs + (l->inputs - channels)) * size;
    ub_copy_pixels(from, channels, to, l->inputs, channels, bins, self->half);
}

/// The first decoder layer's input
static const void*
begin_decoder(ub_runner* self, const ub_dnn_plan* plan)
{
    const ub_network* net = &self->model->net;
    const ub_layer* l = &net->decoder[0];
    const ub_dnn_decoder* d = &plan->decoder[0];
    const uint32_t channels = net->encoder[net->encoders - 1].filters;
    const size_t bins = l->in_size[1];
    const size_t size = value_size(self);
    const char* from =
        (const char*)self->encoder[net->encoders - 1] + d->in.first * bins * channels * size;
    if (l->skip < 0) {
        return from;
    }
    ub_copy_pixels(from, channels, self->decoder[0], l->inputs, channels, d->in.count * bins,
                   self->half);
    for (uint32_t t = d->in.first; t < d->in.first + d->in.count; ++t) {
        append_skip(self, d, l, self->decoder[0], t);
    }
    return self->decoder[0];
}

static bool
run_parts(ub_runner* self, const ub_dnn_decoder* d, const ub_layer* l, const void* input)
{
    bool ok = true;
    const size_t row = (size_t)l->in_size[1] * l->inputs * value_size(self);
    for (uint32_t n = 0; ok && n < d->n_parts; ++n) {
        const ub_dnn_part* p = &d->parts[n];
        const ub_dnn_buffers buffers = {
            .src = (const char*)input + (p->part.in_first[0] - d->in.first) * row,
            .dst = self->raw + p->raw,
            .scratch = self->scratch,
        };
        ok = ub_dnn_conv_run(&p->conv, self->stream, &buffers);
    }
    return ok;
}

static bool
run_decoder(ub_runner* self, const ub_dnn_plan* plan, const ub_item* item)
{
    const ub_network* net = &self->model->net;
    const void* input = begin_decoder(self, plan);
    bool ok = true;
    for (uint32_t i = 0; ok && i < net->decoders; ++i) {
        const ub_layer* l = &net->decoder[i];
        const ub_dnn_decoder* d = &plan->decoder[i];
        const bool last = i + 1 == net->decoders;
        void* next = self->decoder[(i + 1) % 2];
        ok = run_parts(self, d, l, input);
        const int end = (int)(d->out.first + d->out.count);
#ifdef _OPENMP
#pragma omp parallel for schedule(static)
#endif
        for (int t = (int)d->out.first; t < end; ++t) {
            if (last) {
                finish_mask_row(self, plan, item, (uint32_t)t);
            } else {
                finish_row(self, plan, item->folded, i, (uint32_t)t);
                if (l[1].skip >= 0) {
                    append_skip(self, d + 1, l + 1, next, (uint32_t)t);
                }
            }
        }
        input = next;
    }
    return ok;
}

/// Whether the encoder's outputs are the same under all conditions
static bool
encoder_is_plain(const ub_network* net)
{
    bool plain = true;
    for (uint32_t i = 0; i < net->encoders; ++i) {
        plain = plain && net->encoder[i].film == UB_FILM_NONE;
    }
    return plain;
}

static bool
onednn_run(ub_runner* self, const ub_item* items, uint32_t n, uint32_t first, uint32_t count)
{
    const ub_dnn_plan* plan = find_plan(self, first, count);
    const bool plain = encoder_is_plain(&self->model->net);
    bool ok = plan;
    for (uint32_t i = 0; ok && i < n; ++i) {
        if (!i || !plain || items[i].input != items[i - 1].input) {
            ok = run_encoder(self, plan, &items[i]);
        }
        ok = ok && run_decoder(self, plan, &items[i]);
    }
    return ok;
}

static void
onednn_destroy(ub_runner* self)
{
    if (!self) {
        return;
    }
    for (uint32_t i = 0; i < PLANS; ++i) {
        ub_dnn_plan_clear(&self->plans[i]);
    }
    if (self->stream) {
        dnnl_stream_destroy(self->stream);
    }
    ub_dnn_store_put(self->store);
    for (int i = 0; i < UB_MAX_LAYERS; ++i) {
        free(self->encoder[i]);
    }
    free(self->input);
    free(self->decoder[0]);
    free(self->decoder[1]);
    free(self->raw);
    free(self->scratch);
    ub_model_unref(self->model);
    free(self);
}

/// Buffers for the plan of all frames, which is the largest
static bool
allocate_buffers(ub_runner* self, const ub_dnn_plan* plan)
{
    const ub_network* net = &self->model->net;
    const size_t size = value_size(self);
    size_t in = 0;
    size_t raw = 0;
    bool ok = true;
    for (uint32_t i = 0; i < net->encoders; ++i) {
        const ub_layer* l = &net->encoder[i];
        self->encoder[i] = allocate(size * l->filters * l->out_size[0] * l->out_size[1]);
        ok = ok && self->encoder[i];
    }
    for (uint32_t i = 0; i < net->decoders; ++i) {
        const ub_layer* l = &net->decoder[i];
        in = larger(in, (size_t)l->inputs * l->in_size[0] * l->in_size[1]);
        raw = larger(raw, ub_dnn_raw_size(&plan->decoder[i]));
    }
    self->input = allocate(size * net->channels * net->frames * net->bins);
    self->decoder[0] = allocate(size * in);
    self->decoder[1] = allocate(size * in);
    self->raw = (float*)allocate(sizeof(float) * raw);
    return ok && self->input && self->decoder[0] && self->decoder[1] && self->raw;
}

static ub_runner*
create(const ub_model* model, bool half, char* err, size_t err_size)
{
    ub_runner* self = (ub_runner*)calloc(1, sizeof(ub_runner));
    bool ok = self;
    if (self) {
        self->half = half;
        self->model = ub_model_ref(model);
        self->store = ub_dnn_store_get(model);
        const ub_dnn_plan* plan = NULL;
        ok = self->store &&
             dnnl_stream_create(&self->stream, ub_dnn_store_engine(self->store),
                                dnnl_stream_default_flags) == dnnl_success &&
             (plan = find_plan(self, 0, model->net.frames)) && allocate_buffers(self, plan);
    }
    if (!ok) {
        ub_error(err, err_size, "%s: oneDNN cannot run this network, or is out of memory",
                 model->path);
        onednn_destroy(self);
        return NULL;
    }
    return self;
}

static ub_runner*
create_single(const ub_model* model, char* err, size_t err_size)
{
    return create(model, false, err, err_size);
}

static ub_runner*
create_half(const ub_model* model, char* err, size_t err_size)
{
    return create(model, true, err, err_size);
}

static bool
single_available(void)
{
    return true;
}

static bool
has_isa(unsigned isa)
{
    return ((unsigned)dnnl_get_effective_cpu_isa() & isa) == isa;
}

static bool
half_available(void)
{
    return has_isa(dnnl_cpu_isa_avx512_core_bf16);
}

bool
ub_onednn_bf16_is_fast(void)
{
    return has_isa(dnnl_cpu_isa_avx512_core_amx);
}

const ub_backend ub_backend_onednn = {
    "onednn",       "oneDNN, single precision", single_available, create_single, onednn_run,
    onednn_destroy,
};

const ub_backend ub_backend_onednn_bf16 = {
    "onednn-bf16", "oneDNN, bfloat16", half_available, create_half, onednn_run, onednn_destroy,
};
