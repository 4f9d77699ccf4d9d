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

#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <lv2/atom/atom.h>
#include <lv2/atom/util.h>
#include <lv2/options/options.h>
#include <lv2/parameters/parameters.h>
#include <lv2/patch/patch.h>
#include <lv2/ui/ui.h>

#include <dirent.h>
#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RATE  44100.0
#define BLOCK 1024

/** A host's side of a window. */
typedef struct {
    ub_rig* rig;
    const LV2UI_Descriptor* ui;
    LV2UI_Handle handle;
    Window window;
    uint32_t port; // written last
    float value;
    unsigned writes;
    int touched; // ports held
    unsigned touches;
    int width, height;
    LV2UI_Touch touching;
    LV2UI_Resize resizing;
    _Alignas(8) uint8_t events[UB_RIG_MESSAGES]; // to the plugin, with the next run
    uint32_t size;
} host;

static Display* display;
static const LV2UI_Descriptor* descriptor;
static const char* bundle;

static void
write_port(LV2UI_Controller controller, uint32_t port, uint32_t size, uint32_t format,
           const void* buffer)
{
    host* const h = (host*)controller;
    if (!format) {
        h->port = port;
        h->value = *(const float*)buffer;
        ++h->writes;
        h->rig->control[port] = h->value;
    } else {
        LV2_Atom_Event* const event = (LV2_Atom_Event*)(h->events + h->size);
        const uint32_t all = (uint32_t)sizeof(event->time) + ((size + 7U) & ~7U);
        if (h->size + all <= sizeof(h->events) - sizeof(LV2_Atom_Sequence)) {
            event->time.frames = 0;
            memcpy(&event->body, buffer, size);
            h->size += all;
        }
    }
}

static void
touch(LV2UI_Feature_Handle handle, uint32_t port, bool grabbed)
{
    (void)port;
    host* const h = (host*)handle;
    h->touched += grabbed ? 1 : -1;
    h->touches += grabbed;
}

static int
resize(LV2UI_Feature_Handle handle, int width, int height)
{
    host* const h = (host*)handle;
    h->width = width;
    h->height = height;
    return 0;
}

static bool
open_ui(host* h, ub_rig* rig, const char* uri, float scale)
{
    memset(h, 0, sizeof(*h));
    h->rig = rig;
    h->ui = descriptor;
    static const float rate = (float)RATE;
    h->touching = (LV2UI_Touch){h, touch};
    h->resizing = (LV2UI_Resize){h, resize};
    const LV2_Options_Option options[] = {{LV2_OPTIONS_INSTANCE, 0, ub_urid(LV2_UI__scaleFactor),
                                           sizeof(float), ub_urid(LV2_ATOM__Float), &scale},
                                          {LV2_OPTIONS_INSTANCE, 0,
                                           ub_urid(LV2_PARAMETERS__sampleRate), sizeof(float),
                                           ub_urid(LV2_ATOM__Float), &rate},
                                          {LV2_OPTIONS_INSTANCE, 0, 0, 0, 0, NULL}};
    const LV2_Feature map = {LV2_URID__map, ub_urid_map()};
    const LV2_Feature touch_feature = {LV2_UI__touch, &h->touching};
    const LV2_Feature resize_feature = {LV2_UI__resize, &h->resizing};
    const LV2_Feature option_feature = {LV2_OPTIONS__options, (void*)options};
    const LV2_Feature parent = {LV2_UI__parent, (void*)DefaultRootWindow(display)};
    const LV2_Feature* const features[] = {
        &map, &touch_feature, &resize_feature, &option_feature, &parent, NULL};
    LV2UI_Widget widget = NULL;
    h->handle = h->ui->instantiate(h->ui, uri, bundle, write_port, h, &widget, features);
    h->window = (Window)widget;
    return h->handle && h->window;
}

static int
idle(host* h)
{
    const LV2UI_Idle_Interface* const idles =
        (const LV2UI_Idle_Interface*)h->ui->extension_data(LV2_UI__idleInterface);
    return idles->idle(h->handle);
}

static void
idle_for(host* h, double seconds)
{
    for (int i = 0; i < (int)(seconds * 50); ++i) {
        idle(h);
        usleep(20000);
    }
}

