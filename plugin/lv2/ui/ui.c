// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   The LV2 user interface: the window between a host's ports and the plugin's messages.
*/

#include "plugin/lv2/ports.h"
#include "plugin/lv2/ui/models.h"
#include "plugin/lv2/ui/ui.h"
#include "plugin/shell/faces.h"

#include <lv2/atom/atom.h>
#include <lv2/core/lv2.h>
#include <lv2/core/lv2_util.h>
#include <lv2/log/logger.h>
#include <lv2/options/options.h>
#include <lv2/parameters/parameters.h>
#include <lv2/ui/ui.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SETTLED_S 1.5 ///< That a size must last to be somebody's choice
#define WATCH_S   1.0 ///< The plugin forgets after two that somebody watches

/// The port of a control of the window
static uint32_t
port_of(const ub_ui* self, ub_view_control control)
{
    const ub_parameter parameter = ub_face_parameter(control);
    uint32_t i = 0;
    while (i < self->shape->n_parameters && self->shape->parameters[i] != parameter) {
        ++i;
    }
    return ub_port_parameters(self->shape) + i;
}

static void
on_grab(void* handle, ub_view_control control, bool grabbed)
{
    const ub_ui* const self = (const ub_ui*)handle;
    if (self->touch) {
        self->touch->touch(self->touch->handle, port_of(self, control), grabbed);
    }
}

static void
on_set(void* handle, ub_view_control control, float value)
{
    const ub_ui* const self = (const ub_ui*)handle;
    self->write(self->controller, port_of(self, control), sizeof(float), 0, &value);
}

static void
on_choose(void* handle, const char* path)
{
    ub_ui* const self = (ub_ui*)handle;
    if (self->talks) {
        ub_talk_choose(&self->talk, path);
    }
}

static void
on_list(void* handle)
{
    ub_ui* const self = (ub_ui*)handle;
    ub_view_model models[32];
    const uint32_t n = ub_offered_models(self->bundle, models, 32);
    ub_view_set_models(self->view, models, n);
}

void
ub_ui_scale(ub_ui* self, double scale)
{
    double width, height;
    ub_view_size(self->view, &width, &height);
    scale = fmin(scale, ub_window_largest_scale(self->window)); // or nobody could choose another
    self->scale = scale;
    ub_window_ask(self->window, (unsigned)ceil(scale * width), (unsigned)ceil(scale * height));
    if (self->resize) {
        self->resize->ui_resize(self->resize->handle, (int)ceil(scale * width),
                                (int)ceil(scale * height));
    }
}

static void
on_scale(void* handle, double scale)
{
    ub_ui* const self = (ub_ui*)handle;
    const double asked = self->wanted > 0 ? self->wanted : ub_window_screen_scale(self->window);
    ub_ui_scale(self, scale > 0 ? scale : asked);
    if (self->talks) {
        ub_talk_scale(&self->talk, scale > 0 ? (float)self->scale : 0.0f);
    }
}

/// What the options say; 0 where they say nothing
static float
option(const LV2_Options_Option* options, LV2_URID_Map* map, const char* uri)
{
    const LV2_URID key = map->map(map->handle, uri);
    const LV2_URID type = map->map(map->handle, LV2_ATOM__Float);
    for (const LV2_Options_Option* o = options; o && (o->key || o->value); ++o) {
        if (o->key == key && o->type == type && o->size == sizeof(float) && o->value) {
            return *(const float*)o->value;
        }
    }
    return 0.0f;
}

static void
cleanup(LV2UI_Handle handle)
{
    ub_ui* const self = (ub_ui*)handle;
    ub_window_free(self->window);
    ub_view_free(self->view);
    free(self);
}

static bool
open_window(ub_ui* self, uintptr_t parent, double scale, char* err, size_t err_size)
{
    const ub_view_actions actions = {self, on_grab, on_set, on_choose, on_list, on_scale};
    ub_faces(self->shape, self->specs);
    self->view = ub_view_new(self->specs, &actions);
    if (!self->view) {
        snprintf(err, err_size, "window: out of memory");
        return false;
    }
    self->window = ub_window_new(self->view, parent, scale, err, err_size);
    return self->window != NULL;
}

static ub_ui*
allocate(const char* plugin_uri, const char* bundle)
{
    ub_ui* const self = (ub_ui*)calloc(1, sizeof(ub_ui));
    for (uint32_t i = 0; self && i < UB_SHAPES; ++i) {
        if (!strcmp(ub_shapes[i].uri, plugin_uri)) {
            self->shape = &ub_shapes[i];
        }
    }
    if (self && self->shape) {
        snprintf(self->bundle, sizeof(self->bundle), "%s", bundle);
        self->watched = -WATCH_S;
        return self;
    }
    free(self);
    return NULL;
}

