/* dyn-jit.so: the back end that compiles kernels with LLVM. */
#include "runtime/jit_plugin.h"
#include "targets/sim/jit/jit.h"

#include <llvm-c/Core.h>
#include <stdlib.h>

struct jit {
    struct jit_host host;
    VEC(struct jit_code *) code;
    struct arena arena;
};

static bool trouble(struct diags *d, char *why)
{
    diag_add(d, E0804, (struct span){0}, "the JIT failed: %s", why ? why : "LLVM says no reason");
    LLVMDisposeMessage(why);
    return false;
}

static LLVMMemoryBufferRef compile(const struct jit *j, const struct kernel_spec *spec, uint32_t n,
                                   char **why)
{
    LLVMContextRef cx = LLVMContextCreate();
    LLVMMemoryBufferRef object = jit_emit(&j->host, jit_codegen(cx, &j->host, spec, n), why);
    LLVMContextDispose(cx);
    return object;
}

static bool prepare(const struct backend *b, struct arena *a, const struct kernel_spec *spec,
                    uint32_t n, struct kernel_code *out, struct diags *d)
{
    (void)a;
    struct jit *j = b->state;
    char *why = NULL;
    LLVMMemoryBufferRef object = compile(j, spec, n, &why);
    struct jit_code *code = object ? jit_load(object, &why) : NULL;
    if (!code)
        return trouble(d, why);
    VEC_PUSH(&j->arena, &j->code, code);
    for (uint32_t i = 0; i < n; i++) {
        char name[JIT_NAME_SIZE];
        jit_name(name, i);
        out[i] = (struct kernel_code){.step = jit_find(code, name, &why)};
        if (!out[i].step)
            return trouble(d, why);
    }
    return true;
}

static void release(const struct backend *b)
{
    struct jit *j = b->state;
    for (uint32_t i = 0; i < j->code.n; i++)
        jit_unload(j->code.data[i]);
    jit_host_close(&j->host);
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
    *out = (struct backend){.name = "jit", .prepare = prepare, .release = release, .state = j};
    return true;
}

__attribute__((visibility("default"))) const struct jit_plugin *dyn_jit_plugin(void)
{
    static const struct jit_plugin plugin = {JIT_PLUGIN_ABI, open_backend};
    return &plugin;
}
