/* Hints for words that stand where they can't: misspelt, reserved, or another language's. */
#include "lang/syntax_hints.h"

#include "lang/unit.h"
#include "lang/words.h"

#include <string.h>

/* What other languages call things: the word for it here, where that alone mends it, and a hint. */
static const struct foreign {
    const char *word, *ours, *hint;
} foreign[] = {
    {"def", "fn", "functions are `fn f(x) = EXPR;`"},
    {"function", "fn", "functions are `fn f(x) = EXPR;`"},
    {"lambda", NULL, "weights by a formula are written `i, j => EXPR`"},
    {"const", "let", "a constant is `let NAME = VALUE;`"},
    {"var", "let", "a constant is `let NAME = VALUE;`"},
    {"set", "let", "a constant is `let NAME = VALUE;`"},
    {"int", "let", "a constant is `let NAME = VALUE;`"},
    {"float", "let", "a constant is `let NAME = VALUE;`"},
    {"double", "let", "a constant is `let NAME = VALUE;`"},
    {"auto", "let", "a constant is `let NAME = VALUE;`"},
    {"population", "layer", "neurons of one model are a `layer`"},
    {"group", "layer", "neurons of one model are a `layer`"},
    {"neurons", "layer", "neurons of one model are a `layer`"},
    {"ensemble", "layer", "neurons of one model are a `layer`"},
    {"parameter", "param", "what the user of a neuron sets is a `param`"},
    {"variable", "state", "what a neuron keeps is a `state`"},
    {"model", "neuron", "a model is a `neuron`"},
    {"class", NULL, "a model is a `neuron NAME { ... }`, a circuit a `network NAME { ... }`"},
    {"update", "step", "what happens in a time step is a `step`"},
    {"return", NULL, "a step has no result: it sets states, and emits spikes"},
    {"elif", "else if", "further cases are `else if`"},
    {"elseif", "else if", "further cases are `else if`"},
    {"elsif", "else if", "further cases are `else if`"},
    {"monitor", "record", "what a run writes is said by `record`"},
    {"connect", NULL, "connections are written `a -> b: OP`"},
    {"connection", NULL, "connections are written `a -> b: OP`"},
    {"synapse", NULL, "connections are written `a -> b: OP`"},
    {"synapses", NULL, "connections are written `a -> b: OP`"},
    {"projection", NULL, "connections are written `a -> b: OP`"},
    {"while", NULL, "there are no loops: `[i: n => EXPR]` is an array of n elements"},
};

static const struct foreign *find_foreign(const struct parser *p, struct span at)
{
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (token_is(p, at, foreign[i].word))
            return &foreign[i];
    return NULL;
}

/* Past a comment or a text that begins at s, else s. */
static const char *past_comment(const char *s)
{
    if (s[0] == '/' && s[1] == '/')
        return s + strcspn(s, "\n");
    if (s[0] == '/' && s[1] == '*') {
        const char *end = strstr(s + 2, "*/");
        return end != NULL ? end + 2 : s + strlen(s);
    }
    if (s[0] != '"')
        return s;
    s += 1 + strcspn(s + 1, "\"\n");
    return s + (*s == '"');
}

/* Whether a word stands as a value in what follows it of its block. */
static bool used_behind(const struct parser *p, struct span word)
{
    const char *text = p->source->text, *s = text + word.end;
    const size_t size = word.end - word.begin;
    for (int depth = 0; *s != '\0' && depth >= 0;) {
        const char *past = past_comment(s);
        const size_t n = word_at(s);
        if (past == s && n == size && memcmp(s, text + word.begin, n) == 0 && s[-1] != '.') {
            const char *next = s + n + strspn(s + n, " \t\r\n");
            if (next[0] != '=' || next[1] == '=')
                return true;
        }
        depth += (*s == '{') - (*s == '}');
        s = past != s ? past : s + (n > 0 ? n : 1);
    }
    return false;
}

const char *hint_assignment(const struct mistake *m, struct help *h, struct span name)
{
    static const char *const attributes[] = {"via", "delay", "pool", "average_pool", "bias"};
    const struct parser *p = m->p;
    if (p->diags->n_errors <= DIAG_MAX_ERRORS && used_behind(p, name))
        return help_edit(h, (struct span){p->file, name.begin, name.begin}, "let ",
                         "a constant is `let NAME = VALUE;`");
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
        if (token_is(p, name, attributes[i]))
            return arena_printf(
                p->arena, "it belongs to a connection, before its `;`: `a -> b: OP, %s = ...;`",
                attributes[i]);
    if (token_is(p, name, "duration") || token_is(p, name, "trials"))
        return "it belongs to a stimulus: `stimulus a for b { ... }`";
    return "a constant is `let NAME = VALUE;`, the time step `dt = 1 ms;`, a parameter stands "
           "behind its model: `layer a[2]: lif { NAME = VALUE; }`";
}

