#include "compiler/elab.h"
#include "compiler/embedded.h"
#include "compiler/lsp.h"
#include "lang/parse.h"
#include "lang/words.h"

/* Kinds of the protocol's. */
enum { FUNCTION = 3, VARIABLE = 6, CLASS = 7, MODULE = 9, PROPERTY = 10, UNIT = 11, KEYWORD = 14 };

/* The words before the place, of which `upto` are whole; the word being written begins at `from`.
 */
struct writing {
    struct lsp_document *d;
    struct json *j;
    const struct lsp_names *names;
    const struct source *f;
    struct parse_tokens tokens;
    uint32_t upto;
    struct span word;
};

static bool in_word(char c)
{
    return c == '_' || c == '%' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
}

/* Whether token k is this text; k counts from the last one back, 0 is the last. */
static bool is(const struct writing *w, uint32_t k, const char *text)
{
    if (k >= w->upto) {
        return false;
    }
    const struct span at = w->tokens.list.data[w->upto - 1 - k].at;
    return at.end - at.begin == strlen(text) &&
           memcmp(w->f->text + at.begin, text, at.end - at.begin) == 0;
}

static const char *name_at(const struct writing *w, uint32_t k)
{
    if (k >= w->upto) {
        return NULL;
    }
    const struct span at = w->tokens.list.data[w->upto - 1 - k].at;
    return intern(&w->d->unit.names, w->f->text + at.begin, at.end - at.begin);
}

static void put(const struct writing *w, const char *label, int kind, const char *detail)
{
    struct json *j = w->j;
    json_object(j);
    json_key(j, "label");
    json_str(j, label);
    json_key(j, "kind");
    json_int(j, kind);
    if (detail) {
        json_key(j, "detail");
        json_str(j, detail);
    }
    json_key(j, "textEdit");
    json_object(j);
    json_key(j, "range");
    lsp_put_range(j, &w->d->lines, w->word);
    json_key(j, "newText");
    json_str(j, label);
    json_end_object(j);
    json_end_object(j);
}

static void put_words(const struct writing *w, const char *const *words, int kind)
{
    for (; *words; words++) {
        put(w, *words, kind, NULL);
    }
}

/* The names of a table of the compiler's. */
static void put_names(const struct writing *w, uint32_t (*table)(const char **, uint32_t), int kind,
                      const char *detail)
{
    const char *names[256];
    const uint32_t n = table(names, 256);
    for (uint32_t i = 0; i < n; i++) {
        put(w, names[i], kind, detail);
    }
}

/* ---- lists ---- */

static void put_units(const struct writing *w)
{
    char unit[UNIT_MAX], before[UNIT_MAX] = "";
    struct dim dim;
    for (uint32_t i = 0; unit_spelling(i, unit, &dim); i++) {
        if (strcmp(unit, before) == 0) { /* of a unit without prefixes */
            continue;
        }
        struct buf b = {0};
        dim_describe(&b, dim);
        put(w, unit, UNIT, b.data);
        buf_free(&b);
        memcpy(before, unit, sizeof before);
    }
}

static void put_visible(const struct writing *w, enum lsp_kind kind, int as, const char *detail)
{
    for (const struct lsp_decl *x = w->names->visible; x; x = x->around) {
        if (x->kind == kind) {
            put(w, x->name.text, as, detail);
        }
    }
}

static void put_values(const struct writing *w)
{
    static const char *const others[] = {"inf", "dt", NULL};
    put_visible(w, LSP_LET, VARIABLE, "constant");
    put_visible(w, LSP_FN, FUNCTION, "function");
    put_visible(w, LSP_ARGUMENT, VARIABLE, "parameter");
    put_visible(w, LSP_MEMBER, PROPERTY, "of the neuron");
    put_visible(w, LSP_LOCAL, VARIABLE, NULL);
    put_names(w, function_names, FUNCTION, "built in");
    put_words(w, words_of_expressions, KEYWORD);
    put_words(w, others, KEYWORD);
}

