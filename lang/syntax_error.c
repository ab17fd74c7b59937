/* What a syntax error says: "expected `;` after `lif`, found `}`", with a hint for mistakes that
 * other languages teach. */
#include "lang/parse_state.h"

#include "lang/unit.h"
#include "runtime/base/buf.h"

#include <string.h>

enum { MAX_SHOWN = 24 /* bytes of a token */, MAX_EXPECTED = 4 };

/* ---- sets of token names ---- */

static bool is_one_of(const char *name, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(name, *list) == 0)
            return true;
    return false;
}

static const char *const contextual[] = {"dt",    "seed", "scale", "negative", "event",
                                         "place", "chip", "core",  "latch",    NULL};
static const char *const comparisons[] = {"==", "!=", "<", "<=", ">", ">=", NULL};
static const char *const continuations[] = {"+", "-",  "*",   "/",  "^", "==", "!=", "<",    "<=",
                                            ">", ">=", "and", "or", "[", ".",  "(",  "seed", NULL};
static const char *const value_starts[] = {"number", "string", "name", "true", "false", "not",
                                           "if",     "-",      "(",    "[",    NULL};

static bool is_reserved(const char *name)
{
    static const char *const kinds[] = {"name", "number", "string", "end of file", NULL};
    return name[0] >= 'a' && name[0] <= 'z' && !is_one_of(name, kinds) &&
           !is_one_of(name, contextual);
}

struct expected {
    const char **name;
    int n;
};

static bool expects(const struct expected *e, const char *name)
{
    for (int i = 0; i < e->n; i++)
        if (strcmp(e->name[i], name) == 0)
            return true;
    return false;
}

static void drop(struct expected *e, const char *const *list)
{
    int n = 0;
    for (int i = 0; i < e->n; i++)
        if (!is_one_of(e->name[i], list))
            e->name[n++] = e->name[i];
    e->n = n;
}

static void drop_reserved(struct expected *e)
{
    int n = 0;
    for (int i = 0; i < e->n; i++)
        if (!is_reserved(e->name[i]))
            e->name[n++] = e->name[i];
    e->n = n;
}

/* Replaces tokens that together are one thing of the language by its name, which is returned (NULL:
 * none). What is left are tokens to be named as they are. */
static const char *group(struct expected *e)
{
    static const char *const item_ends[] = {";", "end of file", NULL};
    bool attributes = expects(e, "then") && expects(e, "name");
    if (expects(e, "+")) {
        drop(e, continuations);
        return e->n == 0 ? "an operator" : NULL;
    }
    if (expects(e, "number")) {
        bool operand = !expects(e, "not");
        drop(e, value_starts);
        drop(e, contextual);
        if (attributes)
            drop_reserved(e);
        return operand ? "a value" : "an expression";
    }
    if (expects(e, ";") && (expects(e, "let") || expects(e, "bias"))) {
        bool statement = expects(e, "emit") && !attributes;
        drop(e, item_ends);
        drop(e, value_starts);
        drop(e, contextual);
        drop_reserved(e);
        return attributes ? "a name" : statement ? "a statement" : "a declaration";
    }
    if (expects(e, "name")) {
        drop(e, value_starts);
        drop(e, contextual);
        if (attributes)
            drop_reserved(e);
        return "a name";
    }
    return NULL;
}

/* ---- texts ---- */

static bool token_is(const struct parser *p, struct span at, const char *text)
{
    size_t n = strlen(text);
    return at.end - at.begin == n && memcmp(p->source->text + at.begin, text, n) == 0;
}

static void put_token(struct buf *b, const struct parser *p, struct span at)
{
    uint32_t n = at.end - at.begin;
    if (n == 0) {
        buf_puts(b, "end of file");
        return;
    }
    uint32_t shown = n > MAX_SHOWN ? MAX_SHOWN : n;
    while (shown > 0 && shown < n &&
           ((unsigned char)p->source->text[at.begin + shown] & 0xc0) == 0x80)
        shown--;
    buf_putc(b, '`');
    buf_put(b, p->source->text + at.begin, shown);
    buf_puts(b, shown < n ? "...`" : "`");
}

