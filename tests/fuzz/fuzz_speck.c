/* What is read of a Speck. First byte even: the length of CONF (3 bytes), CONF, MAPS; what is read
 * is written again and comes back. Odd: changes of a flash image, each an address (3 bytes) and a
 * byte; what is read is encoded again to the same bytes. */
#include "targets/speck/emulate.h"
#include "targets/speck/export.h"
#include "targets/speck/flash.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static size_t word(const uint8_t *p)
{
    return (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16;
}

/* A plan of as many layers and inputs as were mapped. */
static void make_plan(struct arena *a, const struct speck_maps *m, struct plan *p)
{
    *p = (struct plan){.network = "n"};
    for (uint32_t i = 0; i < m->n_layers; i++)
        VEC_PUSH(a, &p->group, ((struct plan_group){.name = "l"}));
    for (uint32_t i = 0; i < m->n_inputs; i++)
        VEC_PUSH(a, &p->input, ((struct plan_input){.name = "i"}));
}

static void write_again(struct arena *a, const struct image *im, const struct speck_config *c,
                        const struct speck_maps *m, struct diags *d)
{
    struct image_writer w = {0};
    struct image again;
    image_begin(&w);
    speck_config_write(&w, c, m);
    image_end(&w, im->target);
    if (!image_open(a, (struct bytes){(const uint8_t *)w.out.data, w.out.n}, &again, d, "again"))
        abort();
    for (uint32_t i = 0; i < 2; i++) {
        struct bytes x = im->section[i].bytes, y = again.section[i].bytes;
        if (x.n != y.n || memcmp(x.data, y.data, x.n) != 0)
            abort();
    }
    buf_free(&w.out);
}

/* Whatever comes in at whatever place, the virtual chip goes on. */
static bool hears(void *arg, const struct speck_event *e, bool monitored)
{
    uint32_t *left = arg;
    if (e->layer >= SPECK_LAYERS || (monitored && e->t < 0))
        abort();
    return (*left)-- > 0;
}

static void play(const struct speck_config *c, const uint8_t *data, size_t n)
{
    static const uint8_t to[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, SPECK_READOUT, SPECK_DVS};
    struct arena a = {0};
    const struct speck_choices o = {
        .slow_clock = 1000, .leak_fires = n % 2, .border_kept = n % 3 == 0};
    struct speck_virtual *s = speck_virtual_new(&a, c, &o);
    uint32_t left = 100;
    const struct speck_ear ear = {hears, &left};
    for (size_t i = 0; i + 4 <= n && i < 64; i += 4) {
        const struct speck_event e = {.layer = to[data[i] % sizeof to],
                                      .feature = data[i + 1],
                                      .y = data[i + 2],
                                      .x = data[i + 3]};
        if (!speck_virtual_pass(s, (int64_t)i * 100, &ear))
            break;
        speck_virtual_post(s, &e);
        if (!speck_virtual_serve(s, &ear))
            break;
    }
    arena_free(&a);
}

static void read_sections(const uint8_t *data, size_t n)
{
    size_t conf = n < 3 ? 0 : word(data);
    if (n < 3)
        return;
    if (conf > n - 3)
        conf = n - 3;
    struct image im = {
        .target = "speck2f",
        .n = 2,
        .section = {{"CONF", {data + 3, conf}}, {"MAPS", {data + 3 + conf, n - 3 - conf}}},
    };
    struct arena a = {0};
    struct diags d = {0};
    struct speck_config c;
    struct speck_maps m;
    bool ok = speck_config_read(&a, &im, &c, &m, &d);
    if (ok != (d.n_errors == 0))
        abort();
    if (ok) {
        struct plan p;
        struct buf out = {0};
        struct json j;
        write_again(&a, &im, &c, &m, &d);
        play(&c, data, n);
        make_plan(&a, &m, &p);
        json_init(&j, &out, 0);
        if (!speck_dump_json(&a, &im, &p, &j, &d) ||
            !speck_export_samna(&a, &im, &p, NULL, &out, &d))
            abort();
        buf_free(&out);
    }
    diags_free(&d);
    arena_free(&a);
}

static void read_flash(const uint8_t *data, size_t n)
{
    struct arena a = {0};
    struct speck_faults f = {.arena = &a};
    struct speck_config c;
    uint8_t *b = arena_alloc(&a, 2 * SPECK_FLASH_SIZE), *again = b + SPECK_FLASH_SIZE;
    speck_config_default(&a, SPECK_2E, &c);
    if (!speck_flash_encode(&c, b, &f))
        abort();
    for (size_t i = 0; i + 4 <= n; i += 4)
        b[word(data + i) % SPECK_FLASH_SIZE] = data[i + 3];
    bool ok = speck_flash_decode(&a, (struct bytes){b, SPECK_FLASH_SIZE}, &c, &f);
    if (ok != (f.list.n == 0))
        abort();
    if (ok && (!speck_flash_encode(&c, again, &f) || memcmp(b, again, SPECK_FLASH_SIZE) != 0))
        abort();
    if (ok)
        play(&c, data, n);
    arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n > 0 && data[0] % 2 == 0)
        read_sections(data + 1, n - 1);
    else if (n > 0)
        read_flash(data + 1, n - 1);
    return 0;
}
