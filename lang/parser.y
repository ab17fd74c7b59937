/* The grammar of the language; REFERENCE.md says what it means. The actions only call the
 * constructors of build_ast.c.
 *
 * Words that have a meaning in one place only (`seed`, `chip`, ...) are tokens that the rule `name`
 * takes as names again, so they are reserved nowhere and messages can still name them.
 *
 * After an error the parser gives up the item that it was reading; parse.c has skipped its tokens
 * by then, so that the next one is the `;` or `}` that ends it. */

%define api.pure full
%define api.prefix {lang_yy}
%define api.token.prefix {T_}
%define api.location.type {struct span}
%define parse.error custom
%define parse.lac full
%locations
%expect 0
%param {struct parser *p}

%code requires {
#include "lang/ast.h"
struct parser;
}

%code {
#include "lang/build_ast.h"
#include "lang/parse_state.h"

#define YYMAXDEPTH 100000

#define YYLLOC_DEFAULT(result, rhs, n)                                                             \
    ((result) = (n) > 0 ? (struct span){p->file, YYRHSLOC(rhs, 1).begin, YYRHSLOC(rhs, n).end}     \
                        : (struct span){p->file, YYRHSLOC(rhs, 0).end, YYRHSLOC(rhs, 0).end})
}

%initial-action { @$ = (struct span){.file = p->file}; }

%union {
    struct ast_name name;
    bool inserted; /* a `;` that isn't in the text */
    struct ast_expr *expr;
    struct ast_arg *arg;
    struct ast_sub *sub;
    struct ast_assign *assign;
    struct ast_let *let;
    struct ast_fn *fn;
    struct ast_param *param;
    struct ast_ref *ref;
    struct ast_net_item *net;
    struct ast_stim_item *stim;
    struct ast_stmt *stmt;
    struct ast_neuron_item *neuron;
    struct ast_word *word;
    struct ast_board_item *board;
    struct ast_decl *decl;
    struct { struct ast_expr *first; bool given; } shape;

    struct { struct ast_expr *first, *last; } exprs;
    struct { struct ast_arg *first, *last; } args;
    struct { struct ast_sub *first, *last; } subs;
    struct { struct ast_assign *first, *last; } assigns;
    struct { struct ast_param *first, *last; } params;
    struct { struct ast_ref *first, *last; } refs;
    struct { struct ast_net_item *first, *last; } nets;
    struct { struct ast_stim_item *first, *last; } stims;
    struct { struct ast_stmt *first, *last; } stmts;
    struct { struct ast_neuron_item *first, *last; } neurons;
    struct { struct ast_word *first, *last; } words, groups;
    struct { struct ast_board_item *first, *last; } boards;
}

%token YYEOF 0 "end of file"
%token <name> NAME "name"
%token <expr> NUMBER "number" STRING "string"

/* Reserved. */
%token <name>
    USE "use" NETWORK "network" STIMULUS "stimulus" BOARD "board" NEURON "neuron" PART "part"
    LET "let" FN "fn" INPUT "input" LAYER "layer" OUTPUT "output" RECORD "record"
    MISMATCH "mismatch" IF "if" THEN "then" ELSE "else" AND "and" OR "or" NOT "not" TRUE "true"
    FALSE "false" PARAM "param" LAYOUT "layout" BIAS "bias" RECEIVE "receive" STATE "state"
    STEP "step" EMIT "emit" ON "on" FOR "for" FROM "from"

/* Names that mean something in one place. */
%token <name>
    DT "dt" SEED "seed" SCALE "scale" NEGATIVE "negative" EVENT "event" PLACE "place" CHIP "chip"
    CORE "core" LATCH "latch" FACTOR "factor"

%token <inserted> SEMICOLON ";"
%token
    ARROW "->" MAPSTO "=>" ASSIGN "=" EQ "==" NE "!=" LT "<" LE "<=" GT ">" GE ">=" PLUS "+"
    MINUS "-" TIMES "*" SLASH "/" CARET "^" LPAREN "(" RPAREN ")" LBRACKET "[" RBRACKET "]"
    LBRACE "{" RBRACE "}" COMMA "," COLON ":" DOT "."

