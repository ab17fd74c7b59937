#include "npy.h"
#include "npy_internal.h"
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

/* ---- reading -----------------------------------------------------------------------------------
 */

/* An array without elements may still have long axes, and who walks over one shouldn't walk
 * forever. */
enum { MAX_EMPTY = 1 << 24 };

/* The product of the extents. */
static const char *count_elements(struct npy *x)
{
    bool empty = false;
    for (uint32_t i = 0; i < x->rank; i++)
        empty |= x->extent[i] == 0;
    uint64_t limit = empty ? MAX_EMPTY : (uint64_t)INT64_MAX / x->record_size, n = 1;
    for (uint32_t i = 0; i < x->rank; i++) {
        if (x->extent[i] > limit / n)
            return "the header's shape is too large";
        if (x->extent[i])
            n *= x->extent[i];
    }
    x->count = empty ? 0 : n;
    return NULL;
}

const char *npy_parse_head(struct arena *a, struct bytes b, struct npy *out, size_t *head)
{
    if (b.n < sizeof magic + 2 || memcmp(b.data, magic, sizeof magic) != 0)
        return "it doesn't start like a .npy file";
    unsigned version = b.data[6];
    if (version < 1 || version > 3 || b.data[7] != 0)
        return arena_printf(a, "format version %u.%u is unknown", version, b.data[7]);
    size_t start = version == 1 ? 10 : 12;
    if (b.n < start)
        return "it ends within the header";
    size_t n = version == 1 ? le16(b.data + 8) : le32(b.data + 8);
    if (n > b.n - start)
        return "it ends within the header";
    *head = start + n;
    const char *error = npy_parse_dict(a, (struct bytes){b.data + start, n}, version == 3, out);
    return error ? error : count_elements(out);
}

bool npy_parse(struct arena *a, struct bytes b, struct npy *out, struct diags *d, const char *what,
               struct span at)
{
    size_t head = 0;
    const char *error = npy_parse_head(a, b, out, &head);
    if (!error) {
        uint64_t need = out->count * out->record_size, have = b.n - head;
        if (need > have)
            error = arena_printf(
                a, "it ends early: %" PRIu64 " bytes of data where its shape needs %" PRIu64, have,
                need);
        else if (need < have)
            error = arena_printf(a, "%" PRIu64 " bytes follow after the array", have - need);
    }
    if (error) {
        diag_add(d, E0502, at, "can't read %s: %s", what, error);
        return false;
    }
    out->data = b.data + head;
    return true;
}

bool npy_load(struct arena *a, const char *path, const char *member, struct npy *out,
              struct diags *d, enum diag_code code, struct span at)
{
    struct bytes b;
    if (!file_read(a, path, &b, d, code, at))
        return false;
    if (b.n < sizeof magic || memcmp(b.data, magic, sizeof magic) != 0)
        return npz_parse(a, b, member, out, d, path, at);
    if (member) {
        diag_add(d, E0502, at, "%s is a .npy file and has no members", path);
        return false;
    }
    return npy_parse(a, b, out, d, path, at);
}

bool npy_open_records(struct arena *a, const char *path, uint64_t least, struct npy *out)
{
    enum { HEAD = 4096 };
    uint8_t bytes[HEAD];
    struct stat st;
    size_t head = 0;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool ok = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= HEAD &&
              (uint64_t)st.st_size >= least && pread(fd, bytes, HEAD, 0) == HEAD &&
              !npy_parse_head(a, (struct bytes){bytes, HEAD}, out, &head) && out->n_fields > 0 &&
              out->count * out->record_size == (uint64_t)st.st_size - head;
    if (fd >= 0)
        close(fd);
    if (ok) {
        out->data = NULL;
        out->path = arena_strdup(a, path);
        out->at = head;
    }
    return ok;
}

/* ---- elements ----------------------------------------------------------------------------------
 */

static uint64_t load(const uint8_t *p, unsigned size, bool swapped)
{
    uint64_t x = 0;
    for (unsigned i = 0; i < size; i++)
        x |= (uint64_t)p[i] << 8 * (swapped ? size - 1 - i : i);
    return x;
}

static double half(uint16_t u)
{
    int exp = u >> 10 & 31, fraction = u & 1023;
    double x;
    if (exp == 31)
        x = fraction ? (double)NAN : (double)INFINITY;
    else if (exp == 0)
        x = fraction * 0x1p-24;
    else
        x = ldexp(1024 + fraction, exp - 25);
    return u & 0x8000 ? -x : x;
}

static double from_f32(uint32_t u)
{
    float x;
    memcpy(&x, &u, sizeof x);
    return (double)x;
}

