#include "compiler/elab.h"

#include "runtime/event_file.h"

struct loaded {
    const char *path, *member;
    struct value value;
};

enum { BYTES_FROM = 1 << 16, BYTES_TO = 1 << 27 };

/* Whether an array is kept as the file's bytes (see value.h): not worth it when small; when huge,
 * whether its numbers fit in memory must be known here. */
static bool stays_bytes(const struct npy *x)
{
    return npy_bytes(x) && x->count >= BYTES_FROM && x->count <= BYTES_TO;
}

static struct value convert(const struct env *env, const struct npy *x, const char *what,
                            struct span at)
{
    struct diags *d = env->el->u->diags;
    if (x->n_fields)
        return (struct value){.kind = V_RECORDS, .records = x};
    enum value_kind kind = x->type.kind == 'b' ? V_BOOL : V_NUMBER;
    if (x->rank == 0)
        return (struct value){.kind = kind, .number = npy_get(x, &x->type, 0)};
    struct shape s = {.rank = x->rank};
    bool fits = x->rank <= VALUE_MAX_RANK;
    for (uint32_t i = 0; i < x->rank && fits; i++) {
        if (x->extent[i] == 0) {
            diag_add(d, E0303, at, "`%s` has no elements", what);
            return poison();
        }
        fits = x->extent[i] <= VALUE_MAX_EXTENT;
        s.extent[i] = (uint32_t)x->extent[i];
    }
    struct arena *arena = env->el->u->arena;
    if (stays_bytes(x)) {
        struct array *a = ARENA_NEW(arena, struct array);
        *a = (struct array){.shape = s, .n = (uint32_t)x->count};
        a->file = ARENA_NEW(arena, struct array_file);
        *a->file = (struct array_file){.arena = arena, .npy = *x};
        return value_of_array(kind, DIM_ONE, a);
    }
    struct array *a = fits ? array_new(arena, &s) : NULL;
    if (!a)
        return no_memory(env, at);
    npy_to_f64(x, a->v);
    return value_of_array(kind, DIM_ONE, a);
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

struct value load_array(const struct env *env, const char *file, const char *member,
                        const struct ast_expr *e)
{
    struct elab *el = env->el;
    struct unit *u = el->u;
    const struct source *from = sources_get(&u->sources, e->span.file);
    const char *path = path_beside(u->arena, from ? from->path : "", file);
    uint64_t key =
        hash_bytes(member ? hash_bytes(1, member, strlen(member)) : 0, path, strlen(path));
    uint32_t at;
    if (map64_get(&el->loaded, key, &at) && same(el->file.data[at]->path, path) &&
        same(el->file.data[at]->member, member))
        return el->file.data[at]->value;
    struct loaded *l = ARENA_NEW(u->arena, struct loaded);
    *l = (struct loaded){path, member, poison()};
    struct npy *x = ARENA_NEW(u->arena, struct npy);
    struct arena bytes = {0};
    if (event_file_load(&bytes, path, member, x, u->diags, E0501, e->span)) {
        const char *what = member ? arena_printf(u->arena, "%s:%s", file, member) : file;
        if (x->n_fields || stays_bytes(x))
            arena_adopt(u->arena, &bytes); /* read where they are; others aren't needed any more */
        l->value = convert(env, x, what, e->span);
    }
    arena_free(&bytes);
    map64_put(&el->loaded, key, el->file.n, NULL);
    VEC_PUSH(u->arena, &el->file, l);
    return l->value;
}
