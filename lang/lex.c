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

size_t lex_number(struct parser *p, struct span *at, const char *s, size_t n, LANG_YYSTYPE *value)
{
    size_t digits = literal_number_length(s, n), word = digits;
    while (word < n && (s[word] == ' ' || s[word] == '\t'))
        word++;
    int pow10 = 0;
    struct dim dim = DIM_ONE;
    bool unit = word < n && unit_lookup(s + word, n - word, &pow10, &dim);
    if (!unit && digits < n && word == digits) {
        lex_bad_number(p, *at, s, n, value);
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

void lex_bad_number(struct parser *p, struct span at, const char *s, size_t n, LANG_YYSTYPE *value)
{
    int shown = n > 40 ? 40 : (int)n;
    struct diag *g = diag_add(p->diags, E0103, at, "`%.*s%s` is not a number", shown, s,
                              (int)n > shown ? "..." : "");
    if (s[n - 1] == '.')
        diag_hint(p->diags, g, "a digit follows the point: `%.*s0`", shown, s);
    else
        diag_hint(p->diags, g, "units are %s", UNIT_LIST);
    number_value(p, at, NAN, (struct dim){.any = true}, value);
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

void lex_single_quoted(struct parser *p, struct span at, const char *s, size_t n,
                       LANG_YYSTYPE *value)
{
    lex_string(p, at, s, n, value);
    struct diag *g = diag_add(p->diags, E0101, at, "`'` doesn't belong to the language");
    diag_hint(p->diags, g, "strings stand in double quotes");
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
    {"&", "both is `a and b`", "and", true},
    {"&&", "both is `a and b`", "and", true},
    {"|", "either is `a or b`", "or", true},
    {"||", "either is `a or b`", "or", true},
    {"#", "comments begin with `//`", "//", false},
    {"'", "strings stand in double quotes", NULL, false},
    {"\xc2\xb5", "micro is written `u`: `20 us`", "u", false},
    {"\xce\xbc", "micro is written `u`: `20 us`", "u", false},
    {"\xce\xa9", "the unit is written `Ohm`", "Ohm", false},
    {"\xe2\x84\xa6", "the unit is written `Ohm`", "Ohm", false},
    {"\xe2\x86\x92", "connections are written `a -> b: OP`", "->", false},
    {"?", "a choice is `if a then b else c`", NULL, false},
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
    struct diag *g;
    if (c < 0x20 || c == 0x7f)
        g = diag_add(p->diags, E0101, at, "the character U+%04X doesn't belong to the language", c);
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
