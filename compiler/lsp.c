#include "compiler/lsp.h"
#include "lang/fmt.h"

enum { PARSE_ERROR = -32700, INVALID_REQUEST = -32600, NO_METHOD = -32601, BAD_PARAMS = -32602 };
enum { NOT_INITIALIZED = -32002, FAILED = -32803 };

/* A message that is being answered. */
struct request {
    struct lsp *s;
    struct lsp_json id, params; /* id: none of a notification */
    struct arena arena;
    struct lsp_document *doc; /* of `textDocument`; NULL: none that is open */
    struct buf result;        /* a value */
    struct json json;         /* its writer */
    int error;
    const char *why;
};

static void put_message(struct lsp *s, const struct buf *body)
{
    buf_printf(&s->out, "Content-Length: %zu\r\n\r\n", body->n);
    buf_put(&s->out, body->data, body->n);
}

static void put_answer(struct request *r)
{
    struct buf body = {0};
    buf_puts(&body, "{\"jsonrpc\":\"2.0\",\"id\":");
    if (r->id.text) {
        buf_put(&body, r->id.text, r->id.n);
    } else {
        buf_puts(&body, "null");
    }
    if (r->error) {
        struct json j;
        buf_printf(&body, ",\"error\":{\"code\":%d,\"message\":", r->error);
        json_init(&j, &body, 0);
        json_str(&j, r->why);
        buf_putc(&body, '}');
    } else {
        buf_puts(&body, ",\"result\":");
        buf_puts(&body, r->result.n ? r->result.data : "null");
    }
    buf_putc(&body, '}');
    put_message(r->s, &body);
    buf_free(&body);
}

static void fail(struct request *r, int code, const char *why)
{
    r->error = code;
    r->why = why;
}

/* ---- the server's life ---- */

static const char CAPABILITIES[] =
    "{\"capabilities\":{\"positionEncoding\":\"utf-16\","
    "\"textDocumentSync\":{\"openClose\":true,\"change\":2},"
    "\"hoverProvider\":true,\"definitionProvider\":true,"
    "\"completionProvider\":{\"triggerCharacters\":[\".\",\":\"]},"
    "\"renameProvider\":{\"prepareProvider\":true},"
    "\"documentFormattingProvider\":true,"
    "\"codeActionProvider\":{\"codeActionKinds\":[\"quickfix\"]}},"
    "\"serverInfo\":{\"name\":\"dyn\",\"version\":\"" DYN_VERSION "\"}}";

static void initialize(struct request *r)
{
    if (r->s->initialized) {
        fail(r, INVALID_REQUEST, "the server is initialized");
        return;
    }
    r->s->initialized = true;
    buf_puts(&r->result, CAPABILITIES);
}

static void shut_down(struct request *r)
{
    r->s->shut_down = true;
}

static void nothing(struct request *r)
{
    (void)r;
}

/* ---- documents ---- */

static void publish(struct lsp *s, struct lsp_document *d)
{
    struct buf body = {0};
    struct json j;
    buf_puts(&body,
             "{\"jsonrpc\":\"2.0\",\"method\":\"textDocument/publishDiagnostics\",\"params\":");
    json_init(&j, &body, 0);
    lsp_publish(d, &j);
    buf_putc(&body, '}');
    put_message(s, &body);
    buf_free(&body);
    d->told = true;
}

static void read_version(struct request *r, struct lsp_document *d)
{
    d->has_version = lsp_json_whole(lsp_json_get(r->params, "textDocument.version"), &d->version);
}

static void did_open(struct request *r)
{
    size_t n = 0;
    const char *uri = lsp_json_string(lsp_json_get(r->params, "textDocument.uri"), &r->arena, NULL);
    const char *text = lsp_json_string(lsp_json_get(r->params, "textDocument.text"), &r->arena, &n);
    if (uri && text) {
        read_version(r, lsp_open(r->s, uri, text, n));
    }
}

static void did_change(struct request *r)
{
    if (r->doc) {
        lsp_change(r->doc, lsp_json_get(r->params, "contentChanges"));
        read_version(r, r->doc);
    }
}

/* What was told of a document that is closed is taken back. */
static void did_close(struct request *r)
{
    if (r->doc) {
        struct lsp_document empty = {.uri = r->doc->uri, .fresh = true};
        publish(r->s, &empty);
        lsp_close(r->s, r->doc);
    }
}

/* ---- questions ---- */

/* The place that is asked about; false: none. Looks at a checked text. */
static bool place(struct request *r, uint32_t *out)
{
    struct lsp_place p;
    if (!r->doc || !lsp_read_place(lsp_json_get(r->params, "position"), &p)) {
        fail(r, BAD_PARAMS, "no place in an open document");
        return false;
    }
    lsp_check(r->s, r->doc);
    *out = lsp_offset(&r->doc->lines, p);
    return true;
}

static void ask(struct request *r, void (*answer)(struct lsp_document *, uint32_t, struct json *))
{
    uint32_t at;
    if (place(r, &at)) {
        answer(r->doc, at, &r->json);
    }
}

static void hover(struct request *r)
{
    ask(r, lsp_hover);
}

static void definition(struct request *r)
{
    ask(r, lsp_definition);
}

static void complete(struct request *r)
{
    ask(r, lsp_complete);
}

static void prepare_rename(struct request *r)
{
    ask(r, lsp_prepare_rename);
}

