/* What a syntax error says: "expected `;` after `lif`, found `}`", with a hint for mistakes that
 * other languages teach. */
#include "lang/parse_state.h"

#include "lang/unit.h"
#include "runtime/base/buf.h"
#include "runtime/base/intern.h"

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

static const char *const contextual[] = {"dt",   "seed", "scale", "negative", "event", "place",
                                         "chip", "core", "latch", "factor",   NULL};
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

/* ---- hints ---- */

/* What would help, and the change of the source that it means, if it is that plain. */
struct help {
    const char *hint; /* NULL: none is known */
    const char *edit; /* NULL: none */
    struct span at;
};

static const char *edit(struct help *h, struct span at, const char *text, const char *hint)
{
    h->edit = text;
    h->at = at;
    return hint;
}

#define MISSING "missing before it?" /* which parse_unclosed() doesn't say again */

/* "did you mean `layer`?" for a misspelt word that begins an item: it is a name, so that the error
 * may stand behind it. */
static const char *misspelt(const struct parser *p, struct span after, struct span at,
                            const struct expected *e, struct help *h)
{
    static const char *const words[] = {"use",    "network", "stimulus", "board", "neuron",
                                        "part",   "let",     "fn",       "input", "layer",
                                        "output", "record",  "mismatch", "param", "layout",
                                        "bias",   "receive", "state",    "step",  "emit"};
    struct span word = expects(e, "let") ? at : after;
    const char *name = arena_strndup(p->arena, p->source->text + word.begin, word.end - word.begin);
    const char *near = nearest_name(name, words, sizeof words / sizeof *words);
    if (near == NULL)
        return NULL;
    return edit(h, word, near, arena_printf(p->arena, "did you mean `%s`?", near));
}

/* Whether a text stands between the beginning of the item and a place. */
static bool in_item(const struct parser *p, struct span at, const char *text)
{
    const char *s = p->source->text;
    size_t n = strlen(text);
    for (uint32_t i = at.begin; i > 0 && strchr(";{}", s[i - 1]) == NULL; i--)
        if (i + n <= at.begin + 1 && memcmp(s + i - 1, text, n) == 0)
            return true;
    return false;
}

/* A word that begins an item of a network, at the beginning of its line. */
static bool item_of_network(const struct parser *p, struct span at)
{
    static const char *const words[] = {"input",  "layer",    "part", "record",
                                        "output", "mismatch", NULL};
    uint32_t i = at.begin;
    while (i > 0 && strchr(" \t", p->source->text[i - 1]) != NULL)
        i--;
    for (int k = 0; (i == 0 || p->source->text[i - 1] == '\n') && words[k] != NULL; k++)
        if (token_is(p, at, words[k]))
            return true;
    return false;
}

/* For a reserved word where another kind of item, or a name, was expected. */
static const char *hint_reserved(const struct parser *p, struct span after, struct span at,
                                 const char *found, const struct expected *e, struct help *h)
{
    static const char *const of_files[] = {"use", "network", "stimulus", "board", "neuron", NULL};
    static const char *const of_networks[] = {"input",  "layer",    "part", "record",
                                              "output", "mismatch", "dt",   NULL};
    static const char *const of_neurons[] = {"param", "layout", "bias", "receive",
                                             "state", "step",   "emit", NULL};
    bool in_file = expects(e, "let") && expects(e, "stimulus");
    bool in_network = expects(e, "let") && expects(e, "layer");
    if (strcmp(found, "neuron") == 0 && token_is(p, after, "use"))
        return edit(h, at, "neurons", "`neuron` is a reserved word; the module is `neurons`");
    if (expects(e, "=") && !expects(e, "->") && item_of_network(p, after))
        return arena_printf(p->arena, "`%.*s` stands within a network: is a `}` " MISSING,
                            (int)(after.end - after.begin), p->source->text + after.begin);
    if (in_file && strcmp(found, "name") == 0 &&
        (token_is(p, at, "import") || token_is(p, at, "from")))
        return edit(h, at, "use", "modules are named by `use`: `use dynapse2;`");
    if (strcmp(found, "param") == 0 && in_network)
        return "a network's parameters follow its name: `network n(x = 3) { ... }`";
    if (strcmp(found, "for") == 0 && p->n_open > 0 && p->open[p->n_open - 1].kind == '[')
        return "an array of n elements is `[i: n => EXPR]`";
    if (in_file && is_one_of(found, of_networks))
        return arena_printf(p->arena, "`%s` stands within a network", found);
    if ((in_file || in_network) && is_one_of(found, of_neurons))
        return arena_printf(p->arena, "`%s` stands within a neuron", found);
    if (expects(e, "let") && !in_file && is_one_of(found, of_files))
        return arena_printf(p->arena, "`%s` stands by itself: is a `}` " MISSING, found);
    if (is_reserved(found) && expects(e, "name") && !expects(e, "not") && !expects(e, "let"))
        return arena_printf(p->arena, "`%s` is a reserved word", found);
    return NULL;
}