/// Give the window's messages to the plugin, run, and give the plugin's to the window
static void
run(host* h, float* const* in)
{
    static float scratch[8][BLOCK];
    float* out[8];
    for (int c = 0; c < 8; ++c) {
        out[c] = scratch[c];
    }
    if (h->size) {
        LV2_Atom_Sequence* const to = (LV2_Atom_Sequence*)h->rig->messages[0];
        memcpy(to + 1, h->events, h->size);
        to->atom.size = (uint32_t)sizeof(to->body) + h->size;
        h->size = 0;
    }
    ub_rig_run(h->rig, in, out, BLOCK);
    for (uint32_t p = 0; p < h->rig->ports; ++p) {
        const bool audio = p < h->rig->ins + h->rig->outs;
        if (!audio && p != h->rig->message_port[0] && p != h->rig->message_port[1]) {
            h->ui->port_event(h->handle, p, sizeof(float), 0, &h->rig->control[p]);
        }
    }
    const LV2_Atom_Sequence* const from = (const LV2_Atom_Sequence*)h->rig->messages[1];
    LV2_ATOM_SEQUENCE_FOREACH(from, event)
    {
        h->ui->port_event(h->handle, h->rig->message_port[1],
                          (uint32_t)sizeof(LV2_Atom) + event->body.size,
                          ub_urid(LV2_ATOM__eventTransfer), &event->body);
    }
}

static void
send_button(const host* h, int x, int y, bool down)
{
    XEvent event = {.xbutton = {.type = down ? ButtonPress : ButtonRelease,
                                .display = display,
                                .window = h->window,
                                .root = DefaultRootWindow(display),
                                .x = x,
                                .y = y,
                                .button = 1,
                                .state = down ? 0 : Button1Mask,
                                .same_screen = True}};
    XSendEvent(display, h->window, True, down ? ButtonPressMask : ButtonReleaseMask, &event);
    XSync(display, False);
}

static void
click(host* h, int x, int y)
{
    send_button(h, x, y, true);
    send_button(h, x, y, false);
    idle_for(h, 0.1);
}

static unsigned long
pixel(const host* h, int x, int y)
{
    XImage* const image = XGetImage(display, h->window, x, y, 1, 1, AllPlanes, ZPixmap);
    const unsigned long value = image ? XGetPixel(image, 0, 0) : 0;
    if (image) {
        XDestroyImage(image);
    }
    return value;
}

static void
save(const host* h, const char* path)
{
    XImage* const image = XGetImage(display, h->window, 0, 0, (unsigned)h->width,
                                    (unsigned)h->height, AllPlanes, ZPixmap);
    FILE* const file = image ? fopen(path, "wb") : NULL;
    if (file) {
        fprintf(file, "P6 %d %d 255\n", h->width, h->height);
        for (int y = 0; y < h->height; ++y) {
            for (int x = 0; x < h->width; ++x) {
                const unsigned long p = XGetPixel(image, x, y);
                const unsigned char rgb[3] = {(unsigned char)(p >> 16U), (unsigned char)(p >> 8U),
                                              (unsigned char)p};
                fwrite(rgb, 1, 3, file);
            }
        }
        fclose(file);
    }
    if (image) {
        XDestroyImage(image);
    }
}

static uint32_t
port_by_symbol(const ub_rig* rig, const char* symbol)
{
    LilvNode* const node = lilv_new_string(ub_rig_world(), symbol);
    const LilvPort* const port = lilv_plugin_get_port_by_symbol(rig->plugin, node);
    lilv_node_free(node);
    return port ? lilv_port_get_index(rig->plugin, port) : UINT32_MAX;
}

static ub_rig*
open_rig(const char* uri)
{
    ub_rig* const rig = (ub_rig*)calloc(1, sizeof(ub_rig));
    if (!rig || !ub_rig_open_with(rig, uri, RATE, ub_messages_features())) {
        exit(2);
    }
    *ub_rig_control(rig, "freewheel") = 1.0f;
    return rig;
}

static void
close_all(host* h)
{
    h->ui->cleanup(h->handle);
    ub_rig_close(h->rig);
    free(h->rig);
}

