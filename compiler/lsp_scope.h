/* What names mean in the place that a walk over a file has reached. Private to lsp_names.c, which
 * walks, and lsp_scope.c, which keeps the tables: each question takes constant time. */
#ifndef COMPILER_LSP_SCOPE_H
#define COMPILER_LSP_SCOPE_H

#include "compiler/elab.h"
#include "compiler/lsp.h"

/* The walk over a file; `scope` is what is visible, the innermost first. */
struct names {
    struct lsp_document *d;
    struct lsp_names *out;
    const struct lsp_decl *scope;
    const struct ast_network *network; /* around; NULL: none */
    const struct ast_neuron *neuron;
    uint32_t offset;
    struct map64 slot;                    /* (name, space) -> index in `meaning` */
    VEC(const struct lsp_decl *) meaning; /* of each such name here; NULL: none */
    struct map64 item;                    /* (block, name) -> index in `items` or `members` */
    VEC(const struct ast_net_item *) items;
    VEC(const struct ast_neuron_item *) members;
    struct map64 board; /* name of an item -> index in `boards`: the network that a board means */
    VEC(const struct ast_network *) boards;
};

/* A place where a name stands. */
void names_note(struct names *w, struct span at, const struct lsp_decl *decl);
/* What is declared is visible from here on. */
struct lsp_decl *names_declare(struct names *w, enum lsp_kind kind, struct ast_name name,
                               struct span whole);
/* Leaves all scopes inside of `outer`. */
void names_leave(struct names *w, const struct lsp_decl *outer);
/* The meaning of a name here, whose place is noted; NULL: none. */
const struct lsp_decl *names_use(struct names *w, struct ast_name name, enum space space);
/* What is no name in scope but stands in the braces of something: one each time, the same by its
 * place. */
struct lsp_decl *names_inner(struct names *w, enum lsp_kind kind, struct ast_name name,
                             struct span whole, const char *owner);
/* Of a neuron; NULL: none. */
const struct lsp_decl *names_member(struct names *w, const struct ast_neuron *n, const char *name);
const struct ast_neuron *names_neuron(struct names *w, const char *name);
const struct ast_network *names_network(struct names *w, const char *name);
/* An input, layer or part; NULL: none. */
const struct ast_net_item *names_item(struct names *w, const struct ast_network *n,
                                      const char *name);
enum lsp_kind names_kind(const struct ast_net_item *i);
bool names_is_piece(const struct ast_net_item *i);
/* Of tables by address and something more. */
uint64_t names_key(const void *block, uint64_t more);

#endif
