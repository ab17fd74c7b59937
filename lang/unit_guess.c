/* What a word that is no unit was meant to be: other spellings, and what other fields write. */
#include "lang/unit.h"

#include <string.h>

enum { MOST = 15 /* bytes of a spelling */ };

static const struct {
    const char *spelling, *unit; /* in lower case; the unit */
} spellings[] = {
    {"seconds", "s"}, {"second", "s"}, {"secs", "s"},   {"sec", "s"},    {"amperes", "A"},
    {"ampere", "A"},  {"amps", "A"},   {"amp", "A"},    {"volts", "V"},  {"volt", "V"},
    {"farads", "F"},  {"farad", "F"},  {"hertz", "Hz"}, {"hz", "Hz"},    {"ohms", "Ohm"},
    {"ohm", "Ohm"},   {"watts", "W"},  {"watt", "W"},   {"kelvin", "K"}, {"percent", "%"},
    {"s", "s"},       {"a", "A"},      {"v", "V"},      {"f", "F"},      {"w", "W"},
    {"k", "K"},
};

static const struct {
    const char *word, *letter;
} prefixes[] = {
    {"femto", "f"}, {"pico", "p"}, {"nano", "n"}, {"micro", "u"}, {"milli", "m"},
    {"kilo", "k"},  {"mega", "M"}, {"giga", "G"}, {"f", "f"},     {"p", "p"},
    {"n", "n"},     {"u", "u"},    {"m", "m"},    {"k", "k"},     {"g", "G"},
};

static const struct {
    const char *word, *hint;
} others[] = {
    {"min", "a minute is `60 s`"},
    {"mins", "a minute is `60 s`"},
    {"minute", "a minute is `60 s`"},
    {"minutes", "a minute is `60 s`"},
    {"h", "an hour is `3600 s`"},
    {"hour", "an hour is `3600 s`"},
    {"hours", "an hour is `3600 s`"},
    {"c", "temperatures are in kelvin: `298 K` is 25 degrees"},
    {"degc", "temperatures are in kelvin: `298 K` is 25 degrees"},
};

#define COUNT(x) (sizeof(x) / sizeof *(x))

static bool is_text(const char *s, size_t n, const char *text)
{
    return strlen(text) == n && memcmp(s, text, n) == 0;
}

/* The letter of the prefix that n bytes in lower case are; NULL: they are none. */
static const char *prefix_of(const char *s, size_t n)
{
    for (size_t i = 0; i < COUNT(prefixes); i++)
        if (is_text(s, n, prefixes[i].word))
            return prefixes[i].letter;
    return n == 0 ? "" : NULL;
}

/* The unit at the end of a word in lower case and the prefix before it. */
static bool take_apart(const char *s, size_t n, const char **prefix, const char **unit)
{
    for (size_t i = 0; i < COUNT(spellings); i++) {
        const size_t len = strlen(spellings[i].spelling);
        const bool fits = n >= len && is_text(s + n - len, len, spellings[i].spelling);
        *prefix = fits ? prefix_of(s, n - len) : NULL;
        *unit = spellings[i].unit;
        if (*prefix != NULL && (**prefix == '\0' || strchr("K%", **unit) == NULL))
            return true;
    }
    return false;
}

const char *unit_guess(struct arena *a, const char *word, size_t n, const char **edit)
{
    static const char list[] = "units are " UNIT_LIST;
    char s[MOST + 1] = "";
    const char *prefix, *unit;
    *edit = NULL;
    if (n == 0 || n > MOST)
        return list;
    for (size_t i = 0; i < n; i++)
        s[i] = (char)(word[i] >= 'A' && word[i] <= 'Z' ? word[i] - 'A' + 'a' : word[i]);
    for (size_t i = 0; i < COUNT(others); i++)
        if (strcmp(s, others[i].word) == 0)
            return others[i].hint;
    if (n == 1 && strchr("fpnumkMG", word[0]) != NULL)
        return arena_printf(a, "a prefix stands before its unit, as in `%ss` or `%sA`", s, s);
    if (!take_apart(s, n, &prefix, &unit))
        return list;
    if (n <= 2 && word[n - 1] == 'S')
        return arena_printf(
            a, "did you mean `%s%s`? A conductance has no unit of its own: `1 A / 1 V`", prefix,
            unit);
    /* Of a frequency, a resistance and a power both are usual. */
    if (*prefix == 'm' && n - 1 != 0 && strchr("HOW", *unit) != NULL && s[1] != 'i')
        return arena_printf(a, "did you mean `M%s`, or `m%s`?", unit, unit);
    *edit = arena_printf(a, "%s%s", prefix, unit);
    return arena_printf(a, "did you mean `%s`?", *edit);
}
