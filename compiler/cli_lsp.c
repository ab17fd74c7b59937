/* dyn lsp: the language server on stdin and stdout, each message after a line with its length. */
#include "compiler/cli.h"
#include "compiler/lsp.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

/* A longer message is passed over: nobody writes such a source by hand. */
enum { MOST_BYTES = 1 << 26, MOST_HEADER = 1 << 12 };

struct stream {
    char data[1 << 16];
    size_t at, n;
    bool ended;
};

/* Whether bytes are there without waiting. */
static bool is_there(const struct stream *s)
{
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
    return s->at < s->n || s->ended || poll(&p, 1, 0) > 0;
}

static bool fill(struct stream *s)
{
    ssize_t n;
    while (s->at == s->n && !s->ended) {
        n = read(STDIN_FILENO, s->data, sizeof s->data);
        s->at = s->n = 0;
        if (n > 0) {
            s->n = (size_t)n;
        } else {
            s->ended = n == 0 || errno != EINTR;
        }
    }
    return s->at < s->n;
}

/* The header up to its empty line; gives the length of the body. False: the end, or no length,
 * after which nothing tells where the next message begins. */
static bool read_header(struct stream *s, uint64_t *length, bool *good)
{
    char line[128];
    size_t n = 0, all = 0;
    bool known = false;
    *good = true;
    while (fill(s)) {
        const char c = s->data[s->at++];
        if (++all > MOST_HEADER) {
            *good = false;
            return false;
        }
        if (c != '\n') {
            line[n] = c;
            n += n + 1 < sizeof line;
            continue;
        }
        n -= n > 0 && line[n - 1] == '\r';
        line[n] = '\0';
        if (n == 0) {
            *good = known;
            return known;
        }
        if (strncasecmp(line, "Content-Length:", 15) == 0) {
            const char *digits = line + 15 + strspn(line + 15, " \t");
            const size_t many = strspn(digits, "0123456789");
            known = many > 0 && many < 19 && digits[many] == '\0';
            *length = known ? strtoull(digits, NULL, 10) : 0;
        }
        n = 0;
    }
    *good = all == 0;
    return false;
}

/* Keeps the body if it isn't too long. False: it ended before. */
static bool read_body(struct stream *s, uint64_t length, struct buf *out)
{
    for (uint64_t left = length; left > 0;) {
        if (!fill(s)) {
            return false;
        }
        const size_t here = s->n - s->at, n = left < here ? (size_t)left : here;
        if (length <= MOST_BYTES) {
            buf_put(out, s->data + s->at, n);
        }
        s->at += n;
        left -= n;
    }
    return true;
}

static bool send(struct cli *c, struct lsp *s)
{
    const bool good = cli_print(c, &s->out);
    buf_clear(&s->out);
    return good;
}

/* Where the modules of stdlib stand beside the program, as installed or in the source tree; "": at
 * neither place. */
static void find_copies(char out[static PATH_MAX])
{
    static const char *const folders[] = {"/../share/dyn/stdlib", "/../stdlib"};
    char exe[PATH_MAX], path[PATH_MAX + 32];
    const ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    out[0] = '\0';
    if (n <= 0) {
        return;
    }
    exe[n] = '\0';
    exe[strrchr(exe, '/') - exe] = '\0';
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(path, sizeof path, "%s%s", exe, folders[i]);
        if (realpath(path, out)) {
            return;
        }
    }
    out[0] = '\0';
}

int cli_lsp(struct cli *c)
{
    struct diags *d = &c->driver.diags;
    char copies[PATH_MAX];
    find_copies(copies);
    struct lsp s = {.stdlib = c->driver.stdlib, .copies = *copies ? copies : NULL};
    struct stream *in = ARENA_NEW(&c->driver.arena, struct stream);
    uint64_t length = 0;
    bool good = true, writes = true;
    memcpy(s.level, d->level, sizeof s.level);
    while (!s.ended && writes && good) {
        if (!is_there(in)) {
            lsp_idle(&s);
            writes = send(c, &s);
        }
        if (!writes || !read_header(in, &length, &good)) {
            break;
        }
        struct buf body = {0};
        good = read_body(in, length, &body);
        if (good) {
            lsp_message(&s, body.n ? body.data : "", body.n);
            writes = send(c, &s);
        }
        buf_free(&body);
    }
    if (!good) {
        diag_add(d, E0901, (struct span){0}, "stdin: a message without a length, or cut off");
    }
    const bool orderly = s.ended && s.shut_down;
    lsp_free(&s);
    const int status = diags_exit_status(d);
    return status ? status : orderly ? 0 : DIAG_INPUT;
}
