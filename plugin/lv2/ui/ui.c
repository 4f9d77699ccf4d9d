// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   The LV2 user interface: the window between a host's ports and the plugin's messages.
*/

#include "gui/window.h"
#include "plugin/lv2/ports.h"
#include "plugin/lv2/ui/models.h"
#include "plugin/lv2/ui/talk.h"
#include "plugin/shell/faces.h"

#include <lv2/atom/atom.h>
#include <lv2/core/lv2.h>
#include <lv2/core/lv2_util.h>
#include <lv2/log/logger.h>
#include <lv2/options/options.h>
#include <lv2/parameters/parameters.h>
#include <lv2/ui/ui.h>

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WATCH_S 1.0 ///< The plugin forgets after two that somebody watches

typedef struct {
    const ub_shape* shape;
    ub_view_spec specs[UB_VIEW_CONTROLS];
    ub_view* view;
    ub_window* window;
    ub_talk talk;
    bool talks; ///< The host maps URIs
    LV2UI_Write_Function write;
    LV2UI_Controller controller;
    const LV2UI_Touch* touch;
    const LV2UI_Resize* resize;
    ub_view_status status;
    char bundle[1024];
    double watched; ///< s, when it was last asked for reports
} ui;

/// The port of a control of the window
static uint32_t
port_of(const ui* self, ub_view_control control)
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
    const ui* const self = (const ui*)handle;
    if (self->touch) {
        self->touch->touch(self->touch->handle, port_of(self, control), grabbed);
    }
}

static void
on_set(void* handle, ub_view_control control, float value)
{
    const ui* const self = (const ui*)handle;
    self->write(self->controller, port_of(self, control), sizeof(float), 0, &value);
}

static void
on_choose(void* handle, const char* path)
{
    ui* const self = (ui*)handle;
    if (self->talks) {
        ub_talk_choose(&self->talk, path);
    }
}

static void
on_list(void* handle)
{
    ui* const self = (ui*)handle;
    ub_view_model models[32];
    const uint32_t n = ub_offered_models(self->bundle, models, 32);
    ub_view_set_models(self->view, models, n);
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
    ui* const self = (ui*)handle;
    ub_window_free(self->window);
    ub_view_free(self->view);
    free(self);
}

static bool
open_window(ui* self, uintptr_t parent, double scale, char* err, size_t err_size)
{
    const ub_view_actions actions = {self, on_grab, on_set, on_choose, on_list};
    ub_faces(self->shape, self->specs);
    self->view = ub_view_new(self->specs, &actions);
    if (!self->view) {
        snprintf(err, err_size, "window: out of memory");
        return false;
    }
    self->window = ub_window_new(self->view, parent, scale, err, err_size);
    return self->window != NULL;
}

static ui*
allocate(const char* plugin_uri, const char* bundle)
{
    ui* const self = (ui*)calloc(1, sizeof(ui));
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
take_features(ui* self, const LV2_Feature* const* features)
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
    ui* const self = allocate(plugin_uri, bundle);
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
    if (self->resize) {
        self->resize->ui_resize(self->resize->handle, (int)width, (int)height);
    }
    if (self->talks) {
        ub_talk_get(&self->talk);
    }
    return self;
}

/// A parameter that the window shows as status
static void
take_meter(ui* self, ub_parameter parameter, float value)
{
    if (!isfinite(value)) {
        return;
    }
    ub_view_status* const s = &self->status;
    if (parameter == UB_LATENCY) {
        s->latency = value;
    } else if (parameter == UB_LATE) {
        s->late = value;
    } else if (parameter == UB_LOAD) {
        s->load = value;
    } else if (parameter == UB_STATUS) {
        snprintf(s->computes, sizeof(s->computes), "%s", ub_face_status(value, &s->trouble));
    }
}

static void
take_value(ui* self, uint32_t port, float value)
{
    const uint32_t first = ub_port_parameters(self->shape);
    if (port < first || port - first >= self->shape->n_parameters) {
        return;
    }
    const ub_parameter parameter = (ub_parameter)self->shape->parameters[port - first];
    const ub_view_control control = ub_face_of(parameter);
    if (control < UB_VIEW_CONTROLS) {
        ub_view_set(self->view, control, value);
    } else {
        take_meter(self, parameter, value);
    }
}

/// Strips' names, as the plugin orders them, empty where the model lacks one
static void
take_sources(ui* self, const char* names)
{
    char strips[UB_VIEW_STRIPS][24] = {"", "", "", "", "", ""};
    for (uint32_t i = 0; i < UB_VIEW_STRIPS && names; ++i) {
        const size_t n = strcspn(names, ",");
        snprintf(strips[i], sizeof(strips[i]), "%.*s", (int)n, names);
        strips[i][0] = (char)toupper((unsigned char)strips[i][0]);
        names = names[n] ? names + n + 1 : NULL;
    }
    ub_view_set_sources(self->view, (const char(*)[24])strips);
}

static void
take_message(ui* self, uint32_t size, const void* buffer)
{
    ub_report report;
    const ub_talk_news news = ub_talk_read(&self->talk, size, buffer, &report);
    if (news.model) {
        ub_offered_name(news.model, self->status.model, sizeof(self->status.model));
    }
    if (news.sources) {
        take_sources(self, news.sources);
    }
    if (news.message) {
        snprintf(self->status.message, sizeof(self->status.message), "%s", news.message);
    }
    if (news.report) {
        self->status.latency = report.latency;
        ub_view_report(self->view, &report);
    }
}

static void
port_event(LV2UI_Handle handle, uint32_t port, uint32_t size, uint32_t format, const void* buffer)
{
    ui* const self = (ui*)handle;
    if (!format && size == sizeof(float)) {
        take_value(self, port, *(const float*)buffer);
    } else if (self->talks && format == self->talk.event_transfer) {
        take_message(self, size, buffer);
    }
    ub_view_set_status(self->view, &self->status);
}

static int
idle(LV2UI_Handle handle)
{
    ui* const self = (ui*)handle;
    const double now = ub_window_time(self->window);
    if (self->talks && now - self->watched >= WATCH_S) {
        self->watched = now;
        ub_talk_watch(&self->talk);
    }
    return !ub_window_idle(self->window);
}

static int
on_resize(LV2UI_Feature_Handle handle, int width, int height)
{
    ui* const self = (ui*)handle;
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
    static const LV2UI_Descriptor descriptor = {UB_URI_UI, instantiate, cleanup, port_event,
                                                extension_data};
    return index ? NULL : &descriptor;
}