static void put_expected(struct buf *b, struct expected *e)
{
    const char *thing = group(e);
    int n = e->n + (thing != NULL), shown = n > MAX_EXPECTED ? MAX_EXPECTED : n;
    for (int i = 0; i < shown; i++) {
        buf_puts(b, i == 0 ? "expected " : i == shown - 1 && shown == n ? " or " : ", ");
        const char *name = thing == NULL ? e->name[i] : i == 0 ? thing : e->name[i - 1];
        if (name == thing || strcmp(name, "end of file") == 0)
            buf_puts(b, name);
        else if (strcmp(name, "number") == 0 || strcmp(name, "string") == 0)
            buf_printf(b, "a %s", name);
        else
            buf_printf(b, "`%s`", name);
    }
    if (shown < n)
        buf_puts(b, ", ...");
}

/* The token that the error comes after, unless it begins or ends a block or an item. */
static struct span context(const struct parser *p)
{
    struct span at = p->inserted ? p->newest.at : p->previous.at;
    bool boundary = token_is(p, at, ";") || token_is(p, at, "{") || token_is(p, at, "}");
    return boundary ? (struct span){0} : at;
}

/* The message stands at the unexpected token, or behind the one before where that is the end of its
 * line. */
static struct span place(const struct parser *p, struct span after, struct span at)
{
    if (after.end > 0 && parse_on_later_line(p, after, at))
        return (struct span){p->file, after.end, after.end};
    return at;
}

/* NULL: none is known. */
static const char *hint(const struct parser *p, struct span after, struct span at,
                        const char *found, const struct expected *e)
{
    bool name_expected = expects(e, "name") && !expects(e, "not") && !expects(e, "let");
    if (is_reserved(found) && name_expected)
        return arena_printf(p->arena, "`%s` is a reserved word", found);
    if (strcmp(found, "*") == 0 && token_is(p, after, "*"))
        return "powers are written `a ^ b`";
    if (!expects(e, "+"))
        return NULL;
    if (after.end > after.begin && p->source->text[after.end - 1] == '%')
        return "`%` follows a number; the remainder of a division is `mod(a, b)`";
    if (is_one_of(found, comparisons))
        return "comparisons don't chain: write `a < b and b < c`";
    if (strcmp(found, "=") == 0)
        return "equality is `==`";
    if (strcmp(found, "name") == 0 && strchr("0123456789.", p->source->text[after.begin]) != NULL &&
        !parse_on_later_line(p, after, at))
        return "units are " UNIT_LIST;
    return NULL;
}

/* ---- entry points ---- */

static struct diag *report(struct parser *p, struct span after, struct span at, struct expected *e)
{
    struct buf b = {0};
    put_expected(&b, e);
    bool unexpected = b.n == 0;
    if (unexpected)
        buf_puts(&b, "unexpected ");
    if (!unexpected && after.end > 0) {
        buf_puts(&b, " after ");
        put_token(&b, p, after);
    }
    if (!unexpected)
        buf_puts(&b, ", found ");
    put_token(&b, p, at);
    struct diag *g = diag_add(p->diags, E0104, place(p, after, at), "%s", b.data);
    buf_free(&b);
    return g;
}

void parse_syntax_error(struct parser *p, struct span at, const char *found, const char **expected,
                        int n)
{
    if (p->stop)
        return; /* why the text ends here was reported */
    struct expected e = {expected, n};
    struct span after = context(p);
    const char *help = hint(p, after, at, found, &e);
    struct diag *g = report(p, after, at, &e);
    if (help != NULL)
        diag_hint(p->diags, g, "%s", help);
    parse_skip_item(p);
}

void parse_missing_semicolon(struct parser *p, struct span found)
{
    const char *semicolon[] = {";"};
    report(p, p->newest.at, found, &(struct expected){semicolon, 1});
}

void parse_unclosed(struct parser *p)
{
    struct span end = {p->file, p->source->n, p->source->n};
    while (end.begin > 0 && strchr(" \t\r\n", p->source->text[end.begin - 1]) != NULL)
        end.begin = --end.end;
    uint32_t i = p->n_open;
    while (p->open[i - 1].kind != '{')
        i--;
    struct diag *g = diag_add(p->diags, E0104, end, "expected `}`, found end of file");
    diag_label(p->diags, g, p->open[i - 1].at, "this brace isn't closed");
}

void lang_yyerror(struct span *at, struct parser *p, const char *message)
{
    (void)message; /* all others go through parse_syntax_error() */
    diag_add(p->diags, E0106, *at, "this is nested too deeply");
}
