/* A session with the language server: the messages stand one on a line; a line that is no JSON is a
 * message too. Whatever comes, every answer is framed and is JSON. */
#include "compiler/lsp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Takes the framed answers apart. */
static void check_answers(const struct buf *out)
{
    for (size_t at = 0; at < out->n;) {
        static const char header[] = "Content-Length: ";
        char *end;
        if (out->n - at < sizeof header || memcmp(out->data + at, header, sizeof header - 1) != 0)
            abort();
        const size_t length = strtoul(out->data + at + sizeof header - 1, &end, 10);
        at = (size_t)(end - out->data);
        if (out->n - at < 4 + length || memcmp(end, "\r\n\r\n", 4) != 0 ||
            !lsp_json_valid(end + 4, length))
            abort();
        at += 4 + length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *text = (const char *)data;
    struct lsp s = {0};
    for (size_t at = 0, len; at < n && !s.ended; at += len + 1) {
        const char *end = memchr(text + at, '\n', n - at);
        len = end ? (size_t)(end - text) - at : n - at;
        if (len == 0) {
            lsp_idle(&s); /* the editor is silent */
        } else {          /* a copy of its own, so that reading beyond it is seen */
            char *body = malloc(len);
            if (!body)
                abort();
            memcpy(body, text + at, len);
            lsp_message(&s, body, len);
            free(body);
        }
        check_answers(&s.out);
        buf_clear(&s.out);
    }
    lsp_free(&s);
    return 0;
}
