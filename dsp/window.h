// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_DSP_WINDOW_H
#define UB_DSP_WINDOW_H

/**
   @file
   Windows of frames whose end alone is heard: a sample is finished when the last
   frame that is heard over it has come, so that a short end makes a short latency,
   while the frame stays long enough to tell frequencies apart (after D. Mauler and
   R. Martin, "A low delay, variable resolution, perfect reconstruction spectral
   analysis-synthesis system for speech enhancement", EUSIPCO 2007).

   The last `heard` samples of a frame of `size` samples, both even, are centred on
   heard / 2 samples before its end.  Where all of it is heard, both windows are the
   periodic Hann window.
*/

#include <stdint.h>

/// Rises to the centre of what is heard and falls from there on, in halves of Hann
/// windows, [size].
void ub_window_analysis(uint32_t size, uint32_t heard, float* window);

/// Makes both together a squared Hann window over what is heard, 0 before it, [size].
/// That is symmetric, so that a frame acts in equal parts before and after its centre.
void ub_window_synthesis(uint32_t size, uint32_t heard, float* window);

#endif // UB_DSP_WINDOW_H
