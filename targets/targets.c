/* All targets, run half. */
#include "targets/target.h"

const struct target *const targets[] = {&target_sim, &target_dynapse2, NULL};

const struct target *target_find(const char *name)
{
    for (uint32_t i = 0; targets[i]; i++) {
        if (strcmp(targets[i]->name, name) == 0)
            return targets[i];
    }
    return NULL;
}

bool target_load(struct arena *a, const struct image *im, struct plan *out, struct diags *d,
                 const char *what)
{
    const struct target *t = target_find(im->target);
    if (!t) {
        diag_add(d, E0702, (struct span){0}, "%s is an image for the unknown target `%s`", what,
                 im->target);
        return false;
    }
    const char *why;
    if (!plan_read(a, im, out, d, what) || !t->decode(a, im, out, d))
        return false;
    if (plan_verify(out, &why))
        return true;
    diag_add(d, E0701, (struct span){0}, "%s isn't a valid image: %s", what, why);
    return false;
}
