// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT
//
// spectrogram FILE OUT COLUMNS ROWS
//
// Writes ROWS x COLUMNS native floats, lowest frequency first: the level in dB (a full-scale sine
// is 0 dB) on a log frequency axis from 40 Hz to 16 kHz, the power mean over the channels. Prints
// the file's length in seconds. The file is read once, front to back, one window at a time.

#include <fftw3.h>
#include <math.h>
#include <sndfile.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double LOW_HZ = 40.0;
static const double HIGH_HZ = 16000.0;
static const float FLOOR_DB = -140.0F;

typedef struct {
    SNDFILE* file;
    SF_INFO info;
    int size;            // window length in frames, a power of two near 93 ms
    sf_count_t start;    // file frame of the window's first one; negative before the file
    float* frames;       // [size][channels], zero outside the file
    float* window;       // Hann [size], scaled so that a full-scale sine has power 1
    float* in;           // [size], one channel
    fftwf_complex* bins; // [size / 2 + 1]
    float* power;        // [size / 2 + 1], mean over channels
    double* column;      // [rows], power summed over the windows of one column
    float* out;          // [rows][columns]
    fftwf_plan plan;
} Analysis;

static int
fail(const char* path, const char* message)
{
    fprintf(stderr, "unbraid: %s: %s\n", path, message);
    return 1;
}

static bool
open_input(Analysis* a, const char* path)
{
    a->file = sf_open(path, SFM_READ, &a->info);
    if (!a->file) {
        fail(path, sf_strerror(NULL));
        return false;
    }
    if (!a->info.seekable || a->info.frames < 1) {
        fail(path, "no audio of known length (expected a file with at least one sample)");
        return false;
    }
    return true;
}

static bool
allocate(Analysis* a, int columns, int rows)
{
    a->size = 256;
    while (a->size * 1.5 < 0.093 * a->info.samplerate) {
        a->size *= 2;
    }
    const size_t size = (size_t)a->size;
    a->frames = calloc(size * (size_t)a->info.channels, sizeof(float));
    a->window = calloc(size, sizeof(float));
    a->in = fftwf_alloc_real(size);
    a->bins = fftwf_alloc_complex(size / 2 + 1);
    a->power = calloc(size / 2 + 1, sizeof(float));
    a->column = calloc((size_t)rows, sizeof(double));
    a->out = calloc((size_t)rows * (size_t)columns, sizeof(float));
    if (!a->frames || !a->window || !a->in || !a->bins || !a->power || !a->column || !a->out) {
        return false;
    }
    const double turn = 2.0 * acos(-1.0);
    for (int i = 0; i < a->size; ++i) {
        a->window[i] = (float)((2.0 - 2.0 * cos(turn * i / a->size)) / a->size);
    }
    a->plan = fftwf_plan_dft_r2c_1d(a->size, a->in, a->bins, FFTW_ESTIMATE);
    return a->plan != NULL;
}

static void
release(Analysis* a)
{
    if (a->plan) {
        fftwf_destroy_plan(a->plan);
    }
    free(a->out);
    free(a->column);
    free(a->power);
    fftwf_free(a->bins);
    fftwf_free(a->in);
    free(a->window);
    free(a->frames);
    if (a->file) {
        sf_close(a->file);
    }
}

// Moves the window forward to begin at file frame `to`, reading what is new.
static void
slide(Analysis* a, sf_count_t to)
{
    const size_t channels = (size_t)a->info.channels;
    const sf_count_t step = to - a->start;
    const size_t keep = (size_t)(a->size - step) * channels;
    memmove(a->frames, a->frames + (size_t)step * channels, keep * sizeof(float));
    const sf_count_t got = sf_readf_float(a->file, a->frames + keep, step);
    const size_t valid = keep + (size_t)(got > 0 ? got : 0) * channels;
    memset(a->frames + valid, 0, ((size_t)a->size * channels - valid) * sizeof(float));
    a->start = to;
}

