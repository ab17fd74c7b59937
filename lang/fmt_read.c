/* From the source to the formatter's elements. */
#include "lang/fmt_parts.h"
#include "lang/literal.h"

#include <string.h>

struct reader {
    struct arena *arena;
    const struct source *source;
    struct fmt_text *out;
    uint32_t cap;
    uint32_t newlines;   /* since the last element */
    uint32_t lines;      /* up to it */
    uint32_t line_begin; /* the byte where the current line begins */
};

uint32_t fmt_advance(uint32_t column, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\t')
            column = column / 8 * 8 + 8;
        else
            column += ((unsigned char)s[i] & 0xc0) != 0x80;
    }
    return column;
}

static uint32_t columns(const char *s, size_t n)
{
    uint32_t c = 0;
    for (size_t i = 0; i < n; i++)
        c += ((unsigned char)s[i] & 0xc0) != 0x80;
    return c;
}

static struct fmt_element *add(struct reader *r, int kind, const char *text, size_t n)
{
    struct fmt_text *t = r->out;
    if (t->n == r->cap)
        t->e = vec_grow(r->arena, t->e, t->n, &r->cap, sizeof *t->e);
    struct fmt_element *e = &t->e[t->n++];
    r->lines += r->newlines;
    *e = (struct fmt_element){.kind = kind,
                              .text = text,
                              .n = (uint32_t)n,
                              .width = columns(text, n),
                              .newlines = r->newlines,
                              .token = FMT_NONE,
                              .match = FMT_NONE,
                              .lines = r->lines};
    r->newlines = 0;
    if (t->n > 1)
        e->token = e[-1].kind == FMT_COMMENT ? e[-1].token : t->n - 2;
    return e;
}

/* ---- comments ---- */

/* Bytes of the comment at the start of `s`, without the newline that ends it. */
static size_t comment_length(const char *s, size_t n)
{
    if (s[1] == '/') {
        const char *newline = memchr(s, '\n', n);
        return newline != NULL ? (size_t)(newline - s) : n;
    }
    size_t i = 3;
    while (s[i - 1] != '*' || s[i] != '/')
        i++;
    return i + 1;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Its text: without white space at the ends of lines. */
static size_t trim_comment(struct reader *r, const char **text, size_t n)
{
    const char *s = *text;
    char *copy = arena_alloc(r->arena, n);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        while (s[i] == '\n' && kept > 0 && is_blank(copy[kept - 1]))
            kept--;
        copy[kept++] = s[i];
    }
    while (is_blank(copy[kept - 1]))
        kept--;
    *text = copy;
    return kept;
}

static void add_comment(struct reader *r, uint32_t begin, size_t n, uint32_t end)
{
    const char *s = r->source->text, *text = s + begin;
    uint32_t column = 0, next = begin + (uint32_t)n;
    while (next < end && is_blank(s[next]))
        next++;
    if (next == r->source->n || s[next] == '\n')
        column = fmt_advance(0, s + r->line_begin, begin - r->line_begin);
    bool many = memchr(text, '\n', n) != NULL;
    n = trim_comment(r, &text, n);
    struct fmt_element *e = add(r, FMT_COMMENT, text, n);
    e->column = column;
    e->apart =
        begin > 1 && is_blank(s[begin - 1]) && (s[begin - 1] == '\t' || is_blank(s[begin - 2]));
    e->ends_line = many || text[1] == '/';
}

/* What stands between two tokens: white space and whole comments. */
static void add_gap(struct reader *r, uint32_t begin, uint32_t end)
{
    const char *s = r->source->text;
    for (uint32_t i = begin; i < end; i++) {
        if (s[i] == '/') {
            size_t n = comment_length(s + i, end - i);
            add_comment(r, i, n, end);
            for (; n > 1; n--, i++)
                if (s[i] == '\n') {
                    r->lines++;
                    r->line_begin = i + 1;
                }
        } else if (s[i] == '\n') {
            r->newlines++;
            r->line_begin = i + 1;
        }
    }
}

/* ---- tokens ---- */

