/* Any source can be checked: no message has a place outside of its file, each can be rendered, and
 * what the messages know to mend can be done. */
#include "compiler/elaborate.h"
#include "compiler/fix.h"
#include "lang/render.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_places(const struct unit *u, const struct diags *d)
{
    for (uint32_t i = 0; i < d->list.n; i++) {
        const struct diag *g = d->list.data[i];
        const struct source *f = sources_get(&u->sources, g->span.file);
        const struct source *to = sources_get(&u->sources, g->edit_at.file);
        if ((f && (g->span.begin > g->span.end || g->span.end > f->n)) ||
            (g->edit && (!to || g->edit_at.begin > g->edit_at.end || g->edit_at.end > to->n)))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a = {0};
    struct diags d = {0};
    struct unit u;
    struct buf out = {0}, mended = {0};
    unit_init(&u, &a, &d, NULL);
    unit_load_text(&u, "input.dyn", (const char *)data, n);
    unit_check(&u);
    check_places(&u, &d);
    for (uint32_t i = 0; i < d.list.n; i++)
        render_diag_json(&out, &u.sources, d.list.data[i]);
    if (sources_get(&u.sources, 1))
        fix_text(&mended, &u.sources, 1, &d);
    buf_free(&out);
    buf_free(&mended);
    diags_free(&d);
    arena_free(&a);
    return 0;
}
