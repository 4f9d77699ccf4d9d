// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT
//
// mix OUT.wav STEM...
//
// Writes the plain sum of the stems, 32-bit float: no scaling, no dither, no clipping. The sum is
// formed in double and rounded once. All stems must have one rate, channel count and length.

#include <sndfile.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 4096 };

static int
fail(const char* path, const char* message)
{
    fprintf(stderr, "unbraid: %s: %s\n", path, message);
    return 1;
}

static bool
open_stems(SNDFILE** stems, char** paths, int count, SF_INFO* first)
{
    for (int i = 0; i < count; ++i) {
        SF_INFO info = {0};
        stems[i] = sf_open(paths[i], SFM_READ, &info);
        if (!stems[i]) {
            fail(paths[i], sf_strerror(NULL));
            return false;
        }
        if (i == 0) {
            *first = info;
        } else if (info.samplerate != first->samplerate || info.channels != first->channels ||
                   info.frames != first->frames) {
            fprintf(stderr,
                    "unbraid: %s: %d Hz, %d channels, %lld frames (expected %d, %d, %lld)\n",
                    paths[i], info.samplerate, info.channels, (long long)info.frames,
                    first->samplerate, first->channels, (long long)first->frames);
            return false;
        }
    }
    return true;
}

static int
add_up(SNDFILE** stems, char** paths, int count, const SF_INFO* info, SNDFILE* out,
       const char* out_path)
{
    const size_t size = (size_t)BLOCK * (size_t)info->channels;
    double* part = malloc(size * sizeof(double));
    double* sum = malloc(size * sizeof(double));
    int status = part && sum ? 0 : fail(out_path, "not enough memory");
    for (sf_count_t done = 0; status == 0 && done < info->frames;) {
        const sf_count_t left = info->frames - done;
        const sf_count_t want = left < BLOCK ? left : BLOCK;
        memset(sum, 0, size * sizeof(double));
        for (int i = 0; status == 0 && i < count; ++i) {
            if (sf_readf_double(stems[i], part, want) != want) {
                status = fail(paths[i], "ends early (damaged file?)");
            }
            for (size_t k = 0; status == 0 && k < (size_t)want * (size_t)info->channels; ++k) {
                sum[k] += part[k];
            }
        }
        if (status == 0 && sf_writef_double(out, sum, want) != want) {
            status = fail(out_path, "cannot be written to its end (disk full?)");
        }
        done += want;
    }
    free(sum);
    free(part);
    return status;
}

int
main(int argc, char** argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: mix OUT.wav STEM...\n");
        return 2;
    }
    const int count = argc - 2;
    char** paths = argv + 2;
    SNDFILE** stems = calloc((size_t)count, sizeof(*stems));
    SF_INFO info = {0};
    int status = stems ? 0 : fail(argv[1], "not enough memory");
    if (status == 0 && !open_stems(stems, paths, count, &info)) {
        status = 1;
    }
    if (status == 0) {
        SF_INFO format = {.samplerate = info.samplerate,
                          .channels = info.channels,
                          .format = SF_FORMAT_WAV | SF_FORMAT_FLOAT};
        SNDFILE* out = sf_open(argv[1], SFM_WRITE, &format);
        if (!out) {
            status = fail(argv[1], sf_strerror(NULL));
        } else {
            sf_command(out, SFC_SET_ADD_PEAK_CHUNK, NULL, SF_FALSE); // it holds the time of day
            status = add_up(stems, paths, count, &info, out, argv[1]);
            if (sf_close(out) != 0 && status == 0) {
                status = fail(argv[1], "cannot be written to its end (disk full?)");
            }
        }
    }
    for (int i = 0; stems && i < count; ++i) {
        if (stems[i]) {
            sf_close(stems[i]);
        }
    }
    free(stems);
    return status;
}
