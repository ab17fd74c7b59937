autocmd BufRead,BufNewFile *.dyn setfiletype dyn
