#include "compiler/fix.h"

#include <stdlib.h>

static int by_place(const void *a, const void *b)
{
    const struct diag *x = *(const struct diag *const *)a, *y = *(const struct diag *const *)b;
    if (x->edit_at.begin != y->edit_at.begin)
        return x->edit_at.begin < y->edit_at.begin ? -1 : 1;
    return x->edit_at.end < y->edit_at.end ? -1 : x->edit_at.end > y->edit_at.end;
}

uint32_t fix_text(struct buf *out, const struct sources *s, uint32_t file, const struct diags *d)
{
    const struct source *f = sources_get(s, file);
    struct arena scratch = {0};
    VEC(const struct diag *) edits = {0};
    for (uint32_t i = 0; i < d->list.n; i++)
        if (d->list.data[i]->edit && d->list.data[i]->edit_at.file == file)
            VEC_PUSH(&scratch, &edits, d->list.data[i]);
    if (edits.n > 0)
        qsort(edits.data, edits.n, sizeof *edits.data, by_place);
    uint32_t done = 0, applied = 0;
    for (uint32_t i = 0; i < edits.n; i++) {
        const struct span at = edits.data[i]->edit_at;
        if (applied > 0 && at.begin <= done)
            continue;
        buf_put(out, f->text + done, at.begin - done);
        buf_puts(out, edits.data[i]->edit);
        done = at.end;
        applied++;
    }
    buf_put(out, f->text + done, f->n - done);
    arena_free(&scratch);
    return applied;
}
