/* The header of a .npy is a Python literal: {'descr': '<f4', 'fortran_order': False, 'shape':
 * (3,)}. Read here: exactly these three keys in any order, and of the values what numpy can write
 * for arrays of numbers. */
#include "npy_internal.h"
#include "utf8.h"

struct reader {
    struct arena *arena;
    const uint8_t *p, *end;
    bool utf8;
    const char *error; /* the first one; everything fails after it */
};

__attribute__((format(printf, 2, 3))) static bool fail(struct reader *r, const char *fmt, ...)
{
    if (!r->error) {
        va_list ap;
        va_start(ap, fmt);
        r->error = arena_vprintf(r->arena, fmt, ap);
        va_end(ap);
    }
    return false;
}

/* The next byte that isn't blank, 0 at the end. */
static int peek(struct reader *r)
{
    while (r->p < r->end && (*r->p == ' ' || (*r->p >= '\t' && *r->p <= '\r')))
        r->p++;
    return r->p < r->end ? *r->p : 0;
}

static bool accept(struct reader *r, int c)
{
    if (r->error || peek(r) != c || r->p == r->end)
        return false;
    r->p++;
    return true;
}

static bool expect(struct reader *r, int c, const char *where)
{
    return accept(r, c) || fail(r, "the header lacks '%c' in %s", c, where);
}

/* After an element of a list that `close` ends: true if another one follows. A comma may be last.
 */
static bool more(struct reader *r, int close, const char *where)
{
    bool comma = accept(r, ',');
    if (accept(r, close))
        return false;
    return comma || fail(r, "the header lacks ',' or '%c' in %s", close, where);
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What follows a backslash, as repr() writes it. */
static bool escape(struct reader *r, struct buf *out)
{
    uint8_t c = r->p < r->end ? *r->p++ : 0;
    uint32_t code = 0;
    int digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits == 0) {
        static const char from[] = "\\'\"ntr", to[] = "\\'\"\n\t\r";
        const char *at = c ? strchr(from, c) : NULL;
        if (!at)
            return fail(r, "the header has an unknown escape in a string");
        buf_putc(out, to[at - from]);
        return true;
    }
    for (; digits > 0; digits--) {
        int value = r->p < r->end ? hex_digit(*r->p++) : -1;
        if (value < 0)
            return fail(r, "the header has a malformed escape in a string");
        code = code << 4 | (uint32_t)value;
    }
    return (code != 0 && utf8_put(out, code)) ||
           fail(r, "the header has an escape for an impossible character");
}

static bool string_bytes(struct reader *r, struct buf *out)
{
    int quote = peek(r);
    if (r->error || (quote != '\'' && quote != '"'))
        return fail(r, "the header has something else where a string belongs");
    r->p++;
    while (r->p < r->end && *r->p != quote) {
        if (*r->p == '\\') {
            r->p++;
            if (!escape(r, out))
                return false;
            continue;
        }
        size_t n = r->utf8 ? utf8_length(r->p, (size_t)(r->end - r->p)) : 1;
        if (n == 0 || *r->p == 0 || *r->p == '\n')
            return fail(r, "the header has an impossible character in a string");
        if (r->utf8)
            buf_put(out, r->p, n);
        else
            utf8_put(out, *r->p);
        r->p += n;
    }
    if (r->p == r->end)
        return fail(r, "the header has a string without end");
    r->p++;
    return true;
}

/* NULL after an error. */
static const char *string(struct reader *r)
{
    struct buf b = {0};
    const char *s = NULL;
    if (string_bytes(r, &b))
        s = arena_strndup(r->arena, b.data ? b.data : "", b.n);
    buf_free(&b);
    return s;
}

static bool word(struct reader *r, const char *text)
{
    size_t n = strlen(text);
    peek(r);
    if (r->error || (size_t)(r->end - r->p) < n || memcmp(r->p, text, n) != 0)
        return false;
    r->p += n;
    return true;
}

static bool integer(struct reader *r, uint64_t *out)
{
    int first = peek(r);
    if (r->error || first < '0' || first > '9')
        return fail(r, "the header's shape isn't a tuple of integers that aren't negative");
    const uint8_t *start = r->p;
    uint64_t x = 0;
    for (; r->p < r->end && *r->p >= '0' && *r->p <= '9'; r->p++) {
        unsigned digit = (unsigned)(*r->p - '0');
        if (x > ((uint64_t)INT64_MAX - digit) / 10)
            return fail(r, "the header's shape is too large");
        x = x * 10 + digit;
    }
    if (first == '0' && r->p - start > 1)
        return fail(r, "the header has a malformed number");
    if (r->p < r->end && *r->p == 'L') /* Python 2 */
        r->p++;
    *out = x;
    return true;
}

static bool shape(struct reader *r, struct npy *x)
{
    if (!expect(r, '(', "the shape"))
        return false;
    bool tuple = accept(r, ')');
    while (!tuple) {
        if (x->rank == NPY_MAX_RANK)
            return fail(r, "the array has more than %d dimensions", NPY_MAX_RANK);
        if (!integer(r, &x->extent[x->rank++]))
            return false;
        if (x->rank == 1 && peek(r) == ')')
            return fail(r, "the header's shape is a number instead of a tuple");
        tuple = !more(r, ')', "the shape");
    }
    return !r->error;
}

