/* The image container and a plan in it: there and back, and nothing else than an error for any
 * damage. */
#include "tests/unit/unit.h"

#include "runtime/image.h"
#include "tests/unit/make_plan.h"
#include <math.h>

static void write_example(struct image_writer *w, struct arena *a, bool synapses)
{
    image_begin(w);
    plan_write(w, make_example(a), synapses);
    provenance_write(w, &(struct provenance){.source_hash = 0x123456789abcdef0,
                                             .compiler = "dyn 0.1.0",
                                             .options = "-t sim",
                                             .source = "a\033b.dyn"});
    image_end(w, "sim");
}

static struct bytes bytes_of(const struct image_writer *w)
{
    return (struct bytes){(const uint8_t *)w->out.data, w->out.n};
}

static void there_and_back(void **unused)
{
    (void)unused;
    struct arena a = {0};
    struct diags d = {0};
    struct image_writer w, again;
    write_example(&w, &a, true);
    struct image im;
    struct plan p;
    assert_true(image_is(bytes_of(&w)));
    assert_true(image_open(&a, bytes_of(&w), &im, &d, "x"));
    assert_string_equal(im.target, "sim");
    assert_int_equal(im.version, 3);
    for (uint32_t i = 0; i < im.n; i++)
        assert_int_equal((uintptr_t)(im.section[i].bytes.data - (const uint8_t *)w.out.data) % 8,
                         0);
    assert_null(image_find(&im, "NONE"));
    assert_true(plan_read(&a, &im, &p, &d, "x"));
    assert_string_equal(p.network, "example");
    assert_string_equal(p.group.data[1].name, "second");
    assert_int_equal(p.group.data[1].n, 4);
    assert_int_equal(p.group.data[1].shape.rank, 2);
    assert_true(p.group.data[0].param[0].uniform && !p.group.data[1].param[0].uniform);
    assert_true(p.group.data[1].mismatch[0] == 0.05);
    assert_null(p.group.data[0].factor);
    assert_true(p.group.data[1].factor[0][1] == 0 && p.group.data[1].factor[0][2] == 1.125f);
    assert_int_equal(p.projection.data[2].delay, 3);
    assert_true(p.projection.data[2].weight[4] == 3);
    assert_int_equal(p.record.data[0].state, -1);
    assert_int_equal(p.input.data[1].span.line, 2);
    assert_string_equal(p.files.data[0], "example.dyn");

    struct provenance o;
    assert_true(provenance_read(&a, &im, &o));
    assert_true(o.source_hash == 0x123456789abcdef0);
    assert_string_equal(o.source, "a?b.dyn"); /* nothing that a terminal would act upon */

    image_begin(&again);
    plan_write(&again, &p, true);
    provenance_write(&again, &o);
    image_end(&again, "sim");
    assert_int_equal(again.out.n, w.out.n);
    assert_memory_equal(again.out.data, w.out.data, w.out.n);
    buf_free(&w.out);
    buf_free(&again.out);
    diags_free(&d);
    arena_free(&a);
}

static void same_pair(const uint32_t a[2], const uint32_t b[2])
{
    assert_int_equal(a[0], b[0]);
    assert_int_equal(a[1], b[1]);
}

static void maps_there_and_back(void **unused)
{
    (void)unused;
    struct arena a = {0};
    struct diags d = {0};
    struct image_writer w;
    struct image im;
    struct plan *p = make_maps(&a), got;
    p->semantics = PLAN_EVENT;
    image_begin(&w);
    plan_write(&w, p, true);
    image_end(&w, "sim");
    assert_true(image_open(&a, bytes_of(&w), &im, &d, "x"));
    assert_true(plan_read(&a, &im, &got, &d, "x"));
    assert_int_equal(got.semantics, PLAN_EVENT);
    const struct sensor *s = got.input.data[0].sensor, *t = p->input.data[0].sensor;
    assert_string_equal(s->from, "dvs");
    assert_memory_equal(s->raw, t->raw, sizeof s->raw);
    assert_true(s->on && s->off && s->merge && s->mirror[0] && !s->mirror[1] && !s->swap);
    same_pair(s->pool, t->pool);
    same_pair(s->crop[0], t->crop[0]);
    same_pair(s->crop[1], t->crop[1]);
    for (uint32_t i = 0; i < 2; i++) {
        const struct plan_projection *x = &got.projection.data[i], *y = &p->projection.data[i];
        same_pair(x->pool, y->pool);
        assert_int_equal(x->average, y->average);
        assert_int_equal(x->n_pre, y->n_pre);
        assert_int_equal(x->conv->out, y->conv->out);
        assert_int_equal(x->conv->in, y->conv->in);
        same_pair(x->conv->kernel, y->conv->kernel);
        same_pair(x->conv->stride, y->conv->stride);
        same_pair(x->conv->padding, y->conv->padding);
        assert_memory_equal(x->conv->w, y->conv->w, conv_count(y->conv) * sizeof(float));
    }
    assert_null(got.projection.data[0].bias);
    assert_memory_equal(got.projection.data[1].bias, p->projection.data[1].bias, 3 * sizeof(float));
    buf_free(&w.out);
    diags_free(&d);
    arena_free(&a);
}

