/* The driver of a parse, and the token filter between lexer and parser: it puts in a `;` that was
 * forgotten before a word that can't continue an item, skips to the end of an item after an error,
 * and closes what is open at the end of the file. So an error costs one item and one message. */
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
    p->unmatched = (t->kind == T_RPAREN && !innermost_is(p, '(')) ||
                   (t->kind == T_RBRACKET && !innermost_is(p, '['));
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
    struct token t = {.kind = T_SEMICOLON, .at = at, .made = true};
    t.value.inserted = missing;
    return t;
}

bool parse_is_name(int kind)
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
    case T_FACTOR:
        return true;
    default:
        return false;
    }
}

static bool may_end_item(int kind)
{
    switch (kind) {
    case T_NUMBER:
    case T_STRING:
    case T_TRUE:
    case T_FALSE:
    case T_RPAREN:
    case T_RBRACKET:
        return true;
    default:
        return parse_is_name(kind);
    }
}

bool parse_on_later_line(const struct parser *p, struct span before, struct span at)
{
    return at.begin > before.end &&
           memchr(p->source->text + before.end, '\n', at.begin - before.end) != NULL;
}

static bool is_item_word(int kind)
{
    switch (kind) {
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
    default:
        return false;
    }
}

static bool in_parentheses(const struct parser *p)
{
    return innermost_is(p, '(') || innermost_is(p, '[');
}

/* Whether `t`, after `before`, can only be the start of a further item or the end of the block:
 * then a `;` is missing between them. */
static bool needs_semicolon(const struct parser *p, const struct token *before,
                            const struct token *t)
{
    if (!may_end_item(before->kind) || in_parentheses(p))
        return false;
    if (t->kind == T_NAME) /* names may follow names: `latch so_dc` */
        return p->n_braces > 0 && before->kind != T_NAME &&
               parse_on_later_line(p, before->at, t->at);
    if (t->kind == T_IF && !parse_on_later_line(p, before->at, t->at))
        return false; /* `emit 1 if a` */
    return t->kind == T_YYEOF || t->kind == T_RBRACE || is_item_word(t->kind);
}

