// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_TEST_MAKE_MODEL_H
#define UB_TEST_MAKE_MODEL_H

/**
   @file
   Weights files of any description, filled with random numbers, for tests.
*/

#include "model/network/model.h"

/// Room for the name of a new file
#define UB_TEST_PATH_SIZE 64

/** A regular network: `depth` 5x5 layers of stride 2 down and up again. */
typedef struct {
    uint32_t sample_rate; ///< Hz, 0 for 44100
    uint32_t channels;    ///< 0 for 2
    uint32_t window;      ///< samples, 0 for 256
    uint32_t hop;         ///< samples, 0 for window / 4
    uint32_t frames;      ///< 0 for 16; a multiple of 2^depth
    uint32_t filters;     ///< Of the first layer, doubled in each, 0 for 4
    uint32_t depth;       ///< 0 for 2; window / 2 is a multiple of 2^depth
    uint32_t sources;     ///< 0 for 4: vocals, drums, bass, other (then source4...)
    bool no_film;         ///< A plain U-Net, else complex FiLM in the encoder
    uint32_t kept;        ///< Of the band map
    uint32_t bands;       ///< 0 for none; a multiple of 2^depth, as window / 2 need then not be
    float power;          ///< Of the input, 0 for 1
    float level;          ///< That it wants, dB, 0 for none
    uint64_t seed;        ///< Of the random weights
} ub_test_model_options;

/// Write a random model file with these options.  False if it cannot be written.
bool ub_test_write_model(const char* path, const ub_test_model_options* options);

/// Write a random model file with this network description (JSON)
bool ub_test_write_network(const char* path, const char* description, uint64_t seed);

/// Write a random model to a new file; path, [UB_TEST_PATH_SIZE], becomes its name
bool ub_test_new_model(char* path, const ub_test_model_options* options);

/// A random model with these options; NULL and a line on stderr if there is none
const ub_model* ub_test_open_model(const ub_test_model_options* options);

/// A random model with the description of a golden test, tests/golden/NAME.json
const ub_model* ub_test_open_golden(const char* name, uint64_t seed);

/// The next number, from -1 to 1, of SplitMix64 (the same in tests/golden/make_golden.py)
double ub_test_random(uint64_t* state);

/// A generator's first state for something with a name: FNV-1a of the name, xor the seed
uint64_t ub_test_state(uint64_t seed, const char* name);

/// Fill a tensor of that name with the numbers that tests use for it
void ub_test_fill(const char* name, const uint32_t* shape, size_t rank, uint64_t seed, float* out);

#endif // UB_TEST_MAKE_MODEL_H
