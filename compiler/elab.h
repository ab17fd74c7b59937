/* What the files of the elaborator share; nobody else includes it.
 *
 *   module.c   files, `use`, the names that a file declares
 *   scope.c    tables of names, messages about unknown ones
 *   resolve.c  every name is checked once, used or not; definitions that refer to themselves
 *   eval.c, apply.c, index.c, functions.c, array_functions.c, random.c, load.c
 *              expressions to values
 *   network.c  a network's items, its parts expanded
 *   shapes.c   shapes that connections or parameters fix
 *   layers.c   layers with their parameters
 *   connect.c, operators.c, maps.c
 *              connections
 *   sensors.c  inputs that are sensors
 *   settings.c record, output, mismatch
 *   stimuli.c, stimulus_sources.c
 *   boards.c, profiles.c
 *
 * Where something is wrong it is reported once and becomes a poison (V_POISON, NULL, SHAPE_BAD),
 * which everything else passes on silently. */
#ifndef COMPILER_ELAB_H
#define COMPILER_ELAB_H

#include "compiler/elaborate.h"
#include "compiler/value.h"

/* ---- names ---- */

enum def_kind {
    DEF_LET,
    DEF_FN,
    DEF_VALUE, /* a network's parameter, bound */
    DEF_INPUT,
    DEF_LAYER,
    DEF_PART,
    DEF_NETWORK,
    DEF_NEURON,
    DEF_STIMULUS,
};

/* Names of different spaces don't clash: a layer may be called as its model is. */
enum space { SPACE_VALUE, SPACE_NETWORK, SPACE_NEURON, SPACE_STIMULUS, SPACE_N };

struct def {
    enum def_kind kind;
    struct ast_name name;
    struct scope *scope; /* where it stands, which is what its body sees */
    union {
        const struct ast_let *let;
        const struct ast_fn *fn;
        const struct ast_network *network;
        const struct ast_neuron *neuron;
        const struct ast_stimulus *stimulus;
        const struct ast_net_item *item;
        const void *ast;
    };
    enum { FRESH, BUSY, DONE } resolved;
    bool used;           /* of a LET: its name was looked up */
    bool cyclic;         /* refers to itself: reported */
    bool done;           /* value or model is known */
    struct value value;  /* LET, VALUE */
    struct model *model; /* NEURON; NULL: poison */
    struct piece *piece; /* INPUT, LAYER of a network that is being built */
    struct instance *part;
};

struct scope {
    struct elab *el;
    struct scope *parent;
    const double *dt; /* the time step that definitions here see; NULL, 0: none; NaN: reported */
    bool incomplete;  /* a module couldn't be used, or a name not read: some may be missing */
    VEC(struct def *) def;
    struct map64 map; /* (name, space) -> index in def */
};

struct scope *scope_new(struct elab *el, struct arena *a, struct scope *parent);
/* Declares a name; of two with the same name the first stands (E0202). */
struct def *scope_add(struct arena *a, struct scope *s, enum def_kind kind, struct ast_name name,
                      const void *ast);
/* Makes a definition of another scope visible in this one; E0202 at `at` if the name is taken. */
void scope_import(struct arena *a, struct scope *s, struct def *d, struct span at);
/* In this scope or those around it; NULL if unknown. */
struct def *scope_find(const struct scope *s, const char *name, enum space space);
struct def *scope_find_here(const struct scope *s, const char *name, enum space space);
/* Whether anything looked up the let of this syntax tree. */
bool let_used(const struct elab *el, const void *ast);
/* All names of a space that are visible, for "did you mean". Returns how many (at most max). */
uint32_t scope_names(const struct scope *s, enum space space, const char **out, uint32_t max);
/* True if a word stands on a line that couldn't be parsed, which was reported. */
bool line_excuses(const struct unit *u, const char *word);
/* True if a name that isn't found may be declared where an error was reported: on such a line, or
 * in a module that couldn't be used. */
bool scope_excuses(const struct scope *s, const char *name);
/* E0201, or E0203 if the name means something else, with the hint that helps best. A name that is
 * like no other is reported once: declaring it mends all places where it stands. */
void scope_unknown(const struct scope *s, struct ast_name name, enum space space);
const char *def_word(enum def_kind k); /* "a layer" */

/* False once there are so many errors that no more are listed: then looking for hints is in vain.
 */