static void
transform(Analysis* a)
{
    const int channels = a->info.channels;
    memset(a->power, 0, (size_t)(a->size / 2 + 1) * sizeof(float));
    for (int c = 0; c < channels; ++c) {
        for (int i = 0; i < a->size; ++i) {
            const float x = a->frames[(size_t)i * (size_t)channels + (size_t)c];
            a->in[i] = isfinite(x) ? x * a->window[i] : 0.0F;
        }
        fftwf_execute(a->plan);
        for (int k = 0; k <= a->size / 2; ++k) {
            const float re = a->bins[k][0];
            const float im = a->bins[k][1];
            a->power[k] += (re * re + im * im) / (float)channels;
        }
    }
}

// Where a row is narrower than a bin, between its neighbours; where it is wider, its strongest bin.
static double
row_power(const Analysis* a, int row, int rows)
{
    const double ratio = HIGH_HZ / LOW_HZ;
    const double per_hz = (double)a->size / a->info.samplerate;
    const double low = LOW_HZ * pow(ratio, (double)row / rows) * per_hz;
    const double high = LOW_HZ * pow(ratio, (double)(row + 1) / rows) * per_hz;
    if (high >= a->size / 2.0) {
        return 0.0;
    }
    if (high - low < 1.0) {
        const int k = (int)(0.5 * (low + high));
        const double part = 0.5 * (low + high) - k;
        return (1.0 - part) * a->power[k] + part * a->power[k + 1];
    }
    double most = 0.0;
    for (int k = (int)ceil(low); k < high; ++k) {
        most = fmax(most, a->power[k]);
    }
    return most;
}

// A column is the mean of as many windows as are needed to overlap by half or more.
static void
analyse(Analysis* a, int columns, int rows)
{
    const double span = (double)a->info.frames / columns;
    const int windows = (int)ceil(span / (a->size / 2.0));
    a->start = -a->size;
    for (int c = 0; c < columns; ++c) {
        memset(a->column, 0, (size_t)rows * sizeof(double));
        for (int w = 0; w < windows; ++w) {
            const double centre = (c + (w + 0.5) / windows) * span;
            slide(a, (sf_count_t)floor(centre) - a->size / 2);
            transform(a);
            for (int r = 0; r < rows; ++r) {
                a->column[r] += row_power(a, r, rows) / windows;
            }
        }
        for (int r = 0; r < rows; ++r) {
            const double db = 10.0 * log10(a->column[r] + 1e-30);
            a->out[(size_t)r * (size_t)columns + (size_t)c] = fmaxf((float)db, FLOOR_DB);
        }
    }
}

static int
write_matrix(const Analysis* a, const char* path, size_t count)
{
    FILE* file = fopen(path, "wb");
    if (!file) {
        return fail(path, "cannot be written");
    }
    const bool whole = fwrite(a->out, sizeof(float), count, file) == count;
    const bool closed = fclose(file) == 0;
    return whole && closed ? 0 : fail(path, "cannot be written to its end (disk full?)");
}

int
main(int argc, char** argv)
{
    const int columns = argc == 5 ? atoi(argv[3]) : 0;
    const int rows = argc == 5 ? atoi(argv[4]) : 0;
    if (columns < 1 || rows < 1 || columns > 10000 || rows > 10000) {
        fprintf(stderr, "usage: spectrogram FILE OUT COLUMNS ROWS (1 to 10000 each)\n");
        return 2;
    }
    Analysis a = {0};
    int status = 1;
    if (open_input(&a, argv[1])) {
        if (!allocate(&a, columns, rows)) {
            fail(argv[1], "not enough memory");
        } else {
            analyse(&a, columns, rows);
            status = write_matrix(&a, argv[2], (size_t)columns * (size_t)rows);
        }
    }
    if (status == 0) {
        printf("%.6f\n", (double)a.info.frames / a.info.samplerate);
    }
    release(&a);
    return status;
}
