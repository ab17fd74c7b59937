/* All targets, run half. */
#include "targets/target.h"

const struct target *const targets[] = {&target_sim, &target_dynapse2, &target_speck2e,
                                        &target_speck2f, NULL};

const struct target *target_find(const char *name)
{
    for (uint32_t i = 0; targets[i]; i++) {
        if (strcmp(targets[i]->name, name) == 0)
            return targets[i];
    }
    return NULL;
}

/* The target of an image whose shared sections were read into *out; NULL: reported. */
static const struct target *open_plan(struct arena *a, const struct image *im, struct plan *out,
                                      struct diags *d, const char *what)
{
    const struct target *t = target_find(im->target);
    if (!t)
        diag_add(d, E0702, (struct span){0}, "%s is an image for the unknown target `%s`", what,
                 im->target);
    return t && plan_read(a, im, out, d, what) ? t : NULL;
}

static bool verify(const struct plan *p, struct diags *d, const char *what)
{
    const char *why;
    if (plan_verify(p, &why))
        return true;
    diag_add(d, E0701, (struct span){0}, "%s isn't a valid image: %s", what, why);
    return false;
}

bool target_load(struct arena *a, const struct image *im, struct plan *out, struct diags *d,
                 const char *what)
{
    const struct target *t = open_plan(a, im, out, d, what);
    return t && t->decode(a, im, out, d) && verify(out, d, what);
}

bool target_emulate(struct arena *a, const struct image *im, struct plan *out,
                    struct findings *found, struct diags *d, const char *what)
{
    const struct target *t = open_plan(a, im, out, d, what);
    *found = (struct findings){.arena = a};
    return t && t->emulate(a, im, out, found, d) && verify(out, d, what);
}