bool hints_wanted(const struct diags *d);
/* Adds "did you mean" to a message if one of the candidates is near. */
void hint_near(struct diags *d, struct diag *g, const char *name, const char *const *candidates,
               uint32_t n);
/* The same for a name that other languages have, or that is a unit. */
void hint_foreign(const struct unit *u, struct diag *g, struct ast_name name);
/* The candidate "PART.NAME"; NULL if there is none, or several. */
const char *name_in_part(const char *name, const char *const *candidates, uint32_t n);

/* ---- the elaborator ---- */

struct module {
    const char *path; /* as opened; stdlib: "stdlib/NAME.dyn" */
    struct ast_file *ast;
    struct scope *scope;
};

struct loaded_profile {
    const char *path;
    const void *content; /* the target's; NULL: reported */
};

struct elab {
    struct unit *u;
    VEC(struct module *) module; /* the root is the first */
    struct map64 used;           /* syntax trees of lets whose names were looked up */
    struct map64 cyclic;         /* syntax trees of definitions that refer to themselves */
    struct map64 function;       /* built-in functions by name */
    struct map64 loaded;         /* hash of (path, member) -> index in file */
    VEC(struct loaded *) file;
    VEC(struct loaded_profile) profile; /* each file once */
    uint32_t depth;                     /* of evaluation */
    uint64_t work;                      /* nodes evaluated */
    uint64_t elements;                  /* of comprehensions */
    uint64_t computed;                  /* elements of arrays that were computed or copied */
    bool too_long;                      /* more than that may be: reported */
    struct map64 unknown;    /* (name, space) that were reported and are no misspelling */
    const char *dt, *spikes; /* interned words */
    struct map64 of_stdlib;  /* hash of a name that a module of stdlib declares -> the module */
    const struct ast_decl *board; /* the root file's board section; NULL: none */
    bool board_sought;
    double memory; /* bytes that there are; 0: not yet looked up */
    uint32_t checked_layers; /* of all networks so far, by the checks of their values, */
    uint64_t checked_steps;  /* with so many neurons times steps tried */
};

enum {
    ELAB_MAX_DEPTH = 2000,
    ELAB_MAX_PIECES = 1 << 20,           /* inputs, layers and parts of a network */
    ELAB_MAX_NESTING = AST_MAX_PATH - 2, /* parts within parts: LAYER.VARIABLE must have a name */
};

/* So that no source keeps the compiler busy for long: nodes evaluated, as many more for each
 * element of a comprehension, all of them, and elements of arrays computed or copied. */
#define ELAB_MAX_WORK         ((uint64_t)1 << 26)
#define ELAB_WORK_PER_ELEMENT ((uint64_t)1 << 8)
#define ELAB_MAX_ALL_WORK     ((uint64_t)1 << 33)
#define ELAB_MAX_COMPUTED     ((uint64_t)1 << 31)

/* module.c */
struct module *module_load_text(struct elab *el, const char *path, const char *text, size_t n);
void module_uses(struct elab *el, struct module *m);
/* The stdlib module that declares a name, for hints; NULL if none does. */
const char *module_of_stdlib(struct elab *el, const char *name, enum space space);

/* resolve.c: all names of all modules. */
void resolve_all(struct elab *el);
/* Declares the items of a network, or of a stimulus, that have names. */
void declare_items(struct arena *a, struct scope *s, const struct ast_net_item *items);
void declare_stimulus(struct arena *a, struct scope *s, const struct ast_stimulus *st);

/* unit.c: the checked model of a neuron; NULL: reported. */
struct model *def_model(struct def *d);

/* ---- evaluation ---- */

struct local {
    struct ast_name name;
    struct value value;
    const struct local *next;
};

/* What shape random numbers take: none known, a whole array, or element `index` of one. */
struct want {
    enum { WANT_NONE, WANT_SHAPE, WANT_ELEMENT } kind;
    struct shape shape;
    uint64_t index;
};

struct env {
    struct elab *el;
    struct arena *arena; /* of the values that are made */
    const struct scope *scope;
    const struct local *local;
    const double *dt; /* as in struct scope */
    const struct want *want;
};

extern const struct want want_none;

struct env env_of(const struct scope *s, struct arena *a);

/* The value of an expression; V_RANDOM only if env->want is none. e NULL (a syntax error): poison.
 */
