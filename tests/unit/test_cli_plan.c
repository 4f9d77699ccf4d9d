// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

// Names of outputs.

#include "plugin/cli/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void
expect(const char* input, const char* dir, const char* part, const char* wanted)
{
    char* path = ub_output_path(input, dir, part, "flac");
    assert_string_equal(path, wanted);
    free(path);
}

static void
test_names(void** state)
{
    (void)state;
    expect("song.wav", NULL, "vocals", "song.vocals.flac");
    expect("song.wav", NULL, "no-vocals", "song.no-vocals.flac");
    expect("a.b/song", NULL, "vocals", "a.b/song.vocals.flac");
    expect("/song.live.ogg", NULL, "vocals", "/song.live.vocals.flac");
    expect("../in/song.wav", "out", "vocals", "out/song.vocals.flac");
    expect(".wav", NULL, "vocals", ".wav.vocals.flac");
    expect("-", NULL, "vocals", "stdin.vocals.flac");
    expect("-", "out", "no-vocals", "out/stdin.no-vocals.flac");
    expect("01. Intro", NULL, "vocals", "01. Intro.vocals.flac");
    expect("01. Intro.MP3", NULL, "vocals", "01. Intro.vocals.flac");
    expect("Suite No. 5", NULL, "vocals", "Suite No. 5.vocals.flac");
    expect("film.mkv", NULL, "vocals+drums", "film.vocals+drums.flac");
    expect("./-", NULL, "vocals", "./-.vocals.flac");
}

static void
test_collisions(void** state)
{
    (void)state;
    char err[256];
    char* inputs[] = {"/nowhere/a.wav", "/nowhere/b.wav"};
    char* apart[] = {"/tmp/a", "/tmp/b", "/tmp/c", "/a"};
    char* twice[] = {"/tmp/a", "/tmp/b", "/tmp/c", "/tmp/../tmp/a"};
    char* nowhere[] = {"/tmp/a", "/nowhere/b"};
    char* folder[] = {"/tmp/a", "/tmp"};
    assert_true(ub_plan_check(inputs, 2, apart, 2, err, sizeof(err)));
    assert_false(ub_plan_check(inputs, 2, twice, 2, err, sizeof(err)));
    assert_string_equal(err, "a: would be written for two inputs");
    assert_false(ub_plan_check(inputs, 2, nowhere, 1, err, sizeof(err)));
    assert_false(ub_plan_check(inputs, 2, folder, 1, err, sizeof(err)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_collisions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
