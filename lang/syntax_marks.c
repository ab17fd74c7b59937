/* Hints for marks that are missing, one too many, or written otherwise in this language. */
#include "lang/syntax_hints.h"

#include <string.h>

/* ---- places ---- */

const char *help_edit(struct help *h, struct span at, const char *text, const char *hint)
{
    h->edit = text;
    h->at = at;
    return hint;
}

bool found_is(const struct mistake *m, const char *alias)
{
    return strcmp(m->found, alias) == 0;
}

bool same_line(const struct mistake *m)
{
    return !parse_on_later_line(m->p, m->after, m->at);
}

struct span behind(const struct mistake *m)
{
    return (struct span){m->p->file, m->after.end, m->after.end};
}

const char *next_text(const struct parser *p, uint32_t from)
{
    const char *s = p->source->text + from;
    return s + strspn(s, " \t");
}

size_t word_at(const char *s)
{
    size_t n = 0;
    while (s[n] == '_' || (s[n] >= '0' && s[n] <= '9') ||
           ((s[n] | 32) >= 'a' && (s[n] | 32) <= 'z'))
        n++;
    return n;
}

bool in_item(const struct parser *p, struct span at, const char *text)
{
    const char *s = p->source->text;
    size_t n = strlen(text);
    for (uint32_t i = at.begin; i > 0 && strchr(";{}", s[i - 1]) == NULL; i--)
        if (i + n <= at.begin + 1 && memcmp(s + i - 1, text, n) == 0)
            return true;
    return false;
}

/* The wrong token and n bytes behind it. */
static struct span wider(const struct mistake *m, uint32_t n)
{
    return (struct span){m->p->file, m->at.begin, m->at.end + n};
}

/* The token before the wrong one, up to the end of that. */
static struct span both(const struct mistake *m)
{
    return (struct span){m->p->file, m->after.begin, m->at.end};
}

static bool after_is(const struct mistake *m, const char *text)
{
    return token_is(m->p, m->after, text);
}

/* The bytes right behind the wrong token. */
static bool then_is(const struct mistake *m, const char *text)
{
    return strncmp(m->p->source->text + m->at.end, text, strlen(text)) == 0;
}

/* Whether the innermost open bracket is of that kind, or one around it that isn't a brace. */
static bool innermost(const struct mistake *m, char kind)
{
    return m->p->n_open > 0 && m->p->open[m->p->n_open - 1].kind == kind;
}

static bool around(const struct mistake *m, char kind)
{
    for (uint32_t i = m->p->n_open; i > 0 && m->p->open[i - 1].kind != '{'; i--)
        if (m->p->open[i - 1].kind == kind)
            return true;
    return false;
}

/* What stands behind the bracket that closes the one at a place; "" if it isn't closed on its line.
 */
static const char *behind_bracket(const struct parser *p, uint32_t open)
{
    int depth = 0;
    for (const char *s = p->source->text + open; *s != '\0' && *s != '\n'; s++) {
        depth += strchr("([{", *s) != NULL;
        depth -= strchr(")]}", *s) != NULL;
        if (depth == 0)
            return s + 1 + strspn(s + 1, " \t");
    }
    return "";
}

/* ---- brackets ---- */

/* The edit that puts other brackets around what stands in these, up to `close` on the same line. */
static void other_brackets(const struct mistake *m, struct help *h, char close, const char *left,
                           const char *right)
{
    const char *inner = m->p->source->text + m->at.end, *end = inner;
    while (*end != '\0' && *end != '\n' && *end != close)
        end++;
    if (*end == close)
        help_edit(h, wider(m, (uint32_t)(end + 1 - inner)),
                  arena_printf(m->p->arena, "%s%.*s%s", left, (int)(end - inner), inner, right),
                  NULL);
}

static const char *hint_closing(const struct mistake *m, struct help *h)
{
    const char closing = found_is(m, ")") ? ')' : found_is(m, "]") ? ']' : '\0';
    if (closing == '\0')
        return NULL;
    const char *mark = closing == ')' ? ")" : "]", *other = closing == ')' ? "]" : ")";
    if (after_is(m, ","))
        return help_edit(h, m->after, "", "no comma stands before a closing bracket");
    if (m->p->unmatched && innermost(m, closing == ')' ? '[' : '(') && expects(m->e, other)) {
        if (around(m, closing == ')' ? '(' : '['))
            help_edit(h, behind(m), other, NULL);
        else
            help_edit(h, m->at, other, NULL);
        return arena_printf(m->p->arena, "the bracket that is open is closed by `%s`", other);
    }
    if (m->p->unmatched && !around(m, closing == ')' ? '(' : '['))
        return help_edit(
            h, m->at, "",
            arena_printf(m->p->arena, "no bracket is open that `%s` would close", mark));
    if (closing == ')' && expects(m->e, ",") && !expects(m->e, ")") && !expects(m->e, "]") &&
        !expects(m->e, ";"))
        return "equality is `==`; named values are two or more: `(a = 1, b = 2)`";
    return NULL;
}

