/* Opens the JIT, which is a plugin so that nothing else of the project loads LLVM. */
#include "runtime/jit_plugin.h"
#include <dlfcn.h>
#include <unistd.h>

/* The folder that `path` lies in, with its slash; "" if there is none. */
static const char *folder_of(struct arena *a, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? arena_strndup(a, path, (size_t)(slash + 1 - path)) : "";
}

static const char *program_folder(struct arena *a)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    path[n > 0 ? n : 0] = 0;
    return folder_of(a, path);
}

/* Where this code was loaded from: the program or libdyn-run.so. */
static const char *library_folder(struct arena *a)
{
    static const char marker;
    Dl_info info;
    return dladdr(&marker, &info) && info.dli_fname ? folder_of(a, info.dli_fname) : "";
}

static void *open_library(struct arena *a, const char **tried)
{
    const char *program = program_folder(a), *library = library_folder(a);
    const char *const path[] = {
        arena_printf(a, "%s" JIT_PLUGIN_FILE, program),
        arena_printf(a, "%s../lib/dyn/" JIT_PLUGIN_FILE, program),
        arena_printf(a, "%s" JIT_PLUGIN_FILE, library),
        arena_printf(a, "%sdyn/" JIT_PLUGIN_FILE, library),
    };
    *tried = arena_printf(a, "there is no %s", path[0]);
    for (size_t i = 0; i < sizeof path / sizeof *path; i++) {
        /* Nothing that depends on the working folder or on LD_LIBRARY_PATH. */
        if (path[i][0] != '/' || access(path[i], R_OK) != 0)
            continue;
        void *lib = dlopen(path[i], RTLD_NOW | RTLD_LOCAL);
        if (lib)
            return lib;
        const char *why = dlerror();
        *tried = arena_strdup(a, why ? why : path[i]);
        return NULL;
    }
    return NULL;
}

/* The plugin is never closed: code that it made may run as long as the process. */
static const char *open_plugin(struct arena *a, struct backend *out)
{
    const char *tried;
    void *lib = open_library(a, &tried);
    if (!lib)
        return tried;
    void *symbol = dlsym(lib, JIT_PLUGIN_SYMBOL);
    const struct jit_plugin *(*get)(void) = NULL;
    /* ISO C has no conversion from an object's address to a function's; POSIX says it works. */
    memcpy(&get, &symbol, sizeof get);
    const struct jit_plugin *plugin = get ? get() : NULL;
    if (!plugin || plugin->abi != JIT_PLUGIN_ABI)
        return "the plugin belongs to another version of this program";
    char why[256] = "";
    return plugin->open(out, why, sizeof why) ? NULL : arena_strdup(a, why);
}

bool backend_jit(struct backend *out, struct diags *d)
{
    struct arena scratch = {0};
    const char *why = open_plugin(&scratch, out);
    if (why) {
        struct diag *g = diag_add(d, E0804, (struct span){0}, "the JIT can't be opened: %s", why);
        diag_hint(d, g, "install or build " JIT_PLUGIN_FILE ", or use --backend interp");
    }
    arena_free(&scratch);
    return !why;
}
