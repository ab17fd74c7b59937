# Writes stdlib/*.dyn as a C table (compiler/stdlib.h), so that the library needs no files.
BEGIN {
    print "#include \"compiler/stdlib.h\"\n"
    print "#include <stddef.h>\n"
}
FNR == 1 {
    if (n) print ";\n"
    name[++n] = FILENAME
    sub(/.*\//, "", name[n]); sub(/\.dyn$/, "", name[n])
    print "static const char text_" n "[] = \"\""
}
{
    gsub(/\\/, "\\\\"); gsub(/"/, "\\\"")
    print "    \"" $0 "\\n\""
}
END {
    if (n) print ";\n"
    print "const struct stdlib_module stdlib_modules[] = {"
    for (i = 1; i <= n; i++)
        print "    {\"" name[i] "\", text_" i ", sizeof text_" i " - 1},"
    print "    {NULL, NULL, 0},\n};"
}
