// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   The window of the plugins, between a host's ports and a real X server: what clicks write,
   what the plugin's sound paints, and what remains when it is gone.

     check_ui BUNDLE BROKEN PICTURE.ppm: the bundle's folder, a weights file of no use, and
     where to write how it looks.
*/

#include "plugin/lv2/patch.h"
#include "plugin/lv2/ports.h"
#include "tests/host/messages.h"
#include "tests/host/tap.h"
#include "tests/host/ui_rig.h"

#include <lv2/atom/util.h>
#include <lv2/patch/patch.h>

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/// Clicks write the ports that they should, between touch and release
static void
check_clicks(void)
{
    ub_ui_host h;
    ub_rig* const rig = ub_ui_rig(UB_URI_STEREO);
    ub_ok(ub_ui_open(&h, rig, UB_URI_STEREO, 1.0f), "the window opens");
    ub_ok(h.width == 860 && h.height == 520, "it asks for %d x %d", h.width, h.height);
    ub_ui_idle_for(&h, 0.3);
    ub_ui_click(&h, 262, 376);
    ub_ok(h.port == ub_ui_port(rig, "source") && h.value == 1.0f, "a click chooses drums");
    ub_ok(h.touches == 1 && h.touched == 0, "and is told as touch and release");
    ub_ui_click(&h, 124, 455);
    ub_ok(h.port == ub_ui_port(rig, "mode") && h.value == 1.0f, "another one removes them");
    ub_ui_click(&h, 279, 492);
    ub_ok(h.port == ub_ui_port(rig, "response") && h.value == 2.0f, "another one plays live");
    const unsigned writes = h.writes;
    const float amount = 0.25f;
    h.ui->port_event(h.handle, ub_ui_port(rig, "amount"), sizeof(float), 0, &amount);
    ub_ui_idle_for(&h, 0.1);
    ub_ok(h.writes == writes, "what the host sets is not written back");
    ub_ui_close(&h);
}

/// Sound is painted where it lies, in the colour of what is chosen
static void
check_picture(const char* path)
{
    ub_ui_host h;
    ub_rig* const rig = ub_ui_rig(UB_URI_STEREO);
    ub_ui_open(&h, rig, UB_URI_STEREO, 1.0f);
    *ub_rig_control(rig, "response") = 1.0f;
    *ub_rig_control(rig, "amount") = 0.0f; // all of the mix is heard
    ub_ui_idle_for(&h, 0.2);
    static float tone[UB_UI_BLOCK];
    for (int b = 0; b < 80; ++b) { // not two seconds, for which the window has asked

        for (int i = 0; i < UB_UI_BLOCK; ++i) {
            tone[i] =
                0.5f *
                sinf((float)(2.0 * M_PI * 1000.0 / UB_UI_RATE * ((b * UB_UI_BLOCK + i) % 441)));
        }
        ub_ui_run(&h, (float*[]){tone, tone});
    }
    ub_ui_idle_for(&h, 0.1);
    const unsigned long lit = ub_ui_pixel(&h, 760, 176), dark = ub_ui_pixel(&h, 760, 280);
    const unsigned long meter = ub_ui_pixel(&h, 820, 310);
    ub_ok((lit >> 16U) > 150 && (lit & 255U) < 90, "1 kHz is lit (%06lx)", lit);
    ub_ok((dark >> 16U) < 40 && (dark & 255U) < 40, "100 Hz is dark (%06lx)", dark);
    ub_ok((meter >> 16U) > 100, "the meter shows it (%06lx)", meter);
    ub_ui_save(&h, path);
    ub_ui_close(&h);
}

static float silence[UB_UI_BLOCK];

/// A window whose plugin has heard that it is open, and one block of silence
static ub_rig*
open_in_silence(ub_ui_host* h)
{
    ub_rig* const rig = ub_ui_rig(UB_URI_STEREO);
    ub_ui_open(h, rig, UB_URI_STEREO, 1.0f);
    ub_ui_idle_for(h, 0.1);
    ub_ui_run(h, (float*[]){silence, silence});
    return rig;
}

