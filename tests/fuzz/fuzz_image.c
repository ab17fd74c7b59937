/* Images: container, shared sections, kernels. The input's checksums are made right first where it
 * has the form of an image, so that what lies behind them is reached too. */
#include "runtime/image.h"
#include <stdlib.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static uint64_t word(const uint8_t *p, size_t n)
{
    uint64_t x = 0;
    for (size_t i = 0; i < n; i++)
        x |= (uint64_t)p[i] << (8 * i);
    return x;
}

static void put_crc(uint8_t *to, const uint8_t *p, size_t n)
{
    uint32_t crc = (uint32_t)crc32_z(0, p, n);
    for (size_t i = 0; i < 4; i++)
        to[i] = (uint8_t)(crc >> (8 * i));
}

/* As IMAGE.md describes the file. */
static void mend_checksums(uint8_t *p, size_t n)
{
    if (n < 48)
        return;
    uint64_t sections = word(p + 8, 4);
    if (sections > (n - 48) / 24)
        return;
    for (uint64_t i = 0; i < sections; i++) {
        uint8_t *entry = p + 48 + 24 * i;
        uint64_t offset = word(entry + 8, 8), size = word(entry + 16, 8);
        if (offset <= n && size <= n - offset)
            put_crc(entry + 4, p + offset, (size_t)size);
    }
    put_crc(p + 12, p + 16, 32 + 24 * (size_t)sections);
}

static void open_image(const uint8_t *data, size_t n)
{
    struct arena a = {0};
    struct diags d = {0};
    struct image im;
    struct plan p;
    struct provenance o;
    bool ok = image_open(&a, (struct bytes){data, n}, &im, &d, "input") &&
              plan_read(&a, &im, &p, &d, "input");
    if (ok != (d.n_errors == 0))
        abort();
    if (ok) {
        const char *why;
        provenance_read(&a, &im, &o);
        if (!plan_verify_shared(&p, &why))
            abort();
        /* What was read can be written and read again. */
        bool synapses = image_find(&im, "SYNS") != NULL;
        struct image_writer w;
        image_begin(&w);
        plan_write(&w, &p, synapses);
        image_end(&w, "sim");
        if (!image_open(&a, (struct bytes){(const uint8_t *)w.out.data, w.out.n}, &im, &d, "x") ||
            !plan_read(&a, &im, &p, &d, "x"))
            abort();
        buf_free(&w.out);
    }
    diags_free(&d);
    arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    open_image(data, n);
    uint8_t *mended = malloc(n ? n : 1);
    if (!mended)
        return 0;
    if (n)
        memcpy(mended, data, n);
    mend_checksums(mended, n);
    open_image(mended, n);
    free(mended);
    return 0;
}
