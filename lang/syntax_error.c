/* What a syntax error says: "expected `;` after `lif`, found `}`", with a hint for mistakes that
 * other languages teach. */
#include "lang/syntax_hints.h"

#include "runtime/base/buf.h"
#include "runtime/base/intern.h"

#include <string.h>

enum { MAX_SHOWN = 24 /* bytes of a token */, MAX_EXPECTED = 4 };

/* ---- sets of token names ---- */

bool is_one_of(const char *name, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(name, *list) == 0)
            return true;
    return false;
}

static const char *const contextual[] = {"dt",   "seed", "scale", "negative", "event", "place",
                                         "chip", "core", "latch", "factor",   NULL};
static const char *const continuations[] = {"+", "-",  "*",   "/",  "^", "==", "!=", "<",    "<=",
                                            ">", ">=", "and", "or", "[", ".",  "(",  "seed", NULL};
static const char *const value_starts[] = {"number", "string", "name", "true", "false", "not",
                                           "if",     "-",      "(",    "[",    NULL};

bool is_reserved(const char *name)
{
    static const char *const kinds[] = {"name", "number", "string", "end of file", NULL};
    return name[0] >= 'a' && name[0] <= 'z' && !is_one_of(name, kinds) &&
           !is_one_of(name, contextual);
}

bool expects(const struct expected *e, const char *name)
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

bool token_is(const struct parser *p, struct span at, const char *text)
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

/* ---- hints ---- */

static const char *hint(const struct mistake *m, struct help *h)
{
    const char *known = hint_word(m, h);
    if (known == NULL)
        known = hint_mark(m, h);
    if (h->edit != NULL || known != NULL)
        return known;
    if (!same_line(m) && m->after.end > 0 && expects(m->e, ";"))
        help_edit(h, behind(m), ";", NULL);
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

/* Whether a token begins a declaration, so that a name follows it. */
static bool declares(const struct parser *p, struct span at)
{
    static const char *const words[] = {"network", "stimulus", "neuron", "part",  "let",
                                        "fn",      "input",    "layer",  "param", "layout",
                                        "bias",    "receive",  "state"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (token_is(p, at, words[i]))
            return true;
    return false;
}

/* Whether a reserved word is used as the name that it couldn't be declared as: one mistake. */
static bool used_before(const struct parser *p, struct span after, const char *help)
{
    if (help == NULL || strstr(help, "` is a reserved word") == NULL || declares(p, after))
        return false;
    for (uint32_t i = 0; i < p->diags->list.n; i++) {
        const struct diag *g = p->diags->list.data[i];
        if (g->span.file == p->file && g->hint != NULL && strcmp(g->hint, help) == 0)
            return true;
    }
    return false;
}

/* Whether the lexer has complained about what stands here or right before it. */
static bool lexis_reported(struct parser *p, struct span at)
{
    for (uint32_t i = p->diags->list.n; i-- > 0;) {
        const struct diag *g = p->diags->list.data[i];
        if (g->code == E0103 && g->span.file == p->file && g->span.end >= at.begin &&
            g->span.begin <= at.begin) {
            parse_skip_item(p);
            return true;
        }
    }
    return false;
}

void parse_syntax_error(struct parser *p, struct span at, const char *found, const char **expected,
                        int n)
{
    if (p->stop || lexis_reported(p, at))
        return; /* why was reported */
    struct expected e = {expected, n};
    struct span after = context(p);
    static const char *const arrow[] = {"=>", NULL};
    char last = after.end > 0 ? p->source->text[after.begin] : ' ';
    if (strchr("0123456789.\"()[]", last) != NULL)
        drop(&e, arrow); /* which follows names only */
    const struct mistake m = {p, after, at, found, &e};
    struct help help = {0};
    help.hint = hint(&m, &help);
    const bool in_file = expects(&e, "let") && expects(&e, "stimulus");
    if (!in_file)
        p->lost = p->n_open == 0 && expects(&e, "{");
    if ((in_file && p->lost) || used_before(p, after, help.hint)) {
        parse_skip_item(p);
        return;
    }
    if (declares(p, after) && expects(&e, "name")) { /* nobody knows what it is called */
        const bool whole = p->n_braces == 0 || token_is(p, after, "network") ||
                           token_is(p, after, "stimulus") || token_is(p, after, "neuron");
        p->out->nameless |= whole;
        p->nameless |= !whole;
    }
    struct diag *g = report(p, after, at, &e);
    if (help.hint != NULL)
        diag_hint(p->diags, g, "%s", help.hint);
    if (help.edit != NULL)
        diag_edit(p->diags, g, help.at, "%s", help.edit);
    if (hint_block_left_open(&m))
        p->stop = true; /* all that follows would stand in the wrong block */
    /* The braces of a network were closed before: the rest of its items stands bare. */
    p->lost |= in_file && help.hint != NULL && strstr(help.hint, "within a network") != NULL;
    parse_skip_item(p);
}

void parse_missing_semicolon(struct parser *p, struct span found)
{
    const char *semicolon[] = {";"};
    struct diag *g = report(p, p->newest.at, found, &(struct expected){semicolon, 1});
    const uint32_t end = p->newest.at.end;
    diag_edit(p->diags, g, (struct span){p->file, end, end}, ";");
}

void parse_missing_brace(struct parser *p, struct span found)
{
    const char *brace[] = {"{"};
    const uint32_t end = p->newest.at.end;
    struct diag *g = report(p, p->newest.at, found, &(struct expected){brace, 1});
    diag_hint(p->diags, g, "what belongs to it stands in braces: `{ ... }`");
    diag_edit(p->diags, g, token_is(p, found, ":") ? found : (struct span){p->file, end, end},
              " {");
}

void parse_unclosed(struct parser *p)
{
    for (uint32_t i = 0; i < p->diags->list.n; i++) {
        const struct diag *g = p->diags->list.data[i];
        if (g->span.file == p->file && g->hint != NULL && strstr(g->hint, MISSING) != NULL)
            return;
    }
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
