#include "lang/literal.h"

#include "runtime/base/buf.h"
#include "runtime/base/number.h"

#include <math.h>
#include <string.h>

static size_t digits(const char *s, size_t n, size_t i)
{
    while (i < n && s[i] >= '0' && s[i] <= '9')
        i++;
    return i;
}

/* The value of a digit in a base up to 16; 16 for anything else. */
static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a' + 10);
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A' + 10);
    return 16;
}

/* 2 or 16 where the text begins as a binary or hexadecimal number, else 10. */
static unsigned number_base(const char *s, size_t n)
{
    if (n < 3 || s[0] != '0')
        return 10;
    unsigned base = s[1] == 'b' || s[1] == 'B' ? 2 : s[1] == 'x' || s[1] == 'X' ? 16 : 10;
    return digit_value(s[2]) < base ? base : 10;
}

size_t literal_number_length(const char *s, size_t n)
{
    if (n >= 3 && memcmp(s, "inf", 3) == 0)
        return 3;
    unsigned base = number_base(s, n);
    if (base != 10) {
        size_t i = 2;
        while (i < n && digit_value(s[i]) < base)
            i++;
        return i;
    }
    size_t i = digits(s, n, 0);
    if (i + 1 < n && s[i] == '.' && digits(s, n, i + 1) > i + 1)
        i = digits(s, n, i + 1);
    if (i > 0 && i < n && (s[i] == 'e' || s[i] == 'E')) {
        size_t k = i + 1;
        if (k < n && (s[k] == '+' || s[k] == '-'))
            k++;
        if (digits(s, n, k) > k)
            i = digits(s, n, k);
    }
    return i;
}

static const char *integer(const char *s, size_t n, unsigned base, int pow10, double *out)
{
    uint64_t x = 0;
    for (size_t i = 2; i < n; i++) {
        x = x * base + digit_value(s[i]);
        if (x > UINT64_C(1) << 53)
            return "longer than the 53 bits of a number";
    }
    struct buf text = {0};
    buf_printf(&text, "%llu", (unsigned long long)x);
    const char *wrong = number_read(text.data, text.n, pow10, out);
    buf_free(&text);
    return wrong;
}

const char *literal_number(const char *s, size_t n, int pow10, double *out)
{
    if (s[0] == 'i') {
        *out = INFINITY;
        return NULL;
    }
    unsigned base = number_base(s, n);
    if (base != 10)
        return integer(s, n, base, pow10, out);
    return number_read(s, n, pow10, out);
}

char *literal_string(struct arena *a, const char *s, size_t n, size_t *wrong)
{
    char *out = ARENA_ARRAY(a, char, n + 1);
    size_t k = 0;
    *wrong = n;
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        if (c == '\\' && i + 1 < n) {
            switch (s[i + 1]) {
            case 'n':
                c = '\n';
                i++;
                break;
            case 't':
                c = '\t';
                i++;
                break;
            case '\\':
            case '"':
                c = s[++i];
                break;
            default:
                if (*wrong == n)
                    *wrong = i;
                break;
            }
        }
        out[k++] = c;
    }
    out[k] = '\0';
    return out;
}
