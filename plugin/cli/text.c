// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/text.h"

#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <wchar.h>

void
ub_text_init(void)
{
    setlocale(LC_CTYPE, "");
    if (strcmp(nl_langinfo(CODESET), "UTF-8")) {
        setlocale(LC_CTYPE, "C.UTF-8");
    }
}

int
ub_text_columns(int fd)
{
    struct winsize size;
    return !ioctl(fd, TIOCGWINSZ, &size) && size.ws_col ? size.ws_col : 80;
}

/// The next character's bytes, at least 1, and its columns, or -1 if it cannot be shown
static size_t
next_character(const char* text, int* columns)
{
    mbstate_t state = {0};
    wchar_t c = 0;
    const size_t n = mbrtowc(&c, text, MB_LEN_MAX, &state);
    const bool whole = n && n <= MB_LEN_MAX;
    *columns = whole ? wcwidth(c) : -1;
    return whole ? n : 1;
}

int
ub_text_fit(const char* text, int columns, char* to, size_t size)
{
    int taken = 0;
    size_t length = 0;
    while (*text) {
        int width = 0;
        const size_t n = next_character(text, &width);
        const int shown = width < 0 ? 1 : width;
        if (taken + shown > columns || length + n + 1 > size) {
            break;
        }
        memcpy(to + length, width < 0 ? "?" : text, width < 0 ? 1 : n);
        length += width < 0 ? 1 : n;
        taken += shown;
        text += n;
    }
    to[length] = '\0';
    return taken;
}

static int
width_of(const char* word, size_t length)
{
    int width = 0;
    for (size_t i = 0; i < length;) {
        int columns = 0;
        i += next_character(word + i, &columns);
        width += columns < 0 ? 1 : columns;
    }
    return width;
}

void
ub_text_wrap(FILE* file, const char* text, int indent, int columns)
{
    int at = indent;
    for (text += strspn(text, " \n\t"); *text; text += strspn(text, " \n\t")) {
        const size_t length = strcspn(text, " \n\t");
        const int width = width_of(text, length);
        if (at > indent && at + 1 + width > columns) {
            fprintf(file, "\n%*s", indent, "");
            at = indent;
        }
        if (at > indent) {
            fputc(' ', file);
            ++at;
        }
        for (size_t i = 0; i < length; ++i) {
            fputc((unsigned char)text[i] < 0x20 ? '?' : text[i], file);
        }
        at += width;
        text += length;
    }
    fputc('\n', file);
}
