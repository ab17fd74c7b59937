#include "compiler/elab.h"
#include "compiler/embedded.h"
#include "lang/parse.h"

static void declare(struct elab *el, struct module *m)
{
    struct arena *a = el->u->arena;
    for (const struct ast_decl *x = m->ast->decls; x; x = x->next) {
        switch (x->kind) {
        case AST_LET:
            scope_add(a, m->scope, DEF_LET, x->let->name, x->let);
            break;
        case AST_FN:
            scope_add(a, m->scope, DEF_FN, x->fn->name, x->fn);
            break;
        case AST_NETWORK:
            scope_add(a, m->scope, DEF_NETWORK, x->network->name, x->network);
            break;
        case AST_NEURON:
            scope_add(a, m->scope, DEF_NEURON, x->neuron->name, x->neuron);
            break;
        case AST_STIMULUS:
            scope_add(a, m->scope, DEF_STIMULUS, x->stimulus->name, x->stimulus);
            break;
        case AST_USE:
        case AST_BOARD:
            break;
        }
    }
}

struct module *module_load_text(struct elab *el, const char *path, const char *text, size_t n)
{
    struct unit *u = el->u;
    uint32_t file = sources_add(&u->sources, path, text, n, u->diags);
    if (!file)
        return NULL;
    struct module *m = ARENA_NEW(u->arena, struct module);
    m->path = sources_get(&u->sources, file)->path;
    m->ast = parse_file(u->arena, &u->names, &u->sources, file, u->diags);
    m->scope = scope_new(el, u->arena, NULL);
    m->scope->incomplete = m->ast->nameless;
    VEC_PUSH(u->arena, &el->module, m);
    declare(el, m);
    return m;
}

static const struct embedded_text *find_stdlib(const char *name)
{
    const struct embedded_text *m = stdlib_modules;
    while (m->name && strcmp(m->name, name) != 0)
        m++;
    return m->name ? m : NULL;
}

/* The text of `use NAME;`: false if there is no such module. */
static bool stdlib_text(struct elab *el, const char *name, const char **path, struct bytes *text)
{
    struct unit *u = el->u;
    if (!u->stdlib) {
        const struct embedded_text *m = find_stdlib(name);
        *path = arena_printf(u->arena, "stdlib/%s.dyn", name);
        *text = m ? (struct bytes){(const uint8_t *)m->text, m->n} : (struct bytes){0};
        return m != NULL;
    }
    struct diags quiet = {0};
    *path = arena_printf(u->arena, "%s/%s.dyn", u->stdlib, name);
    bool found = file_read(u->arena, *path, text, &quiet, E0501, (struct span){0});
    diags_free(&quiet);
    return found;
}

static struct module *find_loaded(struct elab *el, const char *path)
{
    for (uint32_t i = 0; i < el->module.n; i++)
        if (strcmp(el->module.data[i]->path, path) == 0)
            return el->module.data[i];
    return NULL;
}

static void unknown_module(struct elab *el, const struct ast_decl *use)
{
    struct diags *d = el->u->diags;
    struct diag *g = diag_add(d, E0204, use->name.span, "there is no module `%s`", use->name.text);
    struct buf list = {0};
    const char *names[64];
    uint32_t n = 0;
    for (const struct embedded_text *m = stdlib_modules; m->name && n < 64; m++) {
        buf_printf(&list, "%s`%s`", n ? ", " : "", m->name);
        names[n++] = m->name;
    }
    if (nearest_name(use->name.text, names, n))
        hint_near(d, g, use->name.text, names, n);
    else if (n)
        diag_hint(d, g, "modules are %s; `use \"other.dyn\";` takes a file", list.data);
    buf_free(&list);
}

static bool read_file(struct elab *el, const struct ast_decl *use, const char *path,
                      struct bytes *text)
{
    struct unit *u = el->u;
    struct diags quiet = {0};
    bool found = file_read(u->arena, path, text, &quiet, E0501, use->span);
    if (!found) {
        struct diag *g = diag_add(u->diags, E0501, use->span, "%s", quiet.list.data[0]->message);
        if (find_stdlib(use->path)) {
            diag_hint(u->diags, g, "without quotes it is the module of stdlib: `use %s;`",
                      use->path);
            diag_edit(u->diags, g, use->span, "use %s;", use->path);
        }
    }
    diags_free(&quiet);
    return found;
}

/* The module that a `use` names, read on its first use; NULL: reported. */
static struct module *use_module(struct elab *el, const struct module *user,
                                 const struct ast_decl *use)
{
    struct unit *u = el->u;
    const char *path = NULL;
    struct bytes text = {0};
    if (use->path) {
        path = path_beside(u->arena, user->path, use->path);
    } else if (!use->name.text) {
        return NULL;
    } else if (!stdlib_text(el, use->name.text, &path, &text)) {
        unknown_module(el, use);
        return NULL;
    }
    struct module *m = find_loaded(el, path);
    if (m)
        return m;
    if (use->path && !read_file(el, use, path, &text))
        return NULL;
    return module_load_text(el, path, (const char *)text.data, text.n);
}

void module_uses(struct elab *el, struct module *m)
{
    for (const struct ast_decl *x = m->ast->decls; x; x = x->next) {
        if (x->kind != AST_USE)
            continue;
        struct module *other = use_module(el, m, x);
        if (other == m)
            diag_add(el->u->diags, E0206, x->span, "a file can't use itself");
        m->scope->incomplete |= !other;
        if (!other || other == m)
            continue;
        /* Only what the other declares, not what it uses in turn. */
        for (uint32_t i = 0; i < other->scope->def.n; i++) {
            struct def *d = other->scope->def.data[i];
            if (d->scope == other->scope && d->kind != DEF_STIMULUS)
                scope_import(el->u->arena, m->scope, d, x->span);
        }
    }
}

static uint64_t stdlib_key(const char *name, enum space space)
{
    return hash_bytes((uint64_t)space, name, strlen(name));
}

/* Notes what a module declares. */
static void note_names(struct map64 *m, const struct ast_file *ast, uint32_t module)
{
    for (const struct ast_decl *x = ast->decls; x; x = x->next) {
        if (x->kind == AST_FN)
            map64_put(m, stdlib_key(x->fn->name.text, SPACE_VALUE), module, NULL);
        else if (x->kind == AST_NETWORK)
            map64_put(m, stdlib_key(x->network->name.text, SPACE_NETWORK), module, NULL);
        else if (x->kind == AST_NEURON)
            map64_put(m, stdlib_key(x->neuron->name.text, SPACE_NEURON), module, NULL);
    }
}

const char *module_of_stdlib(struct elab *el, const char *name, enum space space)
{
    struct map64 *m = &el->of_stdlib;
    uint32_t found;
    if (!m->arena) { /* all modules are read once */
        struct arena scratch = {0};
        struct diags quiet = {0};
        map64_init(m, el->u->arena);
        for (uint32_t i = 0; stdlib_modules[i].name; i++) {
            const struct embedded_text *x = &stdlib_modules[i];
            struct sources s = {.arena = &scratch};
            struct intern names;
            intern_init(&names, &scratch);
            uint32_t file = sources_add(&s, x->name, x->text, x->n, &quiet);
            if (file)
                note_names(m, parse_file(&scratch, &names, &s, file, &quiet), i);
        }
        arena_free(&scratch);
        diags_free(&quiet);
    }
    return map64_get(m, stdlib_key(name, space), &found) ? stdlib_modules[found].name : NULL;
}
