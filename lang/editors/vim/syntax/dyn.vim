" Syntax of .dyn: the tokens of lang/lexer.l.
if exists("b:current_syntax")
  finish
endif

syn keyword dynDeclaration use network stimulus board neuron part let fn input layer output record
syn keyword dynDeclaration mismatch param layout bias receive state step emit
syn keyword dynConditional if then else
syn keyword dynOperator and or not
syn keyword dynBoolean true false
syn keyword dynPreposition on for from
syn keyword dynSetting dt seed scale negative event place chip core latch factor

" A number and its unit are one token: `30 ms`, `5%`, `0x1f`.
syn match dynNumber "\v<(0[bB][01]+|0[xX]\x+|\d+(\.\d+)?([eE][+-]?\d+)?)(\s*\%)?"
syn match dynNumber "\v<\d+(\.\d+)?([eE][+-]?\d+)?\s*([fpnumkMG]?(s|A|V|K|F|Hz|Ohm|W))>"
syn match dynNumber "\v\W@<=\.\d+([eE][+-]?\d+)?"
syn keyword dynNumber inf

syn match dynFunction "\v<\h\w*\ze\s*\("
syn match dynArrow "->\|=>"
syn region dynString start=+"+ skip=+\\.+ end=+"+ oneline contains=dynEscape
syn match dynEscape +\\.+ contained
syn match dynComment "//.*$" contains=@Spell
syn region dynComment start="/\*" end="\*/" contains=@Spell

hi def link dynDeclaration Statement
hi def link dynConditional Conditional
hi def link dynOperator Operator
hi def link dynBoolean Boolean
hi def link dynPreposition Keyword
hi def link dynSetting Identifier
hi def link dynNumber Number
hi def link dynFunction Function
hi def link dynArrow Operator
hi def link dynString String
hi def link dynEscape SpecialChar
hi def link dynComment Comment

let b:current_syntax = "dyn"
