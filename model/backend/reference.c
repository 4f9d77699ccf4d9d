// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/reference.h"

#include "model/file/error.h"

#include <stdlib.h>
#include <string.h>

/*
  Plain loops in double precision, with nothing left out: the whole mask is
  computed whatever part is asked for.  The innermost loop runs over bins that
  lie side by side, which is why images are kept with their bins in phases: bin
  b of a row is at [b % stride][b / stride].
*/

struct ub_runner_s {
    const ub_model* model;
    double* encoder[UB_MAX_LAYERS]; ///< Outputs, [filters][frames][bins]
    double* image[2];               ///< The input and the decoder outputs in turns
    double* concat;                 ///< Decoder input with the skip connection
    double* rows;                   ///< Scratch rows in phases
};

static size_t
size_out(const ub_layer* layer)
{
    return (size_t)layer->filters * layer->out_size[0] * layer->out_size[1];
}

static size_t
size_in(const ub_layer* layer)
{
    return (size_t)layer->inputs * layer->in_size[0] * layer->in_size[1];
}

static size_t
larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/// Values per phase in a row of an image with its padding or before its crop
static size_t
phase_size(const ub_layer* layer)
{
    return (layer->out_size[1] + layer->in_size[1] + layer->pad[1][0] + layer->pad[1][1] +
            layer->kernel[1]) /
               layer->stride[1] +
           layer->kernel[1] + 1;
}

/// y = activation(scale * x + shift), in place
static void
finish(const ub_layer* layer, const float* scale, const float* shift, double* image)
{
    const size_t n = (size_t)layer->out_size[0] * layer->out_size[1];
    for (uint32_t c = 0; c < layer->filters; ++c) {
        double* y = image + c * n;
        for (size_t i = 0; i < n; ++i) {
            y[i] = ub_activate(&layer->activation, y[i] * (double)scale[c] + (double)shift[c]);
        }
    }
}

/// Copy an image with its zero padding, rows in phases: [inputs][frames + pad][phase][bins]
static void
pad_image(const ub_layer* l, const double* x, double* padded)
{
    const size_t phase = phase_size(l);
    const size_t row = phase * l->stride[1];
    const size_t frames = l->in_size[0] + l->pad[0][0] + l->pad[0][1];
    memset(padded, 0, l->inputs * frames * row * sizeof(double));
    for (uint32_t c = 0; c < l->inputs; ++c) {
        for (uint32_t t = 0; t < l->in_size[0]; ++t) {
            const double* from = x + ((size_t)c * l->in_size[0] + t) * l->in_size[1];
            double* to = padded + (c * frames + t + l->pad[0][0]) * row;
            for (uint32_t b = 0; b < l->in_size[1]; ++b) {
                const uint32_t at = b + l->pad[1][0];
                to[at % l->stride[1] * phase + at / l->stride[1]] = from[b];
            }
        }
    }
}

/// out[c][t][b] = sum over i, j, k of weight[c][i][j][k] padded[i][t * stride + j][b * stride + k]
static void
convolve(const ub_layer* l, const float* weight, const double* x, double* padded, double* out)
{
    const size_t phase = phase_size(l);
    const size_t row = phase * l->stride[1];
    const size_t frames = l->in_size[0] + l->pad[0][0] + l->pad[0][1];
    const size_t bins = l->out_size[1];
    const size_t kernel = (size_t)l->kernel[0] * l->kernel[1];
    pad_image(l, x, padded);
    memset(out, 0, size_out(l) * sizeof(double));
    for (uint32_t c = 0; c < l->filters; ++c) {
        for (uint32_t t = 0; t < l->out_size[0]; ++t) {
            double* restrict y = out + ((size_t)c * l->out_size[0] + t) * bins;
            for (uint32_t i = 0; i < l->inputs; ++i) {
                const float* w = weight + ((size_t)c * l->inputs + i) * kernel;
                const double* in = padded + (i * frames + (size_t)t * l->stride[0]) * row;
                for (uint32_t jk = 0; jk < kernel; ++jk) {
                    const uint32_t k = jk % l->kernel[1];
                    const double* restrict from =
                        in + jk / l->kernel[1] * row + k % l->stride[1] * phase + k / l->stride[1];
                    const double factor = (double)w[jk];
                    for (size_t b = 0; b < bins; ++b) {
                        y[b] += factor * from[b];
                    }
                }
            }
        }
    }
}

/// Add one channel's transposed convolution to full[frames][phase][bins], before its crop:
/// full[t * stride + j][b * stride + k] += weight[j][k] x[t][b]
static void
spread(const ub_layer* l, const float* w, const double* x, double* full)
{
    const size_t phase = phase_size(l);
    const size_t row = phase * l->stride[1];
    const size_t bins = l->in_size[1];
    for (uint32_t t = 0; t < l->in_size[0]; ++t) {
        const double* restrict from = x + t * bins;
        for (uint32_t j = 0; j < l->kernel[0]; ++j) {
            for (uint32_t k = 0; k < l->kernel[1]; ++k) {
                double* restrict y = full + ((size_t)t * l->stride[0] + j) * row +
                                     k % l->stride[1] * phase + k / l->stride[1];
                const double factor = (double)w[j * l->kernel[1] + k];
                for (size_t b = 0; b < bins; ++b) {
                    y[b] += factor * from[b];
                }
            }
        }
    }
}