/* Loosest first. */
%precedence IF_EXPR
%left "or"
%left "and"
%precedence "not"
%nonassoc "==" "!=" "<" "<=" ">" ">="
%left "+" "-"
%left "*" "/"
%precedence UNARY_MINUS
%right "^"
%precedence "[" "."

%type <name> name plain_name attribute_name dotted model_from
%type <expr> expr array array_items call operand plain_operand atom seed_opt scale_opt code
%type <arg> arg args_opt member
%type <sub> sub range
%type <assign> assign layer_assign block_or_semi layer_block
%type <let> let
%type <fn> fn
%type <param> param params_opt network_params
%type <ref> path ref
%type <net> net_item
%type <stim> stim_item
%type <stmt> stmt block if_stmt
%type <neuron> neuron_item on on_opt bias_on_opt
%type <inserted> negative_opt
%type <word> word groups
%type <board> board_item address
%type <decl> decl
%type <exprs> exprs
%type <args> args members
%type <subs> subs ranges
%type <assigns> assigns layer_assigns attributes
%type <params> params
%type <refs> refs
%type <nets> net_items
%type <stims> stim_items
%type <stmts> stmts
%type <neurons> neuron_items
%type <words> words
%type <groups> bracketed
%type <boards> board_items addresses
%type <shape> shape_opt

%%

file:
    %empty
|   file decl                       { ast_add_decl(p, $2); }
;

/* ---- files ---- */

decl:
    ";"                             { $$ = NULL; }
|   error ";"                       { yyerrok; $$ = NULL; }
|   error "}"                       { yyerrok; $$ = NULL; }
|   "use" name semi                 { $$ = ast_use(p, @$, $2, NULL); }
|   "use" STRING semi               { $$ = ast_use(p, @$, (struct ast_name){0}, $2); }
|   let                             { $$ = ast_decl_let(p, @$, $1); }
|   fn                              { $$ = ast_decl_fn(p, @$, $1); }
|   "network" name network_params "{" net_items close
                                    { $$ = ast_network(p, @$, $2, $3, $5.first); }
|   "stimulus" name "for" name "{" stim_items close
                                    { $$ = ast_stimulus(p, @$, $2, $4, $6.first); }
|   "neuron" name "{" neuron_items close
                                    { $$ = ast_neuron(p, @$, $2, $4.first); }
|   "board" name "{" board_items close
                                    { $$ = ast_board(p, @$, $2, $4.first); }
;

semi:
    ";"                             { if ($1) parse_missing_semicolon(p, @1); }
;

close:
    "}"
|   error "}"                       { yyerrok; }
;

let:
    "let" name "=" expr semi        { $$ = ast_let(p, @$, $2, $4); }
;

fn:
    "fn" name "(" params_opt ")" "=" expr semi
                                    { $$ = ast_fn(p, @$, $2, $4, $7); }
;

network_params:
    %empty                          { $$ = NULL; }
|   "(" params_opt ")"              { $$ = $2; }
;

params_opt:
    %empty                          { $$ = NULL; }
|   params                          { $$ = $1.first; }
;

params:
    param                           { LIST_START($$, $1); }
|   params "," param                { LIST_ADD($$, $1, $3); }
;

param:
    name                            { $$ = ast_param(p, $1, NULL); }
|   name "=" expr                   { $$ = ast_param(p, $1, $3); }
;

/* ---- names ---- */

name:
    plain_name
|   "place"
|   "latch"
;

plain_name:
    NAME | "dt" | "seed" | "scale" | "negative" | "event" | "chip" | "core" | "factor"
;

/* Attributes and parameters may be called as reserved words are. */
attribute_name:
    name
|   "use" | "network" | "stimulus" | "board" | "neuron" | "part" | "let" | "fn" | "input" | "layer"
|   "output" | "record" | "mismatch" | "if" | "then" | "else" | "and" | "or" | "not" | "true"
|   "false" | "param" | "layout" | "bias" | "receive" | "state" | "step" | "emit" | "on" | "for"
|   "from"
;

