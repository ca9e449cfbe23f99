"""Does each attack of the files beside it, one after another, and says in the path of a last request what came."""

import importlib.util
import json
import sys
import traceback
from pathlib import Path

HERE = Path(__file__).parent
AT = json.loads((HERE / "places.json").read_text())
asked = 0


def send(message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def fetch(url, headers=None):
    """The answer of the host: its result, or its error."""
    global asked
    asked += 1
    send({"id": asked, "method": "net.fetch", "params": {"url": url, "headers": headers or {}}})
    answer = json.loads(sys.stdin.readline())
    return answer.get("result") or answer["error"]


def do_all():
    for path in sorted(HERE.glob("*.py")):
        if path.name == "agent.py":
            continue
        made = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(made)
        try:
            made.loader.exec_module(module)
            told = module.attack(fetch, AT)
        except Exception:
            traceback.print_exc()
            told = "failed"
        fetch(f"http://{AT['listed']}/told/{path.stem}/{told or 'done'}")


for line in sys.stdin:
    request = json.loads(line)
    result = None
    if request["method"] == "initialize":
        result = {"protocol": 1}
    elif request["method"] == "handle":
        do_all()
        result = {"messages": []}
    send({"id": request["id"], "result": result})
