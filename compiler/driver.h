/* The driver: from a file on the command line, a source or an image, to whatever a command needs of
 * it: network, plan, stimulus, image. The pipeline is the list of calls in driver_passes(). */
#ifndef COMPILER_DRIVER_H
#define COMPILER_DRIVER_H

#include "compiler/elaborate.h"
#include "runtime/findings.h"
#include "runtime/image.h"
#include "targets/compile.h"

struct driver {
    struct arena arena; /* lives as long as the driver */
    struct diags diags;
    const char *stdlib; /* folder; NULL: the copy in the library */
};

void driver_init(struct driver *d);
void driver_free(struct driver *d);

/* A file that was opened: a source (parsed and resolved) or an image (its container checked). */
struct program {
    struct driver *driver;
    const char *path;
    bool is_image;
    uint64_t hash;    /* of the file's bytes */
    struct unit unit; /* of a source; of an image: holds the text of its models */
    struct image image;
    struct findings found; /* of an image, once driver_plan() had it emulated */
    struct net *net; /* of a source, once it was elaborated: its inputs say what a stimulus is */
};

/* False: reported in driver->diags. Whether it is an image is seen from its first bytes. */
bool driver_open(struct driver *d, const char *path, struct program *out);
/* The same for a file that must be an image. */
bool driver_open_image(struct driver *d, const char *path, struct program *out);

struct build_options {
    const char *target;  /* NULL: "sim" */
    const char *network; /* NULL: the only one */
    const char *after;   /* stop after this pass ("elaborate", "place", ...); NULL: all */
    struct target_options opt;
    const char *stimulus; /* of the source, for the passes: what they change under it; NULL: none */
    const char *semantics; /* "event", "clocked"; NULL: as the plan has it */
    const char *like;      /* "sinabs", "sinabs-method-2"; NULL: no other tool */
    const char *dt;        /* "1ms", of a network that has no time step; NULL: none */
    const char *command;   /* options as given, for the provenance; NULL: none */
};

/* The network of a source after the passes of a target, or of an image raised again. */
struct net *driver_network(struct program *p, const struct build_options *o,
                           struct target_report *report);
/* The same; where a pass fails *out is the network as far as it got, NULL if there is none. */
bool driver_passes(struct program *p, const struct build_options *o, struct target_report *report,
                   struct net **out);
/* The words for printing its board section; NULL without one. */
const struct net_words *driver_words(const struct net *n);

/* Where no network was named, a stimulus that was says which: the one it is for. */
void driver_network_of(const struct program *p, const char *stimulus, struct build_options *o);

/* What the configuration of an image means as a network. */
bool driver_decode(struct program *p, struct plan *out);

/* Brings what was measured of the board's chips to those neurons whose place is known. What is to
 * be printed is better left as it is: there the profile's line says it. */
void driver_measure(struct driver *d, struct net *n);

/* What runs: the network simulated as it is written, or as the passes of a target that was named
 * leave it, or an image on its virtual chip. */
bool driver_plan(struct program *p, const struct build_options *o, struct plan *out);

/* Semantics and time step of the options, into a plan; false: reported, also where it can't be run
 * that way. The time step of the options alone; 0: none. */
bool driver_time(struct driver *d, const struct build_options *o, struct plan *p);
bool driver_step(struct driver *d, const char *text, double *out);
/* --delay (NULL: none) into a stimulus; false: reported. */
bool driver_delay(struct driver *d, const char *text, const struct plan *p, struct stimulus *out);

/* The image of a source for a target. */
bool driver_image(struct program *p, const struct build_options *o, struct image_writer *out,
                  struct target_report *report);

/* --input INPUT=FILE[:MEMBER] */
struct input_override {
    const char *input, *file, *member;
};

/* Once the plan is there: the stimulus `name` of the source (NULL: its only one) with inputs
 * replaced; for an image, or with no stimulus chosen and overrides given, the overrides alone. */
bool driver_stimulus(struct program *p, const struct plan *plan, const char *name,
                     const struct input_override *in, uint32_t n_in, struct stimulus *out);

/* --mismatch: "5%" or "0.05", three standard deviations for every bias and layout of every layer.
 */
bool driver_mismatch(struct driver *d, struct plan *p, const char *spec);

/* "jit", "interp" or NULL (jit where it was built in, else interp), for the processor `cpu` (see
 * backend_cpu()). */
bool driver_backend(struct driver *d, const char *name, const char *cpu, struct backend *out);

#endif