static const char *hint_opening(const struct mistake *m, struct help *h)
{
    const struct parser *p = m->p;
    const struct expected *e = m->e;
    const bool layer = in_item(p, m->at, "layer"), input = in_item(p, m->at, "input");
    const char first = m->after.end > 0 ? p->source->text[m->after.begin] : ' ';
    if (found_is(m, "{") && expects(e, "[") && (layer || input)) {
        other_brackets(m, h, '}', "[", "]");
        return "shapes and indices stand in brackets: `a[2]`";
    }
    if ((found_is(m, "{") || found_is(m, "[")) && expects(e, "(") && e->n == 1 &&
        word_at(p->source->text + m->after.begin) > 0) {
        other_brackets(m, h, found_is(m, "{") ? '}' : ']', "(", ")");
        return "arguments stand in parentheses: `f(x)`";
    }
    if (found_is(m, "number") && m->after.end == 0 && p->previous.kind == T_LBRACE)
        return "a shape stands in brackets: `a[4]`; in braces settings do";
    if (found_is(m, "{") && m->after.end == 0 && p->previous.kind == T_LBRACE)
        return help_edit(h, m->at, "", "one `{` is enough");
    if (found_is(m, "{") && expects(e, "=") && after_is(m, ")"))
        return "a function is one expression: `fn f(x) = EXPR;`";
    if (found_is(m, "{") && expects(e, ",") && in_item(p, m->at, "->"))
        return "attributes follow a comma: `, delay = 2 ms`";
    if (found_is(m, "(") && expects(e, "{") && expects(e, ";") && layer) {
        if (then_is(m, ")"))
            help_edit(h, wider(m, 1), "", NULL);
        return "parameters stand in braces: `{ NAME = VALUE; }`";
    }
    if (found_is(m, "[") && expects(e, "{") && expects(e, ";") && layer)
        return "the shape stands behind the layer's name: `layer a[8]: MODEL`";
    if (found_is(m, "(") && expects(e, "->") && *behind_bracket(p, m->at.begin) != '-')
        return "connections are written `a -> b: OP`";
    if (found_is(m, "(") && expects(e, "for"))
        return "a stimulus is one for a network: `stimulus a for b { ... }`";
    if (found_is(m, "(") && after_is(m, "step")) {
        if (then_is(m, ")"))
            help_edit(h, wider(m, 1), "", NULL);
        return "a step takes no arguments: it sees the neuron's names";
    }
    if (found_is(m, "(") && in_item(p, m->at, "neuron") && expects(e, "{"))
        return "parameters stand within: `neuron NAME { param tau = 20 ms; ... }`";
    if (found_is(m, "(") && after_is(m, "record"))
        return "what is recorded stands without brackets: `record a.spikes, b.spikes;`";
    if (found_is(m, "[") && (after_is(m, "record") || after_is(m, "output")))
        return "what is listed stands without brackets: `record a.spikes, b.spikes;`";
    if (found_is(m, "(") && expects(e, "[") && !expects(e, "+"))
        return "shapes and indices stand in brackets: `a[2]`";
    if (found_is(m, "(") && expects(e, "+") && first >= '0' && first <= '9')
        return help_edit(h, behind(m), " * ", "a product is `a * b`");
    return NULL;
}

/* `np.ones(`: functions have no modules in front. */
static const char *hint_qualified(const struct mistake *m, struct help *h)
{
    const struct parser *p = m->p;
    const char *s = p->source->text;
    uint32_t from = m->after.begin;
    if (!found_is(m, "(") || !expects(m->e, "+") || from < 2 || s[from - 1] != '.')
        return NULL;
    while (from > 0 && (s[from - 1] == '.' || word_at(s + from - 1) > 0))
        from--;
    return help_edit(h, (struct span){p->file, from, m->after.begin}, "",
                     arena_printf(p->arena, "functions are called by their own name: `%.*s(...)`",
                                  (int)(m->after.end - m->after.begin), s + m->after.begin));
}

/* ---- `=`, `:`, `,` and `;` ---- */

