/* The network: the compiler's one intermediate representation. The elaborator makes it, every pass
 * refines it, decoding an image gives one again, the printer writes any of them as .dyn.
 *
 * Indices (32 bit) link the objects; everything lives in the arena the network was made with.
 * Values are SI and already rounded to float32 (computed in float64, rounded once). */
#ifndef NET_NET_H
#define NET_NET_H

#include "compiler/net/board.h"
#include "compiler/net/model.h"
#include "runtime/base/buf.h"
#include "runtime/base/intern.h"
#include "runtime/base/maps.h"

enum { NET_MAX_RANK = 4 };

struct net_shape {
    uint32_t rank;
    uint32_t extent[NET_MAX_RANK]; /* 1 .. 2^31 - 1 */
};

/* A value for each neuron (n values, row-major) or one for all (uniform). */
struct net_column {
    float *v;
    double *given; /* as it was set, before rounding: what defaults are computed from; else NULL */
    bool uniform;
    bool set; /* given explicitly or changed by a pass: printed. Else it is the model's default */
    /* Of a bias or layout: actual / nominal of each neuron as measured on its chip, 0 where it
     * wasn't. Simulations multiply by it; mapping doesn't look at it. NULL: all 0. */
    float *factor;
};

struct net_input {
    const char *name;
    struct net_shape shape; /* of what comes out of the sensor, if it is one */
    uint32_t n;
    struct sensor *sensor; /* NULL: events come as they are */
    struct span span;
};

struct net_layer {
    const char *name;
    struct net_shape shape;
    uint32_t n;
    struct model *model;
    struct net_column *param; /* one for each parameter of the model */
    struct net_column *init;  /* one for each state */
    float scale; /* by which a pass multiplied weights, states and thresholds: the chip's units are
                    that much smaller; 0: it hasn't. Known of a compilation and of an image, not
                    printed */
    struct span span;
};

/* Synapses, row by presynaptic neuron: [row[pre], row[pre + 1]), `post` ascending within a row.
 * Weights of 0 are synapses only of models with an event body, where they are updates. Ends are
 * whole layers (slices are folded in). Or a convolution, which has no rows: both ends are maps
 * [features, height, width].
 *
 * With a pool, the source's map is summed over areas first: an event at (c, y, x) becomes one at
 * (c, y / pool[0], x / pool[1]), and is dropped where that area isn't whole. `average` divides the
 * weights by the area. n_pre counts the pooled map. */
struct net_connection {
    bool from_input;
    uint32_t src, dst; /* input or layer; layer */
    uint32_t receptor;
    /* Steps: 0 or more from an input, 1 or more (the default) from a layer; but 0, and nothing
     * else, to a layer whose model has an event body: a spike is there at once. */
    uint32_t delay;
    uint32_t pool[2]; /* y, x; 1: none */
    bool average;
    /* Of each feature of a convolution's destination, else of each neuron; NULL: none. Added to the
     * receptor once a step; event-driven, by ticks of a slow clock. */
    float *bias;
    struct conv *conv; /* NULL: rows */
    uint32_t n_pre;
    uint64_t *row;
    uint32_t *post;
    float *weight;
    struct span span;
};

struct net_record {
    uint32_t layer;
    int32_t state; /* -1: spikes */
    struct span span;
};

struct net_mismatch {
    bool given;
    double all; /* three standard deviations, relative: 0.05 for 5 % */
    VEC(struct {
        const char *name;
        double p;
    })
    by_name; /* overrides `all` for parameters of this name in every layer */
    uint32_t seed;
    struct span span;
};

struct net {
    struct arena *arena;
    const char *name;
    struct span span;
    double dt;                 /* seconds; 0: none given */
    VEC(struct model *) model; /* those in use, in order of first use */
    VEC(struct net_input) input;
    VEC(struct net_layer) layer;
    VEC(struct net_connection) connection; /* source order: the order of sums */
    VEC(struct net_record) record;
    bool has_record;      /* a record statement was given (else spikes of the outputs) */
    VEC(uint32_t) output; /* layers; filled in by the elaborator where none was given */
    bool has_output;      /* output statements were given */
    struct net_mismatch mismatch;
    struct board *board; /* NULL: none */
};

/* ---- builder ---- */

