/* dyn-jit.so: the back end that compiles kernels with LLVM. */
#include "runtime/base/cache.h"
#include "runtime/jit_plugin.h"
#include "targets/sim/jit/jit.h"

#include <llvm-c/Core.h>
#include <stdlib.h>
#include <time.h>

struct jit {
    struct jit_host host;
    struct cache cache;
    bool cache_tried;
    struct code_report report;
    VEC(struct jit_code *) code;
    struct arena arena;
};

static bool trouble(struct diags *d, char *why)
{
    diag_add(d, E0804, (struct span){0}, "the JIT failed: %s", why ? why : "LLVM says no reason");
    LLVMDisposeMessage(why);
    return false;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct wanted { /* functions of a module */
    uint32_t n;
    const bool *left_out; /* that aren't there; NULL: none */
    jit_function **function;
};

/* The functions of an object, which is used up. */
static bool load(struct jit *j, LLVMMemoryBufferRef object, const struct wanted *w, char **why)
{
    struct jit_code *code = jit_load(object, why);
    bool ok = code != NULL;
    for (uint32_t i = 0; i < w->n && ok; i++) {
        char name[JIT_NAME_SIZE];
        if (w->left_out && w->left_out[i])
            continue;
        jit_name(name, i);
        w->function[i] = jit_find(code, name, why);
        ok = w->function[i] != NULL;
    }
    if (ok)
        VEC_PUSH(&j->arena, &j->code, code);
    else
        jit_unload(code);
    return ok;
}

/* ---- the cache ---- */

/* The key of a module; empty if there is no cache. */
static struct buf key_of(struct jit *j, bool wanted, LLVMModuleRef m)
{
    struct buf key = {0};
    if (wanted && !j->cache_tried) {
        const char *folder = cache_folder(&j->arena, &j->report.no_cache);
        j->cache_tried = true;
        if (folder)
            cache_open(&j->cache, folder, &j->report.no_cache);
    }
    if (wanted && j->cache.folder >= 0 && !jit_key(&key, &j->host, m)) {
        j->report.no_cache = "the plugin has no build id";
        buf_clear(&key);
    }
    return key;
}

static bool from_cache(struct jit *j, struct bytes key, const struct wanted *w)
{
    struct arena scratch = {0};
    struct bytes object;
    bool ok = cache_get(&j->cache, &scratch, key, &object);
    if (ok) {
        char *why = NULL;
        ok = load(
            j,
            LLVMCreateMemoryBufferWithMemoryRangeCopy((const char *)object.data, object.n, "cache"),
            w, &why);
        LLVMDisposeMessage(why);
    }
    arena_free(&scratch);
    return ok;
}

/* ---- the back end ---- */

static bool compile(struct jit *j, LLVMModuleRef m, struct bytes key, const struct wanted *w,
                    char **why)
{
    LLVMMemoryBufferRef object = jit_emit(&j->host, m, why);
    if (!object)
        return false;
    if (key.n > 0) {
        struct bytes b = {(const uint8_t *)LLVMGetBufferStart(object), LLVMGetBufferSize(object)};
        cache_put(&j->cache, key, b);
    }
    return load(j, object, w, why);
}

/* The module, which is used up, made callable: by what the cache has, or compiled. */
static bool make(const struct backend *b, LLVMModuleRef m, double start, const struct wanted *w,
                 struct diags *d)
{
    struct jit *j = b->state;
    struct buf text = key_of(j, b->cache, m);
    const struct bytes key = {(const uint8_t *)text.data, text.n};
    char *why = NULL;
    bool ok = key.n > 0 && from_cache(j, key, w);
    if (ok) {
        j->report.cached++;
    } else {
        ok = compile(j, m, key, w, &why);
        j->report.compiled++;
        j->report.seconds += now() - start;
    }
    buf_free(&text);
    LLVMDisposeModule(m);
    return ok || trouble(d, why);
}

static bool prepare(const struct backend *b, struct arena *a, const struct kernel_spec *spec,
                    uint32_t n, struct kernel_code *out, struct diags *d)
{
    struct jit *j = b->state;
    const double start = now();
    const struct wanted w = {.n = n, .function = ARENA_ARRAY(a, jit_function *, n + 1)};
    jit_host_choose(&j->host, b->cpu);
    LLVMContextRef cx = LLVMContextCreate();
    const bool ok = make(b, jit_codegen(cx, &j->host, spec, n), start, &w, d);
    for (uint32_t i = 0; i < n; i++)
        out[i] = (struct kernel_code){.step = (kernel_step_fn *)w.function[i]};
    LLVMContextDispose(cx);
    return ok;
}

static bool prepare_events(const struct backend *b, struct arena *a, const struct event_spec *spec,
                           uint32_t n, struct event_code *out, struct diags *d)
{
    struct jit *j = b->state;
    const double start = now();
    bool *left_out = ARENA_ARRAY(a, bool, n + 1);
    const struct wanted w = {n, left_out, ARENA_ARRAY(a, jit_function *, n + 1)};
    for (uint32_t i = 0; i < n; i++) {
        left_out[i] = !jit_can_serve(&spec[i]);
        out[i] = (struct event_code){.narrow = spec[i].integer, .once = true};
        if (!left_out[i])
            out[i].code = jit_connection(a, &spec[i]);
        if (!left_out[i] && !out[i].code) {
            diag_add(d, E0806, (struct span){0}, "the weights of a connection don't fit in memory");
            return false;
        }
    }
    jit_host_choose(&j->host, b->cpu);
    LLVMContextRef cx = LLVMContextCreate();
    const bool ok = make(b, jit_event_codegen(cx, &j->host, spec, n), start, &w, d);
    for (uint32_t i = 0; i < n; i++)
        out[i].serve = (event_serve_fn *)w.function[i];
    LLVMContextDispose(cx);
    return ok;
}

static void report(const struct backend *b, struct code_report *out)
{
    const struct jit *j = b->state;
    *out = j->report;
}

static void release(const struct backend *b)
{
    struct jit *j = b->state;
    for (uint32_t i = 0; i < j->code.n; i++)
        jit_unload(j->code.data[i]);
    jit_host_close(&j->host);
    cache_close(&j->cache);
    arena_free(&j->arena);
    free(j);
}

static bool open_backend(struct backend *out, char *why, size_t why_size)
{
    struct jit *j = calloc(1, sizeof *j);
    if (!j)
        base_panic("out of memory");
    if (!jit_host_open(&j->host, why, why_size)) {
        free(j);
        return false;
    }
    j->cache.folder = -1;
    *out = (struct backend){.name = "jit",
                            .cpu = cpu_level(),
                            .cache = true,
                            .prepare = prepare,
                            .prepare_events = prepare_events,
                            .report = report,
                            .release = release,
                            .state = j};
    return true;
}

__attribute__((visibility("default"))) const struct jit_plugin *dyn_jit_plugin(void)
{
    static const struct jit_plugin plugin = {JIT_PLUGIN_ABI, open_backend};
    return &plugin;
}
