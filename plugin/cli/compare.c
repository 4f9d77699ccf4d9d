// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/cli.h"

#include "model/file/error.h"
#include "plugin/cli/print.h"
#include "plugin/cli/score.h"
#include "plugin/cli/stems.h"

#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK        4096
#define MAX_CHANNELS 8

/** A song's sources, and what they must have in common. */
typedef struct {
    ub_stem* stems;
    size_t count;
    ub_score** scores; ///< [count]
    SF_INFO info;      ///< Of the first true source
} comparison;

/// The two files of one source
typedef struct {
    const char* path[2];
    SNDFILE* file[2];
    SF_INFO info[2];
} pair;

static bool
open_pair(pair* p, const ub_stem* stem, char* err, size_t err_size)
{
    *p = (pair){.path = {stem->truth, stem->estimate}};
    for (unsigned i = 0; i < 2; ++i) {
        p->file[i] = sf_open(p->path[i], SFM_READ, &p->info[i]);
        if (!p->file[i]) {
            return ub_error(err, err_size, "%s: cannot be read (libsndfile: %s)", p->path[i],
                            sf_strerror(NULL));
        }
    }
    return true;
}

static void
close_pair(pair* p)
{
    for (unsigned i = 0; i < 2; ++i) {
        if (p->file[i]) {
            sf_close(p->file[i]);
        }
    }
}

/// All files have one rate and number of channels, all true sources one length
static bool
check_pair(comparison* self, const pair* p, char* err, size_t err_size)
{
    if (!self->info.samplerate) {
        self->info = p->info[0];
    }
    const SF_INFO* want = &self->info;
    for (unsigned i = 0; i < 2; ++i) {
        if (p->info[i].samplerate != want->samplerate) {
            return ub_error(err, err_size, "%s: has %d samples a second (expected %d)", p->path[i],
                            p->info[i].samplerate, want->samplerate);
        }
        if (p->info[i].channels != want->channels || want->channels > MAX_CHANNELS) {
            return ub_error(err, err_size, "%s: has %d channels (expected %d)", p->path[i],
                            p->info[i].channels,
                            want->channels > MAX_CHANNELS ? MAX_CHANNELS : want->channels);
        }
    }
    if (p->info[0].frames != want->frames) {
        return ub_error(err, err_size, "%s: has %lld samples (expected %lld)", p->path[0],
                        (long long)p->info[0].frames, (long long)want->frames);
    }
    if (p->info[1].frames != want->frames) {
        ub_print_error("%s: warning: has %lld samples, is taken as %lld", p->path[1],
                       (long long)p->info[1].frames, (long long)want->frames);
    }
    return true;
}

/// Read n frames, zeros after the end
static bool
read_block(const pair* p, unsigned which, double* block, size_t n, char* err, size_t err_size)
{
    const size_t channels = (size_t)p->info[which].channels;
    const sf_count_t got = sf_readf_double(p->file[which], block, (sf_count_t)n);
    if (got < 0 || sf_error(p->file[which])) {
        return ub_error(err, err_size, "%s: is damaged", p->path[which]);
    }
    for (size_t i = 0; i < n * channels; ++i) {
        if (i >= (size_t)got * channels) {
            block[i] = 0.0;
        } else if (!isfinite(block[i])) {
            return ub_error(err, err_size, "%s: holds samples that are not finite", p->path[which]);
        }
    }
    return true;
}

static bool
compare_pair(const pair* p, ub_score* score, char* err, size_t err_size)
{
    double truth[BLOCK * MAX_CHANNELS];
    double estimate[BLOCK * MAX_CHANNELS];
    bool ok = true;
    for (sf_count_t t = 0; ok && t < p->info[0].frames; t += BLOCK) {
        const sf_count_t left = p->info[0].frames - t;
        const size_t n = left < BLOCK ? (size_t)left : BLOCK;
        ok = read_block(p, 0, truth, n, err, err_size) &&
             read_block(p, 1, estimate, n, err, err_size) &&
             (ub_score_add(score, truth, estimate, n) || ub_error(err, err_size, "out of memory"));
    }
    return ok;
}

