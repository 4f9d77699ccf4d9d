// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/stft.h"

#include <complex.h> // before fftw3.h, which then uses C's own complex type

#include <fftw3.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct ub_stft_s {
    uint32_t size;
    float* window;           // [size]
    float* frame;            // [size]
    float* output;           // [size]
    fftwf_complex* spectrum; // [size / 2 + 1]
    fftwf_complex* product;  // [size / 2 + 1]
    fftwf_plan forward;
    fftwf_plan backward;
};

// FFTW's planner is not thread-safe.  There is one for all of our streams and, as FFTW is linked
// in whole, for nobody else's.
static pthread_mutex_t planner = PTHREAD_MUTEX_INITIALIZER;

static bool
make_plans(ub_stft* stft)
{
    const int n = (int)stft->size;
    pthread_mutex_lock(&planner);
    stft->forward =
        fftwf_plan_dft_r2c_1d(n, stft->frame, stft->spectrum, FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
    stft->backward = fftwf_plan_dft_c2r_1d(n, stft->product, stft->output, FFTW_ESTIMATE);
    pthread_mutex_unlock(&planner);
    return stft->forward && stft->backward;
}

ub_stft*
ub_stft_new(uint32_t size)
{
    ub_stft* stft = calloc(1, sizeof(ub_stft));
    if (!stft) {
        return NULL;
    }
    stft->size = size;
    stft->frame = fftwf_alloc_real(size);
    stft->output = fftwf_alloc_real(size);
    stft->spectrum = fftwf_alloc_complex(size / 2 + 1);
    stft->product = fftwf_alloc_complex(size / 2 + 1);
    if (!stft->frame || !stft->output || !stft->spectrum || !stft->product || !make_plans(stft)) {
        ub_stft_free(stft);
        return NULL;
    }
    // Whose pages are then there
    memset(stft->frame, 0, size * sizeof(float));
    memset(stft->output, 0, size * sizeof(float));
    memset(stft->spectrum, 0, (size / 2 + 1) * sizeof(fftwf_complex));
    memset(stft->product, 0, (size / 2 + 1) * sizeof(fftwf_complex));
    return stft;
}

void
ub_stft_free(ub_stft* stft)
{
    if (!stft) {
        return;
    }
    pthread_mutex_lock(&planner);
    fftwf_destroy_plan(stft->forward);
    fftwf_destroy_plan(stft->backward);
    pthread_mutex_unlock(&planner);
    fftwf_free(stft->frame);
    fftwf_free(stft->output);
    fftwf_free(stft->spectrum);
    fftwf_free(stft->product);
    free(stft);
}

float*
ub_stft_frame(ub_stft* stft)
{
    return stft->frame;
}

const float complex*
ub_stft_analyse(ub_stft* stft, const float* window)
{
    for (uint32_t i = 0; i < stft->size; ++i) {
        stft->frame[i] *= window[i];
    }
    fftwf_execute(stft->forward);
    return stft->spectrum;
}

const float*
ub_stft_synthesise(ub_stft* stft, const float* gain, const float* window)
{
    for (uint32_t i = 0; i <= stft->size / 2; ++i) {
        stft->product[i] = gain[i] * stft->spectrum[i];
    }
    fftwf_execute(stft->backward);
    const float scale = 1.0f / (float)stft->size;
    for (uint32_t i = 0; i < stft->size; ++i) {
        stft->output[i] *= scale * window[i];
    }
    return stft->output;
}
