#include "lang/lex.h"

#include "lang/build_ast.h"
#include "lang/literal.h"
#include "runtime/base/utf8.h"

#include <math.h>
#include <string.h>

int lex_word(struct parser *p, struct span at, const char *s, size_t n, LANG_YYSTYPE *value,
             int token)
{
    value->name = (struct ast_name){intern(p->names, s, n), at};
    return token;
}

/* ---- numbers ---- */

static void number_value(struct parser *p, struct span at, double x, struct dim dim,
                         LANG_YYSTYPE *value)
{
    value->expr = ast_leaf(p, at, AST_NUMBER);
    value->expr->number = x;
    value->expr->dim = dim;
}

/* Whether what follows the newest token can only be a name, or begins an item. */
static bool name_expected(const struct parser *p)
{
    switch (p->newest.kind) {
    case T_USE:
    case T_NETWORK:
    case T_STIMULUS:
    case T_NEURON:
    case T_PART:
    case T_LET:
    case T_FN:
    case T_INPUT:
    case T_LAYER:
    case T_OUTPUT:
    case T_RECORD:
    case T_PARAM:
    case T_LAYOUT:
    case T_BIAS:
    case T_RECEIVE:
    case T_STATE:
    case T_FOR:
    case T_ARROW:
    case T_DOT:
    case T_SEMICOLON:
    case T_LBRACE:
    case T_RBRACE:
        return true;
    default:
        return false;
    }
}

/* A name that isn't well formed, told where it stands first. */
static struct diag *bad_name(struct parser *p, struct span at, const char *s, size_t n,
                             LANG_YYSTYPE *value)
{
    int fresh;
    value->name = (struct ast_name){intern(p->names, s, n), at};
    if (p->bad_name.arena == NULL)
        map64_init(&p->bad_name, p->arena);
    map64_put(&p->bad_name, (uint64_t)(uintptr_t)value->name.text, 0, &fresh);
    return fresh
               ? diag_add(p->diags, E0101, at, "`%.*s` can't be a name", (int)(n > 40 ? 40 : n), s)
               : NULL;
}

size_t lex_number(struct parser *p, struct span *at, const char *s, size_t n, LANG_YYSTYPE *value,
                  int *kind)
{
    size_t digits = literal_number_length(s, n), word = digits;
    while (word < n && (s[word] == ' ' || s[word] == '\t'))
        word++;
    int pow10 = 0;
    struct dim dim = DIM_ONE;
    bool unit = word < n && unit_lookup(s + word, n - word, &pow10, &dim);
    if (!unit && digits < n && word == digits) {
        if (!name_expected(p) || memchr(s, '.', n) != NULL) {
            lex_bad_number(p, *at, s, n, value);
            return n;
        }
        struct diag *g = bad_name(p, *at, s, n, value);
        if (g != NULL)
            diag_hint(p->diags, g, "names begin with a letter, as `%.*s%.*s`", (int)(n - digits),
                      s + digits, (int)digits, s);
        *kind = T_NAME;
        return n;
    }
    if (!unit)
        n = digits;
    at->end = at->begin + (uint32_t)n;
    double x;
    const char *wrong = literal_number(s, digits, pow10, &x);
    if (wrong != NULL)
        diag_add(p->diags, E0103, *at, "this is %s", wrong);
    dim.any = !unit && (x == 0 || s[0] == 'i');
    number_value(p, *at, wrong != NULL ? NAN : x, dim, value);
    return n;
}

/* `1_000` without what groups its digits; false: it isn't such a number. */
static bool ungrouped(const char *s, size_t n, char out[static 41])
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i] != '_' && (s[i] < '0' || s[i] > '9'))
            return false;
        if (s[i] != '_')
            out[k++] = s[i];
    }
    out[k] = '\0';
    return k < n;
}

