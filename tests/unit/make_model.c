// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "tests/unit/make_model.h"

#include "model/network/tensors.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

double
ub_test_random(uint64_t* state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15U;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9U;
    z = (z ^ z >> 27) * 0x94D049BB133111EBU;
    z ^= z >> 31;
    return (double)(z >> 40) * 0x1p-23 - 1.0;
}

uint64_t
ub_test_state(uint64_t seed, const char* name)
{
    uint64_t hash = 0xCBF29CE484222325U;
    for (; *name; ++name) {
        hash = (hash ^ (unsigned char)*name) * 0x100000001B3U;
    }
    return hash ^ seed;
}

static bool
ends_with(const char* name, const char* end)
{
    const size_t n = strlen(name);
    const size_t k = strlen(end);
    return n >= k && !strcmp(name + n - k, end);
}

void
ub_test_fill(const char* name, const uint32_t* shape, size_t rank, uint64_t seed, float* out)
{
    double center = 0.0;
    double spread = 0.2;
    size_t size = 1;
    for (size_t i = 0; i < rank; ++i) {
        size *= shape[i];
    }
    if (ends_with(name, "norm.weight") || ends_with(name, "film.gamma.bias")) {
        center = 1.0;
        spread = 0.3;
    } else if (ends_with(name, "norm.var")) {
        center = 1.0;
        spread = 0.5;
    } else if (ends_with(name, "weight")) {
        // Keeps the size of the signal about the same from layer to layer
        const bool decoder = strstr(name, "decoder.");
        const double fan = decoder ? (double)size / shape[1] / 4.0 : (double)size / shape[0];
        spread = sqrt(4.5 / fan);
    }
    uint64_t state = ub_test_state(seed, name);
    for (size_t i = 0; i < size; ++i) {
        out[i] = (float)(center + spread * ub_test_random(&state));
    }
}

/// The header, padded with spaces to a multiple of 8 bytes
static char*
make_header(const ub_tensor_spec* specs, size_t count, uint32_t version, const char* description)
{
    json_t* root = json_object();
    json_object_set_new(root, "__metadata__",
                        json_pack("{s:s, s:s, s:s, s:s}", "format", "unbraid", "format_version",
                                  version > 1 ? "2" : "1", "network", description, "card",
                                  "{\"name\": \"random\"}"));
    size_t at = 0;
    for (size_t i = 0; i < count; ++i) {
        const size_t end = at + 4 * ub_tensor_size(&specs[i]);
        json_t* shape = json_array();
        for (size_t k = 0; k < specs[i].rank; ++k) {
            json_array_append_new(shape, json_integer(specs[i].shape[k]));
        }
        json_object_set_new(root, specs[i].name,
                            json_pack("{s:s, s:o, s:[I, I]}", "dtype", "F32", "shape", shape,
                                      "data_offsets", (json_int_t)at, (json_int_t)end));
        at = end;
    }
    char* text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    const size_t length = text ? strlen(text) : 0;
    const size_t padded = (length + 7) / 8 * 8;
    char* header = text ? (char*)malloc(padded + 1) : NULL;
    if (header) {
        memset(header, ' ', padded);
        memcpy(header, text, length);
        header[padded] = '\0';
    }
    free(text);
    return header;
}

static bool
write_tensors(FILE* out, const ub_tensor_spec* specs, size_t count, uint64_t seed)
{
    bool ok = true;
    for (size_t i = 0; ok && i < count; ++i) {
        const size_t n = ub_tensor_size(&specs[i]);
        float* values = (float*)malloc(n * sizeof(float));
        ok = values;
        if (ok) {
            ub_test_fill(specs[i].name, specs[i].shape, specs[i].rank, seed, values);
            ok = fwrite(values, sizeof(float), n, out) == n;
        }
        free(values);
    }
    return ok;
}

bool
ub_test_write_network(const char* path, const char* description, uint64_t seed)
{
    char err[256] = "";
    ub_model model;
    memset(&model, 0, sizeof(model));
    if (!ub_network_parse(&model.net, description, strlen(description), err, sizeof(err))) {
        fprintf(stderr, "%s: network: %s\n", path, err);
        return false;
    }
    static ub_tensor_spec specs[UB_MAX_MODEL_TENSORS];
    const size_t count = ub_model_tensors(&model, specs);
    char* header = make_header(specs, count, model.net.version, description);
    FILE* out = fopen(path, "wb");
    bool ok = header && out;
    if (ok) {
        const uint64_t length = strlen(header);
        uint8_t head[8];
        for (int i = 0; i < 8; ++i) {
            head[i] = (uint8_t)(length >> 8 * i);
        }
        ok = fwrite(head, 1, 8, out) == 8 && fwrite(header, 1, length, out) == length &&
             write_tensors(out, specs, count, seed);
    }
    if (out) {
        ok = !fclose(out) && ok;
    }
    free(header);
    return ok;
}