static void
take_features(ub_ui* self, const LV2_Feature* const* features)
{
    LV2_URID_Map* const map = (LV2_URID_Map*)lv2_features_data(features, LV2_URID__map);
    const LV2_Options_Option* const options =
        (const LV2_Options_Option*)lv2_features_data(features, LV2_OPTIONS__options);
    self->touch = (const LV2UI_Touch*)lv2_features_data(features, LV2_UI__touch);
    self->resize = (const LV2UI_Resize*)lv2_features_data(features, LV2_UI__resize);
    self->talks = map != NULL;
    if (map) {
        ub_talk_init(&self->talk, map, self->write, self->controller,
                     ub_port_messages(self->shape));
        self->status.rate = (double)option(options, map, LV2_PARAMETERS__sampleRate);
    }
}

static LV2UI_Handle
instantiate(const LV2UI_Descriptor* descriptor, const char* plugin_uri, const char* bundle,
            LV2UI_Write_Function write, LV2UI_Controller controller, LV2UI_Widget* widget,
            const LV2_Feature* const* features)
{
    (void)descriptor;
    LV2_URID_Map* const map = (LV2_URID_Map*)lv2_features_data(features, LV2_URID__map);
    const LV2_Options_Option* const options =
        (const LV2_Options_Option*)lv2_features_data(features, LV2_OPTIONS__options);
    ub_ui* const self = allocate(plugin_uri, bundle);
    if (!self) {
        return NULL;
    }
    self->write = write;
    self->controller = controller;
    take_features(self, features);
    char err[160];
    const double scale = map ? (double)option(options, map, LV2_UI__scaleFactor) : 0.0;
    const uintptr_t parent = (uintptr_t)lv2_features_data(features, LV2_UI__parent);
    if (!open_window(self, parent, scale, err, sizeof(err))) {
        fprintf(stderr, "unbraid: %s\n", err);
        cleanup(self);
        return NULL;
    }
    *widget = (LV2UI_Widget)ub_window_native(self->window);
    unsigned width, height;
    ub_window_size(self->window, &width, &height);
    self->wanted = scale;
    self->scale = ub_view_scale(self->view, width, height);
    if (self->resize) {
        self->resize->ui_resize(self->resize->handle, (int)width, (int)height);
    }
    if (self->talks) {
        ub_talk_get(&self->talk);
    }
    return self;
}

/// Tell the plugin, which keeps it, once somebody has let go of the window's edge
static void
watch_scale(ub_ui* self, double now)
{
    unsigned width, height;
    ub_window_size(self->window, &width, &height);
    const double scale = ub_view_scale(self->view, width, height);
    if (fabs(scale - self->scale) < 0.01) {
        self->resized = now;
    } else if (now - self->resized > SETTLED_S) {
        self->scale = scale;
        ub_talk_scale(&self->talk, (float)scale);
    }
}

static int
idle(LV2UI_Handle handle)
{
    ub_ui* const self = (ub_ui*)handle;
    const double now = ub_window_time(self->window);
    if (self->talks && now - self->watched >= WATCH_S) {
        self->watched = now;
        ub_talk_watch(&self->talk);
    }
    if (self->talks) {
        watch_scale(self, now);
    }
    return !ub_window_idle(self->window);
}

static int
on_resize(LV2UI_Feature_Handle handle, int width, int height)
{
    ub_ui* const self = (ub_ui*)handle;
    if (width > 0 && height > 0) {
        ub_window_resize(self->window, (unsigned)width, (unsigned)height);
    }
    return 0;
}

static const void*
extension_data(const char* uri)
{
    static const LV2UI_Idle_Interface idles = {idle};
    static const LV2UI_Resize resizes = {NULL, on_resize};
    if (!strcmp(uri, LV2_UI__idleInterface)) {
        return &idles;
    }
    return strcmp(uri, LV2_UI__resize) ? NULL : &resizes;
}

LV2_SYMBOL_EXPORT const LV2UI_Descriptor*
lv2ui_descriptor(uint32_t index)
{
    static const LV2UI_Descriptor descriptor = {UB_URI_UI, instantiate, cleanup, ub_ui_port_event,
                                                extension_data};
    return index ? NULL : &descriptor;
}