/* A number, with one space before its unit. */
static void add_number(struct reader *r, const char *s, size_t n)
{
    size_t digits = literal_number_length(s, n), unit = digits;
    while (unit < n && is_blank(s[unit]))
        unit++;
    if (unit < n && (unit != digits + 1 || s[digits] != ' ')) {
        s = arena_printf(r->arena, "%.*s %.*s", (int)digits, s, (int)(n - unit), s + unit);
        n = strlen(s);
    }
    add(r, T_NUMBER, s, n);
}

/* Whether element k is a name; behind a point all words are. */
static bool names(const struct fmt_text *t, uint32_t k)
{
    uint32_t before = t->e[k].token;
    return parse_is_name(t->e[k].kind) ||
           (before != FMT_NONE && t->e[before].kind == T_DOT && t->e[k].kind != FMT_COMMENT);
}

/* Whether a value ends with token k: what follows isn't the start of one. */
static bool ends_value(const struct fmt_text *t, uint32_t k)
{
    if (k == FMT_NONE)
        return false;
    switch (t->e[k].kind) {
    case T_NUMBER:
    case T_STRING:
    case T_TRUE:
    case T_FALSE:
    case T_RPAREN:
    case T_RBRACKET:
        return true;
    default:
        return names(t, k);
    }
}

/* Pairs the brackets and says which kind of colon and minus there is. */
static void understand(struct arena *a, struct fmt_text *t)
{
    uint32_t *open = ARENA_ARRAY(a, uint32_t, PARSE_MAX_NESTING), depth = 0;
    bool assigned = false; /* a `=` was seen in the item, outside of brackets */
    for (uint32_t k = 0; k < t->n; k++) {
        struct fmt_element *e = &t->e[k];
        bool outside = depth == 0 || t->e[open[depth - 1]].kind == T_LBRACE;
        switch (e->kind) {
        case T_LPAREN:
        case T_LBRACKET:
        case T_LBRACE:
            open[depth++] = k;
            break;
        case T_RPAREN:
        case T_RBRACKET:
        case T_RBRACE:
            e->match = open[--depth];
            t->e[e->match].match = k;
            break;
        case T_MAPSTO:
            t->e[open[depth - 1]].binds = true;
            break;
        case T_ASSIGN:
            assigned |= outside;
            break;
        case T_COLON: /* coarse:fine outside of brackets; in them see below */
            e->tight = outside && assigned;
            e->match = outside ? FMT_NONE : open[depth - 1];
            break;
        case T_MINUS:
            e->unary = e->after_word || !ends_value(t, e->token);
            break;
        default:
            break;
        }
        if (e->kind == T_SEMICOLON || e->kind == T_LBRACE || e->kind == T_RBRACE)
            assigned = false;
    }
    for (uint32_t k = 0; k < t->n; k++)
        if (t->e[k].kind == T_COLON && t->e[k].match != FMT_NONE)
            t->e[k].tight = !t->e[t->e[k].match].binds;
}

bool fmt_space_before(const struct fmt_text *t, uint32_t k)
{
    if (k == 0)
        return false;
    const struct fmt_element *e = &t->e[k], *before = e - 1;
    bool opened = before->kind == T_LPAREN || before->kind == T_LBRACKET;
    switch (e->kind) {
    case FMT_COMMENT:
        return !opened;
    case T_SEMICOLON:
        return before->kind == T_LBRACE;
    case T_COMMA:
    case T_RPAREN:
    case T_RBRACKET:
        return false;
    default:
        break;
    }
    if (opened)
        return false;
    if (before->kind == FMT_COMMENT)
        return true;
    if (e->kind == T_DOT) /* `1.x` would be a malformed number */
        return before->kind == T_NUMBER;
    if (before->kind == T_DOT || e->kind == T_CARET || before->kind == T_CARET || before->unary)
        return false;
    if (e->kind == T_COLON)
        return before->kind == T_COMMA;
    if (before->kind == T_COLON)
        return !before->tight;
    if (e->kind == T_LPAREN)
        return e->after_word || !names(t, k - 1);
    if (e->kind == T_LBRACKET)
        return e->after_word || !ends_value(t, k - 1);
    return true;
}

