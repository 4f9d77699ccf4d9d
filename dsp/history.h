// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_DSP_HISTORY_H
#define UB_DSP_HISTORY_H

/**
   @file
   The newest samples of each input channel, addressed by sample number.
   Real-time safe, except new and free.
*/

#include <stdint.h>

typedef struct ub_history_s ub_history;

/// Keeps at least `length` samples.  NULL: no memory.
ub_history* ub_history_new(uint32_t channels, uint32_t length);
void ub_history_free(ub_history* history);

/// Begin at sample 0 again: the `before` samples ahead of it read as 0.
void ub_history_reset(ub_history* history, uint32_t before);

/// Write n samples of a channel from sample number `start` on, made fit to be
/// transformed: what is not finite becomes 0, what is beyond 120 dBFS is cut.
void ub_history_write(ub_history* history, int64_t start, uint32_t channel, const float* in,
                      uint32_t n);

/// Read n samples from sample number `start` on.
void ub_history_read(const ub_history* history, int64_t start, uint32_t channel, float* out,
                     uint32_t n);

/// The sample number from which on all channels have been 0
int64_t ub_history_quiet(const ub_history* history);

#endif // UB_DSP_HISTORY_H
