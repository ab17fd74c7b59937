#include "compiler/lsp_scope.h"

void names_note(struct names *w, struct span at, const struct lsp_decl *decl)
{
    if (decl && at.file == 1 && at.end > at.begin) {
        VEC_PUSH(&w->out->arena, &w->out->list, ((struct lsp_name){at, decl}));
    }
}

static enum space space_of(enum lsp_kind kind)
{
    return kind == LSP_NETWORK    ? SPACE_NETWORK
           : kind == LSP_NEURON   ? SPACE_NEURON
           : kind == LSP_STIMULUS ? SPACE_STIMULUS
                                  : SPACE_VALUE;
}

uint64_t names_key(const void *block, uint64_t more)
{
    return hash_u64(hash_u64((uint64_t)(uintptr_t)block) ^ more);
}

static uint64_t key_of_name(const void *block, const char *name)
{
    return names_key(block, (uint64_t)(uintptr_t)name);
}

/* What a name means here is in constant time, however many there are. */
static const struct lsp_decl **meaning(struct names *w, const char *name, enum space space)
{
    int fresh;
    const uint32_t k = map64_put(&w->slot, names_key(name, (uint64_t)space), w->meaning.n, &fresh);
    if (fresh) {
        VEC_PUSH(&w->out->arena, &w->meaning, NULL);
    }
    return &w->meaning.data[k];
}

struct lsp_decl *names_declare(struct names *w, enum lsp_kind kind, struct ast_name name,
                               struct span whole)
{
    struct lsp_decl *x = ARENA_NEW(&w->out->arena, struct lsp_decl);
    *x = (struct lsp_decl){.kind = kind, .name = name, .whole = whole, .around = w->scope};
    x->network = w->network;
    x->neuron = w->neuron;
    x->owner = w->network ? w->network->name.text : w->neuron ? w->neuron->name.text : NULL;
    if (name.text) {
        const struct lsp_decl **at = meaning(w, name.text, space_of(kind));
        x->hidden = *at;
        *at = x;
        w->scope = x;
        names_note(w, name.span, x);
    }
    return x;
}

/* Leaves all scopes inside of `outer`. */
void names_leave(struct names *w, const struct lsp_decl *outer)
{
    for (; w->scope != outer; w->scope = w->scope->around) {
        *meaning(w, w->scope->name.text, space_of(w->scope->kind)) = w->scope->hidden;
    }
}

static const struct lsp_decl *names_find(struct names *w, const char *name, enum space space)
{
    return name ? *meaning(w, name, space) : NULL;
}

const struct lsp_decl *names_use(struct names *w, struct ast_name name, enum space space)
{
    const struct lsp_decl *x = names_find(w, name.text, space);
    names_note(w, name.span, x);
    return x;
}

/* A name that isn't in scope but in the braces of something: a declaration of its own each time,
 * the same by its place. */
struct lsp_decl *names_inner(struct names *w, enum lsp_kind kind, struct ast_name name,
                             struct span whole, const char *owner)
{
    struct lsp_decl *x = ARENA_NEW(&w->out->arena, struct lsp_decl);
    *x = (struct lsp_decl){.kind = kind, .name = name, .whole = whole, .owner = owner};
    return x;
}

static bool has_name(const struct ast_neuron_item *i)
{
    return i->name.text && i->kind != AST_R_STEP && i->kind != AST_R_EVENT;
}

/* Whether the items of a block are still to be put into the table of names. */
static bool is_new(struct names *w, const void *block)
{
    int fresh;
    map64_put(&w->item, names_key(block, 0), 0, &fresh);
    return fresh;
}

const struct lsp_decl *names_member(struct names *w, const struct ast_neuron *n, const char *name)
{
    uint32_t k;
    for (const struct ast_neuron_item *i = n && is_new(w, n) ? n->items : NULL; i; i = i->next) {
        int fresh = 0;
        if (has_name(i)) {
            map64_put(&w->item, key_of_name(n, i->name.text), w->members.n, &fresh);
        }
        if (fresh) {
            VEC_PUSH(&w->out->arena, &w->members, i);
        }
    }
    if (!n || !name || !map64_get(&w->item, key_of_name(n, name), &k)) {
        return NULL;
    }
    const struct ast_neuron_item *i = w->members.data[k];
    struct lsp_decl *x = names_inner(w, LSP_MEMBER, i->name, i->span, n->name.text);
    x->neuron = n;
    x->part = i;
    return x;
}

const struct ast_neuron *names_neuron(struct names *w, const char *name)
{
    const struct lsp_decl *x = names_find(w, name, SPACE_NEURON);
    return x ? x->neuron : NULL;
}

const struct ast_network *names_network(struct names *w, const char *name)
{
    const struct lsp_decl *x = names_find(w, name, SPACE_NETWORK);
    return x ? x->network : NULL;
}

enum lsp_kind names_kind(const struct ast_net_item *i)
{
    return i->kind == AST_N_INPUT ? LSP_INPUT : i->kind == AST_N_PART ? LSP_PART : LSP_LAYER;
}

bool names_is_piece(const struct ast_net_item *i)
{
    return i->name.text &&
           (i->kind == AST_N_INPUT || i->kind == AST_N_LAYER || i->kind == AST_N_PART);
}

const struct ast_net_item *names_item(struct names *w, const struct ast_network *n,
                                      const char *name)
{
    uint32_t k;
    for (const struct ast_net_item *i = n && is_new(w, n) ? n->items : NULL; i; i = i->next) {
        int fresh = 0;
        if (names_is_piece(i)) {
            map64_put(&w->item, key_of_name(n, i->name.text), w->items.n, &fresh);
        }
        if (fresh) {
            VEC_PUSH(&w->out->arena, &w->items, i);
        }
    }
    return n && name && map64_get(&w->item, key_of_name(n, name), &k) ? w->items.data[k] : NULL;
}
