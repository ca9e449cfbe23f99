"""An agent that misbehaves, in the way that its configuration says. It speaks the protocol by itself."""

import json
import os
import socket
import sys
import time
from pathlib import Path

asked = 0


def send(message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def call(method, **params):
    global asked
    asked += 1
    send({"id": asked, "method": method, "params": params})
    return json.loads(sys.stdin.readline())


def raw(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def readable(path):
    try:
        if Path(path).is_dir():
            return bool(list(Path(path).iterdir()))
        return bool(Path(path).read_bytes())
    except OSError:
        return False


def remark(text):
    return [{"type": "remark", "body": {"text": text}}]


def misbehave(mode, request):
    event = request["params"]
    if mode == "garbage":
        raw("I am not JSON\n")
    elif mode == "half_line":
        raw('{"jsonrpc": "2.0", "id"')
        os._exit(0)
    elif mode == "long_line":
        for _ in range(100):
            raw("a" * 1_000_000)
        raw("\n")
    elif mode == "late":
        time.sleep(60)
    elif mode == "exit_0":
        os._exit(0)
    elif mode == "crash":
        os._exit(3)
    elif mode == "fork_bomb":
        while True:
            try:
                os.fork()
            except OSError:
                time.sleep(0.01)
    elif mode == "memory":
        hog = []
        while True:
            hog.append(bytearray(16_000_000))
    elif mode == "flood":
        while True:
            send({"method": "log", "params": {"level": "debug", "message": "again"}})
    elif mode == "forbidden":
        finding = event["body"]["finding"]["id"]
        challenge = {"finding": finding, "grounds": "other", "statement": "No."}
        return [{"type": "challenge", "body": challenge}, {"type": "shout", "body": {}}, {"type": "remark", "body": {"words": 1}}]
    elif mode == "other_run":
        return [{"type": "remark", "run": "another-run", "body": {"text": "For another run."}}]
    elif mode == "unasked":
        send({"id": 99, "result": None})
    elif mode == "error":
        send({"id": request["id"], "error": {"code": 7, "message": "I do not want to."}})
        return None
    elif mode == "snoop":
        places = ["/home", "/root/.bashrc", "/work", "/etc/shadow", "/run/files", "/run/experiments", "/proc/1/environ", "/tmp/..", "/var"]
        seen = [place for place in places if place != "/tmp/.." and readable(place)]
        others = [str(path) for path in Path("/run").iterdir() if path.name not in ("agent", "sdk", "scratch")]
        kept = sorted(os.environ)
        return remark(f"seen {seen} {others} {[name for name in kept if 'SECRET' in name]}")
    elif mode == "network":
        tried = []
        for family in (socket.AF_INET, socket.AF_INET6):
            try:
                socket.socket(family).connect(("127.0.0.1", 80))
                tried.append("connected")
            except OSError as error:
                tried.append(type(error).__name__)
        answers = [
            call("net.fetch", url="http://127.0.0.1/"),
            call("sandbox.run", script="print(1)"),
            call("llm.complete", prompt="hello"),
            call("graph.query", name="runs"),
            call("nonsense"),
        ]
        return remark(f"{tried} {[answer['error']['code'] for answer in answers]}")
    return []


def main():
    mode = None
    for line in sys.stdin:
        request = json.loads(line)
        if request["method"] == "initialize":
            mode = request["params"]["config"]["mode"]
            if mode == "no_handshake":
                time.sleep(60)
            if mode == "crash_at_start":
                os._exit(1)
            send({"id": request["id"], "result": {"protocol": 2 if mode == "wrong_version" else 1}})
        elif request["method"] == "handle":
            messages = misbehave(mode, request)
            if messages is not None:
                send({"id": request["id"], "result": {"messages": messages}})
        else:
            send({"id": request["id"], "result": None})
            return


main()
