// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/cli.h"

#include "plugin/cli/card.h"
#include "plugin/cli/choice.h"
#include "plugin/cli/model.h"
#include "plugin/cli/print.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE 512

static uint64_t
layer_parameters(const ub_layer* layer)
{
    const uint64_t kernel = (uint64_t)layer->kernel[0] * layer->kernel[1];
    return layer->filters * (layer->inputs * kernel + 1 + (layer->norm ? 2 : 0));
}

static uint64_t
unet_parameters(const ub_unet* unet)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < unet->encoders; ++i) {
        n += layer_parameters(&unet->encoder[i]);
    }
    for (uint32_t i = 0; i < unet->decoders; ++i) {
        n += layer_parameters(&unet->decoder[i]);
    }
    for (uint32_t i = 0; i < unet->controls; ++i) {
        const ub_control_layer* layer = &unet->control[i];
        const uint64_t inputs = (uint64_t)layer->inputs * layer->kernel;
        n += layer->units * (inputs + 1 + (layer->norm ? 2 : 0));
    }
    if (unet->controls) {
        n += 2ull * unet->pairs * (unet->control[unet->controls - 1].units + 1);
    }
    return n;
}

/// Trained values: all tensors but the normalisations' running statistics
static uint64_t
count_parameters(const ub_network* net)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < net->unets; ++i) {
        n += unet_parameters(&net->unet[i]);
    }
    return n;
}

/// Put "C-U-Net, filters 24 48 96" and the like in text; of several U-Nets the first one's filters
static void
describe_network(const ub_network* net, char* text, size_t size)
{
    size_t n =
        net->unets > 1
            ? (size_t)snprintf(text, size, "%u U-Nets, filters", (unsigned)net->unets)
            : (size_t)snprintf(text, size, "%sU-Net, filters", net->unet[0].controls ? "C-" : "");
    for (uint32_t i = 0; i < net->unet[0].encoders && n < size; ++i) {
        n += (size_t)snprintf(text + n, size - n, " %u", (unsigned)net->unet[0].encoder[i].filters);
    }
    if (n < size) {
        n += (size_t)snprintf(text + n, size - n, "; %u frames x ", (unsigned)net->frames);
    }
    if (n < size && net->bins < net->dft_bins) {
        n += (size_t)snprintf(text + n, size - n, "%u bands of ", (unsigned)net->bins);
    }
    if (n < size) {
        snprintf(text + n, size - n, "%u bins x %u channels", (unsigned)net->dft_bins,
                 (unsigned)net->channels);
    }
}

/// How masks are made where all sources are computed
static void
print_shares(const ub_network* net)
{
    if (net->share_exponent > 0.0f) {
        printf("\nmasks       shares of the mix by powers of %g, where all are computed:",
               (double)net->share_exponent);
        for (uint32_t i = 0; i < net->sources; ++i) {
            printf("%s%s", net->of_mix[i] ? " " : "", net->of_mix[i] ? net->source[i] : "");
        }
    }
}

static void
print_text(const ub_model* model, const json_t* card, const ub_choice* choice)
{
    static const char* const keys[] = {"name", "licence", "data", "credits", "sdr", NULL};
    const ub_network* net = &model->net;
    char text[LINE];
    printf("model       %s\n", model->path);
    describe_network(net, text, sizeof(text));
    printf("network     %s\n", text);
    printf("parameters  %.2f million\n", 1e-6 * (double)count_parameters(net));
    printf("sources    ");
    for (uint32_t i = 0; i < net->sources; ++i) {
        printf(" %s", net->source[i]);
    }
    print_shares(net);
    printf("\nrate        %u Hz, window %u, hop %u (files of any rate keep theirs)\n",
           (unsigned)net->sample_rate, (unsigned)net->window, (unsigned)net->hop);
    ub_print_card(card, keys, "");
    ub_print_choice(choice);
}

/// Of the sources that share the mix, or null
static json_t*
shares_object(const ub_network* net)
{
    if (net->share_exponent <= 0.0f) {
        return json_null();
    }
    json_t* sources = json_array();
    for (uint32_t i = 0; i < net->sources; ++i) {
        if (net->of_mix[i]) {
            json_array_append_new(sources, ub_json_text(net->source[i]));
        }
    }
    return json_pack("{so sf}", "sources", sources, "exponent", (double)net->share_exponent);
}

static void
print_object(const ub_model* model, json_t* card, const ub_choice* choice)
{
    const ub_network* net = &model->net;
    char text[LINE];
    describe_network(net, text, sizeof(text));
    json_t* sources = json_array();
    for (uint32_t i = 0; i < net->sources; ++i) {
        json_array_append_new(sources, ub_json_text(net->source[i]));
    }
    json_t* object = json_pack("{so ss sI so so si si si so}", "model", ub_json_text(model->path),
                               "network", text, "parameters", (json_int_t)count_parameters(net),
                               "sources", sources, "shares", shares_object(net), "rate",
                               (int)net->sample_rate, "window", (int)net->window, "hop",
                               (int)net->hop, "card", card ? json_incref(card) : json_null());
    ub_put_choice(object, choice);
    ub_print_json(object);
}

int
ub_cli_info(const ub_cli_options* options)
{
    char err[UB_CLI_ERR] = "";
    char path[4096];
    const char* chosen = options->args ? options->arg[0] : options->model;
    const ub_model* model = ub_model_path(chosen, path, sizeof(path), err, sizeof(err))
                                ? ub_model_open(path, err, sizeof(err))
                                : NULL;
    if (!model) {
        ub_print_error("%s", err);
        return UB_CLI_FAILED;
    }
    json_t* card = json_loads(model->card, 0, NULL);
    ub_choice choice = {0};
    const bool able = ub_choose_backend(model, options->backend, &choice, err, sizeof(err));
    if (!able) {
        ub_print_error("%s", err);
    }
    if (options->json) {
        print_object(model, card, able ? &choice : NULL);
    } else {
        print_text(model, card, able ? &choice : NULL);
    }
    json_decref(card);
    ub_model_unref(model);
    return able ? UB_CLI_OK : UB_CLI_FAILED;
}
