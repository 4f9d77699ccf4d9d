// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   What the tests of the command line need besides wave: small models, sound
   files with samples that are no numbers, sums of stems.
*/

#include "model/file/safetensors.h"
#include "tests/unit/make_model.h"

#include <jansson.h>
#include <sndfile.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] =
    "usage: cli_tool model OUT SOURCES CHANNELS RATE [SEED]\n"
    "       cli_tool network OUT JSON (with the description in that file)\n"
    "       cli_tool thin OUT MODEL  (the same but for an eighth of the filters, and random weights)\n"
    "       cli_tool poison IN OUT   (IN with NaN for sample 1000, infinity for 2000 and 2001)\n"
    "       cli_tool sum MIX A B     (prints the largest |A + B - MIX| in dB of full scale)\n"
    "       cli_tool peak COMMAND... (prints the most memory that the command held, in KiB)\n";

static int
model(char** args, uint64_t seed)
{
    const ub_test_model_options options = {.sources = (uint32_t)atoi(args[1]),
                                           .channels = (uint32_t)atoi(args[2]),
                                           .sample_rate = (uint32_t)atoi(args[3]),
                                           .window = 1024,
                                           .frames = 128,
                                           .seed = seed};
    return !ub_test_write_model(args[0], &options);
}

static int
network(const char* path, const char* description)
{
    char text[65536] = "";
    FILE* file = fopen(description, "r");
    const bool read = file && fread(text, 1, sizeof(text) - 1, file) && feof(file);
    if (file) {
        fclose(file);
    }
    return !read || !ub_test_write_network(path, text, 5);
}

/// An eighth of the filters of all layers that have so many, but of the generators of FiLM.
static void
make_thin(json_t* value)
{
    const char* key = NULL;
    json_t* member = NULL;
    size_t i = 0;
    const json_int_t filters = json_integer_value(json_object_get(value, "filters"));
    if (filters >= 8) {
        json_object_set_new(value, "filters", json_integer(filters / 8));
    }
    json_object_foreach(value, key, member)
    {
        if (strcmp(key, "control")) {
            make_thin(member);
        }
    }
    json_array_foreach(value, i, member)
    {
        make_thin(member);
    }
}

static int
thin(const char* path, const char* model)
{
    char err[256] = "";
    ub_safetensors* file = ub_safetensors_open(model, err, sizeof(err));
    json_t* network = file ? json_loads(ub_safetensors_metadata(file, "network"), 0, NULL) : NULL;
    make_thin(network);
    char* description = network ? json_dumps(network, JSON_COMPACT) : NULL;
    const bool written = description && ub_test_write_network(path, description, 5);
    fputs(err, stderr);
    free(description);
    json_decref(network);
    ub_safetensors_close(file);
    return !written;
}

static float*
load(const char* path, SF_INFO* info)
{
    memset(info, 0, sizeof(*info));
    SNDFILE* file = sf_open(path, SFM_READ, info);
    float* data = file ? calloc((size_t)(info->frames * info->channels) + 1, sizeof(*data)) : NULL;
    if (!data || sf_readf_float(file, data, info->frames) != info->frames) {
        fprintf(stderr, "cli_tool: %s: cannot be read\n", path);
        exit(1);
    }
    sf_close(file);
    return data;
}

static int
poison(const char* from, const char* to)
{
    SF_INFO info;
    float* data = load(from, &info);
    data[1000] = NAN;
    data[2000] = INFINITY;
    data[2001] = -INFINITY;
    const sf_count_t frames = info.frames;
    SNDFILE* file = sf_open(to, SFM_WRITE, &info);
    const int bad = !file || sf_writef_float(file, data, frames) != frames;
    free(data);
    return bad || sf_close(file);
}

static int
sum(char** paths)
{
    SF_INFO info[3];
    float* data[3];
    double largest = 0.0;
    for (int i = 0; i < 3; ++i) {
        data[i] = load(paths[i], &info[i]);
        if (info[i].frames != info[0].frames || info[i].channels != info[0].channels) {
            fprintf(stderr, "cli_tool: %s: not of the mix's length and channels\n", paths[i]);
            return 1;
        }
    }
    for (sf_count_t i = 0; i < info[0].frames * info[0].channels; ++i) {
        const double error = fabs((double)data[1][i] + data[2][i] - data[0][i]);
        largest = error <= largest ? largest : error; // A NaN stays
    }
    printf("%.1f\n", 20.0 * log10(largest + 1e-12));
    for (int i = 0; i < 3; ++i) {
        free(data[i]);
    }
    return 0;
}

static int
peak(char** command)
{
    const pid_t child = fork();
    if (!child) {
        execvp(command[0], command);
        _exit(127);
    }
    int status = 1;
    struct rusage use;
    if (child < 0 || wait4(child, &status, 0, &use) != child || status) {
        fprintf(stderr, "cli_tool: %s: failed\n", command[0]);
        return 1;
    }
    printf("%ld\n", use.ru_maxrss);
    return 0;
}

int
main(int argc, char** argv)
{
    if ((argc == 6 || argc == 7) && !strcmp(argv[1], "model")) {
        return model(argv + 2, argc == 7 ? strtoull(argv[6], NULL, 10) : 5);
    }
    if (argc == 4 && !strcmp(argv[1], "network")) {
        return network(argv[2], argv[3]);
    }
    if (argc == 4 && !strcmp(argv[1], "thin")) {
        return thin(argv[2], argv[3]);
    }
    if (argc == 4 && !strcmp(argv[1], "poison")) {
        return poison(argv[2], argv[3]);
    }
    if (argc == 5 && !strcmp(argv[1], "sum")) {
        return sum(argv + 2);
    }
    if (argc > 2 && !strcmp(argv[1], "peak")) {
        return peak(argv + 2);
    }
    fputs(usage, stderr);
    return 2;
}
