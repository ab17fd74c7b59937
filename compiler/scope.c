#include "compiler/elab.h"
#include "compiler/foreign.h"

enum { MAX_CANDIDATES = 4096 };

static enum space space_of(enum def_kind k)
{
    return k == DEF_NETWORK    ? SPACE_NETWORK
           : k == DEF_NEURON   ? SPACE_NEURON
           : k == DEF_STIMULUS ? SPACE_STIMULUS
                               : SPACE_VALUE;
}

const char *def_word(enum def_kind k)
{
    static const char *const word[] = {
        [DEF_LET] = "a constant",    [DEF_FN] = "a function",         [DEF_VALUE] = "a parameter",
        [DEF_INPUT] = "an input",    [DEF_LAYER] = "a layer",         [DEF_PART] = "a part",
        [DEF_NETWORK] = "a network", [DEF_NEURON] = "a neuron model", [DEF_STIMULUS] = "a stimulus",
    };
    return word[k];
}

static const char *space_word(enum space s)
{
    static const char *const word[] = {"name", "network", "neuron model", "stimulus"};
    return word[s];
}

/* Interned names are known by their address. */
static uint64_t key(const char *name, enum space space)
{
    return (uint64_t)(uintptr_t)name * SPACE_N + (uint64_t)space;
}

struct scope *scope_new(struct elab *el, struct arena *a, struct scope *parent)
{
    struct scope *s = ARENA_NEW(a, struct scope);
    s->el = el;
    s->parent = parent;
    s->dt = parent ? parent->dt : NULL;
    map64_init(&s->map, a);
    return s;
}

static void clash(struct scope *s, struct ast_name name, struct span at, const struct def *other)
{
    struct diags *d = s->el->u->diags;
    struct diag *g = diag_add(d, E0202, at, "`%s` is declared twice", name.text);
    diag_label(d, g, other->name.span, "declared here, as %s", def_word(other->kind));
}

struct def *scope_add(struct arena *a, struct scope *s, enum def_kind kind, struct ast_name name,
                      const void *ast)
{
    struct def *d = ARENA_NEW(a, struct def);
    uint32_t cyclic;
    *d = (struct def){.kind = kind, .name = name, .scope = s, .ast = ast};
    d->cyclic = map64_get(&s->el->cyclic, (uint64_t)(uintptr_t)ast, &cyclic);
    if (!name.text)
        return d;
    int fresh;
    uint32_t at = map64_put(&s->map, key(name.text, space_of(kind)), s->def.n, &fresh);
    if (fresh)
        VEC_PUSH(a, &s->def, d);
    else
        clash(s, name, name.span, s->def.data[at]);
    return d;
}

void scope_import(struct arena *a, struct scope *s, struct def *d, struct span at)
{
    int fresh;
    uint32_t i = map64_put(&s->map, key(d->name.text, space_of(d->kind)), s->def.n, &fresh);
    if (fresh)
        VEC_PUSH(a, &s->def, d);
    else if (s->def.data[i] != d)
        clash(s, d->name, s->def.data[i]->scope == s ? s->def.data[i]->name.span : at,
              s->def.data[i]->scope == s ? d : s->def.data[i]);
}

struct def *scope_find_here(const struct scope *s, const char *name, enum space space)
{
    uint32_t i;
    return map64_get(&s->map, key(name, space), &i) ? s->def.data[i] : NULL;
}

static struct def *looked_up(struct def *d)
{
    if (d->kind == DEF_LET && !d->used) {
        map64_put(&d->scope->el->used, (uint64_t)(uintptr_t)d->ast, 0, NULL);
        d->used = true;
    }
    return d;
}

struct def *scope_find(const struct scope *s, const char *name, enum space space)
{
    uint64_t k = key(name, space);
    uint32_t i;
    for (; s; s = s->parent)
        if (map64_get(&s->map, k, &i))
            return looked_up(s->def.data[i]);
    return NULL;
}

bool let_used(const struct elab *el, const void *ast)
{
    uint32_t ignored;
    return map64_get(&el->used, (uint64_t)(uintptr_t)ast, &ignored);
}

uint32_t scope_names(const struct scope *s, enum space space, const char **out, uint32_t max)
{
    uint32_t n = 0;
    for (; s; s = s->parent)
        for (uint32_t i = 0; i < s->def.n && n < max; i++)
            if (space_of(s->def.data[i]->kind) == space)
                out[n++] = s->def.data[i]->name.text;
    return n;
}

bool hints_wanted(const struct diags *d)
{
    return d->n_errors <= DIAG_MAX_ERRORS;
}

void hint_near(struct diags *d, struct diag *g, const char *name, const char *const *candidates,
               uint32_t n)
{
    const char *other, *near = hints_wanted(d) ? nearest_names(name, candidates, n, &other) : NULL;
    if (!near)
        return;
    if (other)
        diag_hint(d, g, "did you mean `%s` or `%s`?", near, other);
    else
        diag_hint(d, g, "did you mean `%s`?", near);
    if (!other && g->span.end - g->span.begin == strlen(name))
        diag_edit(d, g, g->span, "%s", near);
}