/* For marks that are written otherwise in this language. */
static const char *hint_mark(const struct parser *p, struct span after, struct span at,
                             const char *found, const struct expected *e, struct help *h)
{
    static const char *const arithmetic[] = {"+", "-", "*", "/", NULL};
    const struct span behind = {p->file, after.end, after.end};
    if (strcmp(found, "*") == 0 && token_is(p, after, "*"))
        return edit(h, (struct span){p->file, after.begin, at.end}, "^",
                    "powers are written `a ^ b`");
    if (is_one_of(found, arithmetic) && expects(e, "=") && p->source->text[at.end] == '=')
        return arena_printf(p->arena, "write `%.*s = %.*s %s ...`", (int)(after.end - after.begin),
                            p->source->text + after.begin, (int)(after.end - after.begin),
                            p->source->text + after.begin, found);
    if (strcmp(found, "=") == 0 && expects(e, "->"))
        return "a constant is `let NAME = VALUE;`, the time step is `dt = 1 ms;`";
    if (strcmp(found, ">") == 0 && expects(e, "->"))
        return edit(h, at, "->", "connections are written `a -> b: OP`");
    if (strcmp(found, "->") == 0 && expects(e, "=>"))
        return edit(h, at, "=>", "weights by a formula are written `i, j => EXPR`");
    if (strcmp(found, ":") == 0 && expects(e, "=") && !expects(e, "->"))
        return edit(h, at, " =", "values are given by `=`");
    if (strcmp(found, "name") == 0 && expects(e, ":") && !parse_on_later_line(p, after, at))
        return edit(h, behind, ":", "a `:` stands before a model or an operation");
    if (strcmp(found, "name") == 0 && expects(e, ",") && token_is(p, after, ")") &&
        !parse_on_later_line(p, after, at) && !expects(e, ")"))
        return edit(h, behind, ",", "attributes follow a comma");
    if (strcmp(found, "(") == 0 && expects(e, "{") && expects(e, ";") && in_item(p, at, "layer"))
        return "parameters stand in braces: `{ NAME = VALUE; }`";
    if (strcmp(found, "[") == 0 && expects(e, "{") && expects(e, ";") && in_item(p, at, "layer"))
        return "the shape stands behind the layer's name: `layer a[8]: MODEL`";
    if (strcmp(found, "=>") == 0 && expects(e, "->"))
        return edit(h, at, "->", "connections are written `a -> b: OP`");
    if (strcmp(found, "(") == 0 && expects(e, "[") && !expects(e, "+"))
        return "shapes and indices stand in brackets: `a[2]`";
    if (strcmp(found, ")") == 0 && expects(e, ",") && !expects(e, ")") && !expects(e, "]"))
        return "equality is `==`; named values are two or more: `(a = 1, b = 2)`";
    if (strcmp(found, ";") == 0 && expects(e, ":") && in_item(p, at, "->"))
        return "say how they connect, as in `a -> b: all_to_all(1)`";
    if (strcmp(found, ";") == 0 && expects(e, ":") && in_item(p, at, "layer"))
        return "a layer says its model, as in `layer a[2]: lif`";
    return NULL;
}

