#include "compiler/lsp.h"

enum { SEVERITY_ERROR = 1, SEVERITY_WARNING = 2 };

static void put_related(struct json *j, struct arena *a, struct lsp_document *d, struct span at,
                        const char *text)
{
    const char *uri = lsp_uri_of_file(a, d, at.file);
    if (!uri) {
        return;
    }
    json_object(j);
    json_key(j, "location");
    lsp_put_location(j, uri, lsp_lines_of(d, at.file), at);
    json_key(j, "message");
    json_str(j, text);
    json_end_object(j);
}

/* What is wrong in another file stands at the beginning of this one, which uses it. */
static void put_diagnostic(struct json *j, struct lsp_document *d, const struct diag *g)
{
    struct arena a = {0};
    const bool here = g->span.file == 1;
    const struct source *f = sources_get(&d->unit.sources, g->span.file);
    struct buf text = {0};
    if (!here && f) {
        buf_printf(&text, "%s: ", f->path);
    }
    buf_printf(&text, "%s%s%s", g->message, g->hint ? "\n" : "", g->hint ? g->hint : "");
    json_object(j);
    json_key(j, "range");
    lsp_put_range(j, here ? &d->lines : NULL, g->span);
    json_key(j, "severity");
    json_int(j, g->severity == DIAG_ERROR ? SEVERITY_ERROR : SEVERITY_WARNING);
    json_key(j, "code");
    json_str(j, diag_code_text(g->code));
    json_key(j, "source");
    json_str(j, "dyn");
    json_key(j, "message");
    json_str(j, text.data);
    if (g->labels.n || (!here && f)) {
        json_key(j, "relatedInformation");
        json_array(j);
        if (!here && f) {
            put_related(j, &a, d, g->span, g->message);
        }
        for (uint32_t i = 0; i < g->labels.n; i++) {
            put_related(j, &a, d, g->labels.data[i].span, g->labels.data[i].text);
        }
        json_end_array(j);
    }
    json_end_object(j);
    buf_free(&text);
    arena_free(&a);
}

void lsp_publish(struct lsp_document *d, struct json *j)
{
    json_object(j);
    json_key(j, "uri");
    json_str(j, d->uri);
    if (d->has_version) {
        json_key(j, "version");
        json_int(j, d->version);
    }
    json_key(j, "diagnostics");
    json_array(j);
    for (uint32_t i = 0; i < d->diags.list.n; i++) {
        put_diagnostic(j, d, d->diags.list.data[i]);
    }
    json_end_array(j);
    json_end_object(j);
}

static void put_action(struct json *j, struct lsp_document *d, const struct diag *g)
{
    json_object(j);
    json_key(j, "title");
    json_str(j, g->hint ? g->hint : g->message);
    json_key(j, "kind");
    json_str(j, "quickfix");
    json_key(j, "diagnostics");
    json_array(j);
    put_diagnostic(j, d, g);
    json_end_array(j);
    json_key(j, "edit");
    json_object(j);
    json_key(j, "changes");
    json_object(j);
    json_key(j, d->uri);
    json_array(j);
    json_object(j);
    json_key(j, "range");
    lsp_put_range(j, &d->lines, g->edit_at);
    json_key(j, "newText");
    json_str(j, g->edit);
    json_end_object(j);
    json_end_array(j);
    json_end_object(j);
    json_end_object(j);
    json_end_object(j);
}

void lsp_actions(struct lsp_document *d, struct span range, struct json *j)
{
    json_array(j);
    for (uint32_t i = 0; i < d->diags.list.n; i++) {
        const struct diag *g = d->diags.list.data[i];
        if (g->edit && g->edit_at.file == 1 && g->span.file == 1 && g->span.begin <= range.end &&
            g->span.end >= range.begin) {
            put_action(j, d, g);
        }
    }
    json_end_array(j);
}