/* "<f4" and the like. */
static bool type(struct reader *r, const char *s, struct npy_type *t)
{
    char order = s[0], kind = order ? s[1] : (char)0;
    const char *digit = kind ? s + 2 : "";
    unsigned size =
        digit[0] >= '0' && digit[0] <= '9' && !digit[1] ? (unsigned)(digit[0] - '0') : 0;
    bool known =
        (kind == 'b' && size == 1) ||
        ((kind == 'i' || kind == 'u') && (size == 1 || size == 2 || size == 4 || size == 8)) ||
        (kind == 'f' && (size == 2 || size == 4 || size == 8));
    if (kind == 'O')
        return fail(r, "it holds Python objects (dtype 'O'), not numbers");
    if (!known || !strchr("<>|=", order) || (order == '|' && size > 1))
        return fail(r,
                    "dtype '%s' isn't supported (only bool, integers, float16, float32 and float64 "
                    "with a byte order)",
                    utf8_printable(r->arena, s, strlen(s)));
    t->kind = kind;
    t->size = (uint8_t)size;
    t->swapped = order == '>' && size > 1;
    return true;
}

/* "|V4": bytes of padding between the fields of an aligned record; 0 if it isn't that. */
static uint32_t padding(const char *s)
{
    if (s[0] != '|' || s[1] != 'V')
        return 0;
    uint32_t n = 0;
    for (s += 2; *s; s++) {
        if (*s < '0' || *s > '9' || n > INT32_MAX / 20)
            return 0;
        n = n * 10 + (uint32_t)(*s - '0');
    }
    return n;
}

/* ('name', '<f4') */
static bool field(struct reader *r, struct npy *x)
{
    if (!expect(r, '(', "the dtype's fields"))
        return false;
    if (peek(r) == '(')
        return fail(r, "a field of the dtype has a title, which isn't supported");
    const char *name = string(r);
    if (!name || !expect(r, ',', "the dtype's fields"))
        return false;
    if (peek(r) == '[')
        return fail(r, "field '%s' is a record itself, which isn't supported",
                    utf8_printable(r->arena, name, strlen(name)));
    const char *descr = string(r);
    if (!descr)
        return false;
    if (more(r, ')', "the dtype's fields"))
        return fail(r, "field '%s' is an array itself, which isn't supported",
                    utf8_printable(r->arena, name, strlen(name)));
    if (r->error)
        return false;
    uint32_t size = *name ? 0 : padding(descr);
    if (size == 0) {
        struct npy_type t = {.name = name, .offset = x->record_size};
        if (!type(r, descr, &t))
            return false;
        if (!*name)
            return fail(r, "a field of the dtype has no name");
        if (npy_field(x, name))
            return fail(r, "field '%s' is there twice",
                        utf8_printable(r->arena, name, strlen(name)));
        if (x->n_fields == NPY_MAX_FIELDS)
            return fail(r, "the dtype has more than %d fields", NPY_MAX_FIELDS);
        x->field[x->n_fields++] = t;
        size = t.size;
    }
    if (size > INT32_MAX - x->record_size)
        return fail(r, "the dtype's records are too long");
    x->record_size += size;
    return true;
}

static bool descr(struct reader *r, struct npy *x)
{
    if (!accept(r, '[')) {
        const char *s = string(r);
        if (!s || !type(r, s, &x->type))
            return false;
        x->record_size = x->type.size;
        return true;
    }
    bool done = accept(r, ']');
    while (!done) {
        if (!field(r, x))
            return false;
        done = !more(r, ']', "the dtype");
    }
    if (!r->error && x->n_fields == 0)
        return fail(r, "the dtype has no fields");
    return !r->error;
}

static bool dict(struct reader *r, struct npy *x)
{
    static const char *const keys[3] = {"descr", "fortran_order", "shape"};
    bool seen[3] = {false};
    if (!expect(r, '{', "front"))
        return false;
    bool done = accept(r, '}');
    while (!done) {
        const char *key = string(r);
        if (!key || !expect(r, ':', "the dict"))
            return false;
        unsigned k = 0;
        while (k < 3 && strcmp(key, keys[k]) != 0)
            k++;
        if (k == 3 || seen[k])
            return fail(r, "the header has %s key '%s'", k == 3 ? "an unknown" : "twice the",
                        utf8_printable(r->arena, key, strlen(key)));
        seen[k] = true;
        if (k == 0 && !descr(r, x))
            return false;
        if (k == 1) {
            x->fortran = word(r, "True");
            if (!x->fortran && !word(r, "False"))
                return fail(r, "the header's fortran_order is neither True nor False");
        }
        if (k == 2 && !shape(r, x))
            return false;
        done = !more(r, '}', "the dict");
    }
    if (r->error)
        return false;
    for (unsigned k = 0; k < 3; k++) {
        if (!seen[k])
            return fail(r, "the header lacks key '%s'", keys[k]);
    }
    if (peek(r) || r->p < r->end)
        return fail(r, "the header has something behind the dict");
    return true;
}

const char *npy_parse_dict(struct arena *a, struct bytes text, bool utf8, struct npy *out)
{
    struct reader r = {.arena = a, .p = text.data, .end = text.data + text.n, .utf8 = utf8};
    *out = (struct npy){0};
    return dict(&r, out) ? NULL : r.error;
}
