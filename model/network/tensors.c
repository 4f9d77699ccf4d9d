// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/network/tensors.h"

#include "model/file/error.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN 16U ///< Floats in a cache line: every tensor begins on one

typedef struct {
    ub_tensor_spec* specs;
    size_t count;
    char prefix[24]; ///< Of the names of one U-Net's tensors
} list;

/// Append a tensor "PART.NUMBER.FIELD", or "PART.FIELD" for a negative number
static void
add(list* out, const char* part, int number, const char* field, const float** place, size_t rank,
    const uint32_t* shape)
{
    ub_tensor_spec* spec = &out->specs[out->count++];
    if (number < 0) {
        snprintf(spec->name, sizeof(spec->name), "%s%s.%s", out->prefix, part, field);
    } else {
        snprintf(spec->name, sizeof(spec->name), "%s%s.%d.%s", out->prefix, part, number, field);
    }
    memset(spec->shape, 0, sizeof(spec->shape));
    memcpy(spec->shape, shape, rank * sizeof(*shape));
    spec->rank = rank;
    spec->place = place;
    spec->min = strcmp(field, "norm.var") ? -FLT_MAX : 0.0f;
}

/// Append the tensors of an affine map, and those of its normalisation
static void
add_layer(list* out, const char* part, int number, ub_tensors* tensors, size_t rank,
          const uint32_t* shape, uint32_t filters, bool norm)
{
    add(out, part, number, "weight", &tensors->weight, rank, shape);
    add(out, part, number, "bias", &tensors->bias, 1, &filters);
    if (norm) {
        add(out, part, number, "norm.weight", &tensors->gain, 1, &filters);
        add(out, part, number, "norm.bias", &tensors->offset, 1, &filters);
        add(out, part, number, "norm.mean", &tensors->mean, 1, &filters);
        add(out, part, number, "norm.var", &tensors->var, 1, &filters);
    }
}

static void
add_unet(list* out, const ub_unet* unet, ub_unet_tensors* t)
{
    for (uint32_t i = 0; i < unet->encoders; ++i) {
        const ub_layer* l = &unet->encoder[i];
        const uint32_t shape[] = {l->filters, l->inputs, l->kernel[0], l->kernel[1]};
        add_layer(out, "encoder", (int)i, &t->encoder[i], 4, shape, l->filters, l->norm);
    }
    for (uint32_t i = 0; i < unet->decoders; ++i) {
        const ub_layer* l = &unet->decoder[i];
        const uint32_t shape[] = {l->transposed ? l->inputs : l->filters,
                                  l->transposed ? l->filters : l->inputs, l->kernel[0],
                                  l->kernel[1]};
        add_layer(out, "decoder", (int)i, &t->decoder[i], 4, shape, l->filters, l->norm);
    }
    uint32_t units = 0;
    for (uint32_t i = 0; i < unet->controls; ++i) {
        const ub_control_layer* l = &unet->control[i];
        const uint32_t shape[] = {l->units, l->inputs, l->kernel};
        add_layer(out, "control", (int)i, &t->control[i], unet->conv_control ? 3 : 2, shape,
                  l->units, l->norm);
        units = l->units;
    }
    if (unet->pairs) {
        const uint32_t shape[] = {unet->pairs, units};
        add_layer(out, "film.gamma", -1, &t->gamma, 2, shape, unet->pairs, false);
        add_layer(out, "film.beta", -1, &t->beta, 2, shape, unet->pairs, false);
    }
}

size_t
ub_model_tensors(ub_model* model, ub_tensor_spec specs[UB_MAX_MODEL_TENSORS])
{
    list out = {specs, 0, ""};
    for (uint32_t i = 0; i < model->net.unets; ++i) {
        if (model->net.version > 1) {
            snprintf(out.prefix, sizeof(out.prefix), "networks.%u.", i);
        }
        add_unet(&out, &model->net.unet[i], &model->unet[i]);
    }
    return out.count;
}

size_t
ub_tensor_size(const ub_tensor_spec* spec)
{
    size_t n = 1;
    for (size_t i = 0; i < spec->rank; ++i) {
        n *= spec->shape[i];
    }
    return n;
}

/// Check that the file holds these tensors and no other; their size in all, or 0
static size_t
check(const ub_tensor_spec* specs, size_t count, const ub_safetensors* file, const char* path,
      char* err, size_t err_size)
{
    size_t total = 0;
    for (size_t i = 0; i < count; ++i) {
        if (!ub_safetensors_read(file, specs[i].name, specs[i].shape, specs[i].rank, NULL, err,
                                 err_size)) {
            return 0;
        }
        total += (ub_tensor_size(&specs[i]) + ALIGN - 1) / ALIGN * ALIGN;
    }
    for (size_t i = 0; i < ub_safetensors_count(file); ++i) {
        const char* name = ub_safetensors_name(file, i);
        size_t k = 0;
        while (k < count && strcmp(name, specs[k].name)) {
            ++k;
        }
        if (k == count) {
            ub_error(err, err_size, "%s: tensor %s is no part of the network", path, name);
            return 0;
        }
    }
    return total;
}

static bool
read_one(const ub_tensor_spec* spec, const ub_safetensors* file, const char* path, float* out,
         char* err, size_t err_size)
{
    if (!ub_safetensors_read(file, spec->name, spec->shape, spec->rank, out, err, err_size)) {
        return false;
    }
    for (size_t i = 0, n = ub_tensor_size(spec); i < n; ++i) {
        if (out[i] < spec->min) {
            return ub_error(err, err_size, "%s: tensor %s: value %zu is %g (expected at least %g)",
                            path, spec->name, i, (double)out[i], (double)spec->min);
        }
    }
    *spec->place = out;
    return true;
}

/// Read these tensors, which are there, into memory for all of them
static float*
read_all(const ub_tensor_spec* specs, size_t count, size_t total, const ub_safetensors* file,
         const char* path, char* err, size_t err_size)
{
    float* storage = (float*)aligned_alloc(ALIGN * sizeof(float), total * sizeof(float));
    if (!storage) {
        ub_error(err, err_size, "%s: out of memory for %zu MiB of weights", path,
                 total * sizeof(float) >> 20);
        return NULL;
    }
    size_t at = 0;
    for (size_t i = 0; i < count; ++i) {
        if (!read_one(&specs[i], file, path, storage + at, err, err_size)) {
            free(storage);
            return NULL;
        }
        at += (ub_tensor_size(&specs[i]) + ALIGN - 1) / ALIGN * ALIGN;
    }
    return storage;
}

float*
ub_read_model_tensors(ub_model* model, const ub_safetensors* file, const char* path, char* err,
                      size_t err_size)
{
    ub_tensor_spec* specs = (ub_tensor_spec*)malloc(UB_MAX_MODEL_TENSORS * sizeof(ub_tensor_spec));
    if (!specs) {
        ub_error(err, err_size, "%s: out of memory", path);
        return NULL;
    }
    const size_t count = ub_model_tensors(model, specs);
    const size_t total = check(specs, count, file, path, err, err_size);
    float* storage = total ? read_all(specs, count, total, file, path, err, err_size) : NULL;
    free(specs);
    return storage;
}