/* "did you mean `layer`?" for a misspelt word that begins an item: it is a name, so that the error
 * may stand behind it. */
static const char *misspelt(const struct mistake *m, struct help *h)
{
    static const char *const words[] = {"use",    "network", "stimulus", "board", "neuron",
                                        "part",   "let",     "fn",       "input", "layer",
                                        "output", "record",  "mismatch", "param", "layout",
                                        "bias",   "receive", "state",    "step",  "emit"};
    const struct parser *p = m->p;
    const bool first = expects(m->e, "let");
    const struct span word = first ? m->at : m->after;
    const char *next = next_text(p, word.end), *line = next + strcspn(next, "\n");
    if (first && next[0] == '-' && next[1] == '>' && expects(m->e, "stimulus"))
        return "a connection stands within a network";
    static const char in_neuron[] = "a parameter is `param NAME = DEFAULT;`, what a neuron keeps "
                                    "is a `state NAME = VALUE;`";
    if (first && next[0] == '=' && next[1] != '=' && next[1] != '>')
        return expects(m->e, "receive") ? in_neuron : hint_assignment(m, h, word);
    if (token_is(p, m->at, "to"))
        return "connections are written `a -> b: OP`";
    const struct foreign *other = find_foreign(p, word);
    if (other != NULL && expects(m->e, "receive") && other->ours != NULL &&
        strcmp(other->ours, "let") == 0 && !token_is(p, word, "const"))
        return in_neuron;
    if (other != NULL && other->ours == NULL)
        return other->hint;
    /* A function with a body isn't mended by its first word. */
    const bool alone = other != NULL && strcmp(other->ours, "fn") == 0 &&
                       memchr(next, '=', (size_t)(line - next)) == NULL;
    if (other != NULL)
        return alone ? other->hint : help_edit(h, word, other->ours, other->hint);
    const char *name = arena_strndup(p->arena, p->source->text + word.begin, word.end - word.begin);
    const char *second, *near = nearest_names(name, words, sizeof words / sizeof *words, &second);
    if (near == NULL)
        return NULL;
    if (second != NULL)
        return arena_printf(p->arena, "did you mean `%s` or `%s`?", near, second);
    if (strcmp(near, "fn") == 0 && next[word_at(next)] != '(')
        return NULL; /* a name of two letters is near by chance */
    return help_edit(h, word, near, arena_printf(p->arena, "did you mean `%s`?", near));
}

/* A word that begins an item of a network, at the beginning of its line. */
static bool item_of_network(const struct parser *p, struct span at)
{
    uint32_t i = at.begin;
    while (i > 0 && strchr(" \t", p->source->text[i - 1]) != NULL)
        i--;
    if (i > 0 && p->source->text[i - 1] != '\n')
        return false;
    for (const char *const *word = words_of_networks; *word != NULL; word++)
        if (token_is(p, at, *word) && strcmp(*word, "let") != 0 && strcmp(*word, "fn") != 0)
            return true;
    return false;
}

bool hint_block_left_open(const struct mistake *m)
{
    return expects(m->e, "=") && !expects(m->e, "->") && item_of_network(m->p, m->after);
}

/* `import X as y`, `from X import y`: all of the line is `use X;`. */
static const char *hint_import(const struct mistake *m, struct help *h)
{
    const struct parser *p = m->p;
    const char *name = next_text(p, m->at.end), *line = name + strcspn(name, "\r\n");
    const size_t n = word_at(name);
    const char *end = memchr(name, ';', (size_t)(line - name));
    if (n == 0)
        return "modules are named by `use`: `use dynapse2;`";
    const uint32_t to = (uint32_t)((end != NULL ? end + 1 : line) - p->source->text);
    return help_edit(
        h, (struct span){p->file, m->at.begin, to},
        arena_printf(p->arena, "use %.*s;", (int)n, name),
        arena_printf(p->arena, "modules are named by `use`: `use %.*s;`", (int)n, name));
}