struct net *net_new(struct arena *a, const char *name);
uint32_t net_shape_count(struct net_shape s); /* product; UINT32_MAX if it exceeds 2^31 - 1 */
uint32_t net_add_input(struct net *n, const char *name, struct net_shape shape, struct span span);
/* The shape of an input's stimuli: a sensor's own. */
struct net_shape net_stimulus_shape(const struct net_input *in);
/* Parameters get the model's defaults (set = false), states their initial values, once the caller
 * has put in what is explicit and calls net_layer_defaults(). */
uint32_t net_add_layer(struct net *n, const char *name, struct net_shape shape, struct model *model,
                       struct span span);
/* n values, or one if uniform. n equal values become uniform. */
void net_layer_set(struct net *n, uint32_t layer, uint32_t param, const double *v, bool uniform);
/* Likewise the factors; none that isn't 0: NULL. */
void net_layer_factor(struct net *n, uint32_t layer, uint32_t param, const double *v, bool uniform);
/* Every parameter that isn't set gets its default, in float64 from the explicit values as given
 * (before rounding), rounded once; then the initial states. */
void net_layer_defaults(struct net *n, uint32_t layer);

/* The caller gives the number of synapses, then fills in row[1 .. n_pre], post and weight. NULL if
 * memory for them can't be had. Good until the next connection is added. */
struct net_connection *net_add_connection(struct net *n, bool from_input, uint32_t src,
                                          uint32_t dst, uint32_t receptor, uint32_t delay,
                                          uint32_t n_pre, uint64_t n_synapses, struct span span);
/* The same for a convolution; n_pre counts its source, pooled if it is. */
struct net_connection *net_add_conv(struct net *n, bool from_input, uint32_t src, uint32_t dst,
                                    uint32_t receptor, uint32_t delay, struct conv *conv,
                                    uint32_t n_pre, struct span span);
/* From a dense matrix [n_pre, n_post] of float64; zeros (after rounding) are left out. */
struct net_connection *net_add_dense(struct net *n, bool from_input, uint32_t src, uint32_t dst,
                                     uint32_t receptor, uint32_t delay, const double *w,
                                     uint32_t n_pre, uint32_t n_post, struct span span);

int net_find_layer(const struct net *n, const char *name); /* -1: none */
int net_find_input(const struct net *n, const char *name);

/* The same for many names of a network that stays as it is, each in constant time. */
struct net_names {
    const struct net *n;
    struct map64 layer, input; /* hash of the name -> index */
};

void net_names_init(struct net_names *names, struct arena *a, const struct net *n);
int net_names_layer(const struct net_names *names, const char *name);
int net_names_input(const struct net_names *names, const char *name);

/* Layers of neurons that a pass added to help those of another layer L have the name `split.L`
 * (they stand for several of its sources) or `relay.L` (they pass its spikes on), with a number
 * behind the first word where there are several. Gives such a name, free in the network. */
const char *net_helper_name(const struct net *n, const char *prefix, const char *helped);
/* The layer that this one helps by its name; -1: none. */
int net_helped_layer(const struct net *n, uint32_t layer);

/* "readout[1]", "map[0, 3, 4]" */
void net_element_name(struct buf *out, const char *name, struct net_shape shape, uint32_t element);

/* Whether every layer's model has an event body: then it can run without a time step. */
bool net_is_event_driven(const struct net *n);

/* The outputs where none were given: the layers that feed none but themselves, or all if there is
 * no such layer. */
void net_default_outputs(struct net *n);

/* ---- verifier: what every pass may rely on. Broken is a bug of ours (E0999). ---- */
bool net_verify(const struct net *n, struct diags *d);

/* ---- printer ---- */

struct net_words { /* the target's names, for the board section; NULL without a board */
    const char *const *dendrite;
    uint32_t n_dendrite;
    uint32_t n_cores; /* of a chip */
    /* What a bias of this code makes, for a comment: "1.06 nA". False: that isn't known. */
    bool (*put_bias)(struct buf *out, const char *bias, uint32_t coarse, uint32_t fine);
};

/* The network as .dyn: its neuron models, the network, the board section if there is one. What is
 * printed reads back to the same network. */
void net_print(struct buf *out, const struct net *n, const struct net_words *words);
void net_print_model(struct buf *out, const struct model *m);

/* A hash of what the network is: equal networks, equal hashes. Where a value comes from (a place in
 * a source, a default) isn't in it. */
uint64_t net_hash(const struct net *n);

#endif
