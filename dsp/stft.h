// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_DSP_STFT_H
#define UB_DSP_STFT_H

/**
   @file
   One frame of the short-time Fourier transform and back.  The DFT is unnormalised
   forwards and divided by its size backwards, so that a frame comes back as it was
   but for the windows on both sides.
*/

#include <complex.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct ub_stft_s ub_stft;

/// A transform of frames of `size` samples, an even number.  NULL: no memory.
/// Plans under a lock of the process; not real-time safe.
ub_stft* ub_stft_new(uint32_t size);
void ub_stft_free(ub_stft* stft);

/// The frame to be analysed, [size]: to be filled in before ub_stft_analyse
float* ub_stft_frame(ub_stft* stft);

/// Transform the frame times a window, [size].  Returns the spectrum, [size / 2 + 1],
/// valid until the next call.  Real-time safe.
const float complex* ub_stft_analyse(ub_stft* stft, const float* window);

/// Multiply the analysed spectrum by gain, [size / 2 + 1], and transform back to a
/// frame times a window, [size], valid until the next call.  The analysed spectrum
/// stays as it is.  Real-time safe.
const float* ub_stft_synthesise(ub_stft* stft, const float* gain, const float* window);

#endif // UB_DSP_STFT_H
