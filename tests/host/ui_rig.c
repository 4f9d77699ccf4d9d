// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "tests/host/ui_rig.h"

#include "tests/host/messages.h"

#include <X11/Xutil.h>
#include <lv2/atom/atom.h>
#include <lv2/atom/util.h>
#include <lv2/options/options.h>
#include <lv2/parameters/parameters.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Display* ub_ui_display;
Window ub_ui_parent;
const char* ub_ui_bundle;

static const LV2UI_Descriptor* ui;

bool
ub_ui_load(const char* folder)
{
    char path[1024];
    ub_ui_bundle = folder;
    ub_ui_display = XOpenDisplay(NULL);
    snprintf(path, sizeof(path), "%s/unbraid_ui.so", folder);
    void* const library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return false;
    }
    LV2UI_DescriptorFunction find;
    *(void**)&find = dlsym(library, "lv2ui_descriptor");
    ui = find ? find(0) : NULL;
    ub_ui_parent = ub_ui_display ? DefaultRootWindow(ub_ui_display) : None;
    return ui && ub_ui_display;
}

static void
write_port(LV2UI_Controller controller, uint32_t port, uint32_t size, uint32_t format,
           const void* buffer)
{
    ub_ui_host* const h = (ub_ui_host*)controller;
    if (!format) {
        h->port = port;
        h->value = *(const float*)buffer;
        ++h->writes;
        if (h->rig) {
            h->rig->control[port] = h->value;
        }
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
    ub_ui_host* const h = (ub_ui_host*)handle;
    h->touched += grabbed ? 1 : -1;
    h->touches += grabbed;
}

static int
resize(LV2UI_Feature_Handle handle, int width, int height)
{
    ub_ui_host* const h = (ub_ui_host*)handle;
    h->width = width;
    h->height = height;
    return 0;
}

bool
ub_ui_open(ub_ui_host* h, ub_rig* rig, const char* uri, float scale)
{
    memset(h, 0, sizeof(*h));
    h->rig = rig;
    h->ui = ui;
    static const float rate = (float)UB_UI_RATE;
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
    const LV2_Feature parent = {LV2_UI__parent, (void*)ub_ui_parent};
    const LV2_Feature* const features[] = {
        &map, &touch_feature, &resize_feature, &option_feature, &parent, NULL};
    LV2UI_Widget widget = NULL;
    h->handle = h->ui->instantiate(h->ui, uri, ub_ui_bundle, write_port, h, &widget, features);
    h->window = (Window)widget;
    return h->handle && h->window;
}

int
ub_ui_idle(ub_ui_host* h)
{
    const LV2UI_Idle_Interface* const idles =
        (const LV2UI_Idle_Interface*)h->ui->extension_data(LV2_UI__idleInterface);
    return idles->idle(h->handle);
}

void
ub_ui_idle_for(ub_ui_host* h, double seconds)
{
    for (int i = 0; i < (int)(seconds * 50); ++i) {
        ub_ui_idle(h);
        usleep(20000);
    }
}

void
ub_ui_run(ub_ui_host* h, float* const* in)
{
    static float scratch[8][UB_UI_BLOCK];
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
    ub_rig_run(h->rig, in, out, UB_UI_BLOCK);
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
send(const ub_ui_host* h, XEvent* event, long mask)
{
    event->xany.display = ub_ui_display;
    event->xany.window = h->window;
    XSendEvent(ub_ui_display, h->window, True, mask, event);
    XSync(ub_ui_display, False);
}

void
ub_ui_button(const ub_ui_host* h, int x, int y, unsigned button, bool down, unsigned long ms)
{
    XEvent event = {.xbutton = {.type = down ? ButtonPress : ButtonRelease,
                                .root = DefaultRootWindow(ub_ui_display),
                                .time = ms,
                                .x = x,
                                .y = y,
                                .button = button,
                                .state = down ? 0 : Button1Mask << (button - 1),
                                .same_screen = True}};
    send(h, &event, down ? ButtonPressMask : ButtonReleaseMask);
}

void
ub_ui_move(const ub_ui_host* h, int x, int y)
{
    XEvent event = {.xmotion = {.type = MotionNotify,
                                .root = DefaultRootWindow(ub_ui_display),
                                .x = x,
                                .y = y,
                                .same_screen = True}};
    send(h, &event, PointerMotionMask);
}

void
ub_ui_key(const ub_ui_host* h, KeySym symbol)
{
    XEvent event = {.xkey = {.type = KeyPress,
                             .root = DefaultRootWindow(ub_ui_display),
                             .keycode = XKeysymToKeycode(ub_ui_display, symbol),
                             .same_screen = True}};
    send(h, &event, KeyPressMask);
    event.xkey.type = KeyRelease;
    send(h, &event, KeyReleaseMask);
}

void
ub_ui_click(ub_ui_host* h, int x, int y)
{
    ub_ui_button(h, x, y, 1, true, 0);
    ub_ui_button(h, x, y, 1, false, 0);
    ub_ui_idle_for(h, 0.1);
}

unsigned long
ub_ui_pixel(const ub_ui_host* h, int x, int y)
{
    XImage* const image = XGetImage(ub_ui_display, h->window, x, y, 1, 1, AllPlanes, ZPixmap);
    const unsigned long value = image ? XGetPixel(image, 0, 0) : 0;
    if (image) {
        XDestroyImage(image);
    }
    return value;
}

void
ub_ui_save(const ub_ui_host* h, const char* path)
{
    XImage* const image = XGetImage(ub_ui_display, h->window, 0, 0, (unsigned)h->width,
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

uint32_t
ub_ui_port(const ub_rig* rig, const char* symbol)
{
    LilvNode* const node = lilv_new_string(ub_rig_world(), symbol);
    const LilvPort* const port = lilv_plugin_get_port_by_symbol(rig->plugin, node);
    lilv_node_free(node);
    return port ? lilv_port_get_index(rig->plugin, port) : UINT32_MAX;
}

ub_rig*
ub_ui_rig(const char* uri)
{
    ub_rig* const rig = (ub_rig*)calloc(1, sizeof(ub_rig));
    if (!rig || !ub_rig_open_with(rig, uri, UB_UI_RATE, ub_messages_features())) {
        exit(2);
    }
    *ub_rig_control(rig, "freewheel") = 1.0f;
    return rig;
}

void
ub_ui_close(ub_ui_host* h)
{
    h->ui->cleanup(h->handle);
    if (h->rig) {
        ub_rig_close(h->rig);
        free(h->rig);
    }
}
