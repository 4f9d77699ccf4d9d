// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/network/layers.h"

#include "model/file/error.h"

#include <stdio.h>

#define MAX_FILTERS 8192U
#define MAX_KERNEL  32U
#define MAX_STRIDE  8U
#define MAX_IMAGE   (1ULL << 28) ///< Values in one layer's image, so that sizes fit 32 bits

void
ub_read_activation(ub_json* json, const json_t* layer, const char* where, ub_activation* out)
{
    static const char* const kinds[] = {"linear", "relu", "leaky_relu", "sigmoid", "tanh", NULL};
    static const char* const plain_keys[] = {"kind", NULL};
    static const char* const leaky_keys[] = {"kind", "slope", NULL};
    const json_t* value = json_object_get(layer, "activation");
    char inner[64];
    snprintf(inner, sizeof(inner), "%s.activation", where);
    out->kind = (ub_activation_kind)ub_json_word(json, value, inner, "kind", kinds);
    const bool leaky = out->kind == UB_LEAKY_RELU;
    if (ub_json_object(json, value, inner, leaky ? leaky_keys : plain_keys) && leaky) {
        out->slope = (float)ub_json_number(json, value, inner, "slope", 0.0, 1.0);
    }
}

bool
ub_read_norm(ub_json* json, const json_t* layer, const char* where, float* eps)
{
    static const char* const keys[] = {"eps", NULL};
    const json_t* value = json_object_get(layer, "norm");
    if (json_is_null(value)) {
        return false;
    }
    char inner[64];
    snprintf(inner, sizeof(inner), "%s.norm", where);
    if (ub_json_object(json, value, inner, keys)) {
        *eps = (float)ub_json_number(json, value, inner, "eps", 1e-12, 1.0);
    }
    return true;
}

static void
read_common(ub_json* json, const json_t* value, const char* where, ub_layer* layer)
{
    static const char* const films[] = {"none", "simple", "complex", NULL};
    layer->filters = ub_json_uint(json, value, where, "filters", 1, MAX_FILTERS);
    ub_json_pair(json, value, where, "kernel", layer->kernel, 1, MAX_KERNEL);
    ub_json_pair(json, value, where, "stride", layer->stride, 1, MAX_STRIDE);
    layer->dilation[0] = layer->dilation[1] = 1;
    layer->norm = ub_read_norm(json, value, where, &layer->eps);
    layer->film = (ub_film)ub_json_word(json, value, where, "film", films);
    ub_read_activation(json, value, where, &layer->activation);
}

static void
number_pairs(ub_unet* unet, ub_layer* layer)
{
    layer->pair = unet->pairs;
    unet->pairs += layer->film == UB_FILM_COMPLEX ? layer->filters : layer->film == UB_FILM_SIMPLE;
}

/// Chain a layer to the one before it, NULL for the first
static void
connect(const ub_network* net, const ub_layer* before, ub_layer* layer)
{
    layer->inputs = before ? before->filters : net->channels;
    layer->in_size[0] = before ? before->out_size[0] : net->frames;
    layer->in_size[1] = before ? before->out_size[1] : net->bins;
}

static void
check_size(ub_json* json, const char* where, const ub_layer* layer, const int64_t size[2])
{
    if (!json->ok) {
        return;
    }
    if (size[0] < 1 || size[1] < 1) {
        json->ok = ub_error(json->err, json->err_size,
                            "%s: its image of %ux%u leaves nothing "
                            "(expected a smaller kernel or crop)",
                            where, layer->in_size[0], layer->in_size[1]);
    } else if ((uint64_t)size[0] * (uint64_t)size[1] * layer->filters > MAX_IMAGE ||
               (uint64_t)layer->in_size[0] * layer->in_size[1] * layer->inputs > MAX_IMAGE) {
        json->ok =
            ub_error(json->err, json->err_size,
                     "%s: images are too big (expected at most %llu values)", where, MAX_IMAGE);
    }
}

static void
read_encoder(ub_json* json, const json_t* value, const char* where, ub_layer* layer)
{
    static const char* const keys[] = {"filters", "kernel", "stride",     "pad",
                                       "norm",    "film",   "activation", NULL};
    if (!ub_json_object(json, value, where, keys)) {
        return;
    }
    read_common(json, value, where, layer);
    ub_json_pairs(json, value, where, "pad", layer->pad, 0, MAX_KERNEL - 1);
    layer->skip = -1;
    int64_t size[2] = {0, 0};
    for (int axis = 0; json->ok && axis < 2; ++axis) {
        const int64_t room = (int64_t)layer->in_size[axis] + layer->pad[axis][0] +
                             layer->pad[axis][1] - layer->kernel[axis];
        size[axis] = room < 0 ? 0 : room / layer->stride[axis] + 1;
        layer->out_size[axis] = (uint32_t)size[axis];
    }
    check_size(json, where, layer, size);
}

