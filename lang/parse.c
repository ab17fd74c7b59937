/* The driver of a parse, and the token filter between lexer and parser: it puts in a `;` that was
 * forgotten before a word that can't continue an item, skips to the end of an item after an error,
 * and closes what is open at the end of the file. So an error costs one item and one message. */
#include "lang/parse.h"

#include "lang/lex.h"

#include <string.h>

/* ---- brackets ---- */

static void pop_bracket(struct parser *p)
{
    p->n_open--;
    if (p->open[p->n_open].kind == '{')
        p->n_braces--;
}

static bool innermost_is(const struct parser *p, char kind)
{
    return p->n_open > 0 && p->open[p->n_open - 1].kind == kind;
}

static void push_bracket(struct parser *p, char kind, struct span at)
{
    if (p->n_open == PARSE_MAX_NESTING) {
        if (!p->stop)
            diag_add(p->diags, E0106, at, "brackets nested deeper than %d levels",
                     PARSE_MAX_NESTING);
        p->stop = true;
        return;
    }
    p->open[p->n_open++] = (struct bracket){kind, at};
    if (kind == '{')
        p->n_braces++;
}

/* Keeps track of the brackets that are open. An item's end closes its parentheses. */
static void track(struct parser *p, const struct token *t)
{
    switch (t->kind) {
    case T_LPAREN:
        push_bracket(p, '(', t->at);
        break;
    case T_LBRACKET:
        push_bracket(p, '[', t->at);
        break;
    case T_LBRACE:
        push_bracket(p, '{', t->at);
        break;
    case T_RPAREN:
        if (innermost_is(p, '('))
            pop_bracket(p);
        break;
    case T_RBRACKET:
        if (innermost_is(p, '['))
            pop_bracket(p);
        break;
    case T_SEMICOLON:
    case T_RBRACE:
        while (innermost_is(p, '(') || innermost_is(p, '['))
            pop_bracket(p);
        if (t->kind == T_RBRACE && p->n_open > 0)
            pop_bracket(p);
        break;
    default:
        break;
    }
}

/* ---- tokens ---- */

static struct token fetch(struct parser *p)
{
    struct token t = {.kind = T_YYEOF, .at = {p->file, p->source->n, p->source->n}};
    if (p->has_held) {
        p->has_held = false;
        return p->held;
    }
    if (p->stop)
        return t;
    int kind = lang_lex_lex(&t.value, &t.at, p->scanner);
    if (kind == T_YYEOF)
        t.at = (struct span){p->file, p->source->n, p->source->n};
    t.kind = kind;
    return t;
}

static void hold(struct parser *p, struct token t)
{
    p->held = t;
    p->has_held = true;
}

/* A `;` that isn't in the text, before the token at `at`. */
static struct token semicolon(struct span at, bool missing)
{
    struct token t = {.kind = T_SEMICOLON, .at = at};
    t.value.inserted = missing;
    return t;
}

static bool may_end_item(int kind)
{
    switch (kind) {
    case T_NAME:
    case T_DT:
    case T_SEED:
    case T_SCALE:
    case T_NEGATIVE:
    case T_EVENT:
    case T_PLACE:
    case T_CHIP:
    case T_CORE:
    case T_LATCH:
    case T_NUMBER:
    case T_STRING:
    case T_TRUE:
    case T_FALSE:
    case T_RPAREN:
    case T_RBRACKET:
        return true;
    default:
        return false;
    }
}

static bool on_another_line(const struct parser *p, struct span before, struct span at)
{
    return memchr(p->source->text + before.end, '\n', at.begin - before.end) != NULL;
}

/* Whether `t`, after the end of a possible item at `before` and outside parentheses, can only be
 * the start of a further one (or the end of the block): then a `;` is missing before it. */
