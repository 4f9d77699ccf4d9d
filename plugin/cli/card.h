// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_CARD_H
#define UB_PLUGIN_CLI_CARD_H

/**
   @file
   What a model's card says, for people.
*/

#include <jansson.h>

/// Print "KEY VALUE", all of it, in lines of the terminal's width, for each of some keys (NULL
/// at the end) that the card has.  Of a list of sentences each begins a line, once.
void ub_print_card(const json_t* card, const char* const* keys, const char* indent);

#endif // UB_PLUGIN_CLI_CARD_H
