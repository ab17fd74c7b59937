/* Any bytes parse to a tree and messages, and every message can be rendered. */
#include "lang/parse.h"
#include "lang/render.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a = {0};
    struct diags d = {0};
    struct intern names;
    struct sources s = {.arena = &a};
    struct buf out = {0};
    intern_init(&names, &a);
    uint32_t file = sources_add(&s, "input.dyn", (const char *)data, n, &d);
    parse_file(&a, &names, &s, file, &d);
    for (uint32_t i = 0; i < d.list.n; i++) {
        const struct diag *g = d.list.data[i];
        if (g->span.begin > g->span.end || g->span.end > n)
            abort();
        render_diag(&out, &s, g, i % 2 == 0);
        render_diag_json(&out, &s, g);
    }
    buf_free(&out);
    diags_free(&d);
    arena_free(&a);
    return 0;
}