/// While nobody watches, nothing is sent
static void
check_silence(void)
{
    ub_ui_host h;
    ub_rig* const rig = open_in_silence(&h);
    h.ui->cleanup(h.handle);
    h.handle = NULL;
    const LV2_Atom_Sequence* const from = (const LV2_Atom_Sequence*)rig->messages[1];
    uint32_t sent = 0;
    static float out[2][UB_UI_BLOCK];
    for (int b = 0; b < 300; ++b) {
        ub_rig_run(rig, (float*[]){silence, silence}, (float*[]){out[0], out[1]}, UB_UI_BLOCK);
        sent = from->atom.size;
    }
    ub_ok(sent == sizeof(LV2_Atom_Sequence_Body),
          "three seconds after it is closed nothing is sent");
    ub_rig_close(rig);
    free(rig);
}

/// A file that is refused: the plugin says why, and its model plays on
static void
check_refusal(const char* broken)
{
    ub_ui_host h;
    ub_rig* const rig = open_in_silence(&h);
    ub_messages_set(rig, broken);
    const char* said = "";
    for (int b = 0; b < 200 && !*said; ++b) {
        ub_ui_run(&h, (float*[]){silence, silence});
        const LV2_Atom_Sequence* const from = (const LV2_Atom_Sequence*)rig->messages[1];
        LV2_ATOM_SEQUENCE_FOREACH(from, event)
        {
            const LV2_Atom_Object* const object = (const LV2_Atom_Object*)&event->body;
            const LV2_Atom *property = NULL, *value = NULL;
            lv2_atom_object_get(object, ub_urid(LV2_PATCH__property), &property,
                                ub_urid(LV2_PATCH__value), &value, 0);
            if (property && value &&
                ((const LV2_Atom_URID*)property)->body == ub_urid(UB_URI_MESSAGE)) {
                said = (const char*)(value + 1);
            }
        }
        usleep(1000);
    }
    ub_ok(strstr(said, "broken") != NULL, "the window is told why a file is refused: %s", said);
    ub_ui_close(&h);
}

static unsigned
open_files(void)
{
    unsigned n = 0;
    DIR* const dir = opendir("/proc/self/fd");
    while (dir && readdir(dir)) {
        ++n;
    }
    if (dir) {
        closedir(dir);
    }
    return n;
}

static long
resident(void)
{
    long size = 0, pages = 0;
    FILE* const file = fopen("/proc/self/statm", "r");
    if (file) {
        if (fscanf(file, "%ld %ld", &size, &pages) != 2) {
            pages = 0;
        }
        fclose(file);
    }
    return pages * sysconf(_SC_PAGESIZE) / 1024;
}

static void
check_leaks(void)
{
    ub_rig* const rig = ub_ui_rig(UB_URI_STEMS);
    ub_ui_host h;
    long before = 0;
    const unsigned files = open_files();
    for (int i = 0; i < 200; ++i) {
        if (!ub_ui_open(&h, rig, UB_URI_STEMS, 1.0f)) {
            break;
        }
        ub_ui_idle(&h);
        h.ui->cleanup(h.handle);
        h.handle = NULL;
        before = i == 50 ? resident() : before; // fonts and such are there by then
    }
    const long grown = resident() - before;
    ub_ok(h.window && open_files() == files, "200 windows leave no file open");
    ub_ok(grown < 1024, "nor memory (%ld KiB in the last 149)", grown);
    ub_rig_close(rig);
    free(rig);
}

static void
check_two(void)
{
    ub_ui_host a, b;
    ub_ok(ub_ui_open(&a, ub_ui_rig(UB_URI_MONO), UB_URI_MONO, 0.75f) &&
              ub_ui_open(&b, ub_ui_rig(UB_URI_STEREO), UB_URI_STEREO, 2.0f),
          "two windows of two plugins open");
    ub_ok(a.width == 645 && b.width == 1720, "each at its scale (%d, %d)", a.width, b.width);
    ub_ui_idle_for(&a, 0.1);
    ub_ui_idle_for(&b, 0.1);
    ub_ui_click(&b, 524, 752);
    ub_ok(b.writes == 1 && a.writes == 0, "and a click goes to one of them");
    ub_ui_close(&a);
    ub_ui_close(&b);
}

