/* `profile = "FILE";` in a board section: what is known about one of its chips. */
#include "compiler/elab.h"
#include "targets/compile.h"

static const void *load_profile(struct elab *el, const struct target_profile *t, const char *file,
                                struct span at)
{
    struct unit *u = el->u;
    const struct source *from = sources_get(&u->sources, at.file);
    const char *path = path_beside(u->arena, from ? from->path : "", file);
    for (uint32_t i = 0; i < el->profile.n; i++) {
        if (strcmp(el->profile.data[i].path, path) == 0)
            return el->profile.data[i].content;
    }
    struct arena scratch = {0}; /* the table of sources keeps a copy */
    struct bytes b;
    uint32_t index = 0;
    if (file_read(&scratch, path, &b, u->diags, E0501, at))
        index = sources_add(&u->sources, path, (const char *)b.data, b.n, u->diags);
    arena_free(&scratch);
    const struct source *s = sources_get(&u->sources, index);
    const void *content = s ? t->read(u->arena, s->text, s->n, index, u->diags) : NULL;
    VEC_PUSH(u->arena, &el->profile, ((struct loaded_profile){path, content}));
    return content;
}

void build_profile(const struct env *env, struct net *n, uint32_t chip,
                   const struct ast_board_item *item)
{
    struct elab *el = env->el;
    struct diags *d = el->u->diags;
    const struct target_compiler *t = target_compiler_find(n->board->target);
    struct value v = eval(env, item->value);
    if (v.kind == V_POISON)
        return;
    if (v.kind != V_STRING) {
        struct diag *g = diag_add(d, E0302, item->value->span, "a profile is the name of a file");
        diag_hint(d, g, "as in `profile = \"chip-0042.json\";`");
        return;
    }
    if (!t->profile) {
        diag_add(d, E0406, item->span, "chips of `%s` have no profiles", t->name);
        return;
    }
    uint32_t at = n->board->profile.n;
    while (at > 0 && n->board->profile.data[at - 1].chip >= chip)
        at--;
    if (at < n->board->profile.n && n->board->profile.data[at].chip == chip) {
        struct diag *g =
            diag_add(d, E0202, item->span, "the profile of chip %u is given twice", chip);
        diag_label(d, g, n->board->profile.data[at].span, "given here");
        return;
    }
    const void *content = load_profile(el, t->profile, v.string, item->value->span);
    if (!content)
        return;
    (void)VEC_ADD(n->arena, &n->board->profile);
    struct board_profile *p = &n->board->profile.data[at];
    memmove(p + 1, p, (n->board->profile.n - 1 - at) * sizeof *p);
    *p = (struct board_profile){chip, v.string, content, item->span};
}
