/* A neuron model as it was checked: names resolved to indices, functions inlined, dimensions known.
 *
 * Expressions are trees in one array of nodes (children before parents). The same trees are
 * evaluated in float64 for defaults (elaborate), lowered to kernel IR (targets/sim/build.c) and
 * printed as .dyn (net/print_model.c). */
#ifndef NET_MODEL_H
#define NET_MODEL_H

#include "lang/unit.h"
#include "runtime/base/diag.h"
#include "runtime/base/vec.h"

enum model_op {
    /* leaves */
    M_NUMBER,
    M_BOOLEAN,
    M_DT,      /* the network's time step */
    M_PARAM,   /* index */
    M_LET,     /* index */
    M_STATE,   /* index */
    M_RECEIVE, /* index: weighted sum times the receptor's scale */
    M_SPIKES,  /* own count of the previous step */
    M_LOCAL,   /* index: a value of the step (`let` in a body) */
    M_WEIGHT,  /* of the event */
    /* one operand */
    M_NEG,
    M_NOT,
    M_ABS,
    M_FLOOR,
    M_CEIL,
    M_ROUND,
    M_TRUNC,
    M_SQRT,
    M_EXP,
    M_LOG,
    M_SIN,
    M_COS,
    M_TANH,
    M_RANDOM, /* in [0, 1), of a seed; in a step only */
    /* two */
    M_ADD,
    M_SUB,
    M_MUL,
    M_DIV,
    M_POW,
    M_MIN,
    M_MAX,
    M_MOD,
    M_LT,
    M_LE,
    M_GT,
    M_GE,
    M_EQ,
    M_NE, /* of two numbers or two booleans */
    M_AND,
    M_OR,
    /* three */
    M_FMA,
    M_IF, /* a ? b : c; both branches are numbers or both are booleans */
};

struct model_expr {
    uint8_t op; /* enum model_op */
    bool is_bool;
    uint32_t index;
    uint32_t a, b, c; /* nodes */
    double number;    /* M_NUMBER in SI units, M_BOOLEAN 0 or 1 */
    struct dim dim;
    struct span span;
};

#define MODEL_NONE UINT32_MAX /* no expression */

enum model_param_kind { MODEL_PARAM, MODEL_LAYOUT, MODEL_BIAS };

enum { MODEL_MAX_ON = 4 };

/* `on TARGET A, B, ...` */
struct model_binding {
    const char *target; /* NULL: not bound */
    const char *name[MODEL_MAX_ON];
    uint32_t n;
    const char *latch; /* `latch NAME`, of a bias: the neuron's switch that lets it flow; else NULL */
};

struct model_param {
    const char *name;
    enum model_param_kind kind;
    bool is_bool;
    struct dim dim;
    uint32_t value; /* default: over dt and other parameters (no cycle) */
    struct model_binding on;
    struct span span;
};

struct model_let {
    const char *name;
    bool is_bool;
    uint32_t value; /* over dt, parameters, earlier lets */
    struct span span;
};

struct model_receptor {
    const char *name;
    uint32_t scale;          /* expression over parameters and lets, MODEL_NONE: 1 */
    bool negative;           /* takes the negative weights of connections without `via` */
    struct model_binding on; /* dendrites: [0] for positive, [1] for negative weights */
    struct dim dim;          /* of the received value: the scale's */
    struct span span;
};

struct model_state {
    const char *name;
    struct dim dim;
    bool is_bool;
    uint32_t value; /* initial, from nominal parameters */
    struct span span;
};

enum model_stmt_kind { MODEL_ASSIGN, MODEL_LOCAL, MODEL_EMIT, MODEL_WHEN };

struct model_stmt {
    enum model_stmt_kind kind;
    uint32_t index;   /* ASSIGN: state; LOCAL: local */
    const char *name; /* LOCAL */
    uint32_t value;   /* expression; WHEN: condition */
    VEC(struct model_stmt) then, otherwise;
    struct span span;
};

struct model_body {
    bool present;
    const char *weight; /* on event(w): its name */
    uint32_t n_locals;
    VEC(struct model_stmt) stmt;
};

enum {
    MODEL_MAX_NAMES = 1000,    /* declarations of one model */
    MODEL_MAX_EXPRS = 1 << 15, /* nodes, functions expanded */
};

struct model {
    const char *name;
    struct span span;
    VEC(struct model_expr) expr;
    VEC(struct model_param) param;
    VEC(struct model_let) let;
    VEC(struct model_receptor) receptor;
    VEC(struct model_state) state;
    struct model_body step, event;
};

/* Values for evaluation: one float64 for each parameter and let (NULL where none is used). */
struct model_env {
    double dt;
    const double *param, *let;
};

uint32_t model_operands(enum model_op op); /* 0 to 3: which of a, b, c are there */

/* Marks the parameters and lets that an expression reads: one bool for each of the model's; NULL
 * where they don't matter. */
void model_reads(const struct model *m, uint32_t expr, bool *param, bool *let);

/* Evaluates an expression without states in float64; booleans are 0 and 1. */
double model_eval(const struct model *m, uint32_t expr, const struct model_env *env);

/* True if a parameter only limits: an operand of min, max and comparisons, its sign changed or not,
 * and nothing else. Then it may be infinite, which is no limit. */
bool model_is_bound(const struct model *m, uint32_t param);

/* True if a default, a let, a scale or an initial value reads the time step. */
bool model_needs_dt(const struct model *m);

/* True if a step draws random numbers, which no chip does. */
bool model_draws(const struct model *m);

int model_find_param(const struct model *m, const char *name); /* -1: none */
int model_find_receptor(const struct model *m, const char *name);
int model_find_state(const struct model *m, const char *name);

/* The order in which defaults are computed: every parameter after those that its default reads.
 * `order` has room for all parameters; `a` is for scratch. */
void model_default_order(const struct model *m, struct arena *a, uint32_t *order);

#endif
