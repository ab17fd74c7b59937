/* The syntax tree: what the parser makes of a file. Nodes live in the unit's arena, names are
 * interned, every node knows its bytes. Lists are singly linked in source order.
 *
 * The tree is as the user wrote it: nothing is resolved or evaluated here.
 *
 * No expression or statement is higher than AST_MAX_HEIGHT, so walking the tree by recursion is
 * safe; lists are walked by loops.
 *
 * The declared name of a layer or an input, the input that a stimulus assigns and the output of a
 * board may be dotted, as printed networks name the pieces of a part: the name is then one
 * interned text ("left.exc"). A reference (struct ast_ref) keeps the parts of the name apart. */
#ifndef LANG_AST_H
#define LANG_AST_H

#include "lang/unit.h"
#include "runtime/base/diag.h"
#include "runtime/base/intern.h"

enum {
    AST_MAX_HEIGHT = 2000, /* of an expression or a statement, in nodes */
    AST_MAX_PATH = 8,      /* parts of a dotted name */
    AST_MAX_ON = 8,        /* names after `on TARGET` */
};

struct ast_name {
    const char *text; /* interned; NULL where an optional name is absent */
    struct span span;
};

/* ---- expressions ---- */

enum ast_expr_kind {
    AST_NUMBER,        /* number: value in SI units, dim; dim.any for a literal 0 without unit.
                          NaN: malformed, reported */
    AST_BOOL,          /* boolean */
    AST_STRING,        /* string */
    AST_NAME,          /* name */
    AST_MEMBER,        /* a.name */
    AST_UNARY,         /* op, a */
    AST_BINARY,        /* op, a, b */
    AST_IF,            /* a: condition, b: then, c: else */
    AST_CALL,          /* name, args; with `lambda` for OP(i, j => E) */
    AST_INDEX,         /* a: base, subs */
    AST_ARRAY,         /* items; none for [] (a channel without events) */
    AST_COMPREHENSION, /* binders, a: body */
    AST_RANGES,        /* subs, all of them slices: [0:4, 2:] */
    AST_MEMBERS,       /* args, all of them named: (weight = W, bias = b) */
    AST_SEEDED,        /* a: the call, b: the seed -- `uniform(0, 1) seed 3` */
    AST_CODE,          /* coarse:fine of a bias, a and b; board sections only */
};

enum ast_op {
    AST_NEG,
    AST_NOT,
    AST_ADD,
    AST_SUB,
    AST_MUL,
    AST_DIV,
    AST_POW,
    AST_LT,
    AST_LE,
    AST_GT,
    AST_GE,
    AST_EQ,
    AST_NE,
    AST_AND,
    AST_OR,
};

struct ast_arg { /* positional, or name = value */
    struct ast_name name;
    struct ast_expr *value;
    struct ast_arg *next;
};

struct ast_sub { /* W[i], W[a:b], W[:] */
    bool slice;
    struct ast_expr *lo, *hi; /* index in lo; slice bounds may be NULL */
    struct span span;
    struct ast_sub *next;
};

struct ast_binder { /* i: n */
    struct ast_name name;
    struct ast_expr *extent; /* NULL for the parameters of a lambda */
    struct ast_binder *next;
};

struct ast_expr {
    enum ast_expr_kind kind;
    enum ast_op op;
    struct span span;
    uint32_t height; /* 1 for a leaf */
    struct ast_expr *a, *b, *c;
    struct ast_name name;       /* NAME, MEMBER (the last part), CALL */
    struct ast_arg *args;       /* CALL, MEMBERS */
    struct ast_binder *binders; /* COMPREHENSION; CALL with a lambda: its parameters, body in `a` */
    struct ast_sub *subs;       /* INDEX, RANGES */
    struct ast_expr *items;     /* ARRAY: linked by `next` */
    struct ast_expr *next;
    union {
        double number;
        const char *string; /* unescaped, NUL-terminated */
    };
    struct dim dim;
    bool boolean;
};

/* NAME = VALUE with the places of both; the common form of attributes and parameters. */
struct ast_assign {
    struct ast_name name;
    struct ast_expr *value;
    bool factor; /* `factor NAME = VALUE` of a layer */
    struct span span;
    struct ast_assign *next;
};

/* ---- let and fn: in files, networks, neurons ---- */

struct ast_let {
    struct ast_name name;
    struct ast_expr *value;
    struct span span;
};

struct ast_param { /* of a function or a network: NAME or NAME = DEFAULT */
    struct ast_name name;
    struct ast_expr *value;
    struct ast_param *next;
};

struct ast_fn {
    struct ast_name name;
    struct ast_param *params;
    struct ast_expr *body;
    struct span span;
};

/* ---- networks ---- */

/* An end of a connection, or what record, output and place name: part.layer.variable[subs]. */
struct ast_ref {
    struct ast_name path[AST_MAX_PATH]; /* e.g. left, exc, spikes */
    uint32_t n;
    struct ast_sub *subs;
    struct span span;
    struct ast_ref *next;
};

enum ast_net_kind {
    AST_N_LET,
    AST_N_FN,
    AST_N_DT,         /* value */
    AST_N_INPUT,      /* name, shape, [from = word], assigns */
    AST_N_LAYER,      /* name, shape, model, assigns */
    AST_N_PART,       /* name, model: the network's name, args */
    AST_N_CONNECTION, /* src, dst, value: the OP call, assigns: attributes */
    AST_N_RECORD,     /* refs */
    AST_N_OUTPUT,     /* refs */
    AST_N_MISMATCH,   /* value, seed; or assigns for the block form */
};

