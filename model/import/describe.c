// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/import/spleeter.h"

static json_t*
make_activation(const char* kind)
{
    return kind[0] == 'l' && kind[1] == 'e' ? json_pack("{s:s, s:f}", "kind", kind, "slope", 0.2)
                                            : json_pack("{s:s}", "kind", kind);
}

static json_t*
make_norm(void)
{
    return json_pack("{s:f}", "eps", 1e-3);
}

/// Skips take the convolution as it is, and the deepest layer goes on with it
static json_t*
make_encoder(const ub_spleeter* spleeter)
{
    json_t* layers = json_array();
    for (unsigned i = 0; i < UB_SPLEETER_LAYERS; ++i) {
        const bool deepest = i + 1 == UB_SPLEETER_LAYERS;
        const char* activation = spleeter->elu ? "elu" : "leaky_relu";
        json_array_append_new(
            layers,
            json_pack("{s:i, s:[i,i], s:[i,i], s:[[i,i],[i,i]], s:o, s:s, s:s, s:o, s:b, s:s}",
                      "filters", (int)spleeter->filters[i], "kernel", 5, 5, "stride", 2, 2, "pad",
                      1, 2, 1, 2, "norm", deepest ? json_null() : make_norm(), "film", "none",
                      "order", "norm_first", "activation",
                      make_activation(deepest ? "linear" : activation), "raw_skip", !deepest,
                      "skip_film", "none"));
    }
    return layers;
}

static json_t*
make_decoder(const ub_spleeter* spleeter)
{
    const int last = UB_SPLEETER_LAYERS - 1;
    json_t* layers = json_array();
    for (int i = 0; i <= last; ++i) {
        const int filters = i < last ? (int)spleeter->filters[last - 1 - i] : 1;
        json_array_append_new(
            layers,
            json_pack("{s:s, s:i, s:[i,i], s:[i,i], s:[[i,i],[i,i]], s:o, s:o, s:s, s:s, s:o}",
                      "kind", "transposed", "filters", filters, "kernel", 5, 5, "stride", 2, 2,
                      "crop", 1, 2, 1, 2, "skip", i ? json_integer(last - i) : json_null(), "norm",
                      make_norm(), "film", "none", "order", "activation_first", "activation",
                      make_activation(spleeter->elu ? "elu" : "relu")));
    }
    json_array_append_new(
        layers, json_pack("{s:s, s:i, s:[i,i], s:[i,i], s:[[i,i],[i,i]], s:n, s:n, s:s, s:s, s:o}",
                          "kind", "conv", "filters", 2, "kernel", 4, 4, "dilation", 2, 2, "pad", 3,
                          3, 3, 3, "skip", "norm", "film", "none", "order", "norm_first",
                          "activation", make_activation(spleeter->softmax ? "linear" : "sigmoid")));
    return layers;
}

static json_t*
make_above(const char* above)
{
    return above[0] == 'z' ? json_real(0.0) : json_string(above);
}

json_t*
ub_spleeter_network(const ub_spleeter* spleeter, const ub_import_options* options)
{
    json_t* sources = json_array();
    json_t* networks = json_array();
    for (unsigned i = 0; i < spleeter->networks; ++i) {
        json_array_append_new(sources, json_string(spleeter->source[i]));
        json_array_append_new(networks,
                              json_pack("{s:[s], s:n, s:o, s:o}", "sources", spleeter->source[i],
                                        "control", "encoder", make_encoder(spleeter), "decoder",
                                        make_decoder(spleeter)));
    }
    json_t* ratio = options->own_masks ? json_null()
                                       : json_pack("{s:f, s:f}", "exponent", 2.0, "epsilon", 1e-10);
    // Windows of 128 frames, 3 s: of a whole window of 512 the masks are no better
    return json_pack(
        "{s:o, s:{s:i, s:i, s:i, s:i, s:i, s:i, s:i}, s:o, s:{s:f, s:f}, s:n, s:{s:b, s:o}, s:o}",
        "sources", sources, "stft", "sample_rate", 44100, "channels", 2, "window", 4096, "hop",
        1024, "frames", 128, "first_bin", 0, "bins", (int)options->bins, "dropped_mask",
        make_above(options->above), "input", "scale", 1.0, "power", 1.0, "level", "mask", "softmax",
        spleeter->softmax, "ratio", ratio, "networks", networks);
}

json_t*
ub_spleeter_card(const ub_spleeter* spleeter, bool published)
{
    json_t* card = json_pack(
        "{s:s, s:s, s:s, s:s}", "name", spleeter->title, "licence",
        published
            ? "MIT, Copyright (c) 2019-present, Deezer SA"
            : "MIT, Copyright (c) 2019-present, Deezer SA, if these are the weights that come "
              "with Spleeter",
        "data", "Deezer's own, not published", "credits",
        "R. Hennequin, A. Khlif, F. Voituret, M. Moussallam: Spleeter, JOSS 5(50), 2020");
    if (card && spleeter->networks == 4) { // The only one with figures in that paper
        json_object_set_new(card, "sdr",
                            json_pack("{s:s, s:f, s:f, s:f, s:f}", "metric",
                                      "museval v4, dB, MUSDB18 test, as published", "vocals", 6.55,
                                      "drums", 5.93, "bass", 5.10, "other", 4.24));
    }
    return card;
}
