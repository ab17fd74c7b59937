"""A client of `dyn lsp`: prints `ok` or `wrong`, a tab and a name for each thing that it checks.

usage: lsp.py DYN FOLDER: where the modules of stdlib are found as files; `-`: nowhere.
"""
import os
import time
import json
import subprocess
import sys

server = subprocess.Popen([sys.argv[1], "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
URI = "file:///no/where/a%20b.dyn"
SOURCE = """use dynapse2;
// How strong.
let strength = 20; // of all
let tau = 30 ms;
network first {
    dt = 1 ms;
    /* \U0001d6fc */ input touch[4];
    // Excitatory.
    layer exc[8]: dpi { tau_mem = tau; }
    touch -> exc: all_to_all(strength);
    record exc.spikes, exc.imem;
}
stimulus noise for first {
    duration = 10 ms;
    touch = poisson(80 Hz) seed 7;
}
"""
count = 0
version = 1


def send(message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    server.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    server.stdin.flush()


def receive():
    length = 0
    while True:
        line = server.stdout.readline().strip()
        if not line:
            break
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return json.loads(server.stdout.read(length))


told = []


def ask(method, **params):
    global count
    count += 1
    send({"id": count, "method": method, "params": params})
    while True:
        answer = receive()
        if answer.get("id") == count:
            return answer
        told.append(answer)


def notify(method, **params):
    send({"method": method, "params": params})


def check(name, good):
    print("ok" if good else "wrong", name, sep="\t")


DOC = {"uri": URI}


def units(text):
    return len(text.encode("utf-16-le")) // 2


def at(text, word, skip=0, source=None):
    """The place of `word`, in the line that has `text`."""
    for number, line in enumerate((source or SOURCE).split("\n")):
        if text in line:
            column = line.index(word, line.index(text)) + skip
            return {"line": number, "character": units(line[:column])}


def query(kind, text, word, skip=1, **more):
    return ask("textDocument/" + kind, textDocument=DOC, position=at(text, word, skip), **more)


def change(*changes):
    global version
    version += 1
    notify("textDocument/didChange", textDocument={"uri": URI, "version": version},
           contentChanges=list(changes))


def published():
    """What was told of the version there is now."""
    while True:
        message = told.pop(0) if told else receive()
        if message["params"].get("version") == version:
            return message["params"]["diagnostics"]


def labels(source, text, word, skip):
    change({"text": source})
    items = ask("textDocument/completion", textDocument=DOC,
                position=at(text, word, skip, source))["result"]
    return {item["label"]: item for item in items}


check("before initialize", ask("textDocument/hover")["error"]["code"] == -32002)
first = ask("initialize", capabilities={})["result"]["capabilities"]
check("capabilities", first["positionEncoding"] == "utf-16" and first["textDocumentSync"]["change"] == 2)
notify("initialized")
check("unknown method", ask("no/such")["error"]["code"] == -32601)
check("no document", ask("textDocument/hover", textDocument=DOC,
                         position={"line": 0, "character": 0})["error"]["code"] == -32602)
notify("textDocument/didOpen", textDocument={"uri": URI, "languageId": "dyn", "version": 1,
                                             "text": SOURCE})
check("a good source", published() == [])

value = query("hover", "tau_mem = tau", "= tau", 3)["result"]["contents"]["value"]
check("hover on a constant", "let tau = 30 ms;" in value and "a time: `30 ms`" in value)
value = query("hover", "all_to_all", "strength")["result"]["contents"]["value"]
check("its comments", "How strong." in value and "of all" in value)
value = query("hover", "tau_mem", "tau_mem")["result"]["contents"]["value"]
check("hover on a parameter", "of `dpi`, a time: `20 ms`" in value and "leak of the membrane" in value)
value = query("hover", "touch ->", "exc")["result"]["contents"]["value"]
check("hover on a layer", "layer exc[8]: dpi" in value and "Excitatory." in value)
check("hover on nothing", query("hover", "dt = 1", "dt")["result"] is None)

place = query("definition", "touch = ", "touch")["result"]
check("definition, in units of utf-16",
      place["uri"] == URI and place["range"]["start"] == at("input touch", "touch"))
check("definition of a layer", query("definition", "exc.imem", "exc")["result"]["range"]["start"]
      == at("layer exc", "exc"))

place = query("definition", "layer exc", "dpi")["result"]
if sys.argv[2] == "-":
    check("no definition in a module that is no file", place is None)
else:
    check("definition in a module", place["uri"] == "file://" + sys.argv[2] + "/dynapse2.dyn")
    with open(os.path.join(sys.argv[2], "dynapse2.dyn")) as file:
        line = file.read().split("\n")[place["range"]["start"]["line"]]
    check("at the name", line[place["range"]["start"]["character"]:
                              place["range"]["end"]["character"]] == "dpi")

span = query("prepareRename", "touch ->", "touch")["result"]
check("prepare a rename", span["start"] == at("touch ->", "touch"))
check("not of a module's name", query("prepareRename", "tau_mem", "tau_mem")["result"] is None)
edits = query("rename", "touch ->", "touch", newName="skin")["result"]["changes"][URI]
check("rename", len(edits) == 3 and all(e["newText"] == "skin" for e in edits)
      and edits[0]["range"]["start"] == at("input touch", "touch"))
for name in ("exc", "layer", "1st", "a b", ""):
    check("rename to `%s`" % name,
          query("rename", "touch ->", "touch", newName=name)["error"]["code"] == -32803)

start = at("input touch", "touch")
change({"range": {"start": start, "end": {**start, "character": start["character"] + 5}},
        "text": "touhc"})
wrong = published()
check("a change is checked", any(d["code"].startswith("E0") for d in wrong)
      and all(d["source"] == "dyn" for d in wrong))
everything = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}
actions = ask("textDocument/codeAction", textDocument=DOC, range=everything,
              context={"diagnostics": []})["result"]
check("changes that mend", actions and actions[0]["kind"] == "quickfix"
      and actions[0]["edit"]["changes"][URI][0]["newText"] == "touhc")
change({"text": SOURCE.replace("let tau = 30 ms;", "let tau = 30 ms;\nlet tau = 2 ms;")})
wrong = published()
related = [r for d in wrong for r in d.get("relatedInformation", [])]
check("labels are related information",
      related and related[0]["location"]["range"]["start"]["line"] == 3)
change({"range": {"start": {"line": 9, "character": 0}, "end": {"line": 3, "character": 0}},
        "text": "x"}, {"nothing": 1})
change({"text": SOURCE})
check("bad changes are left out", published() == [])

loose = SOURCE.replace("dt = 1 ms", "dt  =  1 ms")
change({"text": loose})
result = ask("textDocument/formatting", textDocument=DOC, options={})["result"]
check("formatting", len(result) == 1 and result[0]["newText"] == SOURCE)
change({"text": "network n {"})
check("not of what has errors", ask("textDocument/formatting", textDocument=DOC)["result"] == [])

inside = SOURCE.replace("tau_mem = tau; ", "tau_mem = tau; Ita")
found = labels(inside, "Ita", "Ita", 3)
check("parameters in a layer's braces", "Itau_mem" in found and "network" not in found)
edit = found["Itau_mem"]["textEdit"]["range"]
check("instead of the word begun", edit["end"]["character"] - edit["start"]["character"] == 3)
found = labels(SOURCE.replace("30 ms", "30 m"), "30 m", "m;", 1)
check("units after a number", "mV" in found and found["ms"]["detail"] == "a time")
found = labels(SOURCE.replace(": dpi", ": d"), "layer exc", ": d", 3)
check("models of modules", "dpi" in found and "tau" not in found)
found = labels(SOURCE.replace("exc.imem", "exc."), "record", ", exc.", 6)
check("states behind a dot", "spikes" in found and "imem" in found)
found = labels("n", "n", "n", 1)
check("keywords of a file", "network" in found and "neuron" in found)
found = labels(SOURCE.replace("all_to_all(strength)", "all_to_all(s)"), "all_to_all", "(s", 2)
check("declared names", "strength" in found and "sqrt" in found)
check("nothing in comments", labels("// n", "// n", "n", 1) == {})

# A byte order mark counts as a character of the first line, and stays where it is.
change({"text": "\ufefflet x = q; let y = z;"})
columns = [d["range"]["start"]["character"] for d in published()]
check("behind a byte order mark", columns == [9, 20])
change({"range": {"start": {"line": 0, "character": 5}, "end": {"line": 0, "character": 6}},
        "text": "z"})
check("a change behind it", [d["range"]["start"]["character"] for d in published()] == [9])
change({"range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 6}},
        "text": "let w"})
check("and one that takes it away",
      [d["range"]["start"]["character"] for d in published()] == [8, 19])

# Whatever is asked of a large source takes as long as it is large: with the square of it, each of
# these would take minutes.
N = 15000
big = "use neurons;\nlet a0 = 1;\n" + "".join("let a%d = a%d + 1;\n" % (i, i // 2)
                                            for i in range(1, N))
big += "network n {\n    dt = 1 ms;\n    input in[2];\n" + "".join(
    "    layer l%d[2]: lif;\n    in -> l%d: all_to_all(a%d);\n" % (i, i, i) for i in range(N)) + "}\n"
start = time.time()
change({"text": big})
check("a large source", published() == [])
for kind in ("hover", "definition", "completion", "prepareRename"):
    check("%s in it" % kind, ask("textDocument/" + kind, textDocument=DOC, position=at(
        "in -> l%d:" % (N - 1), "l%d" % (N - 1), 1, big))["result"])
edits = [{"range": {"start": {"line": i, "character": 4}, "end": {"line": i, "character": 5}},
          "text": "b"} for i in range(1, 2000)]
change(*edits)
check("many changes at once", len(published()) == 200)
check("in linear time", time.time() - start < 100)

for junk in ({"id": 1}, {"id": {}, "method": "shutdown"}, {"method": "textDocument/didOpen"},
             {"method": "textDocument/didOpen", "params": {"textDocument": {"uri": 1, "text": []}}},
             {"method": "textDocument/didChange", "params": {"textDocument": DOC,
                                                             "contentChanges": [[], 1, {}]}}):
    send(junk)
check("malformed messages are survived", ask("textDocument/hover", textDocument=DOC, position={
    "line": 4294967295, "character": 4294967295})["result"] is None)
told.clear()
notify("textDocument/didClose", textDocument=DOC)
check("closing takes back", receive()["params"]["diagnostics"] == [])
check("shutdown", ask("shutdown")["result"] is None)
check("and no more", ask("textDocument/hover")["error"]["code"] == -32600)
notify("exit")
sys.exit(server.wait(10))