void lex_bad_number(struct parser *p, struct span at, const char *s, size_t n, LANG_YYSTYPE *value)
{
    size_t digits = literal_number_length(s, n);
    int shown = n > 40 ? 40 : (int)n;
    char plain[41];
    const char *edit;
    struct diag *g = diag_add(p->diags, E0103, at, "`%.*s%s` is not a number", shown, s,
                              (int)n > shown ? "..." : "");
    number_value(p, at, NAN, (struct dim){.any = true}, value);
    if (s[n - 1] == '.') {
        if (at.end < p->source->n && p->source->text[at.end] == '.') {
            diag_hint(p->diags, g, "a slice is `0:4`, up to but without the 4");
            diag_edit(p->diags, g, (struct span){at.file, at.end - 1, at.end + 1}, ":");
            return;
        }
        diag_hint(p->diags, g, "a digit follows the point: `%.*s0`", shown, s);
        diag_edit(p->diags, g, at, "%.*s0", (int)n, s);
    } else if (n <= 40 && ungrouped(s, n, plain)) {
        diag_hint(p->diags, g, "digits aren't grouped: `%s`", plain);
        diag_edit(p->diags, g, at, "%s", plain);
    } else {
        const char *hint = unit_guess(p->arena, s + digits, n - digits, &edit);
        diag_hint(p->diags, g, "%s", hint);
        if (edit != NULL)
            diag_edit(p->diags, g, (struct span){at.file, at.begin + (uint32_t)digits, at.end},
                      " %s", edit);
        else if (digits < n && s[digits] >= 'A' && s[0] != '0' && strncmp(hint, "units", 5) == 0)
            diag_hint(p->diags, g, "a product is `%.*s * %.*s`; %s", (int)digits, s,
                      (int)(shown - (int)digits), s + digits, hint);
    }
}

/* ---- strings and comments ---- */

void lex_string(struct parser *p, struct span at, const char *s, size_t n, LANG_YYSTYPE *value)
{
    size_t wrong;
    value->expr = ast_leaf(p, at, AST_STRING);
    value->expr->string = literal_string(p->arena, s + 1, n - 2, &wrong);
    if (wrong < n - 2) {
        uint32_t begin = at.begin + 1 + (uint32_t)wrong;
        struct diag *g = diag_add(p->diags, E0101, (struct span){at.file, begin, begin + 2},
                                  "unknown escape in a string");
        diag_hint(p->diags, g, "the escapes are \\n, \\t, \\\\ and \\\"");
    }
    if (memchr(s, '\0', n) != NULL)
        diag_add(p->diags, E0101, at, "a string with a NUL character");
}

void lex_other_quotes(struct parser *p, struct span at, const char *s, size_t n, size_t mark,
                      LANG_YYSTYPE *value)
{
    const int inner = (int)(n - 2 * mark);
    value->expr = ast_leaf(p, at, AST_STRING);
    value->expr->string = arena_strndup(p->arena, s + mark, (size_t)inner);
    struct diag *g =
        diag_add(p->diags, E0101, at, "`%.*s` doesn't belong to the language", (int)mark, s);
    diag_hint(p->diags, g, "strings stand in double quotes: `\"...\"`");
    if (memchr(s, '"', n) == NULL && memchr(s, '\\', n) == NULL && memchr(s, '\0', n) == NULL)
        diag_edit(p->diags, g, at, "\"%.*s\"", inner, s + mark);
}

void lex_other_name(struct parser *p, struct span at, const char *s, size_t n, LANG_YYSTYPE *value)
{
    struct diag *g = bad_name(p, at, s, n, value);
    if (g != NULL)
        diag_hint(p->diags, g, "names have the letters a to z and A to Z, digits and `_`");
}

/* The word that begins at s, in front of a byte `end` if that isn't 0. */
static size_t word_length(const char *s, size_t n, char end)
{
    size_t k = 0;
    while (k < n && (s[k] == '_' || (s[k] >= '0' && s[k] <= '9') ||
                     ((s[k] | 32) >= 'a' && (s[k] | 32) <= 'z')))
        k++;
    return end == '\0' || (k < n && s[k] == end) ? k : 0;
}

/* What follows a directive, from where on and how long; false: it isn't this one. */
static bool directive(const char *s, size_t n, const char *name, const char **rest, size_t *left)
{
    size_t i = strlen(name);
    if (n <= i || memcmp(s, name, i) != 0)
        return false;
    while (i < n && (s[i] == ' ' || s[i] == '\t'))
        i++;
    *rest = s + i;
    *left = n - i;
    return true;
}

