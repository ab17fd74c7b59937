# dyn new: what it makes works as its README says, and nothing is written over.
. "$(dirname "$0")/lib.sh"
cd "$tmp" || exit 1
mkdir bin && ln -s "$DYN" bin/dyn
PATH=$tmp/bin:$PATH
expect 0 'a project' dyn new first
contains err 'says where to look' '^first: .*README.md'
for file in "$top"/examples/start/*; do
    case $file in *.dyn | *.md | *.csv) same "$file" "first/$(basename "$file")" "$(basename "$file")" ;; esac
done
expect 0 'checks' dyn check first/start.dyn
[ ! -s err ]
report $? 'without a warning'
awk '/^```sh/ { on = 1; next } /^```/ { on = 0 } on' first/README.md >commands
[ "$(grep -c '^dyn' commands)" -ge 6 ]
report $? 'has commands'
while read -r line; do
    expect 0 "$line" sh -c "cd first && $line"
done <commands
[ -s first/recorded.npz ] && [ -s first/start.dynb ]
report $? 'which have made what they say'
expect 0 'the data matters' sh -c 'cd first && dyn run start.dyn --stimulus recorded --json >a && echo "t,channel" >events.csv && dyn run start.dyn --stimulus recorded --json >b'
! cmp -s first/a first/b
report $? 'other events, other spikes'
echo mine >first/start.dyn
expect 5 'a folder that is there' dyn new first
contains err 'is told' 'E0902.*first: File exists'
[ "$(cat first/start.dyn)" = mine ]
report $? 'and left alone'
expect 5 'a folder in no folder' dyn new no/where
expect 2 'no name' dyn new
finish
