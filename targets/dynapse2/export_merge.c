/* Merges a configuration onto samna's text of another one. The text is read once, token by token;
 * where a value is one that the configuration sets, the bytes up to it are copied and the new value
 * is written, so that whatever else samna has in there stays as it is, known or not. */
#include "runtime/base/json_read.h"
#include "targets/dynapse2/export.h"
#include <string.h>

enum { PIECE = 1 << 20 };

struct merge {
    const struct d2_config *c;
    struct json_reader r;
    struct json_token t;
    struct bytes base;
    size_t copied; /* bytes of the base that went to the output */
    struct buf buf;
    struct file_out *out;
    const char *what;
    struct diags *d;
};

/* ---- errors ---- */

__attribute__((format(printf, 2, 3))) static bool fail(struct merge *m, const char *fmt, ...)
{
    uint32_t line = 1;
    size_t start = 0;
    for (size_t i = 0; i < m->t.begin; i++) {
        if (m->base.data[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    struct buf b = {0};
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    struct diag *g = diag_add(m->d, E0904, (struct span){0}, "%s:%u:%zu: %s", m->what, line,
                              m->t.begin - start + 1, b.data);
    diag_hint(m->d, g,
              "the file must be what samna.dynapse2.Dynapse2Configuration().to_json() wrote");
    buf_free(&b);
    return false;
}

/* ---- tokens ---- */

static bool advance(struct merge *m)
{
    return json_next(&m->r, &m->t) != JSON_ERROR || fail(m, "%s", m->t.what);
}

static bool expect(struct merge *m, enum json_kind kind, const char *what)
{
    return m->t.kind == kind || fail(m, "%s is expected: %s", what, "not what is here");
}

static bool skip(struct merge *m)
{
    return json_skip(&m->r, &m->t) || fail(m, "%s", m->t.what);
}

/* The next member of the object that is open: its key is copied to `key` (cut, if it is too long to
 * be one that matters), its value is the token. *more is false at the end of the object. */
enum { KEY_ROOM = 32 };
static bool next_member(struct merge *m, char key[KEY_ROOM], bool *more)
{
    if (!advance(m))
        return false;
    *more = m->t.kind == JSON_KEY;
    if (!*more)
        return true;
    size_t n = m->t.n < KEY_ROOM ? m->t.n : KEY_ROOM - 1;
    memcpy(key, m->t.text, n);
    key[n] = 0;
    return advance(m);
}

/* k of "value<k>"; -1: another key. */
static int element(const char *key)
{
    char *end;
    if (strncmp(key, "value", 5) != 0 || key[5] < '0' || key[5] > '9')
        return -1;
    long k = strtol(key + 5, &end, 10);
    return *end == 0 && k < D2_NEURONS ? (int)k : -1;
}

/* ---- values ---- */

static void put(struct merge *m, const char *text)
{
    buf_put(&m->buf, m->base.data + m->copied, m->t.begin - m->copied);
    buf_puts(&m->buf, text);
    m->copied = m->t.end;
}

static bool set_int(struct merge *m, int value)
{
    char text[16];
    if (!expect(m, JSON_NUMBER, "a number"))
        return false;
    snprintf(text, sizeof text, "%d", value);
    put(m, text);
    return true;
}

static bool set_bool(struct merge *m, bool value)
{
    if (m->t.kind != JSON_TRUE && m->t.kind != JSON_FALSE)
        return fail(m, "true or false is expected");
    put(m, value ? "true" : "false");
    return true;
}

static bool set_bits(struct merge *m, uint32_t bits, uint32_t n)
{
    char key[KEY_ROOM];
    bool more;
    uint32_t seen = 0;
    if (!expect(m, JSON_OBJECT, "an object"))
        return false;
    while (next_member(m, key, &more) && more) {
        int k = element(key);
        if (k < 0 || k >= (int)n)
            return fail(m, "there are %u elements, not a `%s`", n, key);
        if (!set_bool(m, bits >> k & 1))
            return false;
        seen |= 1u << k;
    }
    return m->t.kind == JSON_END_OBJECT &&
           (seen == (1u << n) - 1 || fail(m, "an element is missing"));
}

/* ---- neurons ---- */

static bool merge_synapse(struct merge *m, struct d2_cam x)
{
    char key[KEY_ROOM];
    bool more;
    uint32_t seen = 0;
    if (!expect(m, JSON_OBJECT, "a synapse"))
        return false;
    while (next_member(m, key, &more) && more) {
        bool ok, known = true;
        if (strcmp(key, "dendrite") == 0)
            ok = set_int(m, d2_dendrite_code[x.dendrite]);
        else if (strcmp(key, "weight") == 0)
            ok = set_bits(m, x.mask, D2_BASES);
        else if (strcmp(key, "tag") == 0)
            ok = set_int(m, x.tag);
        else if (strcmp(key, "stp") == 0 || strcmp(key, "preciseDelay") == 0 ||
                 strcmp(key, "mismatchedDelay") == 0)
            ok = set_bool(m, false);
        else {
            known = false;
            ok = skip(m);
        }
        if (!ok)
            return false;
        seen += known;
    }
    return m->t.kind == JSON_END_OBJECT &&
           (seen == 3 + D2_SYNAPSE_FLAGS || fail(m, "members of a synapse are missing"));
}