static void
read_skip(ub_json* json, const json_t* value, const char* where, const ub_unet* unet,
          ub_layer* layer)
{
    layer->skip = -1;
    if (json_is_null(json_object_get(value, "skip"))) {
        return;
    }
    layer->skip = (int32_t)ub_json_uint(json, value, where, "skip", 0, unet->encoders - 1);
    const ub_layer* from = &unet->encoder[layer->skip];
    layer->inputs += from->filters;
    if (json->ok &&
        (from->out_size[0] != layer->in_size[0] || from->out_size[1] != layer->in_size[1])) {
        json->ok = ub_error(json->err, json->err_size,
                            "%s.skip: encoder.%d gives images of %ux%u (expected %ux%u)", where,
                            layer->skip, from->out_size[0], from->out_size[1], layer->in_size[0],
                            layer->in_size[1]);
    }
}

static void
read_decoder(ub_json* json, const json_t* value, const char* where, const ub_unet* unet,
             ub_layer* layer)
{
    static const char* const keys[] = {"filters", "kernel", "stride",     "crop", "skip",
                                       "norm",    "film",   "activation", NULL};
    if (!ub_json_object(json, value, where, keys)) {
        return;
    }
    layer->transposed = true;
    read_common(json, value, where, layer);
    ub_json_pairs(json, value, where, "crop", layer->pad, 0, 2 * MAX_KERNEL);
    read_skip(json, value, where, unet, layer);
    int64_t size[2] = {0, 0};
    for (int axis = 0; json->ok && axis < 2; ++axis) {
        if (layer->kernel[axis] < layer->stride[axis]) {
            json->ok = ub_error(json->err, json->err_size,
                                "%s.kernel: %u is too small (expected at least the stride, %u)",
                                where, layer->kernel[axis], layer->stride[axis]);
            return;
        }
        const int64_t full =
            ((int64_t)layer->in_size[axis] - 1) * layer->stride[axis] + layer->kernel[axis];
        size[axis] = full - layer->pad[axis][0] - layer->pad[axis][1];
        layer->out_size[axis] = size[axis] < 0 ? 0 : (uint32_t)size[axis];
    }
    check_size(json, where, layer, size);
}

static void
check_mask(ub_json* json, const ub_network* net, const ub_unet* unet)
{
    const ub_layer* last = &unet->decoder[unet->decoders - 1];
    if (json->ok && (last->filters != net->channels || last->out_size[0] != net->frames ||
                     last->out_size[1] != net->bins)) {
        json->ok = ub_error(json->err, json->err_size,
                            "decoder.%u: the mask is %ux%ux%u (expected %ux%ux%u)",
                            unet->decoders - 1, last->filters, last->out_size[0], last->out_size[1],
                            net->channels, net->frames, net->bins);
    }
}

void
ub_read_layers(ub_json* json, const json_t* root, const ub_network* net, ub_unet* unet)
{
    const json_t* encoder = ub_json_array(json, root, "", "encoder", 1, UB_MAX_LAYERS);
    const json_t* decoder = ub_json_array(json, root, "", "decoder", 1, UB_MAX_LAYERS);
    const ub_layer* before = NULL;
    char where[32];
    unet->encoders = (uint32_t)json_array_size(encoder);
    for (uint32_t i = 0; json->ok && i < unet->encoders; ++i) {
        snprintf(where, sizeof(where), "encoder.%u", i);
        connect(net, before, &unet->encoder[i]);
        read_encoder(json, json_array_get(encoder, i), where, &unet->encoder[i]);
        number_pairs(unet, &unet->encoder[i]);
        before = &unet->encoder[i];
    }
    unet->decoders = (uint32_t)json_array_size(decoder);
    for (uint32_t i = 0; json->ok && i < unet->decoders; ++i) {
        snprintf(where, sizeof(where), "decoder.%u", i);
        connect(net, before, &unet->decoder[i]);
        read_decoder(json, json_array_get(decoder, i), where, unet, &unet->decoder[i]);
        number_pairs(unet, &unet->decoder[i]);
        before = &unet->decoder[i];
    }
    if (json->ok) {
        check_mask(json, net, unet);
    }
}
