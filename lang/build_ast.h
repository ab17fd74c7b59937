/* Constructors of the tree, called by the actions of parser.y. Each checks what the grammar lets
 * through and reports it, and gives a node that is fit to be put into the tree. Private to lang/.
 */
#ifndef LANG_BUILD_AST_H
#define LANG_BUILD_AST_H

#include "lang/parse_state.h"

/* Lists under construction know their last element, so that they grow in one step. An `item` may be
 * NULL: then there is nothing to add. */
#define LIST_EMPTY(result)           ((result).first = (result).last = NULL)
#define LIST_START(result, item)     ((result).first = (result).last = (item))
#define LIST_ADD(result, list, item) LIST_ADD_BY(next, result, list, item)
#define LIST_ADD_BY(next, result, list, item)                                                      \
    do {                                                                                           \
        (result) = (list);                                                                         \
        if ((item) == NULL)                                                                        \
            break;                                                                                 \
        if ((result).last == NULL)                                                                 \
            (result).first = (item);                                                               \
        else                                                                                       \
            (result).last->next = (item);                                                          \
        (result).last = (item);                                                                    \
    } while (0)

/* Reports, once for a file, that a tree is higher than AST_MAX_HEIGHT. */
void ast_report_height(struct parser *p, struct span at);

/* ---- expressions ---- */

struct ast_expr *ast_leaf(struct parser *p, struct span at, enum ast_expr_kind kind);
/* A node over up to three others; each may be NULL. */
struct ast_expr *ast_expr(struct parser *p, struct span at, enum ast_expr_kind kind,
                          struct ast_expr *a, struct ast_expr *b, struct ast_expr *c);
struct ast_expr *ast_bool(struct parser *p, struct span at, bool value);
struct ast_expr *ast_expr_name(struct parser *p, struct ast_name name);
struct ast_expr *ast_member(struct parser *p, struct span at, struct ast_expr *base,
                            struct ast_name name);
struct ast_expr *ast_index(struct parser *p, struct span at, struct ast_expr *base,
                           struct ast_sub *subs);
struct ast_expr *ast_unary(struct parser *p, struct span at, enum ast_op op, struct ast_expr *a);
struct ast_expr *ast_binary(struct parser *p, struct span at, enum ast_op op, struct ast_expr *a,
                            struct ast_expr *b);
struct ast_expr *ast_array(struct parser *p, struct span at, struct ast_expr *items);
struct ast_expr *ast_ranges(struct parser *p, struct span at, struct ast_sub *ranges);
/* `[i: n, ... => body]`; the binders come as ranges, which must begin with a plain name. */
struct ast_expr *ast_comprehension(struct parser *p, struct span at, const struct ast_sub *ranges,
                                   struct ast_expr *body);
struct ast_expr *ast_members(struct parser *p, struct span at, struct ast_arg *first,
                             struct ast_arg *others);
struct ast_expr *ast_call(struct parser *p, struct span at, struct ast_name name,
                          struct ast_arg *args);
/* NAME(params => body, named): `params` comes as arguments, which must be plain names. */
struct ast_expr *ast_lambda(struct parser *p, struct span at, struct ast_name name,
                            struct ast_arg *params, struct ast_expr *body, struct ast_arg *named);
struct ast_arg *ast_arg(struct parser *p, struct ast_name name, struct ast_expr *value);
struct ast_binder *ast_binder(struct parser *p, struct ast_name name, struct ast_expr *extent);
struct ast_sub *ast_sub(struct parser *p, struct span at, bool slice, struct ast_expr *lo,
                        struct ast_expr *hi);

/* The value itself: notes of its first token that a word stands before it. */
struct ast_expr *ast_after_word(struct parser *p, struct span at, struct ast_expr *value);

/* ---- what all blocks share ---- */

struct ast_assign *ast_assign(struct parser *p, struct span at, struct ast_name name,
                              struct ast_expr *value);
struct ast_assign *ast_factor(struct parser *p, struct span at, struct ast_name name,
                              struct ast_expr *value);
struct ast_let *ast_let(struct parser *p, struct span at, struct ast_name name,
                        struct ast_expr *value);
struct ast_fn *ast_fn(struct parser *p, struct span at, struct ast_name name,
                      struct ast_param *params, struct ast_expr *body);
struct ast_param *ast_param(struct parser *p, struct ast_name name, struct ast_expr *value);
struct ast_ref *ast_ref(struct parser *p, struct ast_name name);
struct ast_ref *ast_ref_part(struct parser *p, struct ast_ref *ref, struct ast_name name);
struct ast_ref *ast_ref_subs(struct ast_ref *ref, struct ast_sub *subs, struct span at);
struct ast_name ast_dotted(struct parser *p, const struct ast_ref *path);

/* ---- files ---- */

void ast_add_decl(struct parser *p, struct ast_decl *decl); /* which may be NULL */
struct ast_decl *ast_use(struct parser *p, struct span at, struct ast_name name,
                         const struct ast_expr *path);