static const struct ast_neuron *find_neuron(const struct writing *w, const char *name)
{
    for (const struct lsp_decl *x = w->names->visible; x; x = x->around) {
        if (x->kind == LSP_NEURON && x->name.text == name) {
            return x->neuron;
        }
    }
    return NULL;
}

static void put_params(const struct writing *w, const struct ast_neuron *n)
{
    for (const struct ast_neuron_item *i = n ? n->items : NULL; i; i = i->next) {
        const bool set = i->kind == AST_R_PARAM || i->kind == AST_R_LAYOUT || i->kind == AST_R_BIAS;
        if (set && i->name.text) {
            put(w, i->name.text, PROPERTY, n->name.text);
        }
    }
}

/* What is behind the dot of a layer or of a part. */
static void put_inside(const struct writing *w, const char *name)
{
    for (const struct lsp_decl *x = w->names->visible; x; x = x->around) {
        if (x->name.text != name || !x->item) {
            continue;
        }
        const struct ast_neuron *n = find_neuron(w, x->item->model.text);
        put(w, "spikes", PROPERTY, NULL);
        for (const struct ast_neuron_item *i = n ? n->items : NULL; i; i = i->next) {
            if (i->kind == AST_R_STATE && i->name.text) {
                put(w, i->name.text, PROPERTY, "state");
            }
        }
        return;
    }
}

/* ---- where one is ---- */

/* The opening brace around the place, as a token counted from the last; UINT32_MAX: none. */
static uint32_t brace_around(const struct writing *w)
{
    uint32_t closed = 0;
    for (uint32_t k = 0; k < w->upto; k++) {
        if (is(w, k, "}")) {
            closed++;
        } else if (is(w, k, "{") && closed-- == 0) {
            return k;
        }
    }
    return UINT32_MAX;
}

/* The first word of what stands before a brace. */
static uint32_t head_of(const struct writing *w, uint32_t brace)
{
    uint32_t k = brace;
    while (k + 1 < w->upto && !is(w, k + 1, ";") && !is(w, k + 1, "{") && !is(w, k + 1, "}")) {
        k++;
    }
    return k;
}

static void put_item(const struct writing *w, uint32_t brace)
{
    static const char *const stimulus[] = {"duration", "trials", "let", NULL};
    const uint32_t head = brace == UINT32_MAX ? 0 : head_of(w, brace);
    if (brace == UINT32_MAX) {
        put_words(w, words_of_files, KEYWORD);
    } else if (is(w, head, "network")) {
        put_words(w, words_of_networks, KEYWORD);
        put_visible(w, LSP_INPUT, VARIABLE, "input");
        put_visible(w, LSP_LAYER, VARIABLE, "layer");
        put_visible(w, LSP_PART, VARIABLE, "part");
    } else if (is(w, head, "neuron")) {
        put_words(w, words_of_neurons, KEYWORD);
    } else if (is(w, head, "stimulus")) {
        put_words(w, stimulus, KEYWORD);
        for (const struct lsp_decl *x = w->names->visible; x; x = x->around) {
            const bool its = x->kind == LSP_NETWORK && head >= brace + 2 &&
                             x->name.text == name_at(w, brace + 1);
            for (const struct ast_net_item *i = its ? x->network->items : NULL; i; i = i->next) {
                if (i->kind == AST_N_INPUT && i->name.text) {
                    put(w, i->name.text, VARIABLE, "input");
                }
            }
        }
    } else if (is(w, head, "layer")) {
        put_params(w, find_neuron(w, name_at(w, brace + 1)));
    } else {
        put_words(w, words_of_bodies, KEYWORD);
        put_visible(w, LSP_MEMBER, PROPERTY, "of the neuron");
    }
}

/* After a number, on its line: digits, what else is in the word, blanks. */
static bool after_number(const struct writing *w)
{
    uint32_t at = w->word.begin;
    while (at > 0 && (w->f->text[at - 1] == ' ' || w->f->text[at - 1] == '\t')) {
        at--;
    }
    const uint32_t end = at;
    while (at > 0 && (in_word(w->f->text[at - 1]) || w->f->text[at - 1] == '.')) {
        at--;
    }
    const char c = w->f->text[at];
    return at < end && ((c >= '0' && c <= '9') || c == '.') && w->f->text[end - 1] != '.';
}

