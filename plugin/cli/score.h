// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_SCORE_H
#define UB_PLUGIN_CLI_SCORE_H

/**
   @file
   How close an estimated source comes to the true one, in dB.

   SDR is that of BSSEval v4 as museval 0.4 has it (F.-R. Stoeter, A. Liutkus, N.
   Ito, "The 2018 Signal Separation Evaluation Campaign"): for each second,
   10 log10(|s|^2 / |e - s|^2) of the true s and the estimate e, and the median
   over all seconds.  museval splits e - s into spatial error, interference and
   artefacts by 512-tap projections, but only their sum enters the SDR, so none is
   needed here.  A second in which any of the sources or of the estimates is
   silent counts for none of them; what is left at the end after the last whole
   second does not count either.

   uSDR is 10 log10((|s|^2 + 1e-7) / (|e - s|^2 + 1e-7)) over the whole length (Y.
   Mitsufuji et al., "Music Demixing Challenge 2021").
*/

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** One source's comparison. */
typedef struct ub_score_s ub_score;

/// @param window Samples in one frame, i.e. the sample rate.
ub_score* ub_score_new(uint32_t window, unsigned channels);
void ub_score_free(ub_score* self);

/// Add n samples of both, [n][channels].  False without memory.
bool ub_score_add(ub_score* self, const double* truth, const double* estimate, size_t n);

/// True if neither the source nor its estimate was silent all along.
bool ub_score_heard(const ub_score* self);

/**
   SDR of one of the sources of a song, which are as long as each other.

   Those that are not heard do not silence the others.

   @return dB; infinite for a perfect estimate, NaN if no frame counts.
*/
double ub_score_sdr(ub_score* const* sources, size_t count, size_t which);

/// uSDR, dB
double ub_score_usdr(const ub_score* self);

#endif // UB_PLUGIN_CLI_SCORE_H