static bool
compare_stem(comparison* self, size_t which, char* err, size_t err_size)
{
    pair p;
    bool ok =
        open_pair(&p, &self->stems[which], err, err_size) && check_pair(self, &p, err, err_size);
    if (ok) {
        self->scores[which] =
            ub_score_new((uint32_t)self->info.samplerate, (unsigned)self->info.channels);
        ok = self->scores[which] ? compare_pair(&p, self->scores[which], err, err_size)
                                 : ub_error(err, err_size, "out of memory");
    }
    close_pair(&p);
    return ok;
}

/// Leave out the sources that have no estimate; some must be left
static bool
keep_pairs(comparison* self, const char* est_dir, char* err, size_t err_size)
{
    size_t kept = 0;
    for (size_t i = 0; i < self->count; ++i) {
        const ub_stem stem = self->stems[i];
        if (stem.estimate) {
            self->stems[i] = self->stems[kept];
            self->stems[kept++] = stem;
        } else {
            ub_print_error("%s: warning: nothing for %s in %s", stem.truth, stem.name, est_dir);
        }
    }
    ub_stem* rest = self->stems + kept;
    for (size_t i = 0; i < self->count - kept; ++i) {
        free(rest[i].name);
        free(rest[i].truth);
    }
    self->count = kept;
    return kept || ub_error(err, err_size,
                            "%s: no source in both directories (expected at least "
                            "one name in common)",
                            est_dir);
}

static void
print_db(double value)
{
    if (isnan(value)) {
        printf(" %8s", "-");
    } else {
        printf(" %8.2f", value);
    }
}

static void
print_table(const comparison* self)
{
    int width = 6;
    for (size_t i = 0; i < self->count; ++i) {
        const int n = (int)strlen(self->stems[i].name);
        width = n > width ? n : width;
    }
    printf("%-*s %8s %8s  dB\n", width, "source", "SDR", "uSDR");
    for (size_t i = 0; i < self->count; ++i) {
        printf("%-*s", width, self->stems[i].name);
        print_db(ub_score_sdr(self->scores, self->count, i));
        print_db(ub_score_usdr(self->scores[i]));
        putchar('\n');
    }
}

static void
print_object(const comparison* self)
{
    json_t* sources = json_object();
    for (size_t i = 0; i < self->count; ++i) {
        const ub_stem* stem = &self->stems[i];
        json_t* const name = ub_json_text(stem->name);
        json_object_set_new(sources, json_string_value(name),
                            json_pack("{so so so so}", "sdr",
                                      ub_json_real(ub_score_sdr(self->scores, self->count, i)),
                                      "usdr", ub_json_real(ub_score_usdr(self->scores[i])),
                                      "reference", ub_json_text(stem->truth), "estimate",
                                      ub_json_text(stem->estimate)));
        json_decref(name);
    }
    ub_print_json(sources);
}

int
ub_cli_score(const ub_cli_options* options)
{
    char err[UB_CLI_ERR] = "";
    comparison self = {0};
    self.count = ub_stems_find(options->arg[0], options->arg[1], &self.stems, err, sizeof(err));
    bool ok = self.count && keep_pairs(&self, options->arg[1], err, sizeof(err));
    if (ok) {
        self.scores = calloc(self.count, sizeof(*self.scores));
        ok = self.scores || ub_error(err, sizeof(err), "out of memory");
    }
    for (size_t i = 0; ok && i < self.count; ++i) {
        ok = compare_stem(&self, i, err, sizeof(err));
    }
    if (!ok) {
        ub_print_error("%s", err);
    } else if (options->json) {
        print_object(&self);
    } else {
        print_table(&self);
    }
    for (size_t i = 0; self.scores && i < self.count; ++i) {
        ub_score_free(self.scores[i]);
    }
    free(self.scores);
    ub_stems_free(self.stems, self.count);
    return ok ? UB_CLI_OK : UB_CLI_FAILED;
}