/* For a word where another kind of item, or a name, was expected. */
static const char *hint_reserved(const struct mistake *m, struct help *h)
{
    const struct parser *p = m->p;
    const struct expected *e = m->e;
    const char *found = m->found;
    bool in_file = expects(e, "let") && expects(e, "stimulus");
    bool in_network = expects(e, "let") && expects(e, "layer");
    if (found_is(m, "neuron") && token_is(p, m->after, "use"))
        return help_edit(h, m->at, "neurons",
                         "`neuron` is a reserved word; the module is `neurons`");
    if (hint_block_left_open(m))
        return arena_printf(p->arena, "`%.*s` stands within a network: is a `}` " MISSING,
                            (int)(m->after.end - m->after.begin), p->source->text + m->after.begin);
    if (in_file && (token_is(p, m->at, "import") || token_is(p, m->at, "from")))
        return hint_import(m, h);
    if (found_is(m, "param") && in_network)
        return "a network's parameters follow its name: `network n(x = 3) { ... }`";
    if (found_is(m, "for") && p->n_open > 0 && p->open[p->n_open - 1].kind == '[')
        return "an array of n elements is `[i: n => EXPR]`";
    if (found_is(m, "for") && (in_network || in_file || expects(e, "emit")))
        return "there are no loops: `[i: n => EXPR]` is an array, `part` places a network again";
    if (found_is(m, "input") && expects(e, "receive"))
        return help_edit(h, m->at, "receive", "what arrives at a neuron is a `receive`");
    if (token_is(p, m->after, "on") && expects(e, "event") && !expects(e, "name"))
        return "a neuron has a `step { ... }`, an `on event(w) { ... }`, or both";
    if (expects(e, "{") && !expects(e, ";") && in_item(p, m->at, "if") &&
        (found_is(m, "then") || found_is(m, "emit") || found_is(m, "name")))
        return "statements stand in braces: `if a { ... } else { ... }`";
    if (found_is(m, "emit") && token_is(p, m->after, "else"))
        return "statements stand in braces: `if a { ... } else { ... }`";
    if (found_is(m, "if") && (in_network || in_file))
        return "items have no conditions; a value may: `if a then b else c`";
    if (in_file && is_one_of(found, words_of_networks))
        return arena_printf(p->arena, "`%s` stands within a network", found);
    if ((in_file || in_network) && (is_one_of(found, words_of_neurons) || found_is(m, "emit")))
        return arena_printf(p->arena, "`%s` stands within a neuron", found);
    if (expects(e, "let") && !in_file && is_one_of(found, words_of_files))
        return arena_printf(p->arena, "`%s` stands by itself: is a `}` " MISSING, found);
    if (is_reserved(found) && expects(e, "name") && !expects(e, "not") && !expects(e, "let"))
        return arena_printf(p->arena, "`%s` is a reserved word", found);
    return NULL;
}

/* A word that follows a number, and is no unit. */
static const char *hint_unit(const struct mistake *m, struct help *h)
{
    const char *edit, last = m->p->source->text[m->after.end - 1];
    if (last != '.' && (last < '0' || last > '9'))
        return help_edit(h, m->at, "", "a number has one unit");
    const char *hint =
        unit_guess(m->p->arena, m->p->source->text + m->at.begin, m->at.end - m->at.begin, &edit);
    return edit != NULL ? help_edit(h, m->at, edit, hint) : hint;
}

/* A word in an expression, or where one ends. */
static const char *hint_in_expression(const struct mistake *m, struct help *h)
{
    const struct parser *p = m->p;
    const char first = p->source->text[m->after.begin];
    if (found_is(m, "if") && expects(m->e, "+") && same_line(m))
        return "a choice is `if a then b else c`";
    if (!found_is(m, "name") || !expects(m->e, "+"))
        return NULL;
    if (token_is(p, m->at, "AND"))
        return help_edit(h, m->at, "and", "both is `a and b`");
    if (token_is(p, m->at, "OR"))
        return help_edit(h, m->at, "or", "either is `a or b`");
    if (token_is(p, m->at, "is"))
        return help_edit(h, m->at, "==", "equality is `==`");
    if (token_is(p, m->after, "lambda"))
        return "weights by a formula are written `i, j => EXPR`";
    if (strchr("0123456789.", first) != NULL && same_line(m))
        return hint_unit(m, h);
    return NULL;
}

/* Whether nothing of its item stands before a word. */
static bool begins_statement(const struct parser *p, struct span word)
{
    const char *s = p->source->text;
    uint32_t i = word.begin;
    while (i > 0 && strchr(" \t\r\n", s[i - 1]) != NULL)
        i--;
    return i == 0 || strchr(";{}", s[i - 1]) != NULL;
}

/* `return v`, `double x = 3`, `elif a {`. */
static const char *foreign_statement(const struct mistake *m, struct help *h)
{
    const struct foreign *other = find_foreign(m->p, m->after);
    if (other == NULL || other->ours == NULL)
        return other != NULL ? other->hint : NULL;
    return help_edit(h, m->after, other->ours, other->hint);
}

const char *hint_word(const struct mistake *m, struct help *h)
{
    const struct expected *e = m->e;
    const char *known = hint_reserved(m, h);
    if (known == NULL)
        known = hint_in_expression(m, h);
    const bool word = found_is(m, "name") && !expects(e, "+");
    if (known == NULL && word && expects(e, "for") && m->after.end > 0 && same_line(m) &&
        in_item(m->p, m->at, "stimulus"))
        return help_edit(h, m->at, "for",
                         "a stimulus is one for a network: `stimulus a for b { ... }`");
    if (known == NULL && word && expects(e, "=") && e->n == 1 && same_line(m) &&
        begins_statement(m->p, m->after))
        known = foreign_statement(m, h);
    if (known == NULL && word && (expects(e, "let") || expects(e, "->")))
        known = misspelt(m, h);
    return known;
}
