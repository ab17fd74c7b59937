# Writes texts as a C table (compiler/embedded.h): awk -v table=NAME -f embed.awk FILES
# Their names are without extension, but those of a folder that is to be made again (start_files).
BEGIN {
    print "#include \"compiler/embedded.h\"\n"
}
FNR == 1 {
    if (n) print ";\n"
    name[++n] = FILENAME
    sub(/.*\//, "", name[n])
    if (table != "start_files") sub(/\.[a-z]*$/, "", name[n])
    print "static const char text_" n "[] = \"\""
}
{
    gsub(/\\/, "&&"); gsub(/"/, "\\\"")
    print "    \"" $0 "\\n\""
}
END {
    if (n) print ";\n"
    print "const struct embedded_text " table "[] = {"
    for (i = 1; i <= n; i++)
        print "    {\"" name[i] "\", text_" i ", sizeof text_" i " - 1},"
    print "    {NULL, NULL, 0},\n};"
}
