// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_LV2_PORTS_H
#define UB_PLUGIN_LV2_PORTS_H

/**
   @file
   The ports of the plugins: audio inputs, audio outputs, the shape's parameters in its
   order, and two for messages, to the plugin and from it.  The metadata in ttl/ says the
   same to hosts, and a test compares the two.

   Sessions refer to ports by symbol, some hosts by index: later versions may append
   ports, but never move or rename one.
*/

#include "plugin/shell/parameters.h"

#define UB_URI_UI "urn:unbraid:ui" ///< The window of all plugins

/** Index of the first parameter's port */
static inline uint32_t
ub_port_parameters(const ub_shape* shape)
{
    return shape->ins + shape->outs;
}

/** Index of the port for messages to the plugin, which that from it follows */
static inline uint32_t
ub_port_messages(const ub_shape* shape)
{
    return ub_port_parameters(shape) + shape->n_parameters;
}

/** A plugin's ports, all told */
static inline uint32_t
ub_port_count(const ub_shape* shape)
{
    return ub_port_messages(shape) + 2;
}

#endif // UB_PLUGIN_LV2_PORTS_H
