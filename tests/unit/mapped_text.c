#include "tests/unit/mapped_text.h"
#include "targets/dynapse2/profile.h"
#include "targets/sim/sim.h"

static void add_profiles(struct mapped_text *t, struct net *n, const struct random_network *r)
{
    for (uint32_t i = 0; r && n->board && i < 2; i++) {
        const struct buf *text = &r->profile[i];
        if (!text->n)
            continue;
        const struct d2_profile *p = d2_profile_read(&t->arena, text->data, text->n, 1, &t->diags);
        VEC_PUSH(&t->arena, &n->board->profile,
                 ((struct board_profile){.chip = r->profile_chip[i], .content = p}));
    }
}

bool mapped_text_map(struct mapped_text *t, const char *text, const struct random_network *r,
                     const struct target_options *o)
{
    *t = (struct mapped_text){0};
    unit_init(&t->unit, &t->arena, &t->diags, NULL);
    if (!unit_load_text(&t->unit, "random.dyn", text, strlen(text)))
        return false;
    t->asked = unit_network(&t->unit, NULL);
    t->net = unit_network(&t->unit, NULL);
    if (!t->net || t->diags.n_errors > 0)
        return false;
    if (t->net == t->asked)
        base_panic("one network twice");
    add_profiles(t, t->asked, r);
    add_profiles(t, t->net, r);
    for (const struct target_pass *p = compiler_dynapse2.pass; p->name; p++) {
        if (!p->run(t->net, o, &t->report, &t->diags) || !net_verify(t->net, &t->diags))
            return false;
    }
    return true;
}

void mapped_text_encode(struct mapped_text *t)
{
    struct image_writer w;
    image_begin(&w);
    if (!sim_map(&t->arena, t->net, &t->unit.sources, &t->plan, &t->diags))
        base_panic("the network has no plan");
    plan_write(&w, &t->plan, false);
    compiler_dynapse2.encode(&w, t->net, &t->plan, &t->diags);
    image_end(&w, "dynapse2");
    t->image = w.out;
}

void mapped_text_open(struct mapped_text *t, struct image *im)
{
    struct bytes b = {(const uint8_t *)t->image.data, t->image.n};
    if (!image_open(&t->arena, b, im, &t->diags, "image"))
        base_panic("the image can't be opened");
}

bool mapped_text_said(const struct mapped_text *t, enum diag_code code)
{
    for (uint32_t i = 0; i < t->diags.list.n; i++) {
        if (t->diags.list.data[i]->code == code)
            return true;
    }
    return false;
}

void mapped_text_free(struct mapped_text *t)
{
    buf_free(&t->image);
    target_report_free(&t->report);
    diags_free(&t->diags);
    arena_free(&t->arena);
}
