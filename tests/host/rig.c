// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "tests/host/rig.h"

#include <lv2/atom/atom.h>
#include <lv2/core/lv2.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

LilvWorld*
ub_rig_world(void)
{
    static LilvWorld* world;
    if (!world) {
        world = lilv_world_new();
        lilv_world_load_all(world);
    }
    return world;
}

const LilvPlugin*
ub_rig_find(const char* uri)
{
    LilvWorld* const world = ub_rig_world();
    LilvNode* const node = lilv_new_uri(world, uri);
    const LilvPlugins* const all = lilv_world_get_all_plugins(world);
    const LilvPlugin* const plugin = node ? lilv_plugins_get_by_uri(all, node) : NULL;
    lilv_node_free(node);
    return plugin;
}

/// A sequence of messages to the plugin, none, or from it, the room there is.
static void
empty(ub_rig* self, int from)
{
    LV2_Atom_Sequence* const sequence = (LV2_Atom_Sequence*)self->messages[from];
    sequence->atom.size =
        from ? UB_RIG_MESSAGES - sizeof(LV2_Atom) : sizeof(LV2_Atom_Sequence_Body);
}

/// Sort the ports out and connect all but the audio ports, the controls to their defaults.
static bool
connect_ports(ub_rig* self)
{
    LilvWorld* const world = ub_rig_world();
    LilvNode* const messages = lilv_new_uri(world, LV2_ATOM__AtomPort);
    LilvNode* const audio = lilv_new_uri(world, LV2_CORE__AudioPort);
    LilvNode* const input = lilv_new_uri(world, LV2_CORE__InputPort);
    lilv_plugin_get_port_ranges_float(self->plugin, NULL, NULL, self->control);
    for (uint32_t p = 0; p < self->ports; ++p) {
        const LilvPort* const port = lilv_plugin_get_port_by_index(self->plugin, p);
        if (lilv_port_is_a(self->plugin, port, messages)) {
            const int out = !lilv_port_is_a(self->plugin, port, input);
            self->message_port[out] = p;
            lilv_instance_connect_port(self->instance, p, self->messages[out]);
        } else if (!lilv_port_is_a(self->plugin, port, audio)) {
            lilv_instance_connect_port(self->instance, p, &self->control[p]);
        } else if (lilv_port_is_a(self->plugin, port, input)) {
            self->in_port[self->ins++] = p;
        } else {
            self->out_port[self->outs++] = p;
        }
    }
    lilv_node_free(input);
    lilv_node_free(audio);
    lilv_node_free(messages);
    empty(self, 0);
    return self->ins && self->outs;
}

bool
ub_rig_open(ub_rig* self, const char* uri, double rate)
{
    return ub_rig_open_with(self, uri, rate, NULL);
}

bool
ub_rig_open_with(ub_rig* self, const char* uri, double rate, const LV2_Feature* const* features)
{
    memset(self, 0, sizeof(*self));
    self->plugin = ub_rig_find(uri);
    if (!self->plugin) {
        fprintf(stderr, "%s: no such plugin in LV2_PATH\n", uri);
        return false;
    }
    self->ports = lilv_plugin_get_num_ports(self->plugin);
    self->instance = lilv_plugin_instantiate(self->plugin, rate, features);
    if (!self->instance || self->ports > UB_RIG_PORTS || !connect_ports(self)) {
        fprintf(stderr, "%s: cannot instantiate at %g Hz\n", uri, rate);
        ub_rig_close(self);
        return false;
    }
    lilv_instance_activate(self->instance);
    return true;
}

void
ub_rig_close(ub_rig* self)
{
    if (self->instance) {
        lilv_instance_deactivate(self->instance);
        lilv_instance_free(self->instance);
        self->instance = NULL;
    }
}

float*
ub_rig_control(ub_rig* self, const char* symbol)
{
    LilvNode* const node = lilv_new_string(ub_rig_world(), symbol);
    const LilvPort* const port = lilv_plugin_get_port_by_symbol(self->plugin, node);
    lilv_node_free(node);
    if (!port) {
        fprintf(stderr, "%s: no such port\n", symbol);
        exit(2);
    }
    return &self->control[lilv_port_get_index(self->plugin, port)];
}

void
ub_rig_run(ub_rig* self, float* const* in, float* const* out, uint32_t n)
{
    for (uint32_t c = 0; c < self->ins; ++c) {
        lilv_instance_connect_port(self->instance, self->in_port[c], in[c]);
    }
    for (uint32_t c = 0; c < self->outs; ++c) {
        lilv_instance_connect_port(self->instance, self->out_port[c], out[c]);
    }
    empty(self, 1);
    if (self->enter) {
        self->enter();
    }
    lilv_instance_run(self->instance, n);
    if (self->leave) {
        self->leave();
    }
    empty(self, 0);
}
