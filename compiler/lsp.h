/* The language server: what an editor asks of sources while they are written, by the Language
 * Server Protocol (JSON-RPC 2.0). A message goes in, answers come out; framing and the stream are
 * the command's (cli_lsp.c).
 *
 * A definition in a module of stdlib is shown in the file that has the module's text, as an
 * installation puts it beside the program; where there is none, or another text, the answer is
 * null.
 *
 * Each answer takes time linear in the document, and so does a change.
 *
 * A document is checked when its text is needed or the editor is silent, and what was found out
 * stays until it changes. Messages aren't trusted: one that is malformed gets an error or nothing.
 *
 *   lsp.c             methods and answers
 *   lsp_json.c        parts of a message
 *   lsp_place.c       places in a text, and what changes do to its lines
 *   lsp_document.c    texts that are open, and what was found out about them
 *   lsp_names.c lsp_scope.c   every name of a file and what it means
 *   lsp_messages.c    diagnostics, and the changes that would mend what they tell
 *   lsp_hover.c       what a name is
 *   lsp_complete.c    what could stand at a place
 *   lsp_rename.c      a name and all places where it stands, changed */
#ifndef COMPILER_LSP_H
#define COMPILER_LSP_H

#include "compiler/elaborate.h"
#include "runtime/base/json.h"

/* ---- the server ---- */

struct lsp_document;

struct lsp {
    const char *stdlib; /* folder; NULL: the modules in the library, */
    const char *copies; /* whose texts stand in this folder too, to be shown; NULL: nowhere */
    struct lsp_document *first;
    bool initialized, shut_down, ended;
    uint8_t level[DIAG_N_CODES]; /* of warnings, enum diag_level */
    struct buf out;              /* messages for the editor, framed */
};

void lsp_free(struct lsp *s);
/* Takes a message's body; answers are appended to s->out. */
void lsp_message(struct lsp *s, const char *body, size_t n);
/* There is nothing else to do: checks what has changed. */
void lsp_idle(struct lsp *s);

/* ---- parts of a message; private to lsp*.c from here ---- */

/* The text of a value, which is valid JSON; text NULL: there is none. */
struct lsp_json {
    const char *text;
    size_t n;
};

bool lsp_json_valid(const char *text, size_t n);
/* The member of an object at a path of keys, "textDocument.uri"; none if there is none, or what has
 * no members is on the way. */
struct lsp_json lsp_json_get(struct lsp_json v, const char *path);
/* The items of an array one after the other: `at` is 0 first. False: no more. */
bool lsp_json_item(struct lsp_json array, size_t *at, struct lsp_json *item);
/* A string, without escapes, followed by a 0 byte, in `a`; NULL if it is none. */
const char *lsp_json_string(struct lsp_json v, struct arena *a, size_t *n);
/* A whole number from 0 to UINT32_MAX. */
bool lsp_json_whole(struct lsp_json v, uint32_t *out);

/* ---- places ---- */

struct lsp_place { /* from 0; `character` in UTF-16 code units, as the protocol counts */
    uint32_t line, character;
};

/* The lines of a text, which end with "\n", "\r\n" or "\r". */
struct lsp_lines {
    const char *text;
    size_t n;
    uint32_t *begin;
    uint32_t n_lines, cap;
    bool mark; /* the editor's text has a byte order mark at its beginning, which this one hasn't */
};

void lsp_lines_init(struct lsp_lines *l, const char *text, size_t n);
void lsp_lines_free(struct lsp_lines *l);
/* The n bytes from `from` on are others than those up to `to` that they stand in place of: `text`
 * is what has become of it all, of n_text bytes. Takes as long as what has changed, and the lines
 * behind it to be counted anew. */
void lsp_lines_change(struct lsp_lines *l, uint32_t from, uint32_t to, size_t n, const char *text,
                      size_t n_text);
/* A place beyond the end of its line or text is that end. */
uint32_t lsp_offset(const struct lsp_lines *l, struct lsp_place p);
struct lsp_place lsp_place_of(const struct lsp_lines *l, uint32_t offset);
/* A range; l NULL: the beginning of a file. */
void lsp_put_range(struct json *j, const struct lsp_lines *l, struct span at);
void lsp_put_location(struct json *j, const char *uri, const struct lsp_lines *l, struct span at);
bool lsp_read_place(struct lsp_json v, struct lsp_place *out); /* {line, character} */