/* Other names of the time step. */
static bool is_time_step(const struct parser *p, struct span at)
{
    static const char *const words[] = {"DT",   "Dt",      "timestep",  "time_step",
                                        "step", "delta_t", "resolution"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (token_is(p, at, words[i]))
            return true;
    return false;
}

static const char *hint_assign(const struct mistake *m, struct help *h)
{
    const struct parser *p = m->p;
    const struct expected *e = m->e;
    static const char *const without[] = {"seed", "mismatch", "output", "record"};
    if (found_is(m, "==") && expects(e, "=") && !expects(e, "+"))
        return help_edit(h, m->at, "=", "values are given by `=`");
    if (found_is(m, ":") && expects(e, "=") && !expects(e, "->"))
        return help_edit(h, then_is(m, "=") ? wider(m, 1) : m->at, then_is(m, "=") ? "=" : " =",
                         "values are given by `=`");
    if ((found_is(m, "number") || found_is(m, "string")) && expects(e, "=") && same_line(m) &&
        m->after.end > 0)
        return help_edit(h, behind(m), " =", "values are given by `=`");
    if (found_is(m, "=") && after_is(m, "seed") && expects(e, "->"))
        return "a seed follows what is random: `uniform(0, 1) seed 3`";
    for (size_t i = 0; found_is(m, "=") && i < sizeof without / sizeof *without; i++)
        if (after_is(m, without[i]))
            return help_edit(h, m->at, "",
                             arena_printf(p->arena, "`%s` stands without `=`", without[i]));
    if (found_is(m, "=") && expects(e, "->") && is_time_step(p, m->after))
        return help_edit(h, m->after, "dt", "the time step is `dt`");
    if (found_is(m, "=") && expects(e, "->"))
        return hint_assignment(m, h, m->after);
    if (found_is(m, "=") && expects(e, "+") && then_is(m, "<"))
        return help_edit(h, wider(m, 1), "<=", "comparisons are `<= >= == !=`");
    if (found_is(m, "=") && after_is(m, "=="))
        return help_edit(h, both(m), "==", "equality is `==`");
    if (found_is(m, "=") && expects(e, "+"))
        return help_edit(h, m->at, "==", "equality is `==`");
    return NULL;
}

#define STANDS_BEFORE "a `:` stands before a model or an operation"

static const char *hint_colon(const struct mistake *m, struct help *h)
{
    const struct parser *p = m->p;
    const struct expected *e = m->e;
    const char *next = next_text(p, m->at.end);
    if (found_is(m, ":") && after_is(m, ":"))
        return help_edit(h, m->at, "", "one `:` is enough");
    if (found_is(m, ":") && expects(e, "]") && in_item(p, m->at, "layer"))
        return help_edit(h, behind(m), "]", "the shape ends with a `]`");
    if (found_is(m, ":") && expects(e, "then"))
        return help_edit(h, m->at, " then", "a choice is `if a then b else c`");
    if (found_is(m, ":") && expects(e, "{") && !expects(e, ";"))
        return "what belongs to it stands in braces: `{ ... }`";
    if (!expects(e, ":"))
        return NULL;
    if (found_is(m, "name") && *next == '[' && in_item(p, m->at, "layer"))
        return "a layer says its name first, as in `layer a[2]: lif`";
    if (found_is(m, "name") && same_line(m))
        return help_edit(h, behind(m), ":", STANDS_BEFORE);
    if (found_is(m, "=") && (in_item(p, m->at, "layer") || in_item(p, m->at, "->")))
        return help_edit(h, m->at, ":", STANDS_BEFORE);
    if (found_is(m, ",") && in_item(p, m->at, "->")) {
        if (next[word_at(next)] == '(')
            return help_edit(h, m->at, ":", STANDS_BEFORE);
        return "a connection has one source and one target";
    }
    if (found_is(m, ";") && in_item(p, m->at, "->"))
        return "say how they connect, as in `a -> b: all_to_all(1)`";
    if (found_is(m, ";") && in_item(p, m->at, "layer"))
        return "a layer says its model, as in `layer a[2]: lif`";
    if (found_is(m, "->"))
        return "a connection has one source and one target";
    return NULL;
}

/* `poisson(80 Hz), seed = 7`: a seed follows without a comma. */
static const char *hint_seed(const struct mistake *m, struct help *h)
{
    const char *next = next_text(m->p, m->at.end);
    if (strncmp(next, "seed", 4) != 0 || word_at(next) != 4)
        return NULL;
    next += 4 + strspn(next + 4, " \t");
    next += *next == '=';
    const uint32_t end = (uint32_t)(next - m->p->source->text);
    return help_edit(h, (struct span){m->p->file, m->at.begin, end}, " seed",
                     "a seed follows without a comma: `uniform(0, 1) seed 3`");
}

static const char *hint_separator(const struct mistake *m, struct help *h)
{
    const struct parser *p = m->p;
    const struct expected *e = m->e;
    if (found_is(m, "name") && expects(e, ",") && after_is(m, ")") && same_line(m) &&
        !expects(e, ")")) {
        if (*next_text(p, m->at.end) != '=' && expects(e, ";"))
            return help_edit(h, behind(m), ";", "each ends with a `;`");
        return help_edit(h, behind(m), ",", "attributes follow a comma");
    }
    if (found_is(m, ",") && expects(e, "->"))
        return "a connection has one source and one target";
    const char before = p->source->text[m->after.begin], next = p->source->text[m->at.end];
    if (found_is(m, ",") && expects(e, ";") && before >= '0' && before <= '9' && next >= '0' &&
        next <= '9')
        return "the mark within a number is a point, as in `0.1`";
    if (found_is(m, ",") && expects(e, ";") && innermost(m, '{')) {
        const char *seed = hint_seed(m, h);
        return seed ? seed : help_edit(h, m->at, ";", "each ends with a `;`");
    }
    if (found_is(m, ",") && expects(e, ")") && innermost(m, '('))
        return "several arguments or indices have no parentheses of their own; an array is `[a, "
               "b]`";
    if (found_is(m, "number") && expects(e, ",") && expects(e, "]") && same_line(m))
        return help_edit(h, behind(m), ",",
                         "elements are separated by commas, rows are arrays: "
                         "`[[1, 2], [3, 4]]`");
    if (found_is(m, ";") && after_is(m, ","))
        return help_edit(h, m->after, "", "no comma stands behind the last one");
    if (found_is(m, ";") && expects(e, ")") && m->after.end > 0)
        return help_edit(h, behind(m), ")", NULL);
    if (found_is(m, ";") && expects(e, "]") && m->after.end > 0)
        return help_edit(h, behind(m), "]", NULL);
    if (found_is(m, ";") && expects(e, "(") && in_item(p, m->at, "->"))
        return "an operation has its weights in parentheses: `all_to_all(1)`";
    if (found_is(m, ";") && expects(e, "->"))
        return "connections are written `a -> b: OP`; `record` takes several, separated by commas";
    return NULL;
}

/* ---- operators and arrows ---- */

static const char *hint_arrow(const struct mistake *m, struct help *h)
{
    const struct expected *e = m->e;
    static const char written[] = "connections are written `a -> b: OP`";
    if (found_is(m, "->") && expects(e, "=>"))
        return help_edit(h, m->at, "=>", "weights by a formula are written `i, j => EXPR`");
    if (!expects(e, "->"))
        return NULL;
    if (found_is(m, ">"))
        return help_edit(h, then_is(m, ">") ? wider(m, 1) : m->at, "->", written);
    if (found_is(m, "=>"))
        return help_edit(h, m->at, "->", written);
    if (found_is(m, "-")) {
        const char *next = next_text(m->p, m->at.end);
        const uint32_t more = (uint32_t)(next - m->p->source->text) - m->at.end;
        return help_edit(h,
                         then_is(m, "->") ? wider(m, 2)
                         : *next == '>'   ? wider(m, more + 1)
                                          : m->at,
                         "->", written);
    }
    if (found_is(m, "<") || found_is(m, "<="))
        return "connections are written `a -> b: OP`, from the source to the target";
    return NULL;
}

/* Statements and declarations of a neuron that are something else: `dv/dt = ...`, `spike();`,
 * `state v;`, `state v[4] = 0`. */
static const char *hint_in_neuron(const struct mistake *m, struct help *h)
{
    const struct parser *p = m->p;
    if (!expects(m->e, "=") || expects(m->e, "->") || m->after.end == 0)
        return NULL;
    if (found_is(m, "/") && p->source->text[m->after.begin] == 'd' && then_is(m, "dt"))
        return "a step gives the new value, as in `v = v + dt / tau * (u - v)`";
    if (found_is(m, "(") && m->e->n == 1)
        return "statements are `NAME = VALUE;`, `emit N;` and `if`";
    if (found_is(m, "[") && m->e->n == 1)
        return "a neuron's values are single numbers; arrays belong to the layer";
    if (found_is(m, ";") && m->e->n == 1 && in_item(p, m->at, "state"))
        return help_edit(h, behind(m), " = 0", "a state has a value to begin with");
    if (found_is(m, ";") && m->e->n == 1)
        return "it has a value: `NAME = VALUE;`";
    return NULL;
}

static const char *hint_operator(const struct mistake *m, struct help *h)
{
    static const char *const arithmetic[] = {"+", "-", "*", "/", NULL};
    static const char *const comparisons[] = {"==", "!=", "<", "<=", ">", ">=", NULL};
    const struct parser *p = m->p;
    const struct expected *e = m->e;
    const char *text = p->source->text + m->after.begin;
    const int n = (int)(m->after.end - m->after.begin);
    if (found_is(m, "*") && after_is(m, "*"))
        return help_edit(h, both(m), "^", "powers are written `a ^ b`");
    if (found_is(m, "*") && then_is(m, "/"))
        return help_edit(h, wider(m, 1), "", "no comment is open that it would close");
    if (found_is(m, "*") && after_is(m, "."))
        return "`dyn run --record all` writes every state of every layer";
    if (found_is(m, ">") && after_is(m, "<"))
        return help_edit(h, both(m), "!=", "comparisons are `<= >= == !=`");
    if (is_one_of(m->found, arithmetic) && expects(e, "=") && then_is(m, "="))
        return arena_printf(p->arena, "write `%.*s = %.*s %s ...`", n, text, n, text, m->found);
    if ((found_is(m, "+") || found_is(m, "-")) && expects(e, "=") && then_is(m, m->found)) {
        const char *more = arena_printf(p->arena, "%.*s = %.*s %s 1", n, text, n, text, m->found);
        return help_edit(h, (struct span){p->file, m->after.begin, m->at.end + 1}, more,
                         arena_printf(p->arena, "write `%s`", more));
    }
    if (found_is(m, "-") && after_is(m, "seed"))
        return "a seed is a whole number from 0 on";
    if (expects(e, "+") && m->after.end > m->after.begin && text[n - 1] == '%')
        return "`%` follows a number; the remainder of a division is `mod(a, b)`";
    if (expects(e, "+") && is_one_of(m->found, comparisons))
        return "comparisons don't chain: write `a < b and b < c`";
    if (expects(e, "+") && (expects(e, ")") || expects(e, "]")) && !same_line(m) &&
        strncmp(next_text(p, m->after.end), "//", 2) == 0)
        return "`//` begins a comment; a quotient rounded down is `floor(a / b)`";
    return NULL;
}

/* A choice without its words, text where a name stands, a model with its module. */
static const char *hint_rest(const struct mistake *m, struct help *h)
{
    const struct parser *p = m->p;
    const struct expected *e = m->e;
    const char *text = p->source->text + m->at.begin;
    const uint32_t n = m->at.end - m->at.begin;
    if (expects(e, "then") && after_is(m, ")") && !found_is(m, ";") && !found_is(m, ")") &&
        same_line(m))
        return help_edit(h, behind(m), " then", "a choice is `if a then b else c`");
    if (expects(e, "else") && !expects(e, "name"))
        return "a choice has both: `if a then b else c`";
    if (found_is(m, "string") && expects(e, "name") && word_at(text + 1) == n - 2)
        return help_edit(h, m->at, arena_strndup(p->arena, text + 1, n - 2),
                         "names stand without quotes");
    if (found_is(m, ".") && expects(e, "{") && in_item(p, m->at, "layer"))
        return help_edit(h, both(m), "",
                         "models are called by their own name, without the module's");
    if (found_is(m, "-") && expects(e, ":") && expects(e, "["))
        return "names have letters, digits and `_`";
    if (found_is(m, "[") && expects(e, "name") &&
        (after_is(m, "layer") || after_is(m, "input") || after_is(m, "part")))
        return arena_printf(p->arena, "it has a name: `%.*s a[4]`",
                            (int)(m->after.end - m->after.begin), p->source->text + m->after.begin);
    if (found_is(m, "]") && after_is(m, "["))
        return "a shape that connections fix is left out, brackets and all";
    if (expects(e, "{") && !expects(e, ";") && !expects(e, "[") && !same_line(m))
        return "what belongs to it stands in braces: `{ ... }`";
    return NULL;
}

const char *hint_mark(const struct mistake *m, struct help *h)
{
    static const char *(*const kinds[])(const struct mistake *, struct help *) = {
        hint_in_neuron, hint_arrow, hint_colon,     hint_assign,    hint_operator,
        hint_closing,   hint_rest,  hint_separator, hint_qualified, hint_opening,
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const char *known = kinds[i](m, h);
        if (known != NULL || h->edit != NULL)
            return known;
    }
    return NULL;
}