/// A size that somebody gives the window is kept by the plugin, for the next one
static void
check_scale(void)
{
    ub_ui_host h;
    ub_rig* const rig = ub_ui_rig(UB_URI_STEREO);
    ub_ui_open(&h, rig, UB_URI_STEREO, 0.0f);
    ub_ui_idle_for(&h, 0.2);
    ub_ui_run(&h, (float*[]){silence, silence});
    XResizeWindow(ub_ui_display, h.window, 1290, 780);
    XSync(ub_ui_display, False);
    ub_ui_idle_for(&h, 2.0);
    ub_ui_run(&h, (float*[]){silence, silence});
    h.ui->cleanup(h.handle);
    ub_ui_open(&h, rig, UB_URI_STEREO, 0.0f);
    ub_ui_run(&h, (float*[]){silence, silence});
    ub_ok(h.width == 1290 && h.height == 780, "the next window is as large (%d x %d)", h.width,
          h.height);
    h.ui->cleanup(h.handle);
    ub_ui_open(&h, rig, UB_URI_STEREO, 1.0f);
    ub_ui_run(&h, (float*[]){silence, silence});
    ub_ok(h.width == 1290, "whatever the host asks for");
    ub_ui_idle_for(&h, 0.2);
    ub_ui_click(&h, 675, 739); // the list of sizes
    ub_ui_click(&h, 675, 441); // its first row
    ub_ui_run(&h, (float*[]){silence, silence});
    ub_ok(h.width == 860, "until the choice is left to the host again");
    h.ui->cleanup(h.handle);
    ub_ui_open(&h, rig, UB_URI_STEREO, 2.0f);
    ub_ui_run(&h, (float*[]){silence, silence});
    ub_ok(h.width == 1720, "for good");
    ub_ui_close(&h);
}

/// A model that somebody has put beside the bundle's own is asked for by its path
static void
check_beside(void)
{
    static const char* const names[] = {"another.safetensors", "default.safetensors"};
    char folder[] = "/tmp/unbraid-test-XXXXXX";
    char from[1024], to[2][256];
    snprintf(from, sizeof(from), "%s/default.safetensors", ub_ui_bundle);
    const char* const before = ub_ui_bundle;
    ub_ui_bundle = mkdtemp(folder);
    for (int i = 0; ub_ui_bundle && i < 2; ++i) {
        snprintf(to[i], sizeof(to[i]), "%s/%s", folder, names[i]);
        ub_ok(!symlink(from, to[i]), "%s is there", names[i]);
    }
    ub_ui_host h;
    ub_ui_open(&h, ub_ui_rig(UB_URI_STEREO), UB_URI_STEREO, 1.0f);
    ub_ui_idle_for(&h, 0.1);
    for (int i = 0; i < 2; ++i) {
        h.size = 0;
        ub_ui_click(&h, 200, 20);          // opens the list
        ub_ui_click(&h, 200, 57 + 38 * i); // its rows are by name
        const bool named = memmem(h.events, h.size, to[i], strlen(to[i]));
        ub_ok(named == !i, "%s is asked for %s", names[i], named ? "by its path" : "as the own");
    }
    ub_ui_close(&h);
    unlink(to[0]);
    unlink(to[1]);
    rmdir(folder);
    ub_ui_bundle = before;
}

int
main(int argc, char** argv)
{
    ub_ui_display = XOpenDisplay(NULL);
    if (argc != 4 || !ub_ui_load(argv[1])) {
        fprintf(stderr, "check_ui: expected BUNDLE BROKEN PICTURE.ppm, and a display\n");
        return 2;
    }
    check_clicks();
    check_picture(argv[3]);
    check_silence();
    check_refusal(argv[2]);
    check_two();
    check_scale();
    check_beside();
    check_leaks();
    XCloseDisplay(ub_ui_display);
    return ub_done();
}
