/* How a run goes: --semantics event|clocked, and --dt, the time step of a network without one. */
#include "compiler/driver.h"

#include "lang/literal.h"
#include <math.h>

static const struct span NOWHERE = {0, 0, 0};

/* Seconds; false: it is no time. */
static bool time_of(const char *text, double *out)
{
    const size_t n = strlen(text), digits = literal_number_length(text, n);
    const char *unit = text + digits + strspn(text + digits, " ");
    int pow10;
    struct dim dim;
    return digits && unit_lookup(unit, strlen(unit), &pow10, &dim) && dim_eq(dim, DIM_TIME) &&
           !literal_number(text, digits, pow10, out) && isfinite((float)*out);
}

bool driver_step(struct driver *d, const char *text, double *out)
{
    *out = 0;
    if (!text || (time_of(text, out) && (float)*out > 0)) {
        return true;
    }
    struct diag *g = diag_add(&d->diags, E0903, NOWHERE, "`%s` is no time step", text);
    diag_hint(&d->diags, g, "for example --dt 1ms");
    return false;
}

bool driver_delay(struct driver *d, const char *text, const struct plan *p, struct stimulus *out)
{
    if (!text) {
        return true;
    }
    if (!time_of(text, &out->delay) || out->delay < 0 || out->delay > STIMULUS_MAX_DELAY) {
        struct diag *g = diag_add(&d->diags, E0903, NOWHERE, "`%s` is no delay", text);
        diag_hint(&d->diags, g, "for example --delay 500ms");
    } else if (p->semantics != PLAN_EVENT) {
        diag_add(&d->diags, E0903, NOWHERE, "--delay is for runs event by event");
    } else {
        return true;
    }
    return false;
}

static bool semantics_of(struct driver *d, const char *text, enum plan_semantics *out)
{
    if (strcmp(text, "event") == 0) {
        *out = PLAN_EVENT;
    } else if (strcmp(text, "clocked") == 0) {
        *out = PLAN_CLOCKED;
    } else {
        struct diag *g = diag_add(&d->diags, E0903, NOWHERE, "there are no semantics `%s`", text);
        diag_hint(&d->diags, g, "--semantics is event or clocked");
        return false;
    }
    return true;
}

bool driver_time(struct driver *d, const struct build_options *o, struct plan *p)
{
    double dt;
    if (!driver_step(d, o->dt, &dt)) {
        return false;
    }
    if (dt > 0 && p->dt > 0 && p->dt != dt) {
        struct diag *g =
            diag_add(&d->diags, E0903, NOWHERE, "network `%s` has a time step of its own, %s",
                     p->network, unit_text(&d->arena, p->dt, DIM_TIME));
        diag_hint(&d->diags, g, "--dt is for networks that have none");
        return false;
    }
    p->dt = dt > 0 ? dt : p->dt;
    return !o->semantics || (semantics_of(d, o->semantics, &p->semantics) &&
                             plan_can_run(p, p->semantics, &d->diags));
}