void hint_foreign(const struct unit *u, struct diag *g, struct ast_name name)
{
    const char *hint = hints_wanted(u->diags) ? foreign_hint(name.text) : NULL;
    const struct source *f = sources_get(&u->sources, name.span.file);
    if (hint) {
        diag_hint(u->diags, g, "%s", hint);
        g->edit = NULL; /* of a name that is near by chance */
    } else if (f && hints_wanted(u->diags)) {
        foreign_unit(u->diags, g, f, name.span);
    }
}

const char *name_in_part(const char *name, const char *const *candidates, uint32_t n)
{
    const char *found = NULL;
    for (uint32_t i = 0; i < n; i++) {
        const char *dot = strrchr(candidates[i], '.');
        if (!dot || strcmp(dot + 1, name) != 0)
            continue;
        if (found)
            return NULL;
        found = candidates[i];
    }
    return found;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* `use MODULE;` before all else that the file of a place declares. */
static void edit_use(struct elab *el, struct diag *g, const char *module)
{
    for (uint32_t i = 0; i < el->module.n; i++) {
        const struct ast_file *f = el->module.data[i]->ast;
        if (f->file == g->span.file && f->decls)
            diag_edit(el->u->diags, g,
                      (struct span){f->file, f->decls->span.begin, f->decls->span.begin},
                      "use %s;\n", module);
    }
}

/* Whether a word begins here, or behind digits that it can't begin with. */
static bool word_begins(const char *line, const char *s)
{
    while (s > line && s[-1] >= '0' && s[-1] <= '9')
        s--;
    return s == line || !is_letter(s[-1]);
}

/* Whether a word stands near a place, on its line. */
static bool on_line(const struct source *f, struct span at, const char *word)
{
    enum { NEAR = 2000 };
    const char *begin = f->text + at.begin, *end = begin;
    while (begin > f->text && begin[-1] != '\n' && f->text + at.begin - begin < NEAR)
        begin--;
    while (end < f->text + f->n && *end != '\n' && end - (f->text + at.begin) < NEAR)
        end++;
    size_t n = strlen(word);
    for (const char *s = begin; (size_t)(end - s) >= n; s++) {
        bool apart = word_begins(begin, s) && (s + n == end || !is_letter(s[n]));
        if (apart && memcmp(s, word, n) == 0)
            return true;
    }
    return false;
}

bool line_excuses(const struct unit *u, const char *word)
{
    for (uint32_t i = 0; hints_wanted(u->diags) && i < u->diags->list.n; i++) {
        const struct diag *g = u->diags->list.data[i];
        const struct source *f = sources_get(&u->sources, g->span.file);
        if (f && g->code >= E0101 && g->code <= E0106 && on_line(f, g->span, word))
            return true;
    }
    return false;
}

bool scope_excuses(const struct scope *s, const char *name)
{
    const struct unit *u = s->el->u;
    for (; s; s = s->parent)
        if (s->incomplete)
            return true;
    return line_excuses(u, name) || line_excuses(u, "use");
}

void scope_unknown(const struct scope *s, struct ast_name name, enum space space)
{
    struct elab *el = s->el;
    struct diags *d = el->u->diags;
    for (int other = 0; other < SPACE_N; other++) {
        struct def *found = scope_find(s, name.text, (enum space)other);
        if (found) {
            struct diag *g =
                diag_add(d, E0203, name.span, "`%s` is %s, not a %s", name.text,
                         def_word(found->kind), space == SPACE_VALUE ? "value" : space_word(space));
            diag_label(d, g, found->name.span, "declared here");
            return;
        }
    }
    if (scope_excuses(s, name.text))
        return;
    uint32_t ignored;
    if (map64_get(&el->unknown, key(name.text, space), &ignored))
        return;
    const char *module = hints_wanted(d) ? module_of_stdlib(el, name.text, space) : NULL;
    if (module && line_excuses(el->u, module))
        return;
    struct diag *g = diag_add(d, E0201, name.span, "unknown %s `%s`", space_word(space), name.text);
    if (!hints_wanted(d))
        return;
    struct arena scratch = {0};
    const char **names = ARENA_ARRAY(&scratch, const char *, MAX_CANDIDATES);
    uint32_t n = scope_names(s, space, names, MAX_CANDIDATES);
    if (space == SPACE_VALUE)
        n += function_names(names + n, MAX_CANDIDATES - n);
    static const char *const literals[] = {"true", "false", "inf"};
    for (int i = 0; space == SPACE_VALUE && i < 3 && n < MAX_CANDIDATES; i++)
        names[n++] = literals[i];
    hint_near(d, g, name.text, names, n);
    if (g->edit && (strcmp(g->edit, "true") == 0 || strcmp(g->edit, "false") == 0))
        g->edit = NULL; /* where a number may be wanted */
    if (space == SPACE_VALUE)
        hint_foreign(el->u, g, name);
    if (module) {
        diag_hint(d, g, "`%s` is in a module of stdlib: `use %s;`", name.text, module);
        edit_use(el, g, module);
    }
    if (module || !g->hint)
        map64_put(&el->unknown, key(name.text, space), 0, NULL);
    arena_free(&scratch);
}
