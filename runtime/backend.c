/* The instruction set that a user names. */
#include "runtime/run.h"

static bool find(const char *name, enum cpu_level *out)
{
    for (enum cpu_level level = CPU_BASE; level <= cpu_level(); level++) {
        if (strcmp(name, cpu_level_name(level)) == 0) {
            *out = level;
            return true;
        }
    }
    return false;
}

static const char *those_of_host(struct arena *a)
{
    const char *all = cpu_level_name(CPU_BASE);
    for (enum cpu_level level = CPU_BASE + 1; level <= cpu_level(); level++)
        all = arena_printf(a, "%s, %s", all, cpu_level_name(level));
    return all;
}

bool backend_cpu(const char *name, enum cpu_level *out, struct diags *d)
{
    static const char *const known[] = {"sse2", "avx2", "avx512", "neon"};
    *out = cpu_level();
    if (!name || strcmp(name, "host") == 0 || find(name, out))
        return true;
    struct arena scratch = {0};
    bool exists = false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        exists |= strcmp(name, known[i]) == 0;
    struct diag *g = diag_add(
        d, exists ? E0804 : E0903, (struct span){0},
        exists ? "this processor can't run `%s`" : "there is no instruction set `%s`", name);
    diag_hint(d, g, "it has %s; `host` is the best of them", those_of_host(&scratch));
    arena_free(&scratch);
    return false;
}
