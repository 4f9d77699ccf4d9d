// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

// Written by make_score_golden.py

#ifndef UB_GOLDEN_SCORE_H
#define UB_GOLDEN_SCORE_H

#define SOURCES 3
#define RATE    1000

typedef struct {
    unsigned samples;
    unsigned silent[2]; // Second true source
    unsigned cancel[2]; // Third estimate
    double sdr[SOURCES];
    double usdr[SOURCES];
} score_case;

static const score_case cases[] = {
    {5432,
     {0, 0},
     {0, 0},
     {11.851792319, 12.015267086, 11.871024982},
     {11.346679475, 11.427533258, 11.367493762}},
    {6000,
     {1000, 2600},
     {0, 0},
     {11.223424742, 10.351471253, 11.163213075},
     {11.354148998, 5.019373716, 11.336916792}},
    {6999,
     {0, 1000},
     {4000, 5000},
     {12.068439547, 12.147559682, 12.051536908},
     {11.344788046, 7.317304985, 7.201224565}},
    {1000,
     {0, 0},
     {0, 0},
     {11.451315237, 11.327494079, 11.244498986},
     {11.451315229, 11.327494071, 11.244498978}},
    {700,
     {0, 0},
     {0, 0},
     {11.581319016, 11.308943699, 11.355401748},
     {11.581319005, 11.308943687, 11.355401736}},
};

#endif // UB_GOLDEN_SCORE_H