static bool starts_item(const struct parser *p, int before_kind, struct span before,
                        const struct token *t)
{
    if (!may_end_item(before_kind) || innermost_is(p, '(') || innermost_is(p, '['))
        return false;
    switch (t->kind) {
    case T_YYEOF:
    case T_RBRACE:
    case T_USE:
    case T_NETWORK:
    case T_STIMULUS:
    case T_BOARD:
    case T_NEURON:
    case T_PART:
    case T_LET:
    case T_FN:
    case T_INPUT:
    case T_LAYER:
    case T_OUTPUT:
    case T_RECORD:
    case T_MISMATCH:
    case T_IF:
    case T_PARAM:
    case T_LAYOUT:
    case T_BIAS:
    case T_RECEIVE:
    case T_STATE:
    case T_STEP:
    case T_EMIT:
        return true;
    case T_NAME: /* names may follow names: `latch so_dc` */
        return before_kind != T_NAME && on_another_line(p, before, t->at);
    default:
        return false;
    }
}

/* The file has ended with braces open: they are closed, so that the tree has what is in them. */
static struct token close_brace(struct parser *p, struct token end)
{
    struct token t = {.kind = T_RBRACE, .at = end.at};
    hold(p, end);
    if (!p->closing) {
        p->closing = true;
        if (!p->stop)
            parse_unclosed(p, end.at);
        if (p->skipping) {
            while (p->n_braces > p->skip_level)
                pop_bracket(p);
            p->skipping = false;
        } else {
            t.kind = T_LANG_YYerror; /* gives up the item that is begun, if one is */
            return t;
        }
        if (p->n_braces == 0)
            return fetch(p);
    }
    track(p, &t);
    return t;
}

/* The token that ends the item in which an error was found; its blocks are left out. */
static struct token skip_item(struct parser *p)
{
    struct token before = {.kind = T_YYEOF};
    for (;;) {
        if (p->end_of_item) {
            p->end_of_item = false;
            p->skipping = false;
            return semicolon(p->newest, false);
        }
        struct token t = fetch(p);
        if (t.kind == T_YYEOF)
            return p->n_braces > 0 ? close_brace(p, t) : t;
        if (t.kind == T_LANG_YYerror)
            continue;
        bool at_level = p->n_braces == p->skip_level;
        if (at_level && starts_item(p, before.kind, before.at, &t) && t.kind != T_RBRACE) {
            hold(p, t);
            p->skipping = false;
            return semicolon(t.at, false);
        }
        track(p, &t);
        if (at_level && (t.kind == T_SEMICOLON || t.kind == T_RBRACE)) {
            p->skipping = false;
            return t;
        }
        if (t.kind == T_RBRACE && p->n_braces == p->skip_level) {
            struct token next = fetch(p);
            hold(p, next);
            if (next.kind != T_ELSE) {
                p->skipping = false;
                return semicolon(t.at, false);
            }
        }
        before = t;
    }
}

static struct token next_token(struct parser *p)
{
    struct token t = fetch(p);
    if (t.kind == T_YYEOF && p->n_braces > 0)
        return close_brace(p, t);
    if (starts_item(p, p->newest_kind, p->newest, &t)) {
        hold(p, t);
        return semicolon(t.at, true);
    }
    track(p, &t);
    if (t.kind == T_LANG_YYerror) {
        p->skipping = true;
        p->skip_level = p->n_braces;
    }
    return t;
}

int lang_yylex(LANG_YYSTYPE *value, struct span *at, struct parser *p)
{
    struct token t = p->skipping ? skip_item(p) : next_token(p);
    p->inserted = t.kind == T_SEMICOLON && t.value.inserted;
    p->newest_kind = t.kind;
    if (!p->inserted) {
        p->previous = p->newest;
        p->newest = t.at;
    }
    *value = t.value;
    *at = t.at;
    return t.kind;
}

struct ast_file *parse_file(struct arena *a, struct intern *names, const struct sources *s,
                            uint32_t file, struct diags *d)
{
    struct parser p = {
        .arena = a,
        .names = names,
        .diags = d,
        .source = sources_get(s, file),
        .file = file,
        .out = ARENA_NEW(a, struct ast_file),
        .newest = {.file = file},
    };
    p.out->file = file;
    lex_check_utf8(&p);
    if (lang_lex_lex_init_extra(&p, &p.scanner) != 0)
        base_panic("no memory for the lexer");
    lang_lex__scan_bytes(p.source->text, (int)p.source->n, p.scanner);
    lang_yyparse(&p);
    lang_lex_lex_destroy(p.scanner);
    return p.out;
}