struct ast_net_item {
    enum ast_net_kind kind;
    struct span span;
    struct ast_name name, model, from;
    struct ast_expr *shape; /* list by `next`; NULL: left out */
    bool has_shape;
    struct ast_expr *value, *seed;
    struct ast_assign *assigns;
    struct ast_arg *args;
    struct ast_ref *src, *dst, *refs;
    struct ast_let *let;
    struct ast_fn *fn;
    struct ast_net_item *next;
};

struct ast_network {
    struct ast_name name;
    struct ast_param *params;
    struct ast_net_item *items;
    bool nameless; /* an item has no name that could be read */
};

/* ---- stimuli ---- */

/* stimulus NAME for NETWORK { duration = E; trials = E; INPUT = SOURCE; let ...; } -- a source is
 * an expression: raster(...), poisson(...) seed S, silence, ... */
struct ast_stim_item {
    struct ast_assign *assign; /* NULL for a let */
    struct ast_let *let;
    struct ast_stim_item *next;
};

struct ast_stimulus {
    struct ast_name name, network;
    struct ast_stim_item *items;
    bool broken; /* items are missing that couldn't be parsed */
};

/* ---- neurons ---- */

enum ast_stmt_kind {
    AST_S_ASSIGN, /* name = value */
    AST_S_EMIT,   /* value */
    AST_S_IF,     /* value: condition, then, otherwise */
    AST_S_LET,    /* let name = value: a value of this step only */
};

struct ast_stmt {
    enum ast_stmt_kind kind;
    struct span span;
    uint32_t height;
    struct ast_name name;
    struct ast_expr *value;
    struct ast_stmt *then, *otherwise;
    struct ast_stmt *next;
};

enum ast_neuron_kind {
    AST_R_PARAM,
    AST_R_LAYOUT,
    AST_R_BIAS, /* name, value; `on` for bias (and others) */
    AST_R_LET,  /* name, value */
    AST_R_FN,
    AST_R_RECEIVE, /* name, scale, negative, on */
    AST_R_STATE,   /* name, value */
    AST_R_STEP,    /* body */
    AST_R_EVENT,   /* name: the weight's parameter, body */
};

struct ast_neuron_item {
    enum ast_neuron_kind kind;
    struct span span;
    struct ast_name name;
    struct ast_expr *value;         /* default, initial value, let */
    struct ast_expr *scale;         /* receive NAME scale EXPR */
    bool negative;                  /* receive NAME for negative */
    struct ast_name target;         /* on TARGET */
    struct ast_name on[AST_MAX_ON]; /* ... A, B: device parameters or dendrites */
    uint32_t n_on;
    struct ast_name latch; /* bias NAME ... latch NAME */
    struct ast_stmt *body;
    struct ast_fn *fn;
    struct ast_neuron_item *next;
};

struct ast_neuron {
    struct ast_name name;
    struct ast_neuron_item *items;
    bool broken; /* items are missing that couldn't be parsed */
};

/* ---- board: a tree of words, made sense of by the compiler with the target's tables ---- */

enum ast_board_kind {
    AST_B_ASSIGN,  /* name = value (gain, profile) */
    AST_B_PLACE,   /* ref on chip E core E */
    AST_B_CHIP,    /* index, items */
    AST_B_CORE,    /* index, items */
    AST_B_BIAS,    /* bias NAME = coarse:fine, or = current */
    AST_B_NEURON,  /* neuron index = ref { items }; without ref: no neuron of the network */
    AST_B_LATCH,   /* latch NAME */
    AST_B_CAM,     /* cam index = tag E, weight E, NAME: words; none of `cam none` */
    AST_B_SRAM,    /* sram index = tag E, cores E, hop [x, y]: words; none of `sram none` */
    AST_B_ENTRY,   /* NAME index = words, NAME index, with any other name */
    AST_B_BLOCK,   /* NAME [index] { items }, with any other name */
    AST_B_INPUT,   /* input ref = destinations: words, groups linked by `next_group` */
    AST_B_OUTPUT,  /* output name = [chip C core K neuron N, ...]: items of kind AST_B_ADDRESS. The
                    * name stands in `name` */
    AST_B_ADDRESS, /* chip, core, neuron in index, index2, index3 */
};

/* `tag 5`, `weight 0b1011`, `hop [-7, -7]`, a bare word (`ampa`) has no value. Groups of a `cam`,
 * `sram` or `input` are separated by commas; destinations of one input by `;`-free lists
 * `[tag 3, cores 0b0010, hop [0, 0]], [...]` or a single one without brackets. */
struct ast_word {
    struct ast_name name;
    struct ast_expr *value;
    struct ast_word *next;
    struct ast_word *next_group;
};

struct ast_board_item {
    enum ast_board_kind kind;
    struct span span;
    struct ast_name name;
    struct ast_ref *ref;
    struct ast_expr *index, *index2, *index3;
    struct ast_expr *value;
    struct ast_word *words;
    struct ast_board_item *items;
    bool braces; /* NEURON: items were given, perhaps none */
    struct ast_board_item *next;
};

struct ast_board {
    struct ast_name target;
    struct ast_board_item *items;
};

/* ---- files ---- */

enum ast_decl_kind {
    AST_USE,
    AST_LET,
    AST_FN,
    AST_NETWORK,
    AST_STIMULUS,
    AST_NEURON,
    AST_BOARD,
};

struct ast_decl {
    enum ast_decl_kind kind;
    struct span span;
    struct ast_name name; /* USE: the module's name, or NULL with `path` */
    const char *path;     /* USE "other.dyn" */
    struct ast_let *let;
    struct ast_fn *fn;
    struct ast_network *network;
    struct ast_stimulus *stimulus;
    struct ast_neuron *neuron;
    struct ast_board *board;
    struct ast_decl *next;
};

struct ast_file {
    uint32_t file; /* index in the sources */
    struct ast_decl *decls;
    bool nameless; /* a declaration has no name that could be read */
};

#endif