static double from_f64(uint64_t u)
{
    double x;
    memcpy(&x, &u, sizeof x);
    return x;
}

static double element(const struct npy_type *t, const uint8_t *p)
{
    uint64_t u = load(p, t->size, t->swapped);
    switch (t->kind) {
    case 'b':
        return u != 0;
    case 'u':
        return (double)u;
    case 'i': {
        unsigned up = 64 - 8u * t->size; /* the sign bit to the top and back */
        return (double)((int64_t)(u << up) / ((int64_t)1 << up));
    }
    default:
        return t->size == 2   ? half((uint16_t)u)
               : t->size == 4 ? from_f32((uint32_t)u)
                              : from_f64(u);
    }
}

/* out[i] = element at p + i * stride. */
static void convert(const struct npy_type *t, const uint8_t *p, uint64_t n, uint64_t stride,
                    double *out)
{
    if (t->kind == 'f' && t->size == 4 && !t->swapped) {
        for (uint64_t i = 0; i < n; i++)
            out[i] = from_f32(le32(p + i * stride));
    } else if (t->kind == 'f' && t->size == 8 && !t->swapped) {
        for (uint64_t i = 0; i < n; i++)
            out[i] = from_f64(le64(p + i * stride));
    } else if (t->kind == 'u' && t->size == 1) {
        for (uint64_t i = 0; i < n; i++)
            out[i] = p[i * stride];
    } else {
        for (uint64_t i = 0; i < n; i++)
            out[i] = element(t, p + i * stride);
    }
}

double npy_get(const struct npy *x, const struct npy_type *t, uint64_t i)
{
    if (x->fortran) {
        /* The index along each axis, last axis first, as an offset in column-major order. */
        uint64_t at = 0, stride = x->count;
        for (uint32_t k = x->rank; k-- > 0;) {
            stride /= x->extent[k];
            at += i % x->extent[k] * stride;
            i /= x->extent[k];
        }
        i = at;
    }
    return element(t, x->data + i * x->record_size + t->offset);
}

const uint8_t *npy_bytes(const struct npy *x)
{
    bool bytes = x->n_fields == 0 && x->record_size == 1 && x->type.kind == 'u' &&
                 (!x->fortran || x->rank < 2);
    return bytes ? x->data : NULL;
}

void npy_to_f64(const struct npy *x, double *out)
{
    if (!x->fortran || x->rank < 2 || x->count == 0) {
        convert(&x->type, x->data, x->count, x->record_size, out);
        return;
    }
    uint32_t last = x->rank - 1;
    uint64_t run = x->extent[last], stride[NPY_MAX_RANK], index[NPY_MAX_RANK] = {0};
    stride[0] = x->record_size;
    for (uint32_t k = 1; k <= last; k++)
        stride[k] = stride[k - 1] * x->extent[k - 1];
    const uint8_t *p = x->data;
    for (uint64_t done = 0; done < x->count; done += run) {
        convert(&x->type, p, run, stride[last], out + done);
        for (uint32_t k = last; k-- > 0;) {
            p += stride[k];
            if (++index[k] < x->extent[k])
                break;
            p -= stride[k] * x->extent[k];
            index[k] = 0;
        }
    }
}

const struct npy_type *npy_field(const struct npy *x, const char *name)
{
    for (uint32_t i = 0; i < x->n_fields; i++) {
        if (strcmp(x->field[i].name, name) == 0)
            return &x->field[i];
    }
    return NULL;
}

/* ---- writing -----------------------------------------------------------------------------------
 */

void npy_header(struct buf *b, const char *dtype, uint32_t rank, const uint64_t *extent)
{
    struct buf text = {0};
    const char *quote = dtype[0] == '[' ? "" : "'";
    buf_printf(&text, "{'descr': %s%s%s, 'fortran_order': False, 'shape': (", quote, dtype, quote);
    for (uint32_t i = 0; i < rank; i++)
        buf_printf(&text, "%s%" PRIu64, i ? ", " : "", extent[i]);
    buf_puts(&text, rank == 1 ? ",), }" : "), }");
    size_t before = sizeof magic + 4;
    buf_fill(&text, ' ', 63 - (before + text.n) % 64); /* the data starts at a multiple of 64 */
    buf_putc(&text, '\n');
    if (text.n > UINT16_MAX)
        base_panic("npy header of %zu bytes", text.n);
    buf_put(b, magic, sizeof magic);
    buf_u8(b, 1);
    buf_u8(b, 0);
    buf_u16(b, (uint16_t)text.n);
    buf_put(b, text.data, text.n);
    buf_free(&text);
}
