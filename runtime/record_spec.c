#include "runtime/record_spec.h"

#include "runtime/base/intern.h"

static void unknown_variable(struct arena *a, const struct plan_group *group,
                             const struct kernel *k, const char *var, struct diags *d)
{
    struct diag *e = diag_add(d, E0201, (struct span){0},
                              "layer `%s` has no variable `%s` to record", group->name, var);
    const char **names = ARENA_ARRAY(a, const char *, k->n_states + 1);
    for (uint32_t s = 0; s < k->n_states; s++) {
        names[s] = k->state[s];
    }
    names[k->n_states] = "spikes";
    const char *near = nearest_name(var, names, k->n_states + 1);
    if (near) {
        diag_hint(d, e, "did you mean `%s.%s`?", group->name, near);
    }
}

static bool is_layer(const struct plan *p, const char *word)
{
    for (uint32_t g = 0; g < p->group.n; g++) {
        if (strcmp(p->group.data[g].name, word) == 0) {
            return true;
        }
    }
    return false;
}

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
        unknown_variable(a, group, k, var, d);
        return false;
    }
    const char *name = arena_strndup(a, word, n);
    struct diag *e = diag_add(d, E0201, (struct span){0}, "nothing to record is called `%s`", name);
    if (is_layer(p, name)) {
        diag_hint(d, e, "the spikes of the layer are `%s.spikes`", name);
    } else {
        diag_hint(d, e, "--record takes all, none or LAYER.VARIABLE,...");
    }
    return false;
}

static bool same(struct run_record x, struct run_record y)
{
    return x.group == y.group && x.state == y.state;
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
        for (const char *w = spec; w;) {
            size_t len = strcspn(w, ",");
            struct run_record r;
            if (!record_one(a, p, w, len, &r, d)) {
                return false;
            }
            uint32_t before = 0;
            while (before < list.n && !same(list.data[before], r)) {
                before++;
            }
            if (before == list.n) { /* said twice, recorded once */
                VEC_PUSH(a, &list, r);
            }
            w = w[len] ? w + len + 1 : NULL;
        }
    }
    *out = list.data;
    *n = list.n;
    return true;
}
