#include "runtime/record_spec.h"

#include "runtime/base/intern.h"

static bool record_one(struct arena *a, const struct plan *p, const char *word, size_t n,
                       struct run_record *out, struct diags *d)
{
    const char *dot = NULL;
    for (size_t i = 0; i < n; i++) {
        dot = word[i] == '.' ? word + i : dot; /* the last one: layers of parts have dots */
    }
    size_t n_layer = dot ? (size_t)(dot - word) : n;
    for (uint32_t g = 0; g < p->group.n; g++) {
        const struct plan_group *group = &p->group.data[g];
        if (!dot || strlen(group->name) != n_layer || memcmp(group->name, word, n_layer) != 0) {
            continue;
        }
        const struct kernel *k = p->kernel.data[group->kernel];
        const char *var = arena_strndup(a, dot + 1, n - n_layer - 1);
        if (strcmp(var, "spikes") == 0) {
            *out = (struct run_record){g, -1};
            return true;
        }
        for (uint32_t s = 0; s < k->n_states; s++) {
            if (strcmp(k->state[s], var) == 0) {
                *out = (struct run_record){g, (int32_t)s};
                return true;
            }
        }
        struct diag *e = diag_add(d, E0201, (struct span){0},
                                  "layer `%s` has no variable `%s` to record", group->name, var);
        const char *near = nearest_name(var, k->state, k->n_states);
        if (near) {
            diag_hint(d, e, "did you mean `%s.%s`?", group->name, near);
        }
        return false;
    }
    struct diag *e = diag_add(d, E0201, (struct span){0}, "nothing to record is called `%.*s`",
                              (int)n, word);
    diag_hint(d, e, "--record takes all, none or LAYER.VARIABLE,...");
    return false;
}

bool record_spec(struct arena *a, const struct plan *p, const char *spec, struct run_record **out,
                 uint32_t *n, struct diags *d)
{
    VEC(struct run_record) list = {0};
    if (!spec) {
        for (uint32_t i = 0; i < p->record.n; i++) {
            struct run_record r = {p->record.data[i].group, p->record.data[i].state};
            VEC_PUSH(a, &list, r);
        }
    } else if (strcmp(spec, "all") == 0) {
        for (uint32_t g = 0; g < p->group.n; g++) {
            const struct kernel *k = p->kernel.data[p->group.data[g].kernel];
            for (int32_t s = -1; s < (int32_t)k->n_states; s++) {
                VEC_PUSH(a, &list, ((struct run_record){g, s}));
            }
        }
    } else if (strcmp(spec, "none") != 0) {
        for (const char *w = spec; *w;) {
            size_t len = strcspn(w, ",");
            struct run_record r;
            if (!record_one(a, p, w, len, &r, d)) {
                return false;
            }
            VEC_PUSH(a, &list, r);
            w += len + (w[len] == ',');
        }
    }
    *out = list.data;
    *n = list.n;
    return true;
}