/* ---- where lines may be broken ---- */

/* What a break costs, beside what brackets around it and columns left empty add (see fmt.c): the
 * looser an operator binds, the better is the place behind it. */
enum {
    COST_BINDING = 0, /* on TARGET */
    COST_LIST = 8,
    COST_CHOICE = 9,
    COST_BODY = 10,
    COST_OR = 12,
    COST_AND = 14,
    COST_COMPARE = 16,
    COST_SUM = 18,
    COST_PRODUCT = 20,
    COST_BRACKET = 40,
    COST_VALUE = 50,
};

/* -1: it is no operator. */
static int operator_cost(const struct fmt_element *e)
{
    switch (e->kind) {
    case T_OR:
        return COST_OR;
    case T_AND:
        return COST_AND;
    case T_EQ:
    case T_NE:
    case T_LT:
    case T_LE:
    case T_GT:
    case T_GE:
        return COST_COMPARE;
    case T_PLUS:
        return COST_SUM;
    case T_MINUS:
        return e->unary ? -1 : COST_SUM;
    case T_TIMES:
    case T_SLASH:
        return COST_PRODUCT;
    default:
        return -1;
    }
}

int fmt_break_cost(const struct fmt_text *t, uint32_t k)
{
    const struct fmt_element *e = &t->e[k];
    if (e->token == FMT_NONE || e->kind == FMT_COMMENT)
        return -1;
    const struct fmt_element *before = &t->e[e->token];
    switch (before->kind) {
    case T_COMMA:
        return COST_LIST;
    case T_MAPSTO:
        return COST_BODY;
    case T_ASSIGN:
        return COST_VALUE;
    case T_COLON:
        return before->tight ? -1 : COST_VALUE;
    case T_LPAREN:
    case T_LBRACKET:
        return e->kind == T_RPAREN || e->kind == T_RBRACKET ? -1 : COST_BRACKET;
    default:
        break;
    }
    if (ends_value(t, e->token)) {
        if (e->kind == T_THEN || e->kind == T_ELSE)
            return COST_CHOICE;
        if (e->kind == T_ON)
            return COST_BINDING;
    }
    return operator_cost(before);
}

bool fmt_may_break(const struct fmt_text *t, uint32_t k)
{
    const struct fmt_element *e = &t->e[k];
    return fmt_break_cost(t, k) >= 0 || operator_cost(e) >= 0 || e->kind == T_RPAREN ||
           e->kind == T_RBRACKET;
}

/* ---- all of it ---- */

bool fmt_read(struct arena *a, const struct sources *s, uint32_t file, struct diags *d,
              struct fmt_text *out)
{
    struct intern names;
    struct parse_tokens tokens = {0};
    struct reader r = {.arena = a, .source = sources_get(s, file), .out = out};
    struct diags mine = {0}; /* in `d` what was reported before isn't counted again */
    uint32_t end = 0;
    intern_init(&names, a);
    parse_tokens(a, &names, s, file, &mine, &tokens);
    bool parsed = mine.n_errors == 0;
    diags_free(&mine);
    *out = (struct fmt_text){0};
    if (!parsed) {
        parse_file(a, &names, s, file, d);
        return false;
    }
    for (uint32_t i = 0; i < tokens.list.n; i++) {
        const struct parse_token *x = &tokens.list.data[i];
        const char *text = r.source->text + x->at.begin;
        add_gap(&r, end, x->at.begin);
        if (x->kind == T_NUMBER)
            add_number(&r, text, x->at.end - x->at.begin);
        else
            add(&r, x->kind, text, x->at.end - x->at.begin);
        out->e[out->n - 1].after_word = x->after_word;
        end = x->at.end;
    }
    add_gap(&r, end, r.source->n);
    understand(a, out);
    size_t at = 0;
    for (uint32_t k = 0; k < out->n; k++) {
        at += fmt_space_before(out, k);
        out->e[k].at = at;
        at += out->e[k].width;
    }
    return true;
}
