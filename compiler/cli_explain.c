/* dyn explain: the page of a message's code (lang/explain/), or the list of all codes. */
#include "compiler/cli.h"
#include "compiler/embedded.h"
#include "runtime/base/intern.h"

#include <strings.h>

/* A code, as it is written in messages or in small letters, or a warning's name; -1: neither. */
static int find_code(const char *what)
{
    for (int i = 0; i < DIAG_N_CODES; i++) {
        enum diag_code code = (enum diag_code)i;
        const char *name = diag_code_name(code);
        if (strcasecmp(diag_code_text(code), what) == 0 || (name && strcmp(name, what) == 0)) {
            return i;
        }
    }
    return -1;
}

static const struct embedded_text *find_page(enum diag_code code)
{
    const struct embedded_text *p = explain_pages;
    while (p->name && strcmp(p->name, diag_code_text(code)) != 0) {
        p++;
    }
    return p->name ? p : NULL;
}

/* What stands above an example for its fence, "```dyn wrong". */
static const char *caption(const char *fence)
{
    static const struct {
        const char *fence, *caption;
    } captions[] = {
        {"```dyn wrong\n", "wrong:\n"}, {"```dyn right\n", "right:\n"}, {"```dyn\n", "with\n"},
        {"```sh wrong\n", "wrong:\n"},  {"```sh right\n", "right:\n"},  {"```sh\n", "by\n"},
        {"```text\n", "example:\n"},
    };
    for (size_t i = 0; i < sizeof captions / sizeof *captions; i++) {
        if (strncmp(fence, captions[i].fence, strlen(captions[i].fence)) == 0) {
            return captions[i].caption;
        }
    }
    return "";
}

/* Markdown as plain text: no marks, examples indented. */
static void put_page(struct buf *out, const char *text)
{
    bool fenced = false;
    for (const char *end; *text; text = end) {
        end = strchr(text, '\n');
        end = end ? end + 1 : text + strlen(text);
        if (strncmp(text, "```", 3) == 0) {
            buf_puts(out, fenced ? "" : caption(text));
            fenced = !fenced;
            continue;
        }
        if (!fenced && strncmp(text, "# ", 2) == 0) {
            text += 2;
        }
        buf_puts(out, fenced && *text != '\n' ? "    " : "");
        buf_put(out, text, (size_t)(end - text));
    }
}

static void put_code_json(struct json *j, enum diag_code code, const char *page)
{
    json_object(j);
    json_key(j, "code");
    json_str(j, diag_code_text(code));
    json_key(j, "name");
    if (diag_code_name(code)) {
        json_str(j, diag_code_name(code));
    } else {
        json_null(j);
    }
    json_key(j, "title");
    json_str(j, diag_code_title(code));
    if (page) {
        json_key(j, "page");
        json_str(j, page);
    }
    json_end_object(j);
}

static void put_list(struct buf *out, bool as_json)
{
    struct json j;
    json_init(&j, out, 1);
    if (as_json) {
        json_array(&j);
    }
    for (int i = 0; i < DIAG_N_CODES; i++) {
        enum diag_code code = (enum diag_code)i;
        const char *name = diag_code_name(code);
        if (as_json) {
            put_code_json(&j, code, NULL);
        } else {
            buf_printf(out, "%s  %-18s  %s\n", diag_code_text(code), name ? name : "",
                       diag_code_title(code));
        }
    }
    if (as_json) {
        json_end_array(&j);
        buf_putc(out, '\n');
    }
}

static bool put_explanation(struct cli *c, struct buf *out)
{
    struct diags *d = &c->driver.diags;
    int code = find_code(c->file[0]);
    const struct embedded_text *page = code < 0 ? NULL : find_page((enum diag_code)code);
    if (!page) {
        const char *names[DIAG_N_CODES];
        size_t n = 0;
        for (int i = 0; i < DIAG_N_CODES; i++) {
            if (diag_code_name((enum diag_code)i)) {
                names[n++] = diag_code_name((enum diag_code)i);
            }
        }
        const char *near = nearest_name(c->file[0], names, n);
        struct diag *g = diag_add(d, E0903, (struct span){0},
                                  "no message has the code or name `%s`", c->file[0]);
        if (near) {
            diag_hint(d, g, "did you mean `%s`?", near);
        } else {
            diag_hint(d, g, "`dyn explain --list` shows all");
        }
        return false;
    }
    if (c->value[OPT_JSON]) {
        struct json j;
        json_init(&j, out, 1);
        put_code_json(&j, (enum diag_code)code, page->text);
        buf_putc(out, '\n');
    } else {
        put_page(out, page->text);
    }
    return true;
}

int cli_explain(struct cli *c)
{
    struct buf out = {0};
    if (c->value[OPT_LIST]) {
        put_list(&out, c->value[OPT_JSON] != NULL);
    }
    if (c->value[OPT_LIST] || put_explanation(c, &out)) {
        cli_print(c, &out);
    }
    buf_free(&out);
    return diags_exit_status(&c->driver.diags);
}