struct value eval(const struct env *env, const struct ast_expr *e);
/* The same where it is called often: copying values took most of the time. */
void eval_to(const struct env *env, const struct ast_expr *e, struct value *out);
/* The value of a let. */
struct value eval_def(struct def *d);
/* All lets of a scope, for what is wrong in those that nothing uses. */
void eval_lets(const struct scope *s);
/* Where no shape is known from the context: reports random numbers (E0305). */
struct value eval_known(const struct env *env, const struct ast_expr *e);
/* Where one is: random numbers take it; others come as they are. */
struct value eval_shaped(const struct env *env, const struct ast_expr *e, const struct shape *s);
/* An element for each index of `extent`, `body` seeing the binders as numbers. */
struct value eval_grid(const struct env *env, const struct ast_binder *binders,
                       const struct shape *extent, const struct ast_expr *body, struct span at);

/* apply.c */

/* A scalar of that dimension: E0301 or E0302 with `what` as its name, "`duration`". */
bool eval_scalar(const struct env *env, const struct ast_expr *e, struct dim dim, const char *what,
                 double *out);
/* A whole number within [lo, hi]; E0306. */
bool eval_whole(const struct env *env, const struct ast_expr *e, double lo, double hi,
                const char *what, double *out);
/* Checks that a value is numbers of that dimension. */
bool check_dim(const struct env *env, const struct value *v, struct dim dim, const char *what,
               const struct ast_expr *e);

struct value poison(void);
struct value no_memory(const struct env *env, struct span at); /* E0308 */
/* The source text, where it is short and on one line; else `otherwise`. In the unit's arena. */
const char *quote(struct elab *el, struct span at, const char *otherwise);
/* All of the text of a place. */
const char *text_of(struct elab *el, struct span at);
const char *shape_string(struct elab *el, const struct value *v); /* "[2, 60]", "a number" */

/* How dimensions and kinds of an elementwise operation go together. */
enum rule {
    RULE_SAME,
    RULE_COMPARE,
    RULE_EQUAL,
    RULE_MUL,
    RULE_DIV,
    RULE_POW,
    RULE_LOGIC,
    RULE_PLAIN,
    RULE_KEEP,
    RULE_SQRT,
    RULE_FMA,
    RULE_IF
};

struct op {
    const char *name;
    value_fn *fn;
    enum rule rule;
    uint32_t n; /* operands */
};

/* An elementwise operation on values; `from` are the operands' expressions, `e` the whole. */
void apply(const struct env *env, const struct op *op, const struct value *arg,
           const struct ast_expr *const *from, const struct ast_expr *e, struct value *out);

/* index.c */
struct value eval_index(const struct env *env, const struct ast_expr *e);
/* The elements of `extent` that `subs` select: false if reported. An index drops its dimension. */
struct selection {
    struct shape shape; /* of what is selected */
    struct {
        uint32_t from, n, step; /* step: elements from one to the next */
    } axis[VALUE_MAX_RANK];
    uint32_t rank, n;
};
bool select_elements(const struct env *env, const struct ast_sub *subs, const struct shape *s,
                     struct span what, struct selection *out);
/* The selected elements in row-major order, ascending; room for out->n. */
void selection_list(const struct selection *s, uint32_t *out);

/* functions.c */
void functions_init(struct elab *el);
bool function_known(const struct elab *el, const char *name);
uint32_t function_names(const char **out, uint32_t max);
void call_function(const struct env *env, const struct ast_expr *e, struct value *out);

/* random.c */
bool random_known(const char *name);
struct value eval_random(const struct env *env, const struct ast_expr *call,
                         const struct ast_expr *seed, const struct ast_expr *whole);
/* Random numbers that get their shape only now. Other values come back as they are. */
struct value random_settle(const struct env *env, struct value v, const struct want *want);
/* An expression over random numbers, put off until a shape is known. */
struct value random_later(const struct env *env, const struct ast_expr *e);
bool random_seed(const struct env *env, const struct ast_expr *seed, uint64_t *out);

/* load.c: load("file", "member") as the file of `e` says it. */
struct value load_array(const struct env *env, const char *file, const char *member,
                        const struct ast_expr *e);

/* ---- networks ---- */

/* Names of connections ("dense", ...), of their attributes ("delay", ...), and of the sources of
 * stimuli ("poisson", ...): at most `max`, for completion. */
