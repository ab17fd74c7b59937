/* By what code is known in the user's cache. */
#include "targets/sim/jit/jit.h"

#include <elf.h>
#include <link.h>
#include <llvm-c/BitWriter.h>
#include <llvm-c/Core.h>

/* ---- the build: what the linker noted in this library ---- */

struct build {
    uintptr_t here; /* an address in this library */
    const uint8_t *id;
    size_t n;
};

static size_t aligned(size_t n)
{
    return (n + 3) / 4 * 4;
}

static void look_at_notes(struct build *b, const uint8_t *p, size_t n)
{
    static const char owner[] = ELF_NOTE_GNU;
    ElfW(Nhdr) h;
    while (n >= sizeof h) {
        memcpy(&h, p, sizeof h);
        const size_t at = sizeof h + aligned(h.n_namesz), size = at + aligned(h.n_descsz);
        if (size > n)
            return;
        if (h.n_type == NT_GNU_BUILD_ID && h.n_namesz == sizeof owner &&
            memcmp(p + sizeof h, owner, sizeof owner) == 0) {
            b->id = p + at;
            b->n = h.n_descsz;
            return;
        }
        p += size;
        n -= size;
    }
}

static bool holds(const struct dl_phdr_info *lib, uintptr_t address)
{
    for (size_t i = 0; i < lib->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &lib->dlpi_phdr[i];
        if (p->p_type == PT_LOAD && address - (lib->dlpi_addr + p->p_vaddr) < p->p_memsz)
            return true;
    }
    return false;
}

static int look_at_library(struct dl_phdr_info *lib, size_t size, void *arg)
{
    (void)size;
    struct build *b = arg;
    if (!holds(lib, b->here))
        return 0;
    for (size_t i = 0; i < lib->dlpi_phnum && !b->id; i++) {
        const ElfW(Phdr) *p = &lib->dlpi_phdr[i];
        if (p->p_type == PT_NOTE)
            look_at_notes(b, (const uint8_t *)(lib->dlpi_addr + p->p_vaddr), p->p_memsz);
    }
    return 1;
}

static bool put_build(struct buf *out)
{
    static const char marker;
    struct build b = {.here = (uintptr_t)&marker};
    dl_iterate_phdr(look_at_library, &b);
    for (size_t i = 0; i < b.n; i++)
        buf_printf(out, "%02x", b.id[i]);
    return b.id != NULL;
}

/* ---- the rest ---- */

static void put_line(struct buf *out, char *text)
{
    buf_printf(out, "\n%s", text);
    LLVMDisposeMessage(text);
}

bool jit_key(struct buf *out, const struct jit_host *h, LLVMModuleRef m)
{
    unsigned version[3];
    LLVMGetVersion(&version[0], &version[1], &version[2]);
    buf_printf(out, "dyn %s, LLVM %u.%u.%u, ", DYN_VERSION, version[0], version[1], version[2]);
    if (!put_build(out))
        return false;
    put_line(out, LLVMGetTargetMachineTriple(h->machine));
    put_line(out, LLVMGetTargetMachineCPU(h->machine));
    put_line(out, LLVMGetTargetMachineFeatureString(h->machine));
    LLVMMemoryBufferRef code = LLVMWriteBitcodeToMemoryBuffer(m);
    buf_putc(out, '\n');
    buf_put(out, LLVMGetBufferStart(code), LLVMGetBufferSize(code));
    LLVMDisposeMemoryBuffer(code);
    return true;
}
