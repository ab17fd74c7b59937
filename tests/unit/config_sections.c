#include "tests/unit/config_sections.h"
#include "targets/dynapse2/passes.h"

bool config_sections(struct arena *a, const struct d2_config *c, struct image *out)
{
    struct image_writer w;
    struct diags d = {0};
    image_begin(&w);
    d2_config_write(&w, c);
    image_end(&w, "dynapse2");
    uint8_t *copy = ARENA_ARRAY(a, uint8_t, w.out.n);
    memcpy(copy, w.out.data, w.out.n);
    bool ok = image_open(a, (struct bytes){copy, w.out.n}, out, &d, "configuration");
    buf_free(&w.out);
    diags_free(&d);
    return ok;
}
