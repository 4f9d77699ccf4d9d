// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "gui/events.h"

#include "gui/place.h"

/// @param time s, when it happened: what comes all at once may not have been done at once
static ub_view_pointer
pointer(double scale, double x, double y, PuglMods state, double time)
{
    return (ub_view_pointer){x / scale, y / scale, (state & PUGL_MOD_SHIFT) != 0, time};
}

static bool
key(ub_view* view, const PuglKeyEvent* event)
{
    static const struct {
        uint32_t from;
        ub_view_key to;
    } keys[] = {{'\t', UB_KEY_TAB},
                {'\r', UB_KEY_ENTER},
                {PUGL_KEY_ESCAPE, UB_KEY_ESCAPE},
                {PUGL_KEY_BACKSPACE, UB_KEY_BACKSPACE},
                {PUGL_KEY_DELETE, UB_KEY_DELETE},
                {PUGL_KEY_UP, UB_KEY_UP},
                {PUGL_KEY_DOWN, UB_KEY_DOWN},
                {PUGL_KEY_LEFT, UB_KEY_LEFT},
                {PUGL_KEY_RIGHT, UB_KEY_RIGHT},
                {PUGL_KEY_PAGE_UP, UB_KEY_PAGE_UP},
                {PUGL_KEY_PAGE_DOWN, UB_KEY_PAGE_DOWN},
                {PUGL_KEY_HOME, UB_KEY_HOME},
                {PUGL_KEY_END, UB_KEY_END}};
    const bool shift = (event->state & PUGL_MOD_SHIFT) != 0;
    for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); ++i) {
        if (keys[i].from == event->key) {
            const bool back = keys[i].to == UB_KEY_TAB && shift;
            return ub_view_press_key(view, back ? UB_KEY_BACK_TAB : keys[i].to, shift);
        }
    }
    return false;
}

static bool
press(ub_view* view, PuglView* pugl, double scale, const PuglButtonEvent* event)
{
    const ub_view_pointer at = pointer(scale, event->x, event->y, event->state, event->time);
    puglGrabFocus(pugl); // hosts give it to nobody
    return event->button < 2 && ub_view_press(view, &at, event->button == 1);
}

bool
ub_event_act(ub_view* view, PuglView* pugl, double scale, const PuglEvent* event)
{
    ub_view_pointer at;
    switch (event->type) {
    case PUGL_BUTTON_PRESS:
        return press(view, pugl, scale, &event->button);
    case PUGL_BUTTON_RELEASE:
        at = pointer(scale, event->button.x, event->button.y, event->button.state,
                     event->button.time);
        return ub_view_release(view, &at);
    case PUGL_MOTION:
        at = pointer(scale, event->motion.x, event->motion.y, event->motion.state,
                     event->motion.time);
        return ub_view_move(view, &at);
    case PUGL_SCROLL:
        at = pointer(scale, event->scroll.x, event->scroll.y, event->scroll.state,
                     event->scroll.time);
        return ub_view_scroll(view, &at, event->scroll.dy);
    case PUGL_POINTER_OUT:
        return ub_view_leave(view);
    case PUGL_KEY_PRESS:
        return key(view, &event->key);
    case PUGL_TEXT:
        return ub_view_type(view, event->text.string);
    default:
        return false;
    }
}

bool
ub_event_is_silent(const PuglKeyEvent* event)
{
    const uint32_t key = event->key;
    return key >= PUGL_KEY_F1 || key == PUGL_KEY_ESCAPE || key == PUGL_KEY_BACKSPACE ||
           key == PUGL_KEY_DELETE;
}

void
ub_event_hand_on(Display* display, Window window, const PuglKeyEvent* event)
{
    const struct {
        PuglMods from;
        unsigned to;
    } mods[] = {{PUGL_MOD_SHIFT, ShiftMask},
                {PUGL_MOD_CTRL, ControlMask},
                {PUGL_MOD_ALT, Mod1Mask},
                {PUGL_MOD_SUPER, Mod4Mask}};
    const Window parent = ub_place_parent(display, window);
    XEvent out = {.xkey = {.type = KeyPress,
                           .display = display,
                           .window = parent,
                           .root = DefaultRootWindow(display),
                           .time = (Time)(1000.0 * event->time),
                           .keycode = event->keycode,
                           .same_screen = True}};
    for (unsigned i = 0; i < sizeof(mods) / sizeof(mods[0]); ++i) {
        out.xkey.state |= event->state & mods[i].from ? mods[i].to : 0;
    }
    if (parent) { // whose owner is told, whatever it has asked to be told
        XSendEvent(display, parent, False, NoEventMask, &out);
    }
}
