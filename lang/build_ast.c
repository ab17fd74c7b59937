/* Expressions and what all blocks share; the items of the blocks are in build_items.c. */
#include "lang/build_ast.h"

#include "runtime/base/buf.h"

#include <math.h>

/* ---- expressions ---- */

struct ast_expr *ast_leaf(struct parser *p, struct span at, enum ast_expr_kind kind)
{
    struct ast_expr *e = ARENA_NEW(p->arena, struct ast_expr);
    e->kind = kind;
    e->span = at;
    e->height = 1;
    return e;
}

void ast_report_height(struct parser *p, struct span at)
{
    if (p->too_high)
        return;
    p->too_high = true;
    struct diag *g =
        diag_add(p->diags, E0106, at, "this is nested deeper than %d levels", AST_MAX_HEIGHT);
    diag_hint(p->diags, g, "each operator of a chain is a level; `let` names a part of it");
}

static void raise(struct ast_expr *e, const struct ast_expr *child)
{
    if (child != NULL && child->height >= e->height)
        e->height = child->height + 1;
}

/* The node, or where it is too high a leaf in its place, of which nothing else can be wrong. */
static struct ast_expr *checked(struct parser *p, struct ast_expr *e)
{
    if (e->height <= AST_MAX_HEIGHT)
        return e;
    ast_report_height(p, e->span);
    struct ast_expr *leaf = ast_leaf(p, e->span, AST_NUMBER);
    leaf->dim.any = true;
    return leaf;
}

struct ast_expr *ast_expr(struct parser *p, struct span at, enum ast_expr_kind kind,
                          struct ast_expr *a, struct ast_expr *b, struct ast_expr *c)
{
    struct ast_expr *e = ast_leaf(p, at, kind);
    e->a = a;
    e->b = b;
    e->c = c;
    raise(e, a);
    raise(e, b);
    raise(e, c);
    return checked(p, e);
}

struct ast_expr *ast_bool(struct parser *p, struct span at, bool value)
{
    struct ast_expr *e = ast_leaf(p, at, AST_BOOL);
    e->boolean = value;
    return e;
}

struct ast_expr *ast_expr_name(struct parser *p, struct ast_name name)
{
    struct ast_expr *e = ast_leaf(p, name.span, AST_NAME);
    e->name = name;
    return e;
}

struct ast_expr *ast_member(struct parser *p, struct span at, struct ast_expr *base,
                            struct ast_name name)
{
    struct ast_expr *e = ast_expr(p, at, AST_MEMBER, base, NULL, NULL);
    e->name = name;
    return e;
}

static void raise_by_subs(struct ast_expr *e, const struct ast_sub *s)
{
    for (; s != NULL; s = s->next) {
        raise(e, s->lo);
        raise(e, s->hi);
    }
}

struct ast_expr *ast_index(struct parser *p, struct span at, struct ast_expr *base,
                           struct ast_sub *subs)
{
    struct ast_expr *e = ast_leaf(p, at, AST_INDEX);
    e->a = base;
    e->subs = subs;
    raise(e, base);
    raise_by_subs(e, subs);
    return checked(p, e);
}

struct ast_expr *ast_unary(struct parser *p, struct span at, enum ast_op op, struct ast_expr *a)
{
    struct ast_expr *e = ast_expr(p, at, AST_UNARY, a, NULL, NULL);
    e->op = op;
    return e;
}

struct ast_expr *ast_binary(struct parser *p, struct span at, enum ast_op op, struct ast_expr *a,
                            struct ast_expr *b)
{
    struct ast_expr *e = ast_expr(p, at, AST_BINARY, a, b, NULL);
    e->op = op;
    return e;
}

struct ast_expr *ast_array(struct parser *p, struct span at, struct ast_expr *items)
{
    struct ast_expr *e = ast_leaf(p, at, AST_ARRAY);
    e->items = items;
    for (const struct ast_expr *i = items; i != NULL; i = i->next)
        raise(e, i);
    return checked(p, e);
}

struct ast_expr *ast_ranges(struct parser *p, struct span at, struct ast_sub *ranges)
{
    struct ast_expr *e = ast_leaf(p, at, AST_RANGES);
    e->subs = ranges;
    raise_by_subs(e, ranges);
    return checked(p, e);
}

struct ast_expr *ast_comprehension(struct parser *p, struct span at, const struct ast_sub *ranges,
                                   struct ast_expr *body)
{
    struct ast_expr *e = ast_leaf(p, at, AST_COMPREHENSION);
    struct ast_binder **end = &e->binders;
    for (const struct ast_sub *r = ranges; r != NULL; r = r->next) {
        if (r->lo == NULL || r->lo->kind != AST_NAME || r->hi == NULL) {
            diag_add(p->diags, E0104, r->span,
                     "expected a name and its extent before `=>`, as in `[i: 4 => ...]`");
            e->kind = AST_NUMBER;
            e->number = NAN;
            return e;
        }
        *end = ast_binder(p, r->lo->name, r->hi);
        end = &(*end)->next;
        raise(e, r->hi);
    }
    e->a = body;
    raise(e, body);
    return checked(p, e);
}

struct ast_expr *ast_members(struct parser *p, struct span at, struct ast_arg *first,
                             struct ast_arg *others)
{
    struct ast_expr *e = ast_leaf(p, at, AST_MEMBERS);
    e->args = first;
    first->next = others;
    for (const struct ast_arg *a = first; a != NULL; a = a->next)
        raise(e, a->value);
    return checked(p, e);
}