/* The file has ended with braces open: they are closed, so that the tree has what is in them. */
static struct token close_brace(struct parser *p, struct token end)
{
    struct token t = {.kind = T_RBRACE, .at = end.at, .made = true};
    hold(p, end);
    if (!p->closing) {
        p->closing = true;
        if (!p->stop)
            parse_unclosed(p);
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

/* Whether a word on a new line can only begin the next item, whatever stands before it. Attributes
 * are called as some of these words are, and values begin with `if`. */
static bool begins_item(const struct parser *p, const struct token *before, const struct token *t)
{
    return is_item_word(t->kind) && t->kind != T_IF && before->kind != T_COMMA &&
           before->at.end > 0 && !in_parentheses(p) && parse_on_later_line(p, before->at, t->at);
}

/* Whether the item goes on behind a `;` within its brackets, or a block that isn't one. */
static bool goes_on(struct parser *p, const struct token *end, bool in_brackets)
{
    struct token next = fetch(p);
    hold(p, next);
    bool here = next.kind != T_YYEOF && !parse_on_later_line(p, end->at, next.at);
    return here && (in_brackets ? !is_item_word(next.kind) && next.kind != T_RBRACE
                                : next.kind == T_COLON || next.kind == T_COMMA);
}

/* The token that ends the item in which an error was found; its blocks are left out. */
static struct token skip_item(struct parser *p)
{
    struct token before = p->newest;
    for (;;) {
        if (p->end_of_item) {
            p->end_of_item = false;
            p->skipping = false;
            return semicolon(p->newest.at, false);
        }
        struct token t = fetch(p);
        if (t.kind == T_YYEOF)
            return p->n_braces > 0 ? close_brace(p, t) : t;
        if (t.kind == T_LANG_YYerror)
            continue;
        bool at_level = p->n_braces == p->skip_level, in_brackets = in_parentheses(p);
        if (at_level && t.kind != T_RBRACE &&
            (needs_semicolon(p, &before, &t) || begins_item(p, &before, &t))) {
            hold(p, t);
            p->skipping = false;
            return semicolon(t.at, false);
        }
        track(p, &t);
        if (at_level && (t.kind == T_SEMICOLON || t.kind == T_RBRACE)) {
            if (t.kind == T_SEMICOLON && in_brackets && goes_on(p, &t, true))
                continue;
            p->skipping = false;
            return t;
        }
        if (t.kind == T_RBRACE && p->n_braces == p->skip_level) {
            struct token next = fetch(p);
            hold(p, next);
            if (next.kind != T_ELSE && !goes_on(p, &t, false)) {
                p->skipping = false;
                return semicolon(t.at, false);
            }
        }
        before = t;
    }
}

static bool is_boundary(int kind)
{
    return kind == T_SEMICOLON || kind == T_LBRACE || kind == T_RBRACE;
}

void parse_skip_item(struct parser *p)
{
    const struct token *t = &p->newest;
    if (p->given == T_SEMICOLON || p->given == T_RBRACE)
        return; /* ends the item itself */
    p->skipping = true;
    if (t->kind == T_LBRACE && p->previous.kind == T_LBRACE && p->given == T_LBRACE) {
        pop_bracket(p); /* one too many: nothing else is left out */
        p->end_of_item = true;
        return;
    }
    p->skip_level = p->n_braces - (t->kind == T_LBRACE);
    if (is_item_word(t->kind) && !in_parentheses(p) && !is_boundary(p->previous.kind) &&
        parse_on_later_line(p, p->previous.at, t->at)) {
        hold(p, *t); /* the item ends before it */
        p->end_of_item = true;
    }
}

/* Whether the block of a `step` begins without its brace. */
static bool needs_brace(const struct parser *p, const struct token *t)
{
    return p->given == T_STEP && p->newest.kind == T_STEP && is_boundary(p->previous.kind) &&
           t->kind != T_LBRACE && t->kind != T_LPAREN && t->kind != T_YYEOF &&
           t->kind != T_SEMICOLON && t->kind != T_RBRACE && t->kind != T_ASSIGN;
}

static struct token next_token(struct parser *p)
{
    struct token t = fetch(p);
    if (needs_brace(p, &t)) {
        struct token brace = {.kind = T_LBRACE, .at = t.at, .made = true};
        parse_missing_brace(p, t.at);
        if (t.kind != T_COLON)
            hold(p, t);
        track(p, &brace);
        return brace;
    }
    if (t.kind == T_YYEOF && p->n_braces > 0)
        return close_brace(p, t);
    if (p->given == p->newest.kind && needs_semicolon(p, &p->newest, &t)) {
        hold(p, t);
        return semicolon(t.at, true);
    }
    track(p, &t);
    return t;
}

int lang_yylex(LANG_YYSTYPE *value, struct span *at, struct parser *p)
{
    struct token t = p->skipping ? skip_item(p) : next_token(p);
    p->inserted = t.kind == T_SEMICOLON && t.value.inserted;
    p->given = t.kind;
    if (!t.made) {
        p->previous = p->newest;
        p->newest = t;
        if (p->tokens != NULL && t.kind != T_YYEOF)
            VEC_PUSH(p->arena, &p->tokens->list,
                     ((struct parse_token){.kind = t.kind, .at = t.at}));
    }
    if (t.kind == T_LANG_YYerror && !p->closing)
        parse_skip_item(p);
    *value = t.value;
    *at = t.at;
    return t.kind;
}

struct ast_file *parse_tokens(struct arena *a, struct intern *names, const struct sources *s,
                              uint32_t file, struct diags *d, struct parse_tokens *out)
{
    struct parser p = {
        .arena = a,
        .names = names,
        .diags = d,
        .source = sources_get(s, file),
        .file = file,
        .out = ARENA_NEW(a, struct ast_file),
        .tokens = out,
        .newest = {.kind = T_SEMICOLON, .at = {.file = file}},
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

struct ast_file *parse_file(struct arena *a, struct intern *names, const struct sources *s,
                            uint32_t file, struct diags *d)
{
    return parse_tokens(a, names, s, file, d, NULL);
}
