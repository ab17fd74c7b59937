#include "diag.h"
#include "buf.h"

struct code_entry {
    const char *code, *name, *title;
    enum diag_class class;
};

static const struct code_entry codes[DIAG_N_CODES] = {
#define DIAG_E(code, cls, text)  {#code, NULL, text, cls},
#define DIAG_W(code, name, text) {#code, name, text, DIAG_INPUT},
#include "diag_codes.def"
#undef DIAG_E
#undef DIAG_W
};

void diags_free(struct diags *d)
{
    arena_free(&d->arena);
    *d = (struct diags){0};
}

static uint64_t fingerprint(enum diag_code code, struct span at, const char *text, size_t n)
{
    uint64_t h = hash_bytes((uint64_t)code << 32 | at.file, text, n);
    return h ^ hash_u64((uint64_t)at.begin << 32 | at.end);
}

static bool same(const struct diag *g, enum diag_code code, struct span at, const char *text)
{
    return g->code == code && g->span.file == at.file && g->span.begin == at.begin &&
           g->span.end == at.end && strcmp(g->message, text) == 0;
}

/* A warning or error that is to be listed, unless it's there already. */
static struct diag *list(struct diags *d, struct diag made, const char *fmt, va_list ap)
{
    struct buf text = {0};
    buf_vprintf(&text, fmt, ap);
    if (!d->seen.arena)
        map64_init(&d->seen, &d->arena);
    int fresh;
    uint32_t at = map64_put(&d->seen, fingerprint(made.code, made.span, text.data, text.n),
                            d->list.n, &fresh);
    struct diag *g = fresh ? NULL : d->list.data[at];
    if (!g || !same(g, made.code, made.span, text.data)) {
        g = ARENA_NEW(&d->arena, struct diag);
        *g = made;
        g->message = arena_strndup(&d->arena, text.data, text.n);
        VEC_PUSH(&d->arena, &d->list, g);
        if (g->severity == DIAG_ERROR)
            d->n_errors++;
        else
            d->n_warnings++;
    }
    buf_free(&text);
    return g;
}

struct diag *diag_add(struct diags *d, enum diag_code code, struct span at, const char *fmt, ...)
{
    bool warning = diag_code_is_warning(code);
    if (warning && d->level[code] == DIAG_AS_ERROR)
        warning = false;
    struct diag made = {
        .code = code, .severity = warning ? DIAG_WARNING : DIAG_ERROR, .span = at, .message = ""};
    bool off = warning && d->level[code] == DIAG_OFF;
    if (off || (!warning && d->n_errors >= DIAG_MAX_ERRORS)) {
        d->n_errors += !off;
        d->unlisted = made;
        return &d->unlisted;
    }
    va_list ap;
    va_start(ap, fmt);
    struct diag *g = list(d, made, fmt, ap);
    va_end(ap);
    return g;
}

void diag_label(struct diags *d, struct diag *g, struct span at, const char *fmt, ...)
{
    if (g == &d->unlisted)
        return;
    va_list ap;
    va_start(ap, fmt);
    const char *text = arena_vprintf(&d->arena, fmt, ap);
    va_end(ap);
    for (uint32_t i = 0; i < g->labels.n; i++) { /* g may be an earlier, identical one */
        const struct diag_label *l = &g->labels.data[i];
        if (l->span.file == at.file && l->span.begin == at.begin && l->span.end == at.end &&
            strcmp(l->text, text) == 0)
            return;
    }
    VEC_PUSH(&d->arena, &g->labels, ((struct diag_label){at, text}));
}

void diag_hint(struct diags *d, struct diag *g, const char *fmt, ...)
{
    if (g == &d->unlisted)
        return;
    va_list ap;
    va_start(ap, fmt);
    g->hint = arena_vprintf(&d->arena, fmt, ap);
    va_end(ap);
}

void diag_edit(struct diags *d, struct diag *g, struct span at, const char *fmt, ...)
{
    if (g == &d->unlisted)
        return;
    va_list ap;
    va_start(ap, fmt);
    g->edit = arena_vprintf(&d->arena, fmt, ap);
    va_end(ap);
    g->edit_at = at;
}

const char *diag_code_text(enum diag_code c)
{
    return codes[c].code;
}

const char *diag_code_title(enum diag_code c)
{
    return codes[c].title;
}

const char *diag_code_name(enum diag_code c)
{
    return codes[c].name;
}

bool diag_code_is_warning(enum diag_code c)
{
    return codes[c].name != NULL;
}

bool diags_set_level(struct diags *d, const char *name, enum diag_level level)
{
    bool found = false;
    for (int c = 0; c < DIAG_N_CODES; c++) {
        if (codes[c].name &&
            (strcmp(codes[c].name, name) == 0 || strcmp(codes[c].code, name) == 0)) {
            d->level[c] = (uint8_t)level;
            found = true;
        }
    }
    return found;
}

int diags_exit_status(const struct diags *d)
{
    for (uint32_t i = 0; i < d->list.n; i++) {
        if (d->list.data[i]->severity == DIAG_ERROR)
            return (int)codes[d->list.data[i]->code].class;
    }
    return 0;
}