static void maps_are_verified(void **unused)
{
    (void)unused;
    struct arena a = {0};
    const char *why;
    assert_true(plan_verify(make_maps(&a), &why));
#define BAD(change)                                                                                \
    do {                                                                                           \
        struct plan *p = make_maps(&a);                                                            \
        struct sensor *s = p->input.data[0].sensor;                                                \
        struct plan_projection *j = &p->projection.data[1];                                        \
        struct conv *c = j->conv;                                                                  \
        (void)s, (void)c;                                                                          \
        change;                                                                                    \
        if (plan_verify(p, &why))                                                                  \
            fail_msg("let through: %s", #change);                                                  \
    } while (0)
    BAD(p->semantics = 2);
    BAD(s->raw[0] = 1);
    BAD(s->raw[1] = 0xffffffff);
    BAD(s->on = s->off = false);
    BAD(s->merge = false);
    BAD(s->pool[0] = 0);
    BAD(s->pool[1] = 11);
    BAD(s->crop[0][1] = 5);
    BAD(s->crop[1][0] = 4);
    BAD(s->swap = true);
    BAD(p->input.data[0].shape = ((struct plan_shape){1, {12}}));
    BAD(p->group.data[0].shape = ((struct plan_shape){1, {32}}));
    BAD(p->group.data[1].shape = ((struct plan_shape){1, {6}}));
    BAD(j->pool[0] = 0);
    BAD(j->pool[0] = 5);
    BAD(j->pool[1] = 0xffffffff);
    BAD(j->n_pre = 32);
    BAD(c->in = 1);
    BAD(c->out = 2);
    BAD(c->kernel[0] = 0);
    BAD(c->kernel[0] = 3);
    BAD(c->kernel[1] = 0xffffffff);
    BAD(c->stride[0] = 0);
    BAD(c->stride[1] = 0x80000000);
    BAD(c->padding[0] = 1);
    BAD(c->padding[1] = 0xffffffff);
    BAD(c->w[0] = NAN);
    BAD(c->w = NULL);
    BAD(j->bias[2] = INFINITY);
    BAD(j->delay = 0); /* the model isn't event-driven */
#undef BAD
    arena_free(&a);
}

static void without_synapses_the_ends_are_kept(void **unused)
{
    (void)unused;
    struct arena a = {0};
    struct diags d = {0};
    struct image_writer w;
    write_example(&w, &a, false);
    struct image im;
    struct plan p;
    assert_true(image_open(&a, bytes_of(&w), &im, &d, "x"));
    assert_null(image_find(&im, "SYNS"));
    assert_true(plan_read(&a, &im, &p, &d, "x"));
    assert_int_equal(p.projection.n, 3);
    assert_int_equal(p.projection.data[1].receptor, 1);
    assert_int_equal(p.projection.data[1].n_pre, 1);
    assert_null(p.projection.data[1].row);
    const char *why;
    assert_false(plan_verify(&p, &why));
    buf_free(&w.out);
    diags_free(&d);
    arena_free(&a);
}

static bool opens(const uint8_t *data, size_t n, enum diag_code *code)
{
    struct arena a = {0};
    struct diags d = {0};
    struct image im;
    struct plan p;
    bool ok =
        image_open(&a, (struct bytes){data, n}, &im, &d, "x") && plan_read(&a, &im, &p, &d, "x");
    assert_true(ok == (d.n_errors == 0));
    *code = ok ? 0 : d.list.data[0]->code;
    diags_free(&d);
    arena_free(&a);
    return ok;
}

static void every_damage_is_an_error(void **unused)
{
    (void)unused;
    struct arena a = {0};
    struct image_writer w;
    write_example(&w, &a, true);
    enum diag_code code;
    for (size_t i = 0; i < w.out.n; i++) {
        for (unsigned bit = 0; bit < 8; bit += 7) {
            w.out.data[i] = (char)(w.out.data[i] ^ (1 << bit));
            if (opens((const uint8_t *)w.out.data, w.out.n, &code))
                fail_msg("bit %u of byte %zu isn't checked", bit, i);
            assert_int_equal(code, i / 4 == 1 ? E0702 : E0701);
            w.out.data[i] = (char)(w.out.data[i] ^ (1 << bit));
        }
    }
    for (size_t n = 0; n < w.out.n; n++) {
        uint8_t *cut = malloc(n ? n : 1); /* its own size: sanitizers see reads beyond it */
        memcpy(cut, w.out.data, n);
        assert_false(opens(cut, n, &code));
        assert_int_equal(code, E0701);
        free(cut);
    }
    buf_free(&w.out);
    arena_free(&a);
}

/* Wrong contents under right checksums: each byte of each section set to each of a few values. */
static void wrong_contents_never_crash(void **unused)
{
    (void)unused;
    static const uint8_t value[] = {0, 1, 4, 0x7f, 0xff};
    struct arena a = {0};
    struct diags d = {0};
    struct image_writer w;
    write_example(&w, &a, true);
    struct image im;
    assert_true(image_open(&a, bytes_of(&w), &im, &d, "x"));
    unsigned rejected = 0;
    for (uint32_t s = 0; s < im.n; s++) {
        for (size_t i = 0; i < im.section[s].bytes.n; i++) {
            for (size_t v = 0; v < sizeof value; v++) {
                struct image_writer bad;
                image_begin(&bad);
                for (uint32_t t = 0; t < im.n; t++) {
                    struct buf body = {0};
                    buf_put(&body, im.section[t].bytes.data, im.section[t].bytes.n);
                    if (t == s)
                        body.data[i] = (char)value[v];
                    image_add(&bad, im.section[t].tag, &body);
                    buf_free(&body);
                }
                image_end(&bad, "sim");
                enum diag_code code;
                if (!opens((const uint8_t *)bad.out.data, bad.out.n, &code)) {
                    assert_int_equal(code, E0701);
                    rejected++;
                }
                buf_free(&bad.out);
            }
        }
    }
    assert_true(rejected > 500);
    buf_free(&w.out);
    diags_free(&d);
    arena_free(&a);
}

static void plans_are_verified(void **unused)
{
    (void)unused;
    struct arena a = {0};
    const char *why;
    assert_true(plan_verify(make_example(&a), &why));
#define BAD(change)                                                                                \
    do {                                                                                           \
        struct plan *p = make_example(&a);                                                         \
        struct plan_projection *j = &p->projection.data[2];                                        \
        struct plan_group *g = &p->group.data[1];                                                  \
        (void)j, (void)g;                                                                          \
        change;                                                                                    \
        if (plan_verify(p, &why))                                                                  \
            fail_msg("let through: %s", #change);                                                  \
    } while (0)
    BAD(p->dt = -1);
    BAD(g->n = 5);
    BAD(g->shape.extent[0] = 1u << 31);
    BAD(g->shape.rank = 5);
    BAD(g->kernel = 1);
    BAD(g->mismatch[0] = -0.1);
    BAD(g->factor[0][0] = -1);
    BAD(g->factor[0][0] = 0.009f);
    BAD(g->factor[0][3] = 101);
    BAD(g->factor[0][3] = NAN);
    BAD(p->kernel.data[0]->param[0].kind = K_PARAM_PLAIN);
    BAD(p->input.data[0].n = 3);
    BAD(j->src = 2);
    BAD(j->dst = 2);
    BAD(j->receptor = 2);
    BAD(j->delay = 0);
    BAD(j->n_pre = 1);
    BAD(j->row[0] = 1);
    BAD(j->row[1] = 9);
    BAD(j->post[0] = 3);
    BAD(j->post[7] = 4);
    BAD(j->weight[3] = 1.0f / 0.0f);
    BAD(p->record.data[1].state = 2);
    BAD(p->record.data[1].state = -2);
    BAD(p->output.data[0] = 2);
    BAD(j->delay = 1000001);
    BAD(p->network = "a b");
    BAD(p->network = "");
    BAD(g->name = "1a");
    BAD(g->name = "a.");
    BAD(g->name = "a..b");
    BAD(g->name = ".a");
    BAD(p->input.data[0].name = "a.b\n");
    BAD(g->param[0].v[3] = NAN);
    BAD(g->param[0].v[3] = -INFINITY);
    BAD(g->init[0].v[0] = INFINITY);
    BAD(j->weight[0] = NAN);
#undef BAD
    struct plan *p = make_example(&a);
    p->group.data[1].name = "part_1.x2._y";
    p->projection.data[2].delay = 1000000;
    assert_true(plan_verify(p, &why));
    p->group.data[1].factor = NULL;
    p->kernel.data[0]->param[0].kind = K_PARAM_PLAIN; /* where infinity may mean: no limit */
    p->group.data[1].param[0].v[3] = INFINITY;
    assert_true(plan_verify(p, &why));
    p->group.data[1].param[0].v[3] = NAN;
    assert_false(plan_verify(p, &why));
    arena_free(&a);
}

/* What has the right checksums, but not the right contents, is told. */
static void wrong_contents_are_named(void **unused)
{
    (void)unused;
    struct arena a = {0};
    struct diags d = {0};
    struct plan *p = make_example(&a), got;
    struct image_writer w;
    struct image im;
    p->projection.data[2].delay = 2000000;
    image_begin(&w);
    plan_write(&w, p, true);
    image_end(&w, "sim");
    assert_true(image_open(&a, bytes_of(&w), &im, &d, "x"));
    assert_false(plan_read(&a, &im, &got, &d, "x"));
    assert_int_equal(d.n_errors, 1);
    assert_int_equal(d.list.data[0]->code, E0701);
    assert_string_equal(d.list.data[0]->message,
                        "x isn't a valid image: a delay is over 1000000 steps");
    buf_free(&w.out);
    diags_free(&d);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(maps_there_and_back),
        cmocka_unit_test(maps_are_verified),
        cmocka_unit_test(without_synapses_the_ends_are_kept),
        cmocka_unit_test(every_damage_is_an_error),
        cmocka_unit_test(wrong_contents_never_crash),
        cmocka_unit_test(plans_are_verified),
        cmocka_unit_test(wrong_contents_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