path:
    name                            { $$ = ast_ref(p, $1); }
|   path "." name                   { $$ = ast_ref_part(p, $1, $3); }
;

dotted:
    path                            { $$ = ast_dotted(p, $1); }
;

ref:
    path
|   path "[" subs "]"               { $$ = ast_ref_subs($1, $3.first, @$); }
;

refs:
    ref                             { LIST_START($$, $1); }
|   refs "," ref                    { LIST_ADD($$, $1, $3); }
;

assign:
    attribute_name "=" expr         { $$ = ast_assign(p, @$, $1, $3); }
;

assigns:
    %empty                          { LIST_EMPTY($$); }
|   assigns ";"                     { $$ = $1; }
|   assigns assign semi             { LIST_ADD($$, $1, $2); }
|   assigns error ";"               { yyerrok; $$ = $1; }
;

block_or_semi:
    semi                            { $$ = NULL; }
|   "{" assigns close               { $$ = $2.first; }
;

/* ---- networks ---- */

net_items:
    %empty                          { LIST_EMPTY($$); }
|   net_items net_item              { LIST_ADD($$, $1, $2); }
;

net_item:
    ";"                             { $$ = NULL; }
|   error ";"                       { yyerrok; $$ = NULL; }
|   let                             { $$ = ast_net_let(p, @$, $1); }
|   fn                              { $$ = ast_net_fn(p, @$, $1); }
|   "dt" "=" expr semi              { $$ = ast_net_dt(p, @$, $3); }
|   "input" dotted shape_opt model_from block_or_semi
                                    { $$ = ast_net_input(p, @$, $2, $3.given, $3.first, $4, $5); }
|   "layer" dotted shape_opt ":" name layer_block
                                    { $$ = ast_net_layer(p, @$, $2, $3.given, $3.first, $5, $6); }
|   "part" name "=" name "(" args_opt ")" semi
                                    { $$ = ast_net_part(p, @$, $2, $4, $6); }
|   ref "->" ref ":" call attributes semi
                                    { $$ = ast_net_connection(p, @$, $1, $3, $5, $6.first); }
|   "record" refs semi              { $$ = ast_net_refs(p, @$, AST_N_RECORD, $2.first); }
|   "output" refs semi              { $$ = ast_net_refs(p, @$, AST_N_OUTPUT, $2.first); }
|   "mismatch" atom seed_opt semi   { $$ = ast_net_mismatch(p, @$, $2, $3, NULL); }
|   "mismatch" "{" assigns close    { $$ = ast_net_mismatch(p, @$, NULL, NULL, $3.first); }
;

layer_block:
    semi                            { $$ = NULL; }
|   "{" layer_assigns close         { $$ = $2.first; }
;

layer_assign:
    assign
|   "factor" name "=" expr
                                    { $$ = ast_factor(p, @$, $2, $4); }
;

layer_assigns:
    %empty                          { LIST_EMPTY($$); }
|   layer_assigns ";"               { $$ = $1; }
|   layer_assigns layer_assign semi { LIST_ADD($$, $1, $2); }
|   layer_assigns error ";"         { yyerrok; $$ = $1; }
;

shape_opt:
    %empty                          { $$.first = NULL; $$.given = false; }
|   "[" exprs "]"                   { $$.first = $2.first; $$.given = true; }
;

model_from:
    %empty                          { $$ = (struct ast_name){0}; }
|   "from" name                     { $$ = $2; }
;

attributes:
    %empty                          { LIST_EMPTY($$); }
|   attributes "," assign           { LIST_ADD($$, $1, $3); }
;

seed_opt:
    %empty                          { $$ = NULL; }
|   "seed" atom                     { $$ = ast_after_word(p, @2, $2); }
;

/* ---- stimuli ---- */

stim_items:
    %empty                          { LIST_EMPTY($$); }
|   stim_items stim_item            { LIST_ADD($$, $1, $2); }
;

stim_item:
    ";"                             { $$ = NULL; }
|   error ";"                       { yyerrok; $$ = NULL; }
|   let                             { $$ = ast_stim(p, NULL, $1); }
|   dotted "=" expr semi            { $$ = ast_stim(p, ast_assign(p, @$, $1, $3), NULL); }
;

