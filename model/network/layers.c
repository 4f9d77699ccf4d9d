// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/network/layers.h"

#include "model/file/error.h"

#include <stdio.h>

#define MAX_FILTERS 8192U
#define MAX_KERNEL  32U
#define MAX_STRIDE  8U
#define MAX_PAD     255U         ///< Of a dilated kernel
#define MAX_IMAGE   (1ULL << 28) ///< Values in one layer's image, so that sizes fit 32 bits

static const char* const films[] = {"none", "simple", "complex", NULL};

static void
read_common(ub_json* json, const json_t* value, const char* where, uint32_t version,
            ub_layer* layer)
{
    static const char* const orders[] = {"norm_first", "activation_first", NULL};
    layer->filters = ub_json_uint(json, value, where, "filters", 1, MAX_FILTERS);
    ub_json_pair(json, value, where, "kernel", layer->kernel, 1, MAX_KERNEL);
    layer->skip = -1;
    layer->stride[0] = layer->stride[1] = 1;
    layer->dilation[0] = layer->dilation[1] = 1;
    layer->norm = ub_read_norm(json, value, where, &layer->eps);
    layer->film = (ub_film)ub_json_word(json, value, where, "film", films);
    ub_read_activation(json, value, where, version, &layer->activation);
    if (version > 1) {
        layer->activation_first = ub_json_word(json, value, where, "order", orders);
    }
}

static uint32_t
pairs_of(ub_film film, uint32_t filters)
{
    return film == UB_FILM_COMPLEX ? filters : film == UB_FILM_SIMPLE;
}

