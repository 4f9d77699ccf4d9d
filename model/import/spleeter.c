// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/import/spleeter.h"

#include "model/file/error.h"

#include <float.h>
#include <stdio.h>
#include <string.h>

#define MAX_FILTERS 8192U ///< In a layer of our format

// spleeter/resources/*.json
static const ub_spleeter kinds[] = {
    {"spleeter-2stems",
     "Spleeter, 2 stems",
     2,
     {"vocals", "accompaniment"},
     .elu = false,
     .softmax = false,
     .filters = {0}},
    {"spleeter-4stems",
     "Spleeter, 4 stems",
     4,
     {"vocals", "drums", "bass", "other"},
     .elu = true,
     .softmax = false,
     .filters = {0}},
    {"spleeter-5stems",
     "Spleeter, 5 stems",
     5,
     {"vocals", "piano", "drums", "bass", "other"},
     .elu = true,
     .softmax = true,
     .filters = {0}},
};

static const char conv[] = "conv2d";
static const char transposed[] = "conv2d_transpose";
static const char norm[] = "batch_normalization";

/// "conv2d/kernel", "conv2d_1/kernel" and so on
static void
write_name(char name[48], const char* kind, unsigned number, const char* what)
{
    if (number) {
        snprintf(name, 48, "%s_%u/%s", kind, number, what);
    } else {
        snprintf(name, 48, "%s/%s", kind, what);
    }
}

/// How many layers of a kind there are
static unsigned
count_layers(const ub_checkpoint* checkpoint, const char* kind, const char* what)
{
    char name[48];
    unsigned n = 0;
    for (;; ++n) {
        write_name(name, kind, n, what);
        if (!ub_checkpoint_find(checkpoint, name)) {
            return n;
        }
    }
}

/// Whether a name is that of a layer's tensor, of which kind there are n
static bool
is_layer(const char* name, const char* kind, unsigned n, const char* const* parts)
{
    char known[48];
    for (; *parts; ++parts) {
        for (unsigned i = 0; i < n; ++i) {
            write_name(known, kind, i, *parts);
            if (!strcmp(name, known)) {
                return true;
            }
        }
    }
    return false;
}

/// Whether a tensor is of the training's, of no use here
static bool
is_of_training(const char* name)
{
    return !strcmp(name, "global_step") || strstr(name, "/Adam") || strstr(name, "beta1_power") ||
           strstr(name, "beta2_power");
}

static bool
check_names(const ub_checkpoint* checkpoint, unsigned networks, char* err, size_t err_size)
{
    static const char* const layer[] = {"kernel", "bias", NULL};
    static const char* const parts[] = {"gamma", "beta", "moving_mean", "moving_variance", NULL};
    for (size_t i = 0; i < checkpoint->count; ++i) {
        const char* name = checkpoint->tensors[i].name;
        if (!is_layer(name, conv, 7 * networks, layer) &&
            !is_layer(name, transposed, 6 * networks, layer) &&
            !is_layer(name, norm, 12 * networks, parts) && !is_of_training(name)) {
            return ub_error(err, err_size,
                            "%s: tensor %s: no place for it in %u networks of Spleeter's",
                            checkpoint->name, name, networks);
        }
    }
    return true;
}

/// How many filters the layers down have is what the first network says
static bool
read_filters(const ub_checkpoint* checkpoint, ub_spleeter* spleeter, char* err, size_t err_size)
{
    for (unsigned i = 0; i < UB_SPLEETER_LAYERS; ++i) {
        char name[48];
        write_name(name, conv, i, "kernel");
        const ub_checkpoint_tensor* kernel = ub_checkpoint_find(checkpoint, name);
        if (kernel->rank != 4 || !kernel->shape[3] || kernel->shape[3] > MAX_FILTERS) {
            return ub_error(err, err_size,
                            "%s: tensor %s: %zu sizes, the last %llu (expected 4, 1 to %u)",
                            checkpoint->name, name, kernel->rank,
                            (unsigned long long)kernel->shape[kernel->rank ? kernel->rank - 1 : 0],
                            MAX_FILTERS);
        }
        spleeter->filters[i] = (uint32_t)kernel->shape[3];
    }
    return true;
}