/* ---- neurons ---- */

neuron_items:
    %empty                          { LIST_EMPTY($$); }
|   neuron_items neuron_item        { LIST_ADD($$, $1, $2); }
;

neuron_item:
    ";"                             { $$ = NULL; }
|   error ";"                       { yyerrok; $$ = NULL; }
|   let                             { $$ = ast_neuron_value(p, @$, AST_R_LET, $1->name, $1->value, NULL); }
|   fn                              { $$ = ast_neuron_fn(p, @$, $1); }
|   "param" name "=" expr on_opt semi
                                    { $$ = ast_neuron_value(p, @$, AST_R_PARAM, $2, $4, $5); }
|   "layout" name "=" expr on_opt semi
                                    { $$ = ast_neuron_value(p, @$, AST_R_LAYOUT, $2, $4, $5); }
|   "bias" name "=" expr bias_on_opt semi
                                    { $$ = ast_neuron_value(p, @$, AST_R_BIAS, $2, $4, $5); }
|   "receive" name scale_opt negative_opt on_opt semi
                                    { $$ = ast_neuron_receive(p, @$, $2, $3, $4, $5); }
|   "state" name "=" expr semi      { $$ = ast_neuron_value(p, @$, AST_R_STATE, $2, $4, NULL); }
|   "step" block                    { $$ = ast_neuron_body(p, @$, AST_R_STEP, (struct ast_name){0}, $2); }
|   "on" "event" "(" name ")" block { $$ = ast_neuron_body(p, @$, AST_R_EVENT, $4, $6); }
;

scale_opt:
    %empty                          { $$ = NULL; }
|   "scale" expr                    { $$ = ast_after_word(p, @2, $2); }
;

negative_opt:
    %empty                          { $$ = false; }
|   "for" "negative"                { $$ = true; }
;

on_opt:
    %empty                          { $$ = NULL; }
|   on
;

bias_on_opt:
    on_opt
|   on "latch" name                  { $1->latch = $3; $$ = $1; }
;

on:
    "on" name name                  { $$ = ast_on(p, $2, $3); }
|   on "," name                     { $$ = ast_on_more(p, $1, $3); }
;

block:
    "{" stmts close                 { $$ = $2.first; }
;

stmts:
    %empty                          { LIST_EMPTY($$); }
|   stmts stmt                      { LIST_ADD($$, $1, $2); }
;

stmt:
    ";"                             { $$ = NULL; }
|   error ";"                       { yyerrok; $$ = NULL; }
|   let                             { $$ = ast_stmt(p, @$, AST_S_LET, $1->name, $1->value); }
|   name "=" expr semi              { $$ = ast_stmt(p, @$, AST_S_ASSIGN, $1, $3); }
|   "emit" expr semi                { $$ = ast_stmt(p, @$, AST_S_EMIT, (struct ast_name){0}, $2); }
|   if_stmt
;

if_stmt:
    "if" expr block                 { $$ = ast_stmt_if(p, @$, $2, $3, NULL); }
|   "if" expr block "else" block    { $$ = ast_stmt_if(p, @$, $2, $3, $5); }
|   "if" expr block "else" if_stmt  { $$ = ast_stmt_if(p, @$, $2, $3, $5); }
;

/* ---- boards ---- */

board_items:
    %empty                          { LIST_EMPTY($$); }
|   board_items board_item          { LIST_ADD($$, $1, $2); }
;

board_item:
    ";"                             { $$ = NULL; }
|   error ";"                       { yyerrok; $$ = NULL; }
|   plain_name "=" expr semi        { $$ = ast_board_assign(p, @$, AST_B_ASSIGN, $1, $3); }
|   plain_name "{" board_items close
                                    { $$ = ast_board_block(p, @$, $1, NULL, $3.first); }
|   plain_name operand "{" board_items close
                                    { $$ = ast_board_block(p, @$, $1, $2, $4.first); }
|   plain_name operand "=" words semi
                                    { $$ = ast_board_entry(p, @$, $1, $2, $4.first); }
