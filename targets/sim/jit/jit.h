/* The JIT's parts, in the order in which a kernel goes through them: codegen makes an LLVM module
 * of all kernels of a run, or of all connections of an event-driven one, key says by what its code
 * is known in the user's cache, emit turns it into the bytes of an object file if it isn't there,
 * load makes these callable. Only plugin.c, which strings them together, is seen from outside. */
#ifndef JIT_H
#define JIT_H

#include "runtime/run.h"

#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>

/* ---- emit.c: the processor that code is for, and code for it ---- */

struct jit_host {
    LLVMTargetRef target;
    char *triple;
    /* After jit_host_choose(). */
    enum cpu_level level;
    LLVMTargetMachineRef machine;
    LLVMTargetDataRef layout;
    unsigned lanes; /* float32 lanes of the widest vector: 4, 8 or 16 */
};

bool jit_host_open(struct jit_host *h, char *why, size_t why_size);
/* The best level is this very processor with all it has; one below, any processor of that level. */
void jit_host_choose(struct jit_host *h, enum cpu_level level);
void jit_host_close(struct jit_host *h);

/* The module as an object file. NULL: *why, to be freed with
 * LLVMDisposeMessage(), says what is wrong. */
LLVMMemoryBufferRef jit_emit(const struct jit_host *h, LLVMModuleRef m, char **why);

/* ---- key.c ---- */

/* All that the code of a module follows from: this plugin's build, LLVM, the processor, and the
 * module itself with the constants that are folded in. False if the plugin doesn't know its build.
 */
bool jit_key(struct buf *out, const struct jit_host *h, LLVMModuleRef m);

/* ---- module.c ---- */

/* A module with the function jit_name(i) for specs[i], in context `cx`. */
LLVMModuleRef jit_codegen(LLVMContextRef cx, const struct jit_host *h,
                          const struct kernel_spec *spec, uint32_t n);
enum { JIT_NAME_SIZE = 16 };
void jit_name(char out[JIT_NAME_SIZE], uint32_t i);

/* A function whose vectors are the host's. */
struct jit_gen;
LLVMValueRef jit_declare(const struct jit_gen *g, const struct jit_host *h, const char *name,
                         LLVMTypeRef type);
/* An empty module and what is needed to fill it. */
struct jit_gen jit_gen_open(LLVMContextRef cx, const struct jit_host *h);

/* Vector code under construction. */
enum { JIT_MAX_LANES = 32, JIT_MAX_VECTORS = 2 };

struct jit_gen {
    LLVMContextRef cx;
    LLVMModuleRef module;
    LLVMBuilderRef builder;
    unsigned lanes;                 /* of a vector */
    unsigned vectors;               /* that are worked on at once */
    bool far;                       /* columns come from memory and not from a cache */
    LLVMTypeRef ptr, i64, f32, i32; /* scalars */
    LLVMTypeRef fv, iv;             /* vectors of float32 (event code: or of int16) and of int32 */
};

/* Of each vector that is worked on at once: its value, or where it lies. */
struct jit_vec {
    LLVMValueRef v[JIT_MAX_VECTORS];
};

/* ---- codegen.c ---- */

/* A value of the kernel: known and the same in all lanes, or vectors (booleans: of i1). */
struct jit_value {
    bool known;
    float x; /* if known; booleans are 1 and 0 */
    struct jit_vec v;
};

struct jit_step {
    const struct jit_gen *g;
    const struct kernel_spec *spec;
    struct jit_value *value;
    bool *live, *state_live; /* what must be computed */
    struct jit_skip *skip;
    struct jit_vec *kept; /* what the states are; NULL: they are in memory */
    LLVMValueRef param, let, state, receive, trace, spikes, fired, stride; /* of kernel_args */
    LLVMValueRef draws;  /* where kernel_args.draws is */
    struct jit_vec lane; /* the first of each vector that is worked on */
    struct jit_vec at;   /* the same in the row of the step */
};

/* One step of the vectors at s->lane. Changes states in memory, or s->kept, if that is there; then
 * they are loaded before and stored after any number of steps. */
void jit_load_states(struct jit_step *s);
void jit_store_states(const struct jit_step *s);
void jit_step(struct jit_step *s);

LLVMValueRef jit_offset(const struct jit_gen *g, LLVMValueRef base, size_t bytes);
/* Pointer or integer of `type` at base + offset bytes. */
LLVMValueRef jit_load_word(const struct jit_gen *g, LLVMTypeRef type, LLVMValueRef base,
                           size_t offset);
