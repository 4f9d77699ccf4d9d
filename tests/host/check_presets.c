// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   The factory presets, as a host loads them: found, named, every value in range.
*/

#include "plugin/shell/parameters.h"
#include "tests/host/messages.h"
#include "tests/host/tap.h"

#include <lv2/atom/atom.h>
#include <lv2/presets/presets.h>

#include <math.h>
#include <string.h>

typedef struct {
    uint32_t good; ///< Controls that there are, with values in their range
    uint32_t bad;
    bool blend; ///< Chosen as the source
} tally;

static void
take_value(const char* symbol, void* data, const void* value, uint32_t size, uint32_t type)
{
    tally* const t = (tally*)data;
    float number = NAN;
    if (type == ub_urid(LV2_ATOM__Float) && size == sizeof(float)) {
        memcpy(&number, value, sizeof(float));
    }
    bool good = false;
    for (uint32_t c = 0; c < UB_PARAMETERS; ++c) {
        const ub_parameter_spec* const spec = &ub_parameters[c];
        if (!strcmp(symbol, spec->symbol)) {
            good = !spec->output && number >= spec->min && number <= spec->max &&
                   (!spec->whole || number == rintf(number));
        }
    }
    ++*(good ? &t->good : &t->bad);
    t->blend = t->blend || (!strcmp(symbol, "source") && number == UB_BLEND);
}

/// Whether a preset says what a control is, so that nothing is left of the preset before:
/// all that a user chooses, but the amounts of a blend only where they are heard.
static bool
is_set(ub_parameter control, bool blend)
{
    const bool amount = control >= UB_BLEND_VOCALS && control <= UB_BLEND_OTHER;
    return !ub_parameters[control].output && control != UB_ENABLED && control != UB_FREEWHEEL &&
           control != UB_PROCESSOR && (blend || !amount);
}

static void
check_presets(const ub_shape* shape, uint32_t least)
{
    const LilvPlugin* const plugin = ub_rig_find(shape->uri);
    LilvNode* const class = lilv_new_uri(ub_rig_world(), LV2_PRESETS__Preset);
    LilvNodes* const presets = lilv_plugin_get_related(plugin, class);
    ub_ok(lilv_nodes_size(presets) >= least, "%s has %u presets", shape->uri,
          lilv_nodes_size(presets));
    LILV_FOREACH(nodes, i, presets)
    {
        const LilvNode* const preset = lilv_nodes_get(presets, i);
        lilv_world_load_resource(ub_rig_world(), preset);
        LilvState* const state = lilv_state_new_from_world(ub_rig_world(), ub_urid_map(), preset);
        tally t = {0, 0, false};
        if (state) {
            lilv_state_emit_port_values(state, take_value, &t);
        }
        uint32_t settings = 0;
        for (uint32_t c = 0; c < shape->n_parameters; ++c) {
            settings += is_set(shape->parameters[c], t.blend);
        }
        ub_ok(state && lilv_state_get_label(state) && t.good == settings && t.bad == 0,
              "%s \"%s\" sets every setting", shape->uri,
              state ? lilv_state_get_label(state) : lilv_node_as_uri(preset));
        lilv_state_free(state);
    }
    lilv_nodes_free(presets);
    lilv_node_free(class);
}

int
main(void)
{
    for (int s = 0; s < UB_SHAPES; ++s) {
        check_presets(&ub_shapes[s], ub_shapes[s].uri == ub_shapes[0].uri ? 12 : 2);
    }
    return ub_done();
}