/// Clicks write the ports that they should, between touch and release
static void
check_clicks(void)
{
    host h;
    ub_rig* const rig = open_rig(UB_URI_STEREO);
    ub_ok(open_ui(&h, rig, UB_URI_STEREO, 1.0f), "the window opens");
    ub_ok(h.width == 860 && h.height == 520, "it asks for %d x %d", h.width, h.height);
    idle_for(&h, 0.3);
    click(&h, 262, 376);
    ub_ok(h.port == port_by_symbol(rig, "source") && h.value == 1.0f, "a click chooses drums");
    ub_ok(h.touches == 1 && h.touched == 0, "and is told as touch and release");
    click(&h, 124, 455);
    ub_ok(h.port == port_by_symbol(rig, "mode") && h.value == 1.0f, "another one removes them");
    click(&h, 279, 492);
    ub_ok(h.port == port_by_symbol(rig, "response") && h.value == 2.0f, "another one plays live");
    const unsigned writes = h.writes;
    const float amount = 0.25f;
    h.ui->port_event(h.handle, port_by_symbol(rig, "amount"), sizeof(float), 0, &amount);
    idle_for(&h, 0.1);
    ub_ok(h.writes == writes, "what the host sets is not written back");
    close_all(&h);
}

/// Sound is painted where it lies, in the colour of what is chosen
static void
check_picture(const char* path)
{
    host h;
    ub_rig* const rig = open_rig(UB_URI_STEREO);
    open_ui(&h, rig, UB_URI_STEREO, 1.0f);
    *ub_rig_control(rig, "response") = 1.0f;
    *ub_rig_control(rig, "amount") = 0.0f; // all of the mix is heard
    idle_for(&h, 0.2);
    static float tone[BLOCK];
    for (int b = 0; b < 80; ++b) { // not two seconds, for which the window has asked

        for (int i = 0; i < BLOCK; ++i) {
            tone[i] = 0.5f * sinf((float)(2.0 * M_PI * 1000.0 / RATE * ((b * BLOCK + i) % 441)));
        }
        run(&h, (float*[]){tone, tone});
    }
    idle_for(&h, 0.1);
    const unsigned long lit = pixel(&h, 780, 176), dark = pixel(&h, 780, 280);
    const unsigned long meter = pixel(&h, 820, 310);
    ub_ok((lit >> 16U) > 150 && (lit & 255U) < 90, "1 kHz is lit (%06lx)", lit);
    ub_ok((dark >> 16U) < 40 && (dark & 255U) < 40, "100 Hz is dark (%06lx)", dark);
    ub_ok((meter >> 16U) > 100, "the meter shows it (%06lx)", meter);
    save(&h, path);
    close_all(&h);
}