/* ---- documents ---- */

struct lsp_document {
    struct lsp_document *next;
    const struct lsp *server;
    char *uri, *path;
    struct buf text;
    struct lsp_lines lines;
    bool has_version;
    uint32_t version;
    bool fresh; /* it was checked as it is */
    bool told;  /* and the editor knows */
    /* Of the check. */
    struct arena arena;
    struct diags diags;
    struct unit unit;
    struct lsp_lines *other; /* of each other file of the unit, once they are asked for */
    uint32_t n_other;
};

struct lsp_document *lsp_find(const struct lsp *s, const char *uri);
void lsp_close(struct lsp *s, struct lsp_document *d);
struct lsp_document *lsp_open(struct lsp *s, const char *uri, const char *text, size_t n);
/* False: the changes were malformed, from the first such one on nothing was done. */
bool lsp_change(struct lsp_document *d, struct lsp_json changes);
/* Checks the text if it has changed. */
void lsp_check(struct lsp *s, struct lsp_document *d);
/* Forgets what the check found out. */
void lsp_forget(struct lsp_document *d);
/* The document's own file in its unit; NULL if the text couldn't be taken. */
const struct source *lsp_source(const struct lsp_document *d);
/* The lines of a file of the unit, the document's own among them. */
const struct lsp_lines *lsp_lines_of(struct lsp_document *d, uint32_t file);
/* "/a b.dyn" of "file:///a%20b.dyn"; another uri is its own path. */
char *lsp_path_of(struct arena *a, const char *uri);
char *lsp_uri_of(struct arena *a, const char *path);
/* The uri of a file of the unit; NULL: it has none (a module in the library without a copy, or with
 * one that isn't the same). */
const char *lsp_uri_of_file(struct arena *a, const struct lsp_document *d, uint32_t file);

/* ---- names ---- */

enum lsp_kind {
    LSP_LET,
    LSP_FN,
    LSP_ARGUMENT, /* of a function or a network */
    LSP_INPUT,
    LSP_LAYER,
    LSP_PART,
    LSP_NETWORK,
    LSP_NEURON,
    LSP_STIMULUS,
    LSP_MEMBER, /* of a neuron: what its items declare */
    LSP_LOCAL,  /* an index, or a value of a step */
};

struct lsp_decl {
    enum lsp_kind kind;
    struct ast_name name;
    struct span whole;                  /* the declaration */
    const char *owner;                  /* name of the network or neuron around it; NULL: none */
    const struct ast_net_item *item;    /* LAYER, PART, INPUT */
    const struct ast_network *network;  /* NETWORK, or the one that a LET stands in */
    const struct ast_neuron *neuron;    /* NEURON, or the one that a MEMBER is of */
    const struct ast_neuron_item *part; /* MEMBER */
    const struct lsp_decl *around;      /* declared before it, and visible where it is */
    const struct lsp_decl *hidden;      /* what its name meant before */
};

struct lsp_name { /* a place where a name stands */
    struct span at;
    const struct lsp_decl *decl;
};

struct lsp_names {
    struct arena arena;
    VEC(struct lsp_name) list;      /* of the document's file */
    const struct lsp_decl *visible; /* at the place that was asked for, by `around` */
};

/* Every name of the file that could be made sense of, in time linear in the file. */
void lsp_names(struct lsp_document *d, uint32_t offset, struct lsp_names *out);
void lsp_names_free(struct lsp_names *names);
/* The one at a place or just before it; NULL: none. */
const struct lsp_name *lsp_name_at(const struct lsp_names *names, uint32_t offset);

/* ---- what is answered: a value each; null where there is nothing to tell ---- */

void lsp_publish(struct lsp_document *d, struct json *j);
void lsp_actions(struct lsp_document *d, struct span range, struct json *j);
void lsp_hover(struct lsp_document *d, uint32_t offset, struct json *j);
void lsp_definition(struct lsp_document *d, uint32_t offset, struct json *j);
void lsp_complete(struct lsp_document *d, uint32_t offset, struct json *j);
void lsp_prepare_rename(struct lsp_document *d, uint32_t offset, struct json *j);
/* NULL, or why it can't be: then nothing is written. */
const char *lsp_rename(struct lsp *s, struct lsp_document *d, uint32_t offset, const char *name,
                       struct json *j);

#endif