/* NULL: none is known. */
static const char *hint(const struct parser *p, struct span after, struct span at,
                        const char *found, const struct expected *e, struct help *h)
{
    const char *known = hint_reserved(p, after, at, found, e, h);
    if (known == NULL)
        known = hint_mark(p, after, at, found, e, h);
    bool word = strcmp(found, "name") == 0 && !expects(e, "+");
    if (known == NULL && word && (expects(e, "let") || expects(e, "->")))
        known = misspelt(p, after, at, e, h);
    if (known != NULL || !expects(e, "+"))
        return known;
    if (after.end > after.begin && p->source->text[after.end - 1] == '%')
        return "`%` follows a number; the remainder of a division is `mod(a, b)`";
    if (is_one_of(found, comparisons))
        return "comparisons don't chain: write `a < b and b < c`";
    if (strcmp(found, "=") == 0)
        return edit(h, at, "==", "equality is `==`");
    if (strcmp(found, ",") == 0 && expects(e, ";") && p->n_open > 0 &&
        p->open[p->n_open - 1].kind == '{')
        return edit(h, at, ";", "each ends with a `;`");
    if (strcmp(found, "name") == 0 && token_is(p, at, "AND"))
        return edit(h, at, "and", "both is `a and b`");
    if (strcmp(found, "name") == 0 && token_is(p, at, "OR"))
        return edit(h, at, "or", "either is `a or b`");
    if (strcmp(found, "name") == 0 && strchr("0123456789.", p->source->text[after.begin]) != NULL &&
        !parse_on_later_line(p, after, at))
        return "units are " UNIT_LIST;
    return NULL;
}

/* A `;` within a bracket: where it would be closed. */
static void close_bracket(const struct parser *p, struct span after, const char *found,
                          const struct expected *e, struct help *h)
{
    const char *closing = expects(e, ")") ? ")" : expects(e, "]") ? "]" : NULL;
    if (closing != NULL && strcmp(found, ";") == 0 && after.end > 0)
        edit(h, (struct span){p->file, after.end, after.end}, closing, NULL);
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

/* Whether a reserved word is used as the name that it couldn't be declared as: one mistake. */
static bool used_before(const struct parser *p, struct span after, const char *help)
{
    if (help == NULL || strstr(help, "` is a reserved word") == NULL || !token_is(p, after, "->"))
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
    struct help help = {0};
    help.hint = hint(p, after, at, found, &e, &help);
    close_bracket(p, after, found, &e, &help);
    bool in_file = expects(&e, "let") && expects(&e, "stimulus");
    if (!in_file)
        p->lost = p->n_open == 0 && expects(&e, "{");
    if ((in_file && p->lost) || used_before(p, after, help.hint)) {
        parse_skip_item(p);
        return;
    }
    struct diag *g = report(p, after, at, &e);
    if (help.hint != NULL)
        diag_hint(p->diags, g, "%s", help.hint);
    if (help.edit != NULL)
        diag_edit(p->diags, g, help.at, "%s", help.edit);
    if (expects(&e, "=") && !expects(&e, "->") && item_of_network(p, after))
        p->stop = true; /* all that follows would stand in the wrong block */
    parse_skip_item(p);
}

void parse_missing_semicolon(struct parser *p, struct span found)
{
    const char *semicolon[] = {";"};
    struct diag *g = report(p, p->newest.at, found, &(struct expected){semicolon, 1});
    const uint32_t end = p->newest.at.end;
    diag_edit(p->diags, g, (struct span){p->file, end, end}, ";");
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