/// While nobody watches, nothing is sent
static void
check_silence(void)
{
    host h;
    ub_rig* const rig = open_rig(UB_URI_STEREO);
    open_ui(&h, rig, UB_URI_STEREO, 1.0f);
    static float sound[BLOCK];
    idle_for(&h, 0.1);
    run(&h, (float*[]){sound, sound});
    h.ui->cleanup(h.handle);
    h.handle = NULL;
    const LV2_Atom_Sequence* const from = (const LV2_Atom_Sequence*)rig->messages[1];
    uint32_t sent = 0;
    static float out[2][BLOCK];
    for (int b = 0; b < 300; ++b) {
        ub_rig_run(rig, (float*[]){sound, sound}, (float*[]){out[0], out[1]}, BLOCK);
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
    host h;
    ub_rig* const rig = open_rig(UB_URI_STEREO);
    open_ui(&h, rig, UB_URI_STEREO, 1.0f);
    static float sound[BLOCK];
    idle_for(&h, 0.1);
    run(&h, (float*[]){sound, sound});
    ub_messages_set(rig, broken);
    const char* said = "";
    for (int b = 0; b < 200 && !*said; ++b) {
        run(&h, (float*[]){sound, sound});
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
    close_all(&h);
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
    ub_rig* const rig = open_rig(UB_URI_STEMS);
    host h;
    long before = 0;
    const unsigned files = open_files();
    for (int i = 0; i < 200; ++i) {
        if (!open_ui(&h, rig, UB_URI_STEMS, 1.0f)) {
            break;
        }
        idle(&h);
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
    host a, b;
    ub_ok(open_ui(&a, open_rig(UB_URI_MONO), UB_URI_MONO, 0.75f) &&
              open_ui(&b, open_rig(UB_URI_STEREO), UB_URI_STEREO, 2.0f),
          "two windows of two plugins open");
    ub_ok(a.width == 645 && b.width == 1720, "each at its scale (%d, %d)", a.width, b.width);
    idle_for(&a, 0.1);
    idle_for(&b, 0.1);
    click(&b, 524, 752);
    ub_ok(b.writes == 1 && a.writes == 0, "and a click goes to one of them");
    close_all(&a);
    close_all(&b);
}

/// A size that somebody gives the window is kept by the plugin, for the next one
static void
check_scale(void)
{
    host h;
    ub_rig* const rig = open_rig(UB_URI_STEREO);
    static float sound[BLOCK];
    open_ui(&h, rig, UB_URI_STEREO, 0.0f);
    idle_for(&h, 0.2);
    run(&h, (float*[]){sound, sound});
    XResizeWindow(display, h.window, 1290, 780);
    XSync(display, False);
    idle_for(&h, 1.0);
    run(&h, (float*[]){sound, sound});
    h.ui->cleanup(h.handle);
    open_ui(&h, rig, UB_URI_STEREO, 0.0f);
    run(&h, (float*[]){sound, sound});
    ub_ok(h.width == 1290 && h.height == 780, "the next window is as large (%d x %d)", h.width,
          h.height);
    h.ui->cleanup(h.handle);
    open_ui(&h, rig, UB_URI_STEREO, 1.0f);
    run(&h, (float*[]){sound, sound});
    ub_ok(h.width == 860, "unless the host says how large it is to be");
    close_all(&h);
}

/// A model that somebody has put beside the bundle's own is asked for by its path
static void
check_beside(void)
{
    static const char* const names[] = {"another.safetensors", "default.safetensors"};
    char folder[] = "/tmp/unbraid-test-XXXXXX";
    char from[1024], to[2][256];
    snprintf(from, sizeof(from), "%s/default.safetensors", bundle);
    const char* const before = bundle;
    bundle = mkdtemp(folder);
    for (int i = 0; bundle && i < 2; ++i) {
        snprintf(to[i], sizeof(to[i]), "%s/%s", folder, names[i]);
        ub_ok(!symlink(from, to[i]), "%s is there", names[i]);
    }
    host h;
    open_ui(&h, open_rig(UB_URI_STEREO), UB_URI_STEREO, 1.0f);
    idle_for(&h, 0.1);
    for (int i = 0; i < 2; ++i) {
        h.size = 0;
        click(&h, 200, 20);          // opens the list
        click(&h, 200, 57 + 38 * i); // its rows are by name
        const bool named = memmem(h.events, h.size, to[i], strlen(to[i]));
        ub_ok(named == !i, "%s is asked for %s", names[i], named ? "by its path" : "as the own");
    }
    close_all(&h);
    unlink(to[0]);
    unlink(to[1]);
    rmdir(folder);
    bundle = before;
}

static bool
load(const char* folder)
{
    char path[1024];
    snprintf(path, sizeof(path), "%s/unbraid_ui.so", folder);
    void* const library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return false;
    }
    LV2UI_DescriptorFunction find;
    *(void**)&find = dlsym(library, "lv2ui_descriptor");
    descriptor = find ? find(0) : NULL;
    return descriptor != NULL;
}

int
main(int argc, char** argv)
{
    display = XOpenDisplay(NULL);
    if (argc != 4 || !display || !load(argv[1])) {
        fprintf(stderr, "check_ui: expected BUNDLE BROKEN PICTURE.ppm, and a display\n");
        return 2;
    }
    bundle = argv[1];
    check_clicks();
    check_picture(argv[3]);
    check_silence();
    check_refusal(argv[2]);
    check_two();
    check_scale();
    check_beside();
    check_leaks();
    XCloseDisplay(display);
    return ub_done();
}