static void rename_it(struct request *r)
{
    uint32_t at;
    const char *name = lsp_json_string(lsp_json_get(r->params, "newName"), &r->arena, NULL);
    if (!name) {
        fail(r, BAD_PARAMS, "no new name");
    } else if (place(r, &at)) {
        const char *why = lsp_rename(r->s, r->doc, at, name, &r->json);
        if (why) {
            fail(r, FAILED, why);
        }
    }
}

static void actions(struct request *r)
{
    struct lsp_place p, q;
    const struct lsp_json range = lsp_json_get(r->params, "range");
    if (!r->doc || !lsp_read_place(lsp_json_get(range, "start"), &p) ||
        !lsp_read_place(lsp_json_get(range, "end"), &q)) {
        fail(r, BAD_PARAMS, "no range in an open document");
        return;
    }
    lsp_check(r->s, r->doc);
    const struct lsp_lines *l = &r->doc->lines;
    lsp_actions(r->doc, (struct span){1, lsp_offset(l, p), lsp_offset(l, q)}, &r->json);
}

/* One edit of all of the text; none where it has errors, or is in its form. */
static void format(struct request *r)
{
    struct buf out = {0};
    if (!r->doc) {
        fail(r, BAD_PARAMS, "no open document");
        return;
    }
    const struct buf *text = &r->doc->text;
    json_array(&r->json);
    if (text->n && fmt_text(&out, text->data, text->n) &&
        !memchr(out.data ? out.data : "", 0, out.n) &&
        (out.n != text->n || memcmp(out.data, text->data, out.n) != 0)) {
        json_object(&r->json);
        json_key(&r->json, "range");
        lsp_put_range(&r->json, &r->doc->lines, (struct span){1, 0, (uint32_t)text->n});
        json_key(&r->json, "newText");
        json_str(&r->json, out.n ? out.data : "");
        json_end_object(&r->json);
    }
    json_end_array(&r->json);
    buf_free(&out);
}

/* ---- messages ---- */

static const struct method {
    const char *name;
    void (*run)(struct request *r);
    bool wants_answer;
} METHODS[] = {
    {"initialize", initialize, true},
    {"initialized", nothing, false},
    {"shutdown", shut_down, true},
    {"$/cancelRequest", nothing, false},
    {"$/setTrace", nothing, false},
    {"textDocument/didOpen", did_open, false},
    {"textDocument/didChange", did_change, false},
    {"textDocument/didClose", did_close, false},
    {"textDocument/didSave", nothing, false},
    {"textDocument/hover", hover, true},
    {"textDocument/definition", definition, true},
    {"textDocument/completion", complete, true},
    {"textDocument/prepareRename", prepare_rename, true},
    {"textDocument/rename", rename_it, true},
    {"textDocument/codeAction", actions, true},
    {"textDocument/formatting", format, true},
};

static const struct method *find_method(const char *name)
{
    for (size_t i = 0; i < sizeof METHODS / sizeof METHODS[0]; i++) {
        if (strcmp(METHODS[i].name, name) == 0) {
            return &METHODS[i];
        }
    }
    return NULL;
}

static void run(struct request *r, const char *name)
{
    struct lsp *s = r->s;
    const struct method *m = find_method(name);
    if (m && m->run != initialize && !s->initialized) {
        fail(r, NOT_INITIALIZED, "the server isn't initialized");
    } else if (s->shut_down) {
        fail(r, INVALID_REQUEST, "the server is shut down");
    } else if (!m) {
        fail(r, NO_METHOD, "there is no such method");
    } else if (m->wants_answer == (r->id.text != NULL)) {
        const char *uri =
            lsp_json_string(lsp_json_get(r->params, "textDocument.uri"), &r->arena, NULL);
        r->doc = uri ? lsp_find(s, uri) : NULL;
        m->run(r);
    } else {
        fail(r, INVALID_REQUEST, "a request has an id, a notification none");
    }
}

void lsp_message(struct lsp *s, const char *body, size_t n)
{
    const struct lsp_json all = {body, n};
    struct request r = {.s = s};
    json_init(&r.json, &r.result, 0);
    if (!lsp_json_valid(body, n)) {
        fail(&r, PARSE_ERROR, "not JSON");
        put_answer(&r);
        return;
    }
    const char *name = lsp_json_string(lsp_json_get(all, "method"), &r.arena, NULL);
    r.id = lsp_json_get(all, "id");
    r.params = lsp_json_get(all, "params");
    if (r.id.text && !strchr("\"-0123456789", r.id.text[0])) {
        r.id = (struct lsp_json){NULL, 0}; /* null, or what can't be one */
    }
    if (name && strcmp(name, "exit") == 0) {
        s->ended = true;
    } else if (name) {
        run(&r, name);
        if (r.id.text) { /* what is wrong with a notification is nobody's to hear */
            put_answer(&r);
        }
    } else if (!lsp_json_get(all, "result").text && !lsp_json_get(all, "error").text) {
        fail(&r, INVALID_REQUEST, "no method");
        put_answer(&r);
    }
    buf_free(&r.result);
    arena_free(&r.arena);
}

void lsp_idle(struct lsp *s)
{
    for (struct lsp_document *d = s->first; d; d = d->next) {
        if (!d->told) {
            lsp_check(s, d);
            publish(s, d);
        }
    }
}

void lsp_free(struct lsp *s)
{
    while (s->first) {
        lsp_close(s, s->first);
    }
    buf_free(&s->out);
}