struct ast_decl *ast_decl_let(struct parser *p, struct span at, struct ast_let *let);
struct ast_decl *ast_decl_fn(struct parser *p, struct span at, struct ast_fn *fn);
struct ast_decl *ast_network(struct parser *p, struct span at, struct ast_name name,
                             struct ast_param *params, struct ast_net_item *items);
struct ast_decl *ast_stimulus(struct parser *p, struct span at, struct ast_name name,
                              struct ast_name network, struct ast_stim_item *items);
struct ast_decl *ast_neuron(struct parser *p, struct span at, struct ast_name name,
                            struct ast_neuron_item *items);
struct ast_decl *ast_board(struct parser *p, struct span at, struct ast_name target,
                           struct ast_board_item *items);

/* ---- networks and stimuli ---- */

struct ast_net_item *ast_net_let(struct parser *p, struct span at, struct ast_let *let);
struct ast_net_item *ast_net_fn(struct parser *p, struct span at, struct ast_fn *fn);
struct ast_net_item *ast_net_dt(struct parser *p, struct span at, struct ast_expr *value);
struct ast_net_item *ast_net_input(struct parser *p, struct span at, struct ast_name name,
                                   bool has_shape, struct ast_expr *shape, struct ast_name from,
                                   struct ast_assign *assigns);
struct ast_net_item *ast_net_layer(struct parser *p, struct span at, struct ast_name name,
                                   bool has_shape, struct ast_expr *shape, struct ast_name model,
                                   struct ast_assign *assigns);
struct ast_net_item *ast_net_part(struct parser *p, struct span at, struct ast_name name,
                                  struct ast_name network, struct ast_arg *args);
struct ast_net_item *ast_net_connection(struct parser *p, struct span at, struct ast_ref *src,
                                        struct ast_ref *dst, struct ast_expr *op,
                                        struct ast_assign *attributes);
struct ast_net_item *ast_net_refs(struct parser *p, struct span at, enum ast_net_kind kind,
                                  struct ast_ref *refs);
struct ast_net_item *ast_net_mismatch(struct parser *p, struct span at, struct ast_expr *value,
                                      struct ast_expr *seed, struct ast_assign *assigns);
struct ast_stim_item *ast_stim(struct parser *p, struct ast_assign *assign, struct ast_let *let);

/* ---- neurons ---- */

/* `on` (NULL: none) comes from ast_on(). */
struct ast_neuron_item *ast_neuron_value(struct parser *p, struct span at,
                                         enum ast_neuron_kind kind, struct ast_name name,
                                         struct ast_expr *value, const struct ast_neuron_item *on);
struct ast_neuron_item *ast_neuron_fn(struct parser *p, struct span at, struct ast_fn *fn);
struct ast_neuron_item *ast_neuron_receive(struct parser *p, struct span at, struct ast_name name,
                                           struct ast_expr *scale, bool negative,
                                           const struct ast_neuron_item *on);
struct ast_neuron_item *ast_neuron_body(struct parser *p, struct span at, enum ast_neuron_kind kind,
                                        struct ast_name name, struct ast_stmt *body);
struct ast_neuron_item *ast_on(struct parser *p, struct ast_name target, struct ast_name first);
struct ast_neuron_item *ast_on_more(struct parser *p, struct ast_neuron_item *on,
                                    struct ast_name name);
struct ast_stmt *ast_stmt(struct parser *p, struct span at, enum ast_stmt_kind kind,
                          struct ast_name name, struct ast_expr *value);
struct ast_stmt *ast_stmt_if(struct parser *p, struct span at, struct ast_expr *condition,
                             struct ast_stmt *then, struct ast_stmt *otherwise);

/* ---- boards ---- */

struct ast_board_item *ast_board_assign(struct parser *p, struct span at, enum ast_board_kind kind,
                                        struct ast_name name, struct ast_expr *value);
struct ast_board_item *ast_board_block(struct parser *p, struct span at, struct ast_name name,
                                       struct ast_expr *index, struct ast_board_item *items);
struct ast_board_item *ast_board_entry(struct parser *p, struct span at, struct ast_name name,
                                       struct ast_expr *index, struct ast_word *words);
struct ast_board_item *ast_board_neuron(struct parser *p, struct span at, struct ast_expr *index,
                                        struct ast_ref *ref, bool braces,
                                        struct ast_board_item *items);
struct ast_board_item *ast_board_place(struct parser *p, struct span at, struct ast_ref *ref,
                                       struct ast_expr *chip, struct ast_expr *core);
struct ast_board_item *ast_board_input(struct parser *p, struct span at, struct ast_ref *ref,
                                       struct ast_word *groups);
struct ast_board_item *ast_board_output(struct parser *p, struct span at, struct ast_name name,
                                        struct ast_board_item *addresses);
struct ast_board_item *ast_board_address(struct parser *p, struct span at, struct ast_expr *chip,
                                         struct ast_expr *core, struct ast_expr *neuron);
struct ast_word *ast_word(struct parser *p, struct ast_name name, struct ast_expr *value);
#endif
