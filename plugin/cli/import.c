// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/cli.h"

#include "model/file/error.h"
#include "plugin/cli/aside.h"
#include "plugin/cli/folder.h"
#include "plugin/cli/model.h"
#include "plugin/cli/print.h"
#include "plugin/models.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/// Where the result goes: to the file or into the folder that was asked for, or the user's folder
static bool
choose_path(const ub_cli_options* options, const ub_import* import, char* path, size_t size,
            char* err, size_t err_size)
{
    char folder[UB_MODEL_PATH];
    struct stat stat_of;
    const char* dir = options->dir;
    if (dir && (stat(dir, &stat_of) || !S_ISDIR(stat_of.st_mode))) {
        return snprintf(path, size, "%s", dir) < (int)size ||
               ub_error(err, err_size, "%s: name is too long", dir);
    }
    if (!dir && !ub_models_folder(folder, sizeof(folder))) {
        return ub_error(err, err_size,
                        "no folder for models (expected -o FILE, HOME or "
                        "XDG_DATA_HOME)");
    }
    if (!dir && !ub_folder_make(folder)) {
        return ub_error(err, err_size, "%s: cannot be made (%s)", folder, strerror(errno));
    }
    return snprintf(path, size, "%s/%s%s%s%s", dir ? dir : folder, ub_import_name(import),
                    options->import.bins > 1024 ? "-16kHz" : "",
                    options->import.own_masks ? "-own" : "", UB_MODEL_SUFFIX) < (int)size ||
           ub_error(err, err_size, "%s: name is too long", dir ? dir : folder);
}

/// The archive must not be written over
static bool
is_apart(const char* archive, const char* path, char* err, size_t err_size)
{
    struct stat a;
    struct stat b;
    return stat(archive, &a) || stat(path, &b) || a.st_dev != b.st_dev || a.st_ino != b.st_ino ||
           ub_error(err, err_size, "%s: is what is to be imported (expected another -o)", path);
}

static bool
write_file(const ub_cli_options* options, const ub_import* import, const char* path, char* err,
           size_t err_size)
{
    const int fd = ub_aside_open(path, err, err_size);
    if (fd < 0) {
        return false;
    }
    if (!ub_import_write(import, &options->import, fd, path, err, err_size)) {
        ub_aside_drop();
        return false;
    }
    return ub_aside_commit(err, err_size);
}

int
ub_cli_import(const ub_cli_options* options)
{
    char err[UB_CLI_ERR] = "";
    char path[UB_MODEL_PATH];
    ub_import* import = ub_import_open(options->arg[0], err, sizeof(err));
    const bool ok = import && choose_path(options, import, path, sizeof(path), err, sizeof(err)) &&
                    is_apart(options->arg[0], path, err, sizeof(err)) &&
                    write_file(options, import, path, err, sizeof(err));
    if (!ok) {
        ub_print_error("%s", err);
    } else if (options->json) {
        ub_print_json(
            json_pack("{so ss}", "file", ub_json_text(path), "network", ub_import_name(import)));
    } else if (!options->quiet) {
        printf("%s\n", path);
    }
    ub_import_close(import);
    return ok ? UB_CLI_OK : UB_CLI_FAILED;
}
