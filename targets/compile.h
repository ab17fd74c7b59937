/* A target, compile half: its passes over the network and the way to an image. The table of all
 * targets is targets/compile.c. */
#ifndef TARGETS_COMPILE_H
#define TARGETS_COMPILE_H

#include "compiler/net/net.h"
#include "runtime/base/json.h"
#include "runtime/image.h"
#include "runtime/plan.h"
#include "runtime/stimulus.h"

/* A tool whose numbers are reproduced, also where this compiler does better. */
enum target_like {
    TARGET_LIKE_NONE,
    TARGET_LIKE_SINABS,         /* sinabs 3.1.3 as it is set up by default */
    TARGET_LIKE_SINABS_HARMONIC /* with its other way to join factors of pools, method_2 */
};

struct target_options {
    uint64_t seed;          /* of every heuristic; results are a function of it */
    double effort;          /* seconds that improvement may take; 0: default */
    bool refine;            /* --refine: a second CAM entry where it makes a weight more exact */
    bool split;             /* --split: helper neurons where one has too many sources or targets */
    uint32_t columns, rows; /* --grid: of the board's chips; 0: as the source says */
    enum target_like like;  /* --like */
    /* What the network should do as it does before: told, and with `calibrate` what passes decide
     * by. NULL: no stimulus was chosen. */
    const struct stimulus *stimulus;
    bool calibrate;
};

/* Neurons that were added to help those of a layer, which the chip can't hold as they are. */
struct target_helpers {
    const char *layer, *helpers; /* names of the helped layer and of the one that was added */
    bool fan_out;                /* else fan-in */
    uint32_t neurons, n_helpers; /* that needed help; that were added */
    uint64_t synapses;           /* of the network that go through helpers */
    uint32_t sources;            /* of one helper, at most */
    double largest_change;       /* of a weight */
    uint32_t delay;              /* steps that they add */
    uint32_t period;             /* steps after an event until a helper takes the next one */
};

/* What the passes found out. */
struct target_report {
    struct buf text;   /* lines for people, for `build -v` */
    struct buf result; /* what an option that was asked for has brought: always told */
    VEC(struct target_helpers) helpers; /* the same for programs; as long as the network */
};

void target_report_free(struct target_report *r);

struct target_pass {
    const char *name; /* as in --after */
    /* Refines the network in place. False: reported. */
    bool (*run)(struct net *n, const struct target_options *o, struct target_report *r,
                struct diags *d);
};

struct target_fit_row {   /* need against have of one resource */
    const char *resource; /* "cores", "CAM entries of the fullest neuron" */
    const char *where;    /* "chip 0 core 1", "readout[1]"; NULL: the whole board */
    double need, have;
};

/* How a network fills a board of chips, for the table and the picture of `dyn fit`. Core k of chip
 * c is element c * cores + k of the arrays. */
struct target_column {      /* of the table: a number for each core */
    const char *key, *name; /* "cam_fullest" in JSON, "fullest CAM" as a heading */
    bool share;             /* of 1, shown as %; else a count */
    double *v;              /* NAN: not known */
};

struct target_traffic { /* sources on one chip that are heard on another */
    int32_t from, to;   /* chips; -1: the host */
    uint32_t sources;
};

struct target_occupancy {
    uint32_t columns, rows;  /* of the grid; chip k stands in column k % columns of row
                                k / columns, columns grow to the east, rows to the north */
    uint32_t cores;          /* of a chip */
    uint32_t *used, *usable; /* neurons of each core */
    uint32_t n_quantities;
    struct target_column *quantity;
    uint32_t n_traffic;
    struct target_traffic *traffic; /* ascending from, then to; never within one chip */
};

struct target_profile {
    const void *(*read)(struct arena *a, const char *text, size_t n, uint32_t file,
                        struct diags *d);
    /* Brings what was measured to those neurons of the network whose place on its board is known.
     */
    void (*measure)(struct net *n, struct diags *d);
    void (*text)(struct buf *out, const void *content);
    void (*json)(struct json *out, const void *content);
};

struct target_compiler {
    const char *name;
    const struct target_pass *pass; /* ended by a NULL name */
    struct net_words words;         /* names for the board section */
    bool grid;                      /* its boards are grids of chips, so that --grid says which */
    bool tries;                     /* --like, --calibrate and a stimulus for passes are for it */
    /* Whether a board section is one of this target's (E0406): names and ranges. Brings its entries
     * into the order and to the names that are printed. NULL: no board. */
    bool (*check_board)(struct net *n, struct diags *d);
    /* Chip profiles, JSON: read() gives what struct board_profile keeps (`file` is the number of
     * the text in the table of sources; NULL: reported, E0503 or E0504), text() and
     * json() tell about it, as a table for people and as an object. NULL: chips of this target have
     * none. */
    const struct target_profile *profile;
    /* Adds the target's sections (beyond the shared ones, see runtime/image.h) for a network that
     * went through all passes. NULL for sim: the shared sections say it all. */
    bool (*encode)(struct image_writer *w, const struct net *n, const struct plan *p,
                   struct diags *d);
    /* The board section of a decoded image: fills net->board. NULL for sim. */
    bool (*raise_board)(struct net *n, const struct image *im, struct diags *d);
    /* Marks parameters between which a factor can move while the network stays the same: multiplied
     * (`scale`) and divided (`gain`), for the weights at one receptor. False: none. NULL: never. */
    bool (*gain_of)(const struct model *m, uint32_t receptor, bool *scale, bool *gain);
    /* A parameter of a layer that a pass multiplied by `scale`, weights and all, as it was before:
     * divided, if it is one of those. NULL: no pass does. */
    float (*undo_scale)(const struct model *m, uint32_t param, float value, double scale);
    /* The least and the most current of what a model binds by `on TARGET NAME`. False: that is none
     * of this target's. NULL: it makes no currents. */
    bool (*reach)(const char *name, double *min, double *max);
    /* The names that `reach` knows, for hints: NULL beyond the last one. */
    const char *(*current)(uint32_t i);
    /* Rows for `dyn fit`, after all passes that succeeded. */
    uint32_t (*fit)(const struct net *n, struct arena *a, struct target_fit_row **out);
    /* The same core by core. NULL: the target has no board to draw. */
    void (*occupancy)(const struct net *n, struct arena *a, struct target_occupancy *out);
};

/* compile.c in their folders */
extern const struct target_compiler compiler_dynapse2, compiler_speck2e, compiler_speck2f;

/* All compilers, ended by NULL. */
extern const struct target_compiler *const target_compilers[];
const struct target_compiler *target_compiler_find(const char *name); /* NULL if unknown */

#endif
