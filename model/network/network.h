// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_NETWORK_NETWORK_H
#define UB_MODEL_NETWORK_NETWORK_H

/**
   @file
   The description of a model, as read from a weights file's metadata (see FORMAT.md): one or
   several U-Nets on the same input, with or without a control.  Plain data: sizes and choices,
   no tensors.

   Pairs are [frames, bins].  Source: G. Meseguer-Brocal and G. Peeters,
   "Conditioned-U-Net: introducing a control mechanism in the U-Net for multiple
   source separations", ISMIR 2019.
*/

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UB_MAX_LAYERS  8  ///< Encoder or decoder layers
#define UB_MAX_CONTROL 8  ///< Control layers
#define UB_NET_SOURCES 8  ///< Sources
#define UB_MAX_UNETS   8  ///< U-Nets in one model
#define UB_NAME_SIZE   32 ///< Source name and its 0

typedef enum { UB_LINEAR, UB_RELU, UB_LEAKY_RELU, UB_SIGMOID, UB_TANH, UB_ELU } ub_activation_kind;

typedef struct {
    ub_activation_kind kind;
    float slope; ///< Of leaky_relu, for negative input
} ub_activation;

typedef enum {
    UB_FILM_NONE,
    UB_FILM_SIMPLE, ///< One gamma and beta for the layer
    UB_FILM_COMPLEX ///< One gamma and beta per channel
} ub_film;

/** One convolution, or transposed convolution.  Weights are [filters][inputs][kernel frames]
    [kernel bins], of a transposed one [inputs][filters][...]. */
typedef struct {
    uint32_t inputs;  ///< Channels in, including those of the skip connection
    uint32_t filters; ///< Channels out
    uint32_t kernel[2];
    uint32_t stride[2];
    uint32_t pad[2][2];   ///< Zeros [axis][before, after]; if transposed, crop
    uint32_t in_size[2];  ///< Image in
    uint32_t out_size[2]; ///< Image out
    int32_t skip;         ///< Encoder layer appended to the input, or -1
    bool norm;            ///< Batch normalisation
    float eps;            ///< Its epsilon
    ub_film film;         ///< After the normalisation
    uint32_t pair;        ///< Number of the layer's first FiLM pair
    ub_activation activation;
    bool activation_first; ///< Before normalisation and FiLM, not after them
    bool raw_skip;         ///< Skip connections take the convolution with its bias, no more
    ub_film skip_film;     ///< Of what goes over skip connections
    uint32_t skip_pair;    ///< Number of its first pair
    bool transposed;
    uint32_t dilation[2]; ///< Positions from tap to tap, 1 if transposed
} ub_layer;

/**
   One layer of the condition generator: a convolution over positions.  A dense
   layer has one position and a kernel of 1.  A convolutional generator begins
   with one channel that has a position for every source.
*/
typedef struct {
    uint32_t inputs; ///< Channels in
    uint32_t units;  ///< Channels out
    uint32_t kernel;
    uint32_t pad[2];     ///< Zeros before and after
    uint32_t in_length;  ///< Positions in
    uint32_t out_length; ///< Positions out, 1 for the last layer
    ub_activation activation;
    bool norm; ///< Batch normalisation after the activation
    float eps;
} ub_control_layer;

/** A U-Net, generic if it has a control: it then gives the source that the control asks for. */
typedef struct {
    uint32_t sources;
    uint32_t source[UB_NET_SOURCES]; ///< Which of the model's, in its control's one-hot order
    uint32_t encoders;
    uint32_t decoders;
    uint32_t controls; ///< 0 for a network without FiLM
    bool conv_control; ///< Control weights are [units][inputs][kernel], not [units][inputs]
    uint32_t pairs;    ///< FiLM pairs in all
    ub_layer encoder[UB_MAX_LAYERS];
    ub_layer decoder[UB_MAX_LAYERS];
    ub_control_layer control[UB_MAX_CONTROL];
} ub_unet;

typedef struct {
    uint32_t version; ///< Of the format, 1 or 2
    uint32_t sources;
    char source[UB_NET_SOURCES][UB_NAME_SIZE]; ///< Names in one-hot order
    uint32_t sample_rate;                      ///< Hz
    uint32_t channels;
    uint32_t window; ///< samples
    uint32_t hop;    ///< samples
    uint32_t frames;
    uint32_t first_bin;
    uint32_t dft_bins;  ///< Bins of the transform that the network is about
    uint32_t kept;      ///< Of those the lowest, which it sees as they are
    uint32_t bins;      ///< Of its images: kept bins and the bands that the others make
    float dropped_mask; ///< Of the bins that it does not see; NaN: the mean of the masks of the
    uint32_t nearest;   ///< nearest bins that it does see, of so many
    float input_scale;  ///< Network input = (scale * magnitude) ^ power
    float input_power;
    float level;  ///< Root mean square that sounds are brought to first, dB of full scale, or 0
    bool softmax; ///< Over the sources' outputs, each source's own
    float ratio_exponent; ///< Masks are ratios of powers of all sources' outputs; 0: they are not
    float ratio_epsilon;
    float share_exponent; ///< Where all of a mix is computed, masks are shares of it: of their
                          ///< U-Net's part by powers of its outputs; 0: they are not
    bool of_mix[UB_NET_SOURCES]; ///< Sources that the mix is made of then
    uint32_t unets;
    ub_unet unet[UB_MAX_UNETS];
} ub_network;

/**
   Read a network description, of either version of the format, from JSON text and check that
   every size fits.

   @return False with one line in err that names the value and what was expected.
*/
bool ub_network_parse(ub_network* net, const char* json, size_t size, char* err, size_t err_size);

#endif // UB_MODEL_NETWORK_NETWORK_H