void lex_hash(struct parser *p, struct span at, const char *s, size_t n)
{
    const char *rest;
    size_t left, k;
    while (n > 1 && strchr(" \t\r", s[n - 1]) != NULL)
        n--;
    const struct span line = {at.file, at.begin, at.begin + (uint32_t)n};
    const struct span mark = {at.file, at.begin, at.begin + 1};
    const bool include = directive(s, n, "#include", &rest, &left);
    if (include && *rest == '<' && (k = word_length(rest + 1, left - 1, '\0')) > 0) {
        struct diag *g =
            diag_add(p->diags, E0101, line, "`#include` doesn't belong to the language");
        diag_hint(p->diags, g, "modules are named by `use`: `use %.*s;`", (int)k, rest + 1);
        diag_edit(p->diags, g, line, "use %.*s;", (int)k, rest + 1);
    } else if (include && left > 2 && *rest == '"' && rest[left - 1] == '"') {
        struct diag *g =
            diag_add(p->diags, E0101, line, "`#include` doesn't belong to the language");
        diag_hint(p->diags, g, "files are named by `use`: `use %.*s;`", (int)left, rest);
        diag_edit(p->diags, g, line, "use %.*s;", (int)left, rest);
    } else if (directive(s, n, "#define", &rest, &left) && (k = word_length(rest, left, ' ')) > 0) {
        struct diag *g =
            diag_add(p->diags, E0101, line, "`#define` doesn't belong to the language");
        diag_hint(p->diags, g, "a constant is `let %.*s = ...;`", (int)k, rest);
        diag_edit(p->diags, g, line, "let %.*s = %.*s;", (int)k, rest, (int)(left - k - 1),
                  rest + k + 1);
    } else {
        struct diag *g = diag_add(p->diags, E0101, mark, "`#` doesn't belong to the language");
        diag_hint(p->diags, g, "comments begin with `//`");
        diag_edit(p->diags, g, mark, "//");
    }
}

void lex_open_string(struct parser *p, struct span at)
{
    diag_add(p->diags, E0102, at, "this string has no closing `\"` on its line");
    p->end_of_item = true;
}

void lex_open_comment(struct parser *p, struct span at)
{
    diag_add(p->diags, E0102, at, "this comment has no closing `*/`");
    p->stop = true;
}

/* ---- what isn't of the language ---- */

void lex_check_utf8(struct parser *p)
{
    const char *s = p->source->text;
    uint32_t n = p->source->n;
    if (n >= 2 && (memcmp(s, "\xff\xfe", 2) == 0 || memcmp(s, "\xfe\xff", 2) == 0)) {
        struct diag *g = diag_add(p->diags, E0105, (struct span){p->file, 0, 2},
                                  "this is UTF-16, a source is UTF-8");
        diag_hint(p->diags, g, "let the editor save it in another encoding");
        p->stop = true;
        return;
    }
    for (uint32_t i = 0, begin = 0; i < n; begin = i) {
        size_t len;
        while (i < n && utf8_length(s + i, n - i) == 0)
            i++;
        if (i > begin)
            diag_add(p->diags, E0105, (struct span){p->file, begin, i}, "not valid UTF-8");
        while (i < n && (len = utf8_length(s + i, n - i)) > 0)
            i += (uint32_t)len;
    }
}