|   plain_name operand semi         { $$ = ast_board_entry(p, @$, $1, $2, NULL); }
|   "bias" name "=" code semi       { $$ = ast_board_assign(p, @$, AST_B_BIAS, $2, $4); }
|   "latch" name semi               { $$ = ast_board_assign(p, @$, AST_B_LATCH, $2, NULL); }
|   "neuron" operand "=" ref semi   { $$ = ast_board_neuron(p, @$, $2, $4, false, NULL); }
|   "neuron" operand "=" ref "{" board_items close
                                    { $$ = ast_board_neuron(p, @$, $2, $4, true, $6.first); }
|   "neuron" operand "{" board_items close
                                    { $$ = ast_board_neuron(p, @$, $2, NULL, true, $4.first); }
|   "place" ref "on" "chip" operand "core" operand semi
                                    { $$ = ast_board_place(p, @$, $2, $5, $7); }
|   "place" ref "on" "core" operand semi
                                    { $$ = ast_board_place(p, @$, $2, NULL, $5); }
|   "input" ref "=" groups semi     { $$ = ast_board_input(p, @$, $2, $4); }
|   "output" dotted "=" "[" addresses "]" semi
                                    { $$ = ast_board_output(p, @$, $2, $5.first); }
;

code:
    expr
|   expr ":" expr                   { $$ = ast_expr(p, @$, AST_CODE, $1, $3, NULL); }
;

words:
    word                            { LIST_START($$, $1); }
|   words "," word                  { LIST_ADD($$, $1, $3); }
;

word:
    attribute_name                  { $$ = ast_word(p, $1, NULL); }
|   attribute_name operand          { $$ = ast_word(p, $1, $2); }
;

/* The destinations of an input: one, or several in brackets. */
groups:
    words                           { $$ = $1.first; }
|   bracketed                       { $$ = $1.first; }
;

bracketed:
    "[" words "]"                   { LIST_START($$, $2.first); }
|   bracketed "," "[" words "]"     { LIST_ADD_BY(next_group, $$, $1, $4.first); }
;

addresses:
    address                         { LIST_START($$, $1); }
|   addresses "," address           { LIST_ADD($$, $1, $3); }
;

address:
    "chip" operand "core" operand "neuron" operand
                                    { $$ = ast_board_address(p, @$, $2, $4, $6); }
;

/* ---- expressions ---- */

/* What stands for a value between words, where a call or an operator would run into them. */
atom:
    NUMBER
|   name                            { $$ = ast_expr_name(p, $1); }
|   "(" expr ")"                    { $$ = $2; }
;

operand:
    plain_operand                   { $$ = ast_after_word(p, @$, $1); }
;

plain_operand:
    atom
|   "-" NUMBER                      { $$ = ast_unary(p, @$, AST_NEG, $2); }
|   STRING
|   "true"                          { $$ = ast_bool(p, @$, true); }
|   "false"                         { $$ = ast_bool(p, @$, false); }
|   array
;

expr:
    NUMBER
