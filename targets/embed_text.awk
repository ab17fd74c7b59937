# Writes a file as a C string: awk -v name=VARIABLE -f targets/embed_text.awk FILE
BEGIN { print "extern const char " name "[];\nconst char " name "[] = \"\"" }
{
    gsub(/\\/, "&&"); gsub(/"/, "\\\"")
    print "    \"" $0 "\\n\""
}
END { print ";" }
