// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  What the host tells the window: values of ports, and the plugin's messages.
*/

#include "plugin/lv2/ports.h"
#include "plugin/lv2/ui/models.h"
#include "plugin/lv2/ui/ui.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/// A parameter that the window shows as status
static void
take_meter(ub_ui* self, ub_parameter parameter, float value)
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
take_value(ub_ui* self, uint32_t port, float value)
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
take_sources(ub_ui* self, const char* names)
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
take_message(ub_ui* self, uint32_t size, const void* buffer)
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
    if (news.scale > 0.0f) { // somebody's choice goes before what the host or the screen asks for
        ub_ui_scale(self, (double)news.scale);
    }
    if (news.report) {
        self->status.latency = report.latency;
        ub_view_report(self->view, &report);
    }
}

void
ub_ui_port_event(LV2UI_Handle handle, uint32_t port, uint32_t size, uint32_t format,
                 const void* buffer)
{
    ub_ui* const self = (ub_ui*)handle;
    if (!format && size == sizeof(float)) {
        take_value(self, port, *(const float*)buffer);
    } else if (self->talks && format == self->talk.event_transfer) {
        take_message(self, size, buffer);
    }
    ub_view_set_status(self->view, &self->status);
}
