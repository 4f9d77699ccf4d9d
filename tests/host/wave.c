// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   Sound files for script tests: make one, or say how one differs from another.
*/

#include "tests/host/render.h"

#include <sndfile.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: wave make OUT.wav RATE FRAMES [CHANNELS [HZ]]\n"
    "       wave compare A B [LAG]\n"
    "       wave nearest X FROM TO A B...\n"
    "make writes noises, with HZ over a steady note of that frequency, as a bass plays it.\n"
    "nearest prints which of A, B... X is nearest to from sample FROM to TO, counted from\n"
    "0, and its distance and the second's in dB relative to X, over the first channel.\n"
    "compare prints: frames A, frames B, largest |A[t] - B[t + LAG]|, peak of B.\n"
    "The largest difference is nan if B has a sample that is not finite.\n";

/// A note that goes on, with odd harmonics, at a time in periods
static float
note(double periods)
{
    const double sine = sin(2.0 * acos(-1.0) * periods);
    return (float)(0.2 * sine + (sine < 0.0 ? -0.1 : 0.1));
}

static int
make(const char* path, int rate, uint32_t frames, int channels, double hz)
{
    ub_sound sound = ub_noises(frames);
    SF_INFO info = {0, rate, channels, SF_FORMAT_WAV | SF_FORMAT_FLOAT, 0, 0};
    SNDFILE* const file = sf_open(path, SFM_WRITE, &info);
    for (uint32_t i = 0; file && i < frames; ++i) {
        float frame[2] = {sound.channel[0][i], sound.channel[1][i]};
        for (int c = 0; hz > 0.0 && c < 2; ++c) {
            frame[c] = 0.6f * (frame[c] + note(hz * i / rate));
        }
        sf_writef_float(file, frame, 1);
    }
    ub_sound_free(&sound);
    if (!file || sf_close(file)) {
        fprintf(stderr, "wave: %s: cannot be written\n", path);
        return 1;
    }
    return 0;
}

static float*
load(const char* path, SF_INFO* info)
{
    memset(info, 0, sizeof(*info));
    SNDFILE* const file = sf_open(path, SFM_READ, info);
    if (!file) {
        fprintf(stderr, "wave: %s: %s\n", path, sf_strerror(NULL));
        exit(1);
    }
    const size_t samples = (size_t)info->frames * (size_t)info->channels;
    float* const data = (float*)calloc(samples + 1, sizeof(float));
    if (!data || sf_readf_float(file, data, info->frames) != info->frames) {
        fprintf(stderr, "wave: %s: cannot be read\n", path);
        exit(1);
    }
    sf_close(file);
    return data;
}

static int
compare(const char* path_a, const char* path_b, int64_t lag)
{
    SF_INFO info_a;
    SF_INFO info_b;
    float* const a = load(path_a, &info_a);
    float* const b = load(path_b, &info_b);
    if (info_a.channels != info_b.channels || info_a.samplerate != info_b.samplerate) {
        fprintf(stderr, "wave: %s and %s differ in channels or rate\n", path_a, path_b);
        return 1;
    }
    double worst = 0.0;
    double peak = 0.0;
    for (int64_t i = 0; i < info_b.frames * info_b.channels; ++i) {
        const int64_t k = i - lag * info_a.channels;
        const double before = k >= 0 && k < info_a.frames * info_a.channels ? a[k] : b[i];
        const double error = fabs(before - b[i]);
        worst = error <= worst ? worst : error; // Keeps a NaN
        peak = fmax(peak, fabs((double)b[i]));
    }
    printf("%ld %ld %.3e %.4f\n", (long)info_a.frames, (long)info_b.frames, worst, peak);
    free(b);
    free(a);
    return 0;
}

/// Energy of the difference between two files' first channels from one sample to
/// another, in dB relative to the first file.
static double
distance(const char* path_a, const char* path_b, int64_t from, int64_t to)
{
    SF_INFO info_a;
    SF_INFO info_b;
    float* const a = load(path_a, &info_a);
    float* const b = load(path_b, &info_b);
    const int64_t end = info_a.frames < info_b.frames ? info_a.frames : info_b.frames;
    double error = to > end ? HUGE_VAL : 0.0;
    double energy = 0.0;
    for (int64_t i = from; i < to && i < end; ++i) {
        const double x = a[i * info_a.channels];
        const double d = x - b[i * info_b.channels];
        error += d * d;
        energy += x * x;
    }
    free(b);
    free(a);
    return 10.0 * log10((error + 1e-20) / (energy + 1e-20));
}

static int
nearest(int64_t from, int64_t to, const char* x, int n, char** paths)
{
    int best = -1;
    double least = HUGE_VAL;
    double second = HUGE_VAL;
    for (int k = 0; k < n; ++k) {
        const double d = distance(x, paths[k], from, to);
        if (d < least) {
            second = least;
            least = d;
            best = k;
        } else {
            second = fmin(second, d);
        }
    }
    printf("%d %.1f %.1f\n", best, least, second);
    return 0;
}

int
main(int argc, char** argv)
{
    if (argc >= 5 && !strcmp(argv[1], "make")) {
        return make(argv[2], atoi(argv[3]), (uint32_t)atol(argv[4]), argc > 5 ? atoi(argv[5]) : 2,
                    argc > 6 ? atof(argv[6]) : 0.0);
    }
    if (argc >= 4 && !strcmp(argv[1], "compare")) {
        return compare(argv[2], argv[3], argc > 4 ? atol(argv[4]) : 0);
    }
    if (argc >= 7 && !strcmp(argv[1], "nearest")) {
        return nearest(atol(argv[3]), atol(argv[4]), argv[2], argc - 5, argv + 5);
    }
    fputs(usage, stderr);
    return 2;
}