static struct ast_expr *call(struct parser *p, struct span at, struct ast_name name,
                             struct ast_binder *binders, struct ast_expr *body,
                             struct ast_arg *args)
{
    struct ast_expr *e = ast_leaf(p, at, AST_CALL);
    e->name = name;
    e->binders = binders;
    e->a = body;
    e->args = args;
    raise(e, body);
    for (const struct ast_arg *a = args; a != NULL; a = a->next)
        raise(e, a->value);
    return checked(p, e);
}

struct ast_expr *ast_call(struct parser *p, struct span at, struct ast_name name,
                          struct ast_arg *args)
{
    return call(p, at, name, NULL, NULL, args);
}

struct ast_expr *ast_lambda(struct parser *p, struct span at, struct ast_name name,
                            struct ast_arg *params, struct ast_expr *body, struct ast_arg *named)
{
    struct ast_binder *first = NULL, **end = &first;
    for (const struct ast_arg *a = params; a != NULL; a = a->next) {
        if (a->name.text != NULL || a->value->kind != AST_NAME) {
            diag_add(p->diags, E0104, a->value->span,
                     "before `=>` stand the names of indices, not values");
            continue;
        }
        *end = ast_binder(p, a->value->name, NULL);
        end = &(*end)->next;
    }
    for (const struct ast_arg *a = named; a != NULL; a = a->next)
        if (a->name.text == NULL)
            diag_add(p->diags, E0104, a->value->span,
                     "an argument after the body of `=>` must be named");
    return call(p, at, name, first, body, named);
}

struct ast_arg *ast_arg(struct parser *p, struct ast_name name, struct ast_expr *value)
{
    struct ast_arg *a = ARENA_NEW(p->arena, struct ast_arg);
    a->name = name;
    a->value = value;
    return a;
}

struct ast_binder *ast_binder(struct parser *p, struct ast_name name, struct ast_expr *extent)
{
    struct ast_binder *b = ARENA_NEW(p->arena, struct ast_binder);
    b->name = name;
    b->extent = extent;
    return b;
}

struct ast_sub *ast_sub(struct parser *p, struct span at, bool slice, struct ast_expr *lo,
                        struct ast_expr *hi)
{
    struct ast_sub *s = ARENA_NEW(p->arena, struct ast_sub);
    *s = (struct ast_sub){.slice = slice, .lo = lo, .hi = hi, .span = at};
    return s;
}

struct ast_expr *ast_after_word(struct parser *p, struct span at, struct ast_expr *value)
{
    if (p->tokens == NULL)
        return value;
    struct parse_token *t = p->tokens->list.data;
    uint32_t first = 0, last = p->tokens->list.n; /* t[first].begin <= at.begin < t[last].begin */
    while (last - first > 1) {
        uint32_t middle = first + (last - first) / 2;
        if (t[middle].at.begin <= at.begin)
            first = middle;
        else
            last = middle;
    }
    t[first].after_word = true;
    return value;
}

/* ---- what all blocks share ---- */

struct ast_assign *ast_assign(struct parser *p, struct span at, struct ast_name name,
                              struct ast_expr *value)
{
    struct ast_assign *a = ARENA_NEW(p->arena, struct ast_assign);
    *a = (struct ast_assign){.name = name, .value = value, .span = at};
    return a;
}

struct ast_assign *ast_factor(struct parser *p, struct span at, struct ast_name name,
                              struct ast_expr *value)
{
    struct ast_assign *a = ast_assign(p, at, name, value);
    a->factor = true;
    return a;
}

struct ast_let *ast_let(struct parser *p, struct span at, struct ast_name name,
                        struct ast_expr *value)
{
    struct ast_let *l = ARENA_NEW(p->arena, struct ast_let);
    *l = (struct ast_let){name, value, at};
    return l;
}

struct ast_fn *ast_fn(struct parser *p, struct span at, struct ast_name name,
                      struct ast_param *params, struct ast_expr *body)
{
    struct ast_fn *f = ARENA_NEW(p->arena, struct ast_fn);
    *f = (struct ast_fn){name, params, body, at};
    return f;
}

struct ast_param *ast_param(struct parser *p, struct ast_name name, struct ast_expr *value)
{
    struct ast_param *q = ARENA_NEW(p->arena, struct ast_param);
    q->name = name;
    q->value = value;
    return q;
}

struct ast_ref *ast_ref(struct parser *p, struct ast_name name)
{
    struct ast_ref *r = ARENA_NEW(p->arena, struct ast_ref);
    r->path[r->n++] = name;
    r->span = name.span;
    return r;
}

struct ast_ref *ast_ref_part(struct parser *p, struct ast_ref *ref, struct ast_name name)
{
    ref->span.end = name.span.end;
    if (ref->n < AST_MAX_PATH)
        ref->path[ref->n++] = name;
    else
        diag_add(p->diags, E0104, name.span, "a name has at most %d parts", AST_MAX_PATH);
    return ref;
}

struct ast_ref *ast_ref_subs(struct ast_ref *ref, struct ast_sub *subs, struct span at)
{
    ref->subs = subs;
    ref->span = at;
    return ref;
}

struct ast_name ast_dotted(struct parser *p, const struct ast_ref *path)
{
    if (path->n == 1)
        return path->path[0];
    struct buf text = {0};
    for (uint32_t i = 0; i < path->n; i++)
        buf_printf(&text, "%s%s", i > 0 ? "." : "", path->path[i].text);
    struct ast_name name = {intern(p->names, text.data, text.n), path->span};
    buf_free(&text);
    return name;
}