/// Transposed convolution, cropped
static void
convolve_transposed(const ub_layer* l, const float* weight, const double* x, double* full,
                    double* out)
{
    const size_t phase = phase_size(l);
    const size_t row = phase * l->stride[1];
    const size_t frames = (size_t)(l->in_size[0] - 1) * l->stride[0] + l->kernel[0];
    const size_t image = (size_t)l->in_size[0] * l->in_size[1];
    const size_t kernel = (size_t)l->kernel[0] * l->kernel[1];
    for (uint32_t c = 0; c < l->filters; ++c) {
        memset(full, 0, frames * row * sizeof(double));
        for (uint32_t i = 0; i < l->inputs; ++i) {
            spread(l, weight + ((size_t)i * l->filters + c) * kernel, x + i * image, full);
        }
        for (uint32_t t = 0; t < l->out_size[0]; ++t) {
            const double* from = full + (t + l->pad[0][0]) * row;
            double* y = out + ((size_t)c * l->out_size[0] + t) * l->out_size[1];
            for (uint32_t b = 0; b < l->out_size[1]; ++b) {
                const uint32_t at = b + l->pad[1][0];
                y[b] = from[at % l->stride[1] * phase + at / l->stride[1]];
            }
        }
    }
}

static void
run_encoder(ub_runner* self, const ub_folded* folded)
{
    const ub_network* net = &self->model->net;
    const double* x = self->image[0];
    for (uint32_t i = 0; i < net->encoders; ++i) {
        const ub_layer* layer = &net->encoder[i];
        convolve(layer, self->model->encoder[i].weight, x, self->rows, self->encoder[i]);
        finish(layer, folded->encoder_scale[i], folded->encoder_shift[i], self->encoder[i]);
        x = self->encoder[i];
    }
}

/// Returns the last layer's output
static const double*
run_decoder(ub_runner* self, const ub_folded* folded)
{
    const ub_network* net = &self->model->net;
    const double* x = self->encoder[net->encoders - 1];
    for (uint32_t i = 0; i < net->decoders; ++i) {
        const ub_layer* layer = &net->decoder[i];
        double* y = self->image[i % 2];
        if (layer->skip >= 0) {
            const size_t skipped = size_out(&net->encoder[layer->skip]);
            const size_t before = size_in(layer) - skipped;
            memcpy(self->concat, x, before * sizeof(double));
            memcpy(self->concat + before, self->encoder[layer->skip], skipped * sizeof(double));
            x = self->concat;
        }
        convolve_transposed(layer, self->model->decoder[i].weight, x, self->rows, y);
        finish(layer, folded->decoder_scale[i], folded->decoder_shift[i], y);
        x = y;
    }
    return x;
}

static bool
reference_run(ub_runner* self, const ub_item* items, uint32_t n, uint32_t first, uint32_t count)
{
    const ub_network* net = &self->model->net;
    for (uint32_t i = 0; i < n; ++i) {
        const size_t size = size_in(&net->encoder[0]);
        for (size_t k = 0; k < size; ++k) {
            self->image[0][k] = (double)items[i].input[k];
        }
        run_encoder(self, items[i].folded);
        const double* mask = run_decoder(self, items[i].folded);
        float* out = items[i].mask;
        for (uint32_t c = 0; c < net->channels; ++c) {
            const double* from = mask + ((size_t)c * net->frames + first) * net->bins;
            for (size_t k = 0; k < (size_t)count * net->bins; ++k) {
                *out++ = (float)from[k];
            }
        }
    }
    return true;
}

static void
reference_destroy(ub_runner* self)
{
    if (self) {
        for (int i = 0; i < UB_MAX_LAYERS; ++i) {
            free(self->encoder[i]);
        }
        free(self->image[0]);
        free(self->image[1]);
        free(self->concat);
        free(self->rows);
        ub_model_unref(self->model);
        free(self);
    }
}

static bool
allocate(ub_runner* self)
{
    const ub_network* net = &self->model->net;
    size_t image = 0;
    size_t concat = 1;
    size_t rows = 0;
    bool ok = true;
    for (uint32_t i = 0; i < net->encoders; ++i) {
        const ub_layer* l = &net->encoder[i];
        const size_t frames = l->in_size[0] + l->pad[0][0] + l->pad[0][1];
        rows = larger(rows, l->inputs * frames * phase_size(l) * l->stride[1]);
        self->encoder[i] = (double*)malloc(size_out(l) * sizeof(double));
        ok = ok && self->encoder[i];
    }
    image = size_in(&net->encoder[0]);
    for (uint32_t i = 0; i < net->decoders; ++i) {
        const ub_layer* l = &net->decoder[i];
        const size_t frames = (size_t)l->in_size[0] * l->stride[0] + l->kernel[0];
        rows = larger(rows, frames * phase_size(l) * l->stride[1]);
        image = larger(image, size_out(l));
        concat = larger(concat, l->skip >= 0 ? size_in(l) : 0);
    }
    self->image[0] = (double*)malloc(image * sizeof(double));
    self->image[1] = (double*)malloc(image * sizeof(double));
    self->concat = (double*)malloc(concat * sizeof(double));
    self->rows = (double*)malloc(rows * sizeof(double));
    return ok && self->image[0] && self->image[1] && self->concat && self->rows;
}

static ub_runner*
reference_create(const ub_model* model, char* err, size_t err_size)
{
    ub_runner* self = (ub_runner*)calloc(1, sizeof(ub_runner));
    if (self) {
        self->model = ub_model_ref(model);
    }
    if (!self || !allocate(self)) {
        ub_error(err, err_size, "%s: out of memory for the reference backend", model->path);
        reference_destroy(self);
        return NULL;
    }
    return self;
}

static bool
reference_available(void)
{
    return true;
}

const ub_backend ub_backend_reference = {
    .name = "reference",
    .about = "plain C in double precision, slow",
    .available = reference_available,
    .create = reference_create,
    .run = reference_run,
    .destroy = reference_destroy,
};