static void
number_pairs(ub_unet* unet, ub_layer* layer)
{
    layer->pair = unet->pairs;
    layer->skip_pair = layer->pair + pairs_of(layer->film, layer->filters);
    unet->pairs = layer->skip_pair + pairs_of(layer->skip_film, layer->filters);
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

/// The output of a convolution that is not transposed
static void
set_out_size(ub_json* json, const char* where, ub_layer* layer)
{
    int64_t size[2] = {0, 0};
    for (int axis = 0; json->ok && axis < 2; ++axis) {
        const int64_t reach = (int64_t)(layer->kernel[axis] - 1) * layer->dilation[axis];
        const int64_t room =
            (int64_t)layer->in_size[axis] + layer->pad[axis][0] + layer->pad[axis][1] - reach - 1;
        size[axis] = room < 0 ? 0 : room / layer->stride[axis] + 1;
        layer->out_size[axis] = (uint32_t)size[axis];
    }
    check_size(json, where, layer, size);
}

static void
read_encoder(ub_json* json, const json_t* value, const char* where, uint32_t version,
             ub_layer* layer)
{
    static const char* const keys[] = {"order",  "raw_skip",   "skip_film", "filters",
                                       "kernel", "stride",     "pad",       "norm",
                                       "film",   "activation", NULL};
    if (!ub_json_object(json, value, where, version > 1 ? keys : keys + 3)) {
        return;
    }
    read_common(json, value, where, version, layer);
    ub_json_pair(json, value, where, "stride", layer->stride, 1, MAX_STRIDE);
    ub_json_pairs(json, value, where, "pad", layer->pad, 0, MAX_KERNEL - 1);
    if (version > 1) {
        layer->raw_skip = ub_json_bool(json, value, where, "raw_skip");
        layer->skip_film = (ub_film)ub_json_word(json, value, where, "skip_film", films);
    }
    set_out_size(json, where, layer);
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

/// A transposed convolution
static void
read_transposed(ub_json* json, const json_t* value, const char* where, ub_layer* layer)
{
    layer->transposed = true;
    ub_json_pair(json, value, where, "stride", layer->stride, 1, MAX_STRIDE);
    ub_json_pairs(json, value, where, "crop", layer->pad, 0, 2 * MAX_KERNEL);
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

/// Whether a decoder layer is an ordinary convolution
static bool
is_conv(ub_json* json, const json_t* value, const char* where, uint32_t version)
{
    static const char* const kinds[] = {"transposed", "conv", NULL};
    return version > 1 && ub_json_word(json, value, where, "kind", kinds) == 1;
}

static void
read_decoder(ub_json* json, const json_t* value, const char* where, uint32_t version,
             const ub_unet* unet, ub_layer* layer)
{
    static const char* const conv_keys[] = {"kind",     "order",      "filters", "kernel",
                                            "dilation", "pad",        "skip",    "norm",
                                            "film",     "activation", NULL};
    static const char* const keys[] = {"kind", "order", "filters", "kernel",     "stride", "crop",
                                       "skip", "norm",  "film",    "activation", NULL};
    const bool conv = is_conv(json, value, where, version);
    if (!ub_json_object(json, value, where, conv ? conv_keys : version > 1 ? keys : keys + 2)) {
        return;
    }
    read_common(json, value, where, version, layer);
    read_skip(json, value, where, unet, layer);
    if (conv) {
        ub_json_pair(json, value, where, "dilation", layer->dilation, 1, MAX_STRIDE);
        ub_json_pairs(json, value, where, "pad", layer->pad, 0, MAX_PAD);
        set_out_size(json, where, layer);
    } else {
        read_transposed(json, value, where, layer);
    }
}

/// What is said of skips must be of use
static void
check_skips(ub_json* json, const char* prefix, const ub_unet* unet)
{
    for (uint32_t i = 0; json->ok && i < unet->encoders; ++i) {
        const ub_layer* l = &unet->encoder[i];
        bool used = !l->raw_skip && l->skip_film == UB_FILM_NONE;
        for (uint32_t k = 0; k < unet->decoders; ++k) {
            used = used || unet->decoder[k].skip == (int32_t)i;
        }
        if (!used) {
            json->ok =
                ub_error(json->err, json->err_size,
                         "%s%sencoder.%u.%s: wrong value (no decoder layer takes its skip)", prefix,
                         *prefix ? "." : "", i, l->raw_skip ? "raw_skip" : "skip_film");
        }
    }
}

/// A window of another length would not come out as long as it went in
static void
check_frames(ub_json* json, const char* prefix, const ub_network* net, const ub_unet* unet)
{
    uint32_t stride = 1;
    for (uint32_t i = 0; json->ok && i < unet->encoders; ++i) {
        stride *= unet->encoder[i].stride[0];
    }
    if (json->ok && net->version > 1 && net->frames % stride) {
        json->ok = ub_error(
            json->err, json->err_size,
            "stft.frames: %u (expected a multiple of the stride of all %s.encoder layers, %u)",
            net->frames, prefix, stride);
    }
}

static void
check_mask(ub_json* json, const char* prefix, const ub_network* net, const ub_unet* unet)
{
    const ub_layer* last = &unet->decoder[unet->decoders - 1];
    if (json->ok && (last->filters != net->channels || last->out_size[0] != net->frames ||
                     last->out_size[1] != net->bins)) {
        json->ok = ub_error(
            json->err, json->err_size, "%s%sdecoder.%u: the mask is %ux%ux%u (expected %ux%ux%u)",
            prefix, *prefix ? "." : "", unet->decoders - 1, last->filters, last->out_size[0],
            last->out_size[1], net->channels, net->frames, net->bins);
    }
}

void
ub_read_layers(ub_json* json, const json_t* root, const char* prefix, const ub_network* net,
               ub_unet* unet)
{
    const json_t* encoder = ub_json_array(json, root, prefix, "encoder", 1, UB_MAX_LAYERS);
    const json_t* decoder = ub_json_array(json, root, prefix, "decoder", 1, UB_MAX_LAYERS);
    const ub_layer* before = NULL;
    char where[UB_WHERE_SIZE];
    unet->encoders = (uint32_t)json_array_size(encoder);
    for (uint32_t i = 0; json->ok && i < unet->encoders; ++i) {
        ub_layer* layer = &unet->encoder[i];
        ub_name_layer(where, prefix, "encoder", i);
        connect(net, before, layer);
        read_encoder(json, json_array_get(encoder, i), where, net->version, layer);
        number_pairs(unet, layer);
        before = layer;
    }
    check_frames(json, prefix, net, unet);
    unet->decoders = (uint32_t)json_array_size(decoder);
    for (uint32_t i = 0; json->ok && i < unet->decoders; ++i) {
        ub_layer* layer = &unet->decoder[i];
        ub_name_layer(where, prefix, "decoder", i);
        connect(net, before, layer);
        read_decoder(json, json_array_get(decoder, i), where, net->version, unet, layer);
        number_pairs(unet, layer);
        before = layer;
    }
    check_skips(json, prefix, unet);
    if (json->ok) {
        check_mask(json, prefix, net, unet);
    }
}
