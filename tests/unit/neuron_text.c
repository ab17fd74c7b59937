#include "tests/unit/neuron_text.h"
#include "lang/parse.h"

void neuron_text_init(struct neuron_text *t)
{
    *t = (struct neuron_text){0};
    intern_init(&t->names, &t->arena);
    t->sources.arena = &t->arena;
}

void neuron_text_free(struct neuron_text *t)
{
    arena_free(&t->arena);
    diags_free(&t->diags);
}

static bool constant(void *arg, const char *name, double *value, struct dim *dim, bool *is_bool)
{
    const struct neuron_text *t = arg;
    for (const struct ast_decl *d = t->file->decls; d; d = d->next) {
        if (d->kind != AST_LET || d->let->name.text != name || !d->let->value ||
            d->let->value->kind != AST_NUMBER)
            continue;
        *value = d->let->value->number;
        *dim = d->let->value->dim;
        *is_bool = false;
        return true;
    }
    return false;
}

static const struct ast_fn *function(void *arg, const char *name, struct model_scope *its_scope)
{
    const struct neuron_text *t = arg;
    (void)its_scope; /* the same file */
    for (const struct ast_decl *d = t->file->decls; d; d = d->next) {
        if (d->kind == AST_FN && d->fn->name.text == name)
            return d->fn;
    }
    return NULL;
}

static uint32_t names(void *arg, const char **out, uint32_t max)
{
    const struct neuron_text *t = arg;
    uint32_t n = 0;
    for (const struct ast_decl *d = t->file->decls; d && n < max; d = d->next) {
        if (d->kind == AST_LET)
            out[n++] = d->let->name.text;
        else if (d->kind == AST_FN)
            out[n++] = d->fn->name.text;
    }
    return n;
}

static bool excuses(void *arg, const char *name)
{
    (void)arg;
    (void)name;
    return false;
}

struct model *neuron_text_check(struct neuron_text *t, const char *text)
{
    uint32_t file = sources_add(&t->sources, "test.dyn", text, strlen(text), &t->diags);
    t->file = parse_file(&t->arena, &t->names, &t->sources, file, &t->diags);
    struct model_scope scope = {constant, function, names, excuses, t};
    for (const struct ast_decl *d = t->file->decls; d; d = d->next) {
        if (d->kind == AST_NEURON)
            return model_check(&t->arena, d->neuron, &scope, &t->diags);
    }
    return NULL;
}
