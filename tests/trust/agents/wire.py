"""The protocol by itself, so that an attack can break it. The harness puts a copy into the folder of each attack."""

import json
import sys

asked = 0


def send(message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def call(method, **params):
    """The answer to a call: its result, or its error."""
    global asked
    asked += 1
    send({"id": asked, "method": method, "params": params})
    answer = json.loads(sys.stdin.readline())
    return answer["result"] if "result" in answer else answer["error"]


def serve(handle):
    """Answers each event with the messages of `handle`; none means that it has answered by itself."""
    for line in sys.stdin:
        request = json.loads(line)
        if request["method"] == "initialize":
            send({"id": request["id"], "result": {"protocol": 1}})
        elif request["method"] == "handle":
            event = request["params"]
            messages = handle(event["type"], event["body"], request)
            if messages is not None:
                send({"id": request["id"], "result": {"messages": messages}})
        else:
            send({"id": request["id"], "result": None})
            return