static const struct {
    const char *text, *hint, *edit; /* NULL: more than the text itself is otherwise */
    bool word;                      /* the edit is one */
} stray_hints[] = {
    {"%", "`%` follows a number; the remainder of a division is `mod(a, b)`", NULL, false},
    {"!", "negation is `not`", "not", true},
    {"~", "negation is `not`", "not", true},
    {"&", "both is `a and b`", "and", true},
    {"&&", "both is `a and b`", "and", true},
    {"|", "either is `a or b`, the absolute value `abs(x)`", NULL, false},
    {"||", "either is `a or b`", "or", true},
    {"'", "strings stand in double quotes", NULL, false},
    {"?", "a choice is `if a then b else c`", NULL, false},
    {"\\", "what goes on in the next line needs no mark", "", false},
    {"\xc2\xb5", "micro is written `u`: `20 us`", "u", false},
    {"\xce\xbc", "micro is written `u`: `20 us`", "u", false},
    {"\xce\xa9", "the unit is written `Ohm`", "Ohm", false},
    {"\xe2\x84\xa6", "the unit is written `Ohm`", "Ohm", false},
    {"\xe2\x86\x92", "connections are written `a -> b: OP`", "->", false},
    {"\xe2\x87\x92", "weights by a formula are written `i, j => EXPR`", "=>", false},
    {"\xc3\x97", "a product is `a * b`", "*", false},
    {"\xc2\xb7", "a product is `a * b`", "*", false},
    {"\xc3\xb7", "a quotient is `a / b`", "/", false},
    {"\xe2\x88\x92", "minus is `-`", "-", false},
    {"\xe2\x80\x93", "minus is `-`", "-", false},
    {"\xe2\x80\x94", "minus is `-`", "-", false},
    {"\xc2\xb2", "a square is `a ^ 2`", "^2", false},
    {"\xc2\xb3", "powers are `a ^ b`", "^3", false},
    {"\xe2\x89\xa4", "comparisons are `<= >= == !=`", "<=", false},
    {"\xe2\x89\xa5", "comparisons are `<= >= == !=`", ">=", false},
    {"\xe2\x89\xa0", "comparisons are `<= >= == !=`", "!=", false},
    {"\xe2\x88\x9e", "infinity is `inf`", "inf", true},
    {"\xef\xbc\x9b", "the mark is `;`", ";", false},
    {"\xef\xbc\x8c", "the mark is `,`", ",", false},
    {"\xef\xbc\x9a", "the mark is `:`", ":", false},
    {"\xef\xbc\x88", "the mark is `(`", "(", false},
    {"\xef\xbc\x89", "the mark is `)`", ")", false},
    {"\xc2\xa0", "a plain blank is meant", " ", false},
    {"\xe2\x80\x8b", "it can't be seen, and has no place here", "", false},
    {"\xef\xbb\xbf", "a byte order mark stands at the beginning of a file only", "", false},
};

/* A blank where a word would touch what stands beside it. */
static const char *blank(const struct parser *p, bool word, uint32_t beside)
{
    bool apart = beside >= p->source->n || strchr(" \t\r\n", p->source->text[beside]) != NULL;
    return word && !apart ? " " : "";
}

void lex_stray(struct parser *p, struct span at, const char *s, size_t n)
{
    for (size_t i = 0, len; i < n; i += len) {
        len = utf8_length(s + i, n - i);
        if (len == 0)
            return; /* E0105 was reported there */
    }
    unsigned char c = (unsigned char)s[0];
    static const char *const unseen[] = {"\xc2\xa0", "\xe2\x80\x8b", "\xef\xbb\xbf"};
    static const unsigned unseen_code[] = {0xa0, 0x200b, 0xfeff};
    unsigned code = c < 0x20 || c == 0x7f ? c : 0x20; /* of what has no shape */
    for (int i = 0; i < 3; i++)
        if (strlen(unseen[i]) == n && memcmp(s, unseen[i], n) == 0)
            code = unseen_code[i];
    struct diag *g;
    if (code != 0x20)
        g = diag_add(p->diags, E0101, at, "the character U+%04X doesn't belong to the language",
                     code);
    else
        g = diag_add(p->diags, E0101, at, "`%.*s` doesn't belong to the language",
                     (int)(n <= 12 ? n : utf8_length(s, n)), s);
    for (size_t i = 0; i < sizeof stray_hints / sizeof *stray_hints; i++) {
        if (strlen(stray_hints[i].text) != n || memcmp(stray_hints[i].text, s, n) != 0)
            continue;
        diag_hint(p->diags, g, "%s", stray_hints[i].hint);
        if (stray_hints[i].edit != NULL)
            diag_edit(p->diags, g, at, "%s%s%s", blank(p, stray_hints[i].word, at.begin - 1),
                      stray_hints[i].edit, blank(p, stray_hints[i].word, at.end));
    }
}
