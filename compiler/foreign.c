/* Hints for names that other languages have: functions and constants under another name, and units
 * that stand for themselves. */
#include "compiler/foreign.h"

#include "lang/unit.h"

#include <string.h>

static const struct {
    const char *name, *hint;
} foreign[] = {
    {"range", "`[i: n => i]` counts from 0 to n - 1"},
    {"arange", "`[i: n => i]` counts from 0 to n - 1"},
    {"linspace", "n values from a to b are `[i: n => a + i * (b - a) / (n - 1)]`"},
    {"len", "how many elements there are is `shape(A)[0]`"},
    {"size", "how many elements there are is `shape(A)[0]`"},
    {"pow", "powers are written `a ^ b`"},
    {"power", "powers are written `a ^ b`"},
    {"square", "a square is `x ^ 2`"},
    {"ln", "the natural logarithm is `log(x)`"},
    {"log10", "the decimal logarithm is `log(x) / log(10)`"},
    {"log2", "the binary logarithm is `log(x) / log(2)`"},
    {"tan", "the tangent is `sin(x) / cos(x)`"},
    {"sigmoid", "the sigmoid is `1 / (1 + exp(-x))`"},
    {"relu", "the positive part is `max(x, 0)`"},
    {"clip", "`min(max(x, lo), hi)` keeps x within bounds"},
    {"clamp", "`min(max(x, lo), hi)` keeps x within bounds"},
    {"sign", "the sign is `if x > 0 then 1 else if x < 0 then -1 else 0`"},
    {"heaviside", "a step is `if x > 0 then 1 else 0`"},
    {"int", "a number without its fraction is `trunc(x)`"},
    {"where", "a choice is `if a then b else c`, for arrays too"},
    {"array", "an array is written `[[1, 2], [3, 4]]`"},
    {"full", "an array of one value is `a * ones(n, m)`"},
    {"rand", "random numbers are `uniform(0, 1) seed S`; the place says how many"},
    {"random", "random numbers are `uniform(0, 1) seed S`; the place says how many"},
    {"randn", "normal random numbers are `normal(0, 1) seed S`; the place says how many"},
    {"e", "e to the power of x is `exp(x)`"},
    {"pi", "say what it is: `let pi = 3.141592653589793;`"},
    {"nan", "there is no number that is none, and no empty value"},
    {"NaN", "there is no number that is none, and no empty value"},
    {"None", "there is no number that is none, and no empty value"},
    {"null", "there is no number that is none, and no empty value"},
    {"np", "functions are called by their own name: `exp(x)`"},
    {"numpy", "functions are called by their own name: `exp(x)`"},
    {"math", "functions are called by their own name: `exp(x)`"},
    {"torch", "functions are called by their own name: `exp(x)`"},
};

const char *foreign_hint(const char *name)
{
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (strcmp(foreign[i].name, name) == 0)
            return foreign[i].hint;
    return NULL;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool foreign_unit(struct diags *d, struct diag *g, const struct source *f, struct span at)
{
    const char *edit, *name = f->text + at.begin;
    const size_t n = at.end - at.begin;
    int pow10;
    struct dim dim;
    uint32_t op = at.begin;
    while (op > 0 && is_blank(f->text[op - 1]))
        op--;
    const char before = op > 0 ? f->text[op - 1] : '\0';
    const bool factor = before == '*' || before == '/';
    const char *unit =
        unit_lookup(name, n, &pow10, &dim) ? arena_strndup(&d->arena, name, n) : NULL;
    if (!unit && n > 2) {
        unit_guess(&d->arena, name, n, &edit);
        unit = edit;
    }
    if (!unit || (!factor && n < 2)) /* one letter is more often a name */
        return false;
    uint32_t number = op > 0 ? op - 1 : 0;
    while (number > 0 && is_blank(f->text[number - 1]))
        number--;
    const bool digit = number > 0 && f->text[number - 1] >= '0' && f->text[number - 1] <= '9';
    diag_hint(d, g, "a unit stands behind its number: `1 %s`", unit);
    if (before == '*' && digit)
        diag_edit(d, g, (struct span){at.file, number, at.end}, " %s", unit);
    else
        diag_edit(d, g, at, "1 %s", unit);
    return true;
}
