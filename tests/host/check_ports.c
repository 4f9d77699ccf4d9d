// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   The metadata against the code's own table of ports, and what a host may rely on
   before a single sample has run.
*/

#include "plugin/lv2/ports.h"
#include "tests/host/messages.h"
#include "tests/host/tap.h"

#include <lv2/core/lv2.h>

#include <math.h>
#include <string.h>

static bool
has(const LilvPlugin* plugin, const LilvPort* port, const char* property)
{
    LilvNode* const node = lilv_new_uri(ub_rig_world(), property);
    const bool yes = lilv_port_has_property(plugin, port, node);
    lilv_node_free(node);
    return yes;
}

static float
number(LilvNode* node)
{
    const float value = node ? lilv_node_as_float(node) : NAN;
    lilv_node_free(node);
    return value;
}

static void
check_control(const ub_shape* shape, const LilvPlugin* plugin, uint32_t index,
              const ub_parameter_spec* spec)
{
    const LilvPort* const port = lilv_plugin_get_port_by_index(plugin, index);
    const char* const symbol = lilv_node_as_string(lilv_port_get_symbol(plugin, port));
    LilvNode *def, *min, *max;
    lilv_port_get_range(plugin, port, &def, &min, &max);
    ub_ok(!strcmp(symbol, spec->symbol), "%s port %u is %s", shape->uri, index, spec->symbol);
    const bool whole = has(plugin, port, LV2_CORE__integer);
    ub_ok(number(def) == spec->def && number(min) == spec->min && number(max) == spec->max &&
              whole == spec->whole,
          "%s %s has the range of the code", shape->uri, symbol);
}

static uint32_t
scale_points(const LilvPlugin* plugin, const char* symbol)
{
    LilvNode* const node = lilv_new_string(ub_rig_world(), symbol);
    const LilvPort* const port = lilv_plugin_get_port_by_symbol(plugin, node);
    LilvScalePoints* const points = lilv_port_get_scale_points(plugin, port);
    const uint32_t n = points ? lilv_scale_points_size(points) : 0;
    lilv_scale_points_free(points);
    lilv_node_free(node);
    return n;
}

/// Index of the port with a designation, or -1.
static int
designated(const LilvPlugin* plugin, const char* class, const char* designation)
{
    LilvNode* const c = lilv_new_uri(ub_rig_world(), class);
    LilvNode* const d = lilv_new_uri(ub_rig_world(), designation);
    const LilvPort* const port = lilv_plugin_get_port_by_designation(plugin, c, d);
    lilv_node_free(d);
    lilv_node_free(c);
    return port ? (int)lilv_port_get_index(plugin, port) : -1;
}

/// Index of the port that a control has.
static int
port_of(const ub_shape* shape, ub_parameter control)
{
    uint32_t c = 0;
    while (shape->parameters[c] != control) {
        ++c;
    }
    return (int)(ub_port_parameters(shape) + c);
}

static void
check_shape(const ub_shape* shape)
{
    const LilvPlugin* const plugin = ub_rig_find(shape->uri);
    if (!ub_ok(plugin && lilv_plugin_verify(plugin), "%s is found", shape->uri)) {
        return;
    }
    const uint32_t base = ub_port_parameters(shape);
    ub_ok(lilv_plugin_get_num_ports(plugin) == ub_port_count(shape), "%s has all ports",
          shape->uri);
    for (uint32_t c = 0; c < shape->n_parameters; ++c) {
        check_control(shape, plugin, base + c, &ub_parameters[shape->parameters[c]]);
    }
    if (shape->kind == UB_PLAYS_ONE) {
        ub_ok(scale_points(plugin, "source") == UB_BLEND + 1, "%s names each source", shape->uri);
    }
    ub_ok(scale_points(plugin, "status") == UB_STATUS_LACKING + 1, "%s names each status",
          shape->uri);
    const int latency = port_of(shape, UB_LATENCY);
    ub_ok(designated(plugin, LV2_CORE__OutputPort, LV2_CORE__latency) == latency &&
              lilv_plugin_has_latency(plugin) &&
              (int)lilv_plugin_get_latency_port_index(plugin) == latency &&
              designated(plugin, LV2_CORE__InputPort, LV2_CORE__enabled) ==
                  port_of(shape, UB_ENABLED) &&
              designated(plugin, LV2_CORE__InputPort, LV2_CORE__freeWheeling) ==
                  port_of(shape, UB_FREEWHEEL),
          "%s designates latency, enabled and freewheel", shape->uri);
    const int messages = (int)ub_port_messages(shape);
    ub_ok(designated(plugin, LV2_CORE__InputPort, LV2_CORE__control) == messages &&
              designated(plugin, LV2_CORE__OutputPort, LV2_CORE__control) == messages + 1,
          "%s designates its ports for messages", shape->uri);
    LilvNodes* const required = lilv_plugin_get_required_features(plugin);
    ub_ok(lilv_nodes_size(required) == 0, "%s requires nothing of a host", shape->uri);
    lilv_nodes_free(required);
}

/// The longest latency must fit the port's maximum, from which hosts size delay lines.
static void
check_latency(const ub_shape* shape)
{
    float longest = 0.0f;
    float shortest = INFINITY;
    for (int response = 0; response < 3; ++response) {
        ub_rig rig;
        if (!ub_ok(ub_rig_open(&rig, shape->uri, 192000.0), "%s opens at 192 kHz", shape->uri)) {
            return;
        }
        float buffer[16] = {0};
        float* ports[UB_RIG_CHANNELS];
        for (int c = 0; c < UB_RIG_CHANNELS; ++c) {
            ports[c] = buffer;
        }
        *ub_rig_control(&rig, "response") = (float)response;
        ub_rig_run(&rig, ports, ports, 1);
        const float first = *ub_rig_control(&rig, "latency");
        ub_rig_run(&rig, ports, ports, 16);
        ub_ok(first > 0.0f && *ub_rig_control(&rig, "latency") == first,
              "%s response %d: %.0f samples from the first run on", shape->uri, response, first);
        longest = fmaxf(longest, first);
        shortest = fminf(shortest, first);
        ub_rig_close(&rig);
    }
    const float max = ub_parameters[UB_LATENCY].max;
    ub_ok(longest <= max && max <= 2.0f * longest && shortest < longest,
          "%s latency's maximum %.0f holds for %.0f and is not idle", shape->uri, max, longest);
}

static void
check_rate(const char* uri, double rate)
{
    (void)ub_messages_logged();
    LilvInstance* const instance =
        lilv_plugin_instantiate(ub_rig_find(uri), rate, ub_messages_features());
    const char* const logged = ub_messages_logged();
    const char* const line = strchr(logged, '\n');
    ub_ok(!instance && !strncmp(logged, "unbraid: ", 9) && line && !line[1],
          "%s at %g Hz is refused with one line in the host's log", uri, rate);
    if (instance) {
        lilv_instance_free(instance);
    }
}

int
main(void)
{
    for (int s = 0; s < UB_SHAPES; ++s) {
        check_shape(&ub_shapes[s]);
        check_latency(&ub_shapes[s]);
        check_rate(ub_shapes[s].uri, 7999.0);
        check_rate(ub_shapes[s].uri, 192001.0);
        check_rate(ub_shapes[s].uri, (double)NAN);
    }
    return ub_done();
}