struct jit_vec jit_float(const struct jit_gen *g, float x); /* in all lanes */
struct jit_vec jit_int(const struct jit_gen *g, int32_t x);
struct jit_vec jit_boolean(const struct jit_gen *g, bool x);
struct jit_vec jit_binary(const struct jit_gen *g, LLVMOpcode op, struct jit_vec a,
                          struct jit_vec b);
struct jit_vec jit_cast(const struct jit_gen *g, LLVMOpcode op, struct jit_vec a, LLVMTypeRef type);
struct jit_vec jit_compare(const struct jit_gen *g, LLVMRealPredicate p, struct jit_vec a,
                           struct jit_vec b);
struct jit_vec jit_select(const struct jit_gen *g, struct jit_vec c, struct jit_vec a,
                          struct jit_vec b);
/* llvm.NAME of float32 with n operands. */
struct jit_vec jit_intrinsic(const struct jit_gen *g, const char *name,
                             const struct jit_vec *operand, unsigned n);

/* An operation of the kernel on float32, or on booleans. */
struct jit_vec jit_operate(const struct jit_gen *g, enum kop op, const struct jit_vec *x);

/* ---- event_code.c ---- */

/* Event code under construction. */
struct jit_event {
    struct jit_gen g;
    const struct event_spec *spec;
    struct jit_value *value;
    bool *live;
    uint32_t fires; /* as of kernel_fires_once() */
    bool inverted;
    LLVMValueRef *param, *let, *state; /* arrays of lanes; NULL where a parameter is known */
    LLVMValueRef *held; /* of each state, in place of its array; NULL: they are in memory */
    LLVMValueRef weights;
    LLVMValueRef lane, weight; /* the first of what is worked on */
};

/* Needs g and spec. */
void jit_event_open(struct jit_event *x, struct arena *a);
/* From here on the states of these lanes, from x->lane on, are in x->held instead of in memory,
 * until they are written back. */
void jit_event_hold(struct jit_event *x, struct arena *a, unsigned lanes);
void jit_event_release(struct jit_event *x, LLVMValueRef lane);
/* So many lanes at x->lane get the weights at x->weight; of them only those that `within` says, if
 * that isn't NULL. Returns which fire, booleans; NULL: none ever does. */
LLVMValueRef jit_event_lanes(struct jit_event *x, unsigned lanes, LLVMValueRef within);

/* ---- event_connection.c ---- */

/* What the code of a connection is called with. */
struct jit_connection {
    const void *weight; /* float, or int16_t of an integer group */
    /* Of a convolution, for each row and column of the source what it adds to where the first of
     * its lanes and weights are. */
    const struct jit_axis {
        uint32_t lane, n; /* n: rows; lanes of a row */
        uint64_t weight;
    } * row, *column;
    /* Of rows of synapses: of each lane of the source its stretches, [first, first + n). */
    const struct jit_range {
        uint64_t first, n;
    } * range;
    const struct jit_axis *stretch;
};

/* NULL: there is no memory for it. */
struct jit_connection *jit_connection(struct arena *a, const struct event_spec *s);
/* ---- event_module.c ---- */

/* Whether a connection has code here: its neurons fire at most once an event. */
bool jit_can_serve(const struct event_spec *s);
/* A module with the function jit_name(i) for specs[i], in context `cx`; without those that have no
 * code. */
LLVMModuleRef jit_event_codegen(LLVMContextRef cx, const struct jit_host *h,
                                const struct event_spec *spec, uint32_t n);

/* ---- skip.c ---- */

struct jit_skip {   /* of an instruction */
    uint32_t owner; /* the later K_MAX that alone needs it; K_NONE: others do */
    uint32_t log;   /* of a K_MAX that owns others: the K_LOG among them; else K_NONE */
    uint32_t div;   /* and the K_DIV, if it owns the operand of the K_LOG; else K_NONE */
};

/* What a K_MAX owns is needed only in lanes where the operand of the K_LOG is above 1: elsewhere
 * the result is 0. One element of `out` for each instruction. */
void jit_find_skips(struct arena *a, const struct kcode *code, struct jit_skip *out);

/* ---- math.c: runtime/kernel_math.inc on LLVM values ---- */

struct jit_vec jit_exp(const struct jit_gen *g, struct jit_vec x);
struct jit_vec jit_log(const struct jit_gen *g, struct jit_vec x);

/* ---- load.c ---- */

struct jit_code;                                                   /* loaded object files */
struct jit_code *jit_load(LLVMMemoryBufferRef object, char **why); /* uses the object up */
typedef void jit_function(void);                                   /* of whatever type it is */
jit_function *jit_find(struct jit_code *c, const char *name, char **why);
void jit_unload(struct jit_code *c);

#endif