uint32_t operator_names(const char **out, uint32_t max);
uint32_t attribute_names(const char **out, uint32_t max);
uint32_t source_names(const char **out, uint32_t max);

enum shape_state { SHAPE_UNKNOWN, SHAPE_KNOWN, SHAPE_BAD };

struct piece { /* an input or a layer */
    const struct ast_net_item *item;
    struct instance *home;
    const char *name; /* with the names of the parts around it: "left.exc" */
    bool is_input;
    enum shape_state state;
    struct shape shape;
    uint32_t n;
    struct model *model;   /* of a layer; NULL: poison */
    struct sensor *sensor; /* of an input that is one, once its shape is known */
    uint32_t index;        /* in the net; UINT32_MAX: not there */
    uint32_t wires;        /* shapes.c: the first of its connections */
};

struct instance { /* of a network: the whole, or a part */
    struct instance *parent;
    const struct ast_network *network;
    struct scope *scope;
    const char *prefix; /* "left." */
    uint32_t nesting;
};

struct end {             /* of a connection */
    struct piece *piece; /* NULL: poison */
    const struct ast_ref *ref;
    struct selection at; /* once `selected` */
    bool selected;
};

struct wire { /* a connection that is being made */
    const struct ast_net_item *item;
    struct instance *home;
    struct end src, dst;
    bool known; /* w was evaluated without a shape from the context */
    struct value w;
    enum { WIRE_FRESH, WIRE_GOOD, WIRE_BAD } source_state, conv_state; /* of what follows */
    uint32_t pool[2];
    bool average;
    struct shape source; /* what the operator sees of the source: after the pool */
    struct conv conv;
};

struct build {
    struct elab *el;
    struct arena work; /* until the network is built */
    struct net *net;
    struct span dt_span;
    struct instance *root;
    struct map64 name;         /* of a piece -> its index */
    struct map64 unknown;      /* names that no piece has: reported, and no misspelling */
    VEC(struct piece *) piece; /* in source order, parts in their places */
    VEC(struct wire) wire;
    bool time_told; /* that there is no time step */
    uint32_t n_parts;
    uint64_t n_synapses; /* of all connections so far */
};

/* network.c. To check is to make poison of arguments that are missing; a network with errors still
 * comes back if its inputs and time step are right. To check a network that is there to be a part
 * is to take 1 ms for the time step that the whole will have. NULL: reported. */
enum purpose { TO_BUILD, TO_CHECK, TO_CHECK_PART };
struct net *build_network(struct elab *el, struct def *network, enum purpose purpose);
/* The piece that the first n names of a reference mean, seen from an instance; NULL: reported. */
struct piece *find_piece(struct build *b, const struct instance *from, const struct ast_ref *ref,
                         uint32_t n);
struct env env_in(struct build *b, const struct instance *i);

void infer_shapes(struct build *b); /* shapes.c */
void build_layers(struct build *b); /* layers.c */
/* A parameter as it is written, with the layer's shape as context if it is known. */
struct value layer_param(struct build *b, const struct piece *p, const struct ast_assign *as);
void build_connections(struct build *b); /* connect.c */
/* The argument of dense() and the like without a shape from the context; poison for a lambda. */
const struct value *wire_weights(struct build *b, struct wire *w);
/* What an end selects; false if its shape isn't known or there was an error. */
bool end_select(struct build *b, const struct wire *w, struct end *e);
void build_settings(struct build *b); /* settings.c */

/* sensors.c: whether an input is declared as one; its settings, of which p->sensor and the shape of
 * what comes out follow. False: reported. */
bool is_sensor(const struct piece *p);
bool build_sensor(struct build *b, struct piece *p, const struct shape *raw);

/* stimuli.c. Of a stimulus that is checked only, rasters have no tables. */
bool stimulus_setting(const char *name); /* `duration` or `trials`: no input */
bool build_stimulus(struct elab *el, const struct net *n, struct def *st, enum purpose purpose,
                    struct stimulus *out);

void build_board(struct elab *el, struct net *n, const struct ast_decl *decl); /* boards.c */
/* profiles.c: `profile = "FILE";` of a chip of n's board. */
void build_profile(const struct env *env, struct net *n, uint32_t chip,
                   const struct ast_board_item *item);

#endif
