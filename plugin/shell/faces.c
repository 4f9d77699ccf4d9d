// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/shell/faces.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

static const char* const sources[] = {"Vocals", "Drums", "Bass", "Other", "Blend", NULL};
static const char* const modes[] = {"Isolate", "Remove", NULL};
static const char* const responses[] = {"Studio", "Balanced", "Live", NULL};
static const char* const processors[] = {"Auto", "CPU", "GPU", NULL};

typedef struct {
    ub_parameter parameter;
    ub_view_control control;
    const char* name;
    const char* unit;
    const char* const* labels;
    const char* tip;
} face;

#define STRIP(i, name)                                                            \
    {UB_STRIP_GAIN + (i),                                                         \
     UB_VIEW_LEVEL + (i),                                                         \
     name,                                                                        \
     "dB",                                                                        \
     NULL,                                                                        \
     "Level of the instrument in the mix; off at the bottom."},                   \
        {UB_STRIP_MUTE + (i),         UB_VIEW_MUTE + (i), name " mute", "", NULL, \
         "Leaves the instrument out."},                                           \
    {                                                                             \
        UB_STRIP_SOLO + (i), UB_VIEW_SOLO + (i), name " solo", "", NULL,          \
            "Plays this instrument alone, or with the others that have it."       \
    }

static const face faces[] = {
    {UB_SOURCE, UB_VIEW_SOURCE, "Source", "", sources,
     "The instrument to pull out of the mix. Blend asks for several at once, as much of each as "
     "the amounts below say."},
    {UB_MODE, UB_VIEW_MODE, "Mode", "", modes,
     "Isolate plays the source alone, Remove plays the mix without it. The two add up to the "
     "mix."},
    {UB_AMOUNT, UB_VIEW_AMOUNT, "Amount", "%", NULL,
     "From the mix as it is to the separated sound."},
    {UB_GAIN, UB_VIEW_GAIN, "Gain", "dB", NULL, "Level of the output."},
    {UB_CONSISTENCY, UB_VIEW_CONSISTENCY, "Sum to the mix", "", NULL,
     "Shares out among the stems what they lack of the mix, or have too much: then they add up "
     "to it exactly."},
    {UB_RESPONSE, UB_VIEW_RESPONSE, "Response", "", responses,
     "Studio sounds best and has the longest latency, Live has the shortest. A change starts the "
     "sound afresh."},
    {UB_PROCESSOR, UB_VIEW_PROCESSOR, "Processor", "", processors,
     "What computes the separation. Without a GPU that can be used the CPU computes."},
    {UB_ENABLED, UB_VIEW_ENABLED, "Enabled", "", NULL,
     "Bypass plays the mix, with the same latency and without a click."},
    {UB_BLEND_VOCALS, (ub_view_control)(UB_VIEW_BLEND + 0), "Vocals", "%", NULL,
     "How much of the vocals a blend has."},
    {UB_BLEND_DRUMS, (ub_view_control)(UB_VIEW_BLEND + 1), "Drums", "%", NULL,
     "How much of the drums a blend has."},
    {UB_BLEND_BASS, (ub_view_control)(UB_VIEW_BLEND + 2), "Bass", "%", NULL,
     "How much of the bass a blend has."},
    {UB_BLEND_OTHER, (ub_view_control)(UB_VIEW_BLEND + 3), "Other", "%", NULL,
     "How much of all else a blend has."},
    {UB_STRENGTH, UB_VIEW_STRENGTH, "Strength", "", NULL,
     "Above 1 less of the other instruments comes through, and the sound is thinner; below 1 it "
     "is fuller."},
    STRIP(0, "Vocals"),
    STRIP(1, "Drums"),
    STRIP(2, "Bass"),
    STRIP(3, "Other"),
    STRIP(4, "Extra 1"),
    STRIP(5, "Extra 2"),
};

#define FACES (sizeof(faces) / sizeof(faces[0]))

static bool
has(const ub_shape* shape, ub_parameter parameter)
{
    for (uint32_t i = 0; i < shape->n_parameters; ++i) {
        if (shape->parameters[i] == parameter) {
            return true;
        }
    }
    return false;
}

void
ub_faces(const ub_shape* shape, ub_view_spec specs[UB_VIEW_CONTROLS])
{
    for (uint32_t i = 0; i < UB_VIEW_CONTROLS; ++i) {
        specs[i] = (ub_view_spec){.unit = ""};
    }
    for (uint32_t i = 0; i < FACES; ++i) {
        const face* const f = &faces[i];
        const ub_parameter_spec* const p = &ub_parameters[f->parameter];
        if (has(shape, f->parameter)) {
            specs[f->control] = (ub_view_spec){f->name, f->tip, f->unit,  p->min,
                                               p->max,  p->def, p->whole, f->labels};
        }
    }
}

// The face of a parameter or, where that is UB_PARAMETERS, of a control; of those that have none
// one that is neither
static const face*
find(ub_parameter parameter, ub_view_control control)
{
    static const face none = {.parameter = UB_PARAMETERS, .control = UB_VIEW_CONTROLS};
    for (uint32_t i = 0; i < FACES; ++i) {
        if (faces[i].parameter == parameter || faces[i].control == control) {
            return &faces[i];
        }
    }
    return &none;
}

ub_view_control
ub_face_of(ub_parameter parameter)
{
    return find(parameter, UB_VIEW_CONTROLS)->control;
}

ub_parameter
ub_face_parameter(ub_view_control control)
{
    return find(UB_PARAMETERS, control)->parameter;
}

const char*
ub_face_status(float status, bool* trouble)
{
    const long i = lrintf(status);
    *trouble = i <= 0 || i == UB_STATUS_FAILING || i == UB_STATUS_LACKING;
    if (i == UB_STATUS_LACKING) {
        return "the model has no such source";
    }
    if (i == UB_STATUS_FAILING) {
        return "fails: last masks kept";
    }
    if (i <= 0 || i >= UB_STATUSES) {
        return i <= 0 ? "no model: the mix passes" : "computes";
    }
    return strstr(ub_status_backend[i], "cuda") ? "GPU" : "CPU";
}