bool
ub_spleeter_recognise(const ub_checkpoint* checkpoint, ub_spleeter* spleeter, char* err,
                      size_t err_size)
{
    const unsigned convs = count_layers(checkpoint, conv, "kernel");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); ++i) {
        if (convs == 7 * kinds[i].networks) {
            *spleeter = kinds[i];
            return check_names(checkpoint, spleeter->networks, err, err_size) &&
                   read_filters(checkpoint, spleeter, err, err_size);
        }
    }
    return ub_error(err, err_size,
                    "%s: %u convolutions named conv2d (expected 14, 28 or 35, as Spleeter's 2, 4 "
                    "and 5 networks have)",
                    checkpoint->name, convs);
}

/** A list of tensors that grows. */
typedef struct {
    ub_spleeter_tensor* tensors;
    size_t count;
    unsigned network;
    const char* part; ///< "encoder" or "decoder"
    unsigned number;  ///< Of the layer in it
} list;

static ub_spleeter_tensor*
add(list* out, const char* field, const char* kind, unsigned number, const char* what)
{
    ub_spleeter_tensor* tensor = &out->tensors[out->count++];
    *tensor = (ub_spleeter_tensor){.rank = 1, .least = -FLT_MAX};
    snprintf(tensor->name, sizeof(tensor->name), "networks.%u.%s.%u.%s", out->network, out->part,
             out->number, field);
    write_name(tensor->from, kind, number, what);
    return tensor;
}

/// Weights and bias.  a and b are their first sizes, and the bias is as long as one of these.
static ub_spleeter_tensor*
add_kernel(list* out, const char* kind, unsigned number, uint32_t a, uint32_t b, uint32_t size,
           uint32_t bias)
{
    ub_spleeter_tensor* weight = add(out, "weight", kind, number, "kernel");
    weight->rank = 4;
    weight->shape[0] = a;
    weight->shape[1] = b;
    weight->shape[2] = weight->shape[3] = size;
    add(out, "bias", kind, number, "bias")->shape[0] = bias;
    return weight;
}

static void
add_norm(list* out, unsigned number, uint32_t size)
{
    static const char* const names[4][2] = {{"norm.weight", "gamma"},
                                            {"norm.bias", "beta"},
                                            {"norm.mean", "moving_mean"},
                                            {"norm.var", "moving_variance"}};
    for (unsigned i = 0; i < 4; ++i) {
        ub_spleeter_tensor* tensor = add(out, names[i][0], norm, number, names[i][1]);
        tensor->shape[0] = size;
        tensor->least = i == 3 ? 0.0f : -FLT_MAX;
    }
}

static void
add_network(list* out, const uint32_t* filters)
{
    const unsigned k = out->network;
    const unsigned last = UB_SPLEETER_LAYERS - 1;
    out->part = "encoder";
    for (unsigned i = 0; i <= last; ++i) {
        out->number = i;
        add_kernel(out, conv, 7 * k + i, filters[i], i ? filters[i - 1] : 2, 5, filters[i]);
        if (i < last) { // The last one's is made, but not used
            add_norm(out, 12 * k + i, filters[i]);
        }
    }
    out->part = "decoder";
    for (unsigned i = 0; i <= last; ++i) {
        const uint32_t inputs = i ? 2 * filters[last - i] : filters[last];
        const uint32_t outputs = i < last ? filters[last - 1 - i] : 1;
        out->number = i;
        // Spleeter puts the skip first, and we after what comes from below
        add_kernel(out, transposed, 6 * k + i, inputs, outputs, 5, outputs)->swap = i;
        add_norm(out, 12 * k + 6 + i, outputs);
    }
    out->number = UB_SPLEETER_LAYERS;
    add_kernel(out, conv, 7 * k + 6, 2, 1, 4, 2);
}

size_t
ub_spleeter_tensors(const ub_spleeter* spleeter, ub_spleeter_tensor tensors[UB_SPLEETER_TENSORS])
{
    list out = {.tensors = tensors};
    for (out.network = 0; out.network < spleeter->networks; ++out.network) {
        add_network(&out, spleeter->filters);
    }
    return out.count;
}