static uint32_t
or_default(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

static json_t*
make_layer(uint32_t filters, bool film, bool last)
{
    json_t* activation = last ? json_pack("{s:s}", "kind", "sigmoid")
                              : json_pack("{s:s, s:f}", "kind", "leaky_relu", "slope", 0.01);
    return json_pack("{s:i, s:[i,i], s:[i,i], s:{s:f}, s:s, s:o}", "filters", (int)filters,
                     "kernel", 5, 5, "stride", 2, 2, "norm", "eps", 1e-5, "film",
                     film ? "complex" : "none", "activation", activation);
}

static json_t*
make_control(void)
{
    return json_loads("{\"kind\": \"dense\", \"layers\": ["
                      "{\"units\": 16, \"activation\": {\"kind\": \"relu\"}, \"norm\": null},"
                      "{\"units\": 64, \"activation\": {\"kind\": \"relu\"},"
                      " \"norm\": {\"eps\": 1e-5}}]}",
                      0, NULL);
}

static json_t*
make_sources(uint32_t count)
{
    static const char* const names[] = {"vocals", "drums", "bass", "other"};
    json_t* sources = json_array();
    for (uint32_t i = 0; i < count; ++i) {
        json_array_append_new(sources, i < 4 ? json_string(names[i]) : json_sprintf("source%u", i));
    }
    return sources;
}

bool
ub_test_write_model(const char* path, const ub_test_model_options* o)
{
    const uint32_t window = or_default(o->window, 256);
    const uint32_t depth = or_default(o->depth, 2);
    const uint32_t filters = or_default(o->filters, 4);
    const uint32_t channels = or_default(o->channels, 2);
    json_t* root = json_pack(
        "{s:o, s:{s:i, s:i, s:i, s:i, s:i, s:i, s:i}, s:f, s:{s:f, s:f}, s:o, s:[], s:[]}",
        "sources", make_sources(or_default(o->sources, 4)), "stft", "sample_rate",
        (int)or_default(o->sample_rate, 44100), "channels", (int)channels, "window", (int)window,
        "hop", (int)or_default(o->hop, window / 4), "frames", (int)or_default(o->frames, 16),
        "first_bin", 1, "bins", (int)window / 2, "dropped_mask", 1.0, "input", "scale", 1.0,
        "power", o->power > 0.0f ? (double)o->power : 1.0, "control",
        o->no_film ? json_null() : make_control(), "encoder", "decoder");
    if (o->level < 0.0f) {
        json_object_set_new(root, "level", json_real((double)o->level));
    }
    if (o->bands) {
        json_object_set_new(root, "bands",
                            json_pack("{s:i, s:i}", "kept", (int)o->kept, "count", (int)o->bands));
    }
    for (uint32_t i = 0; i < depth; ++i) {
        json_t* layer = make_layer(filters << i, !o->no_film, false);
        json_object_set_new(layer, "pad", json_pack("[[i,i],[i,i]]", 2, 2, 2, 2));
        json_array_append_new(json_object_get(root, "encoder"), layer);
    }
    for (uint32_t i = 0; i < depth; ++i) {
        const bool last = i + 1 == depth;
        json_t* layer = make_layer(last ? channels : filters << (depth - 2 - i), false, last);
        json_object_set_new(layer, "crop", json_pack("[[i,i],[i,i]]", 2, 1, 2, 1));
        json_object_set_new(layer, "skip", i ? json_integer(depth - 1 - i) : json_null());
        json_array_append_new(json_object_get(root, "decoder"), layer);
    }
    char* description = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    const bool ok = description && ub_test_write_network(path, description, o->seed);
    free(description);
    return ok;
}

static bool
new_file(char* path)
{
    snprintf(path, UB_TEST_PATH_SIZE, "/tmp/unbraid-test-XXXXXX.safetensors");
    const int fd = mkstemps(path, (int)strlen(".safetensors"));
    return fd >= 0 && !close(fd);
}

bool
ub_test_new_model(char* path, const ub_test_model_options* options)
{
    return new_file(path) && ub_test_write_model(path, options);
}

// Open a file that is of no further use then
static const ub_model*
open_and_unlink(const char* path)
{
    char err[256] = "";
    const ub_model* model = ub_model_open(path, err, sizeof(err));
    unlink(path);
    if (!model) {
        fprintf(stderr, "%s\n", err);
    }
    return model;
}

const ub_model*
ub_test_open_model(const ub_test_model_options* options)
{
    char path[UB_TEST_PATH_SIZE];
    if (!ub_test_new_model(path, options)) {
        fprintf(stderr, "%s cannot be written\n", path);
        return NULL;
    }
    return open_and_unlink(path);
}

const ub_model*
ub_test_open_golden(const char* name, uint64_t seed)
{
    char from[128];
    char path[UB_TEST_PATH_SIZE];
    snprintf(from, sizeof(from), "tests/golden/%s.json", name);
    json_t* root = json_load_file(from, 0, NULL);
    char* description = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    const bool ok = description && new_file(path) && ub_test_write_network(path, description, seed);
    free(description);
    if (!ok) {
        fprintf(stderr, "%s cannot be used (is this the repository's root?)\n", from);
        return NULL;
    }
    return open_and_unlink(path);
}
