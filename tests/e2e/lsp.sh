# dyn lsp: a session with a client (lsp.py), and streams that aren't one.
. "$(dirname "$0")/lib.sh"
# As installed, with the modules of stdlib beside it, and alone.
mkdir -p "$tmp/bin" "$tmp/share/dyn" "$tmp/alone/bin"
cp "$DYN" "$tmp/bin/dyn" && cp "$DYN" "$tmp/alone/bin/dyn" && cp -r "$top/stdlib" "$tmp/share/dyn/stdlib"
share=$(cd "$tmp/share/dyn/stdlib" && pwd -P)
/usr/bin/python3 "$top/tests/e2e/lsp.py" "$tmp/bin/dyn" "$share" >"$tmp/session" 2>"$tmp/err"
status=$?
echo '// another version' >>"$share/dynapse2.dyn" # then its places would be others
/usr/bin/python3 "$top/tests/e2e/lsp.py" "$tmp/bin/dyn" - 2>&1 | grep 'that is no file' |
    sed 's/file/file as the library has it/' >>"$tmp/session"
/usr/bin/python3 "$top/tests/e2e/lsp.py" "$tmp/alone/bin/dyn" - 2>&1 | grep 'that is no file' >>"$tmp/session"
while IFS='	' read -r result name; do
    [ "$result" = ok ]
    report $? "$name"
done <"$tmp/session"
report $status 'the session ends well'
[ $status -eq 0 ] || tail -5 "$tmp/err" | sed 's/^/# /'

stream() { # STATUS NAME TEXT: what the server makes of a stream
    printf "$3" >"$tmp/in"
    expect "$1" "$2" sh -c "'$DYN' lsp <'$tmp/in'"
}
stream 1 'no message' ''
stream 5 'no length' 'X: 1\r\n\r\n{}'
stream 5 'a length that is no number' 'Content-Length: x\r\n\r\n{}'
stream 5 'a negative length' 'Content-Length: -1\r\n\r\n{}'
stream 5 'a length beyond all numbers' 'Content-Length: 99999999999999999999999\r\n\r\n{}'
stream 5 'a huge length' 'Content-Length: 999999999999999999\r\n\r\n{}'
stream 5 'a body that is cut off' 'Content-Length: 10\r\n\r\n{}'
stream 1 'not JSON' 'Content-Length: 2\r\n\r\n{]'
contains "$tmp/out" 'is answered' '"id":null,"error":\{"code":-32700'
stream 1 'exit without shutdown' 'Content-Length: 33\r\n\r\n{"jsonrpc":"2.0","method":"exit"}'
finish