static void put_all(const struct writing *w)
{
    const uint32_t brace = brace_around(w);
    if (after_number(w)) {
        put_units(w);
    } else if (is(w, 0, "use")) {
        for (const struct embedded_text *m = stdlib_modules; m->name; m++) {
            put(w, m->name, MODULE, NULL);
        }
    } else if (is(w, 0, ".")) {
        put_inside(w, name_at(w, 1));
    } else if (is(w, 0, "for")) {
        put_visible(w, LSP_NETWORK, CLASS, "network");
    } else if (is(w, 0, "->") || is(w, 0, "record") || is(w, 0, "output")) {
        put_visible(w, LSP_LAYER, VARIABLE, "layer");
        put_visible(w, LSP_PART, VARIABLE, "part");
    } else if (w->upto == 0 || is(w, 0, ";") || is(w, 0, "{") || is(w, 0, "}")) {
        put_item(w, brace);
    } else if (is(w, 0, ":")) {
        const uint32_t head = head_of(w, 0);
        if (is(w, head, "layer")) {
            put_visible(w, LSP_NEURON, CLASS, "neuron model");
        } else if (is(w, head, "part")) {
            put_visible(w, LSP_NETWORK, CLASS, "network");
        } else {
            put_names(w, operator_names, FUNCTION, "connection");
            put_values(w);
        }
    } else {
        if (brace != UINT32_MAX && is(w, head_of(w, brace), "stimulus")) {
            put_names(w, source_names, FUNCTION, "source");
        } else if (is(w, 0, ",") && brace != UINT32_MAX && is(w, head_of(w, brace), "network")) {
            put_names(w, attribute_names, PROPERTY, "of the connection");
        }
        put_values(w);
    }
}

/* In a comment nothing is completed. */
static bool in_comment(const struct writing *w)
{
    uint32_t at = w->upto ? w->tokens.list.data[w->upto - 1].at.end : 0;
    for (; at + 1 < w->word.begin; at++) {
        if (w->f->text[at] != '/') {
            continue;
        }
        const bool line = w->f->text[at + 1] == '/';
        const char *end = strstr(w->f->text + at + 2, line ? "\n" : "*/");
        if (!end || (uint32_t)(end - w->f->text) >= w->word.begin) {
            return true;
        }
        at = (uint32_t)(end - w->f->text);
    }
    return false;
}

void lsp_complete(struct lsp_document *d, uint32_t offset, struct json *j)
{
    struct lsp_names names;
    struct diags quiet = {0};
    struct writing w = {.d = d, .j = j, .names = &names, .f = lsp_source(d)};
    lsp_names(d, offset, &names);
    json_array(j);
    if (w.f && offset <= w.f->n) {
        parse_tokens(&names.arena, &d->unit.names, &d->unit.sources, 1, &quiet, &w.tokens);
        uint32_t begin = offset;
        while (begin > 0 && in_word(w.f->text[begin - 1])) {
            begin--;
        }
        /* Of `20m` the unit is what is being written. */
        while (begin < offset && w.f->text[begin] >= '0' && w.f->text[begin] <= '9') {
            begin++;
        }
        w.word = (struct span){1, begin, offset};
        /* Tokens that are put in for a missing `;` have no bytes. */
        uint32_t kept = 0;
        for (uint32_t i = 0; i < w.tokens.list.n; i++) {
            const struct parse_token t = w.tokens.list.data[i];
            if (t.at.end > t.at.begin && t.at.end <= begin) {
                w.tokens.list.data[kept++] = t;
            }
        }
        w.upto = kept;
        if (!in_comment(&w)) {
            put_all(&w);
        }
    }
    json_end_array(j);
    lsp_names_free(&names);
    diags_free(&quiet);
}