|   STRING
|   "true"                          { $$ = ast_bool(p, @$, true); }
|   "false"                         { $$ = ast_bool(p, @$, false); }
|   name                            { $$ = ast_expr_name(p, $1); }
|   "(" expr ")"                    { $$ = $2; }
|   "(" member "," members ")"      { $$ = ast_members(p, @$, $2, $4.first); }
|   array
|   call
|   call "seed" atom                { $$ = ast_expr(p, @$, AST_SEEDED, $1, ast_after_word(p, @3, $3), NULL); }
|   expr "." attribute_name         { $$ = ast_member(p, @$, $1, $3); }
|   expr "[" subs "]"               { $$ = ast_index(p, @$, $1, $3.first); }
|   "-" expr %prec UNARY_MINUS      { $$ = ast_unary(p, @$, AST_NEG, $2); }
|   "not" expr                      { $$ = ast_unary(p, @$, AST_NOT, $2); }
|   expr "^" expr                   { $$ = ast_binary(p, @$, AST_POW, $1, $3); }
|   expr "*" expr                   { $$ = ast_binary(p, @$, AST_MUL, $1, $3); }
|   expr "/" expr                   { $$ = ast_binary(p, @$, AST_DIV, $1, $3); }
|   expr "+" expr                   { $$ = ast_binary(p, @$, AST_ADD, $1, $3); }
|   expr "-" expr                   { $$ = ast_binary(p, @$, AST_SUB, $1, $3); }
|   expr "==" expr                  { $$ = ast_binary(p, @$, AST_EQ, $1, $3); }
|   expr "!=" expr                  { $$ = ast_binary(p, @$, AST_NE, $1, $3); }
|   expr "<" expr                   { $$ = ast_binary(p, @$, AST_LT, $1, $3); }
|   expr "<=" expr                  { $$ = ast_binary(p, @$, AST_LE, $1, $3); }
|   expr ">" expr                   { $$ = ast_binary(p, @$, AST_GT, $1, $3); }
|   expr ">=" expr                  { $$ = ast_binary(p, @$, AST_GE, $1, $3); }
|   expr "and" expr                 { $$ = ast_binary(p, @$, AST_AND, $1, $3); }
|   expr "or" expr                  { $$ = ast_binary(p, @$, AST_OR, $1, $3); }
|   "if" expr "then" expr "else" expr %prec IF_EXPR
                                    { $$ = ast_expr(p, @$, AST_IF, $2, $4, $6); }
;

array:
    "[" array_items "]"             { $$ = ast_array(p, @$, $2); }
|   "[" ranges "=>" expr "]"        { $$ = ast_comprehension(p, @$, $2.first, $4); }
|   "[" ranges "]"                  { $$ = ast_ranges(p, @$, $2.first); }
;

array_items:
    %empty                          { $$ = NULL; }
|   exprs                           { $$ = $1.first; }
;

exprs:
    expr                            { LIST_START($$, $1); }
|   exprs "," expr                  { LIST_ADD($$, $1, $3); }
;

ranges:
    range                           { LIST_START($$, $1); }
|   ranges "," range                { LIST_ADD($$, $1, $3); }
;

range:
    ":"                             { $$ = ast_sub(p, @$, true, NULL, NULL); }
|   expr ":"                        { $$ = ast_sub(p, @$, true, $1, NULL); }
|   ":" expr                        { $$ = ast_sub(p, @$, true, NULL, $2); }
|   expr ":" expr                   { $$ = ast_sub(p, @$, true, $1, $3); }
;

subs:
    sub                             { LIST_START($$, $1); }
|   subs "," sub                    { LIST_ADD($$, $1, $3); }
;

sub:
    expr                            { $$ = ast_sub(p, @$, false, $1, NULL); }
|   range
;

call:
    name "(" args_opt ")"           { $$ = ast_call(p, @$, $1, $3); }
|   name "(" args "=>" expr ")"     { $$ = ast_lambda(p, @$, $1, $3.first, $5, NULL); }
|   name "(" args "=>" expr "," args ")"
                                    { $$ = ast_lambda(p, @$, $1, $3.first, $5, $7.first); }
;

args_opt:
    %empty                          { $$ = NULL; }
|   args                            { $$ = $1.first; }
;

args:
    arg                             { LIST_START($$, $1); }
|   args "," arg                    { LIST_ADD($$, $1, $3); }
;

arg:
    expr                            { $$ = ast_arg(p, (struct ast_name){0}, $1); }
|   member
;

members:
    member                          { LIST_START($$, $1); }
|   members "," member              { LIST_ADD($$, $1, $3); }
;

member:
    attribute_name "=" expr         { $$ = ast_arg(p, $1, $3); }
;

%%

static int yyreport_syntax_error(const yypcontext_t *at, struct parser *p)
{
    yysymbol_kind_t kind[YYNTOKENS];
    const char *expected[YYNTOKENS];
    int n = yypcontext_expected_tokens(at, kind, YYNTOKENS);
    for (int i = 0; i < n; i++)
        expected[i] = yysymbol_name(kind[i]);
    parse_syntax_error(p, *yypcontext_location(at), yysymbol_name(yypcontext_token(at)), expected, n);
    return 0;
}
