"""The SDK: the wire, handlers, calls and messages, in this process and as a process of its own."""

import contextlib
import http.server
import io
import json
import os
import subprocess
import sys
import tempfile
import textwrap
import threading
import unittest
from pathlib import Path

import support
from kosmos_agent import (
    AddEvidence,
    Agent,
    CallError,
    CallFailed,
    Challenge,
    Check,
    LimitReached,
    NotPermitted,
    ProposeAnalysis,
    ProposeHypothesis,
    ProtocolError,
    Remark,
    Score,
    Source,
    WriteSection,
    shorten,
)
from kosmos_agent.messages import from_json
from kosmos_agent.testing import Fallen, FakeHost, network, scripts
from kosmos_agent.wire import LINE_LIMIT, Wire, decode, encode


def agent_of(handler, *events):
    agent = Agent()
    agent.on(*(events or ("finding_drafted",)))(handler)
    return agent


def said(handler, body=None, **options):
    """What an agent with this one handler says to one event."""
    # Its traceback belongs to the run's log, and would only be in the way here.
    with contextlib.redirect_stderr(io.StringIO()), FakeHost(agent_of(handler), **options) as lab:
        return lab.handle("finding_drafted", body or {})


def program(text):
    """The command of an agent that is this file."""
    folder = tempfile.mkdtemp()
    file = Path(folder, "agent.py")
    file.write_text(textwrap.dedent(text), "utf-8")
    return [sys.executable, str(file)]


ONE = {"type": "remark", "body": {"text": "one"}}


class Handlers(unittest.TestCase):
    def test_what_a_handler_may_give(self):
        one = Remark(text="one")

        def generator(event, lab):
            yield one
            yield one

        for handler, expected in (
            (lambda event, lab: None, []),
            (lambda event, lab: one, [ONE]),
            (lambda event, lab: [one, one], [ONE, ONE]),
            (lambda event, lab: (one,), [ONE]),
            (generator, [ONE, ONE]),
        ):
            self.assertEqual(said(handler), expected)

    def test_what_it_may_not_give(self):
        for given, named in ((7, "int"), ("text", "str"), (ONE, "str"), ([ONE], "dict"), ([None], "NoneType")):
            with self.assertRaisesRegex(CallError, f"not {named}"):
                said(lambda event, lab, given=given: given)

    def test_several_handlers_in_their_order_and_several_events(self):
        agent = Agent()
        agent.on("a", "b")(lambda event, lab: Remark(text=lab.occasion.type))
        agent.on("a")(lambda event, lab: Remark(text=str(event["x"])))
        with FakeHost(agent) as lab:
            texts = [[m["body"]["text"] for m in lab.handle(kind, {"x": 3})] for kind in ("a", "b", "unheard_of")]
        self.assertEqual(texts, [["a", "3"], ["b"], []])

    def test_an_exception_is_told_and_the_process_goes_on(self):
        def handler(event, lab):
            yield Remark(text="never sent")
            lab.state.put("half", True)
            if event["x"] == 0:
                raise KeyError("flipper")
            yield Remark(text="sent")

        with FakeHost(agent_of(handler)) as lab:
            with self.assertRaises(CallError) as caught, contextlib.redirect_stderr(io.StringIO()):
                lab.handle("finding_drafted", {"x": 0})
            self.assertEqual(caught.exception.code, -32000)
            self.assertRegex(caught.exception.message, r"^KeyError: 'flipper' \(test_sdk.py, line \d+\)$")
            self.assertEqual(lab.state, {}, "what was put is not kept")
            self.assertEqual(len(lab.handle("finding_drafted", {"x": 1})), 2)
            self.assertEqual(lab.state, {"half": True})

    def test_an_answer_that_cannot_be_sent_is_an_error_of_the_handler(self):
        long = AddEvidence(
            finding="h", stance="context", statement="s", source=Source(title="t", authors=["x" * 100] * 50000)
        )
        for message, words in ((long, "too many"), (Score(finding="h", scores={"a": 0.5}, comment=None), None)):
            with FakeHost(agent_of(lambda event, lab, message=message: message)) as lab:
                if words is None:
                    self.assertEqual(len(lab.handle("finding_drafted", {})), 1)
                else:
                    with self.assertRaisesRegex(CallError, words), contextlib.redirect_stderr(io.StringIO()):
                        lab.handle("finding_drafted", {})
                    self.assertEqual(lab.handle("other", {}), [])

    def test_what_it_is_told_of_itself(self):
        def handler(event, lab):
            yield Remark(text=f"{lab.agent} {lab.run} {lab.config['most']} {sorted(lab.may)}")
            yield Remark(text=f"{lab.occasion.type} {lab.occasion.attempt}")

        with FakeHost(agent_of(handler), name="me", config={"most": 3}, answers={"net.fetch": {}}) as lab:
            texts = [m["body"]["text"] for m in lab.handle("finding_drafted", {}, id="m-1")]
            again = [m["body"]["text"] for m in lab.handle("finding_drafted", {}, id="m-1")]
        self.assertEqual(texts[0], "me test-run 3 ['log', 'net.fetch', 'state.get', 'state.put']")
        self.assertEqual((texts[1], again[1]), ("finding_drafted 1", "finding_drafted 2"))


class Calls(unittest.TestCase):
    def test_each_call_and_its_params(self):
        def handler(event, lab):
            lab.log("look", "debug")
            lab.state.put("n", {"deep": [1, None, "é"]})
            found = [lab.state.get("n"), lab.state.get("none"), lab.state.get("none", 5)]
            thought = lab.complete("why?", schema={"type": "string"})
            rows = lab.graph("findings", "body mass", limit=2)
            run = lab.run_script("print(1)", "data", parameters={"a": 1})
            page = lab.fetch("https://a.example/x", {"Accept": "text/plain"})
            values = [
                found,
                thought.value,
                thought.model,
                rows.rows,
                run.ok,
                run.experiment,
                page.header("retry-after"),
            ]
            yield Remark(text=json.dumps(values))

        answers = {
            "llm.complete": {"text": '"so"', "value": "so", "model": "m"},
            "graph.query": {"columns": ["a"], "rows": [[1]]},
            "sandbox.run": {"experiment": "e-7", "outcome": "ok", "result": {}, "stdout": "1\n", "stderr": ""},
            "net.fetch": {"status": 429, "headers": {"Retry-After": "9"}, "text": "", "truncated": False},
        }
        with FakeHost(agent_of(handler), answers=answers) as lab:
            messages = lab.handle("finding_drafted", {})
            params = [(call.method, call.params) for call in lab.calls if not call.method.startswith("state")]
            self.assertEqual(lab.logs, [("debug", "look")])
        self.assertEqual(
            json.loads(messages[0]["body"]["text"]),
            [[{"deep": [1, None, "é"]}, None, 5], "so", "m", [[1]], True, "e-7", "9"],
        )
        self.assertEqual(
            params,
            [
                ("llm.complete", {"prompt": "why?", "schema": {"type": "string"}}),
                ("graph.query", {"name": "findings", "argument": "body mass", "limit": 2}),
                ("sandbox.run", {"script": "print(1)", "dataset": "data", "parameters": {"a": 1}}),
                ("net.fetch", {"url": "https://a.example/x", "headers": {"Accept": "text/plain"}}),
            ],
        )

    def test_errors_can_be_caught_by_what_they_mean(self):
        for code, kind in ((-32001, NotPermitted), (-32002, LimitReached), (-32003, CallFailed), (-32602, CallError)):

            def handler(event, lab, kind=kind):
                try:
                    lab.graph("findings")
                except kind as error:
                    return Remark(text=f"{error.code} {error}")

            messages = said(handler, answers={"graph.query": CallError(code, "because")})
            self.assertEqual(messages[0]["body"]["text"], f"{code} because")
        with self.assertRaisesRegex(CallError, "^NotPermitted: `net.fetch`.*test_sdk.py, line"):
            said(lambda event, lab: lab.fetch("https://a.example") and None)

    def test_calls_from_threads_do_not_mix(self):
        def handler(event, lab):
            found = {}

            def count(name):
                for step in range(50):
                    lab.state.put(name, step)
                    found[name] = lab.state.get(name)

            threads = [threading.Thread(target=count, args=(f"t{i}",)) for i in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return Remark(text=json.dumps(found, sort_keys=True))

        self.assertEqual(json.loads(said(handler)[0]["body"]["text"]), {f"t{i}": 49 for i in range(4)})

    def test_a_file_can_be_the_script(self):
        with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
            file.write("import json\nwith open('result.json', 'w') as file:\n    json.dump(PROTOCOL, file)\n")
            file.flush()

            def handler(event, lab):
                run = lab.run_script(Path(file.name), "data", "title", {"a": 1})
                return Remark(text=f"{run.ok} {run.result['a']} {Path(run.result['table']).name}")

            table = Path(file.name)
            messages = said(handler, answers={"sandbox.run": scripts({"data": table})})
        self.assertEqual(messages[0]["body"]["text"], f"True 1 {table.name}")


class TheWire(unittest.TestCase):
    def test_lines(self):
        wire = Wire(io.BytesIO(b'{"jsonrpc":"2.0","id":1,"result":null}\n'), out := io.BytesIO())
        self.assertEqual(wire.receive(), {"jsonrpc": "2.0", "id": 1, "result": None})
        self.assertIsNone(wire.receive())
        wire.send({"text": "é\n\u2028 \ud800 \ud83d\ude00"})
        # One line whatever the text holds; half of a surrogate pair is replaced, a whole one joined.
        self.assertEqual(out.getvalue().count(b"\n"), 1)
        self.assertEqual(json.loads(out.getvalue())["text"], "é\n\u2028 \ufffd 😀")

    def test_what_is_no_line(self):
        for line in (
            b"\n",
            b"[]\n",
            b"{}\n",
            b"nonsense\n",
            b'{"jsonrpc":"2.0","id":NaN}\n',
            b"\xff\n",
            b"[" * 99999 + b"\n",
        ):
            with self.assertRaises(ProtocolError):
                decode(line)
        with self.assertRaisesRegex(ProtocolError, "inside a line"):
            Wire(io.BytesIO(b'{"jsonrpc"'), io.BytesIO()).receive()
        with self.assertRaisesRegex(ProtocolError, "more than"):
            Wire(io.BytesIO(b" " * (LINE_LIMIT + 2)), io.BytesIO()).receive()

    def test_what_cannot_be_sent(self):
        for value in (float("nan"), float("inf"), object()):
            with self.assertRaises((ValueError, TypeError)):
                encode({"value": value})
        room = LINE_LIMIT - len(encode({"v": ""}))
        self.assertEqual(len(encode({"v": "x" * room})), LINE_LIMIT)
        with self.assertRaisesRegex(ValueError, "a line may have"):
            encode({"v": "x" * (room + 1)})

    def test_the_conversation(self):
        def talk(*lines):
            out = io.BytesIO()
            agent_of(lambda event, lab: Remark(text="heard"), "a").serve(io.BytesIO(b"".join(map(encode, lines))), out)
            return [json.loads(line) for line in out.getvalue().splitlines()]

        def request(number, method, **params):
            return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}

        hello = request(1, "initialize", protocol=2, agent="a", run="r", config={}, limits={}, may=[])
        event = request("e", "handle", run="r", id="m", attempt=1, type="a", body={})
        answers = talk(hello, event, request(3, "shutdown"), event)
        self.assertEqual(
            [answer["result"] for answer in answers],
            [{"protocol": 2}, {"messages": [{"type": "remark", "body": {"text": "heard"}}]}, None],
            "after the shutdown nothing is read",
        )
        self.assertEqual([answer["id"] for answer in answers], [1, "e", 3])
        notice = {"jsonrpc": "2.0", "method": "news", "params": {}}
        codes = [
            answer["error"]["code"]
            for answer in talk(request(1, "initialize", protocol=3), event, request(2, "dance"), notice)
        ]
        self.assertEqual(codes, [-32602, -32600, -32601])
        first = {**hello, "params": {**hello["params"], "protocol": 1}}
        self.assertEqual(talk(first)[0]["result"], {"protocol": 1}, "an agent.toml of version 1")
        with self.assertRaisesRegex(ProtocolError, "nothing that was asked"):
            talk(hello, {"jsonrpc": "2.0", "id": 9, "result": 1})

    def test_while_a_handler_waits(self):
        """The lab may end the process, close the stream, or break the protocol; no handler can go on then."""
        number = {"jsonrpc": "2.0", "id": 1}
        hello = {**number, "method": "initialize", "params": {"protocol": 1}}
        event = {**number, "id": 2, "method": "handle", "params": {"type": "a", "body": {}}}

        def talk(*lines):
            reached = []

            def handler(event, lab):
                try:
                    reached.append(lab.state.get("x"))
                except Exception:
                    reached.append("swallowed")

            out = io.BytesIO()
            agent_of(handler, "a").serve(io.BytesIO(b"".join(map(encode, lines))), out)
            return reached, [json.loads(line) for line in out.getvalue().splitlines()][2:]

        shutdown = {**number, "id": 3, "method": "shutdown", "params": {}}
        self.assertEqual(talk(hello, event, shutdown), ([], [{**number, "id": 3, "result": None}]))
        self.assertEqual(talk(hello, event), ([], []))
        answer = {**number, "result": 7}
        reached, lines = talk(hello, event, {**event, "id": 4}, answer)
        self.assertEqual(reached, [7])
        self.assertEqual([line.get("error", {}).get("code") for line in lines], [-32600, None])


class Processes(unittest.TestCase):
    def test_standard_streams_are_protected(self):
        command = program(
            """
            import os, subprocess, sys
            print("on import")
            from kosmos_agent import Agent, Remark
            agent = Agent()
            @agent.on("a")
            def look(event, lab):
                print("printed", flush=True)
                os.write(1, b"written\\n")
                subprocess.run(["echo", "by a child"])
                read = sys.stdin.read() + subprocess.run(["cat"], capture_output=True, text=True).stdout
                yield Remark(text=f"{os.getcwd()} {sorted(os.environ)} {read!r}")
            agent.run()
            """
        )
        with FakeHost(command) as lab:
            for number in (1, 2):
                messages = lab.handle("a", {"number": number})
        self.assertIn("''", messages[0]["body"]["text"])
        self.assertIn("kosmos-scratch", messages[0]["body"]["text"])
        for word in ("on import", "printed", "written", "by a child"):
            self.assertIn(word, lab.stderr)

    def test_ends_with_its_input_and_by_shutdown(self):
        command = program("from kosmos_agent import Agent\nAgent().run()\n")
        environment = {**os.environ, "PYTHONPATH": str(support.SDK)}
        for text, code in (
            (b"", 0),
            (b'{"jsonrpc":"2.0","id":1,"method":"shutdown"}\n{"left": 1}\n', 0),
            (b"rubbish\n", 1),
        ):
            done = subprocess.run(command, input=text, capture_output=True, env=environment)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertEqual(b"conversation" in done.stderr, code == 1)

    def test_a_fall_is_told(self):
        falls = program(
            "import os\nfrom kosmos_agent import Agent\na = Agent()\na.on('a')(lambda e, l: os._exit(3))\na.run()"
        )
        with FakeHost(falls) as lab, self.assertRaisesRegex(Fallen, "has ended"):
            lab.handle("a", {})
        silent = program("import time\ntime.sleep(60)")
        with self.assertRaisesRegex(Fallen, "said nothing"):
            FakeHost(silent, timeout=0.5).start()
        chatty = program("print('hello')")
        with self.assertRaisesRegex(Fallen, "broke the protocol"):
            FakeHost(chatty).start()

    def test_the_example_of_the_readme(self):
        text = (support.SDK / "README.md").read_text("utf-8")
        blocks = {
            kind: part.split("```")[0] for kind, part in reversed([b.split("\n", 1) for b in text.split("```")[1::2]])
        }
        folder = Path(tempfile.mkdtemp(), "few_rows")
        folder.mkdir()
        (folder / "agent.toml").write_text(blocks["toml"], "utf-8")
        (folder / "agent.py").write_text(blocks["python"], "utf-8")
        with FakeHost.of(folder) as lab:
            messages = [lab.handle("finding_drafted", {"finding": {"id": "h1", "n": n}}) for n in (12, 30)]
        self.assertEqual([len(found) for found in messages], [1, 0])
        self.assertEqual(messages[0][0]["body"]["statement"], "It has fewer than 30 rows.")

    def test_an_agent_in_another_language(self):
        with FakeHost.of(support.HERE / "perl_agent", config={"least": 50}) as lab:
            bodies = [support.drafted(support.finding(n=n, statement=f"é {n}")) for n in (12, 49, 50)]
            texts = [[m["body"]["text"] for m in lab.handle("finding_drafted", body)] for body in bodies]
            self.assertEqual(lab.handle("run_started", {}), [])
            self.assertEqual(lab.state, {"seen": 2})
        self.assertEqual(texts[0], ["Finding 1 on fewer than 50 rows: é 12"])
        self.assertEqual((texts[1][0][:9], texts[2]), ("Finding 2", []))


class TheFakeHost(unittest.TestCase):
    def test_a_crash_and_another_try(self):
        asks = ["a", "b"]

        def handler(event, lab):
            seen = lab.state.get("seen", 0) + 1
            lab.state.put("seen", seen)
            for name in asks:
                yield Remark(text=f"{lab.graph(name).rows} {seen}")

        answers = {"graph.query": [{"columns": [], "rows": [[1]]}, {"columns": [], "rows": [[2]]}]}
        with FakeHost(agent_of(handler), answers=answers) as lab:
            first = lab.handle("finding_drafted", {}, id="m")
            lab.state.clear()  # as if it had fallen before its answer was written down
            lab.restart()
            self.assertEqual(lab.handle("finding_drafted", {}, id="m"), first, "from the journal")
            self.assertEqual(lab.answers["graph.query"], [], "nothing was asked twice")
            asks.reverse()
            with self.assertRaisesRegex(AssertionError, "tried again"):
                lab.handle("finding_drafted", {}, id="m")

    def test_what_the_lab_would_refuse(self):
        agent = agent_of(lambda event, lab: Remark(text="x"))
        with (
            FakeHost(agent, publishes=["challenge"]) as lab,
            self.assertRaisesRegex(ValueError, "does not list `remark`"),
        ):
            lab.handle("finding_drafted", {})

        def greedy(event, lab):
            lab.state.put("x", "y" * 2**20)

        with self.assertRaisesRegex(CallError, "1 MiB"):
            said(greedy)

    def test_of_a_folder(self):
        with self.assertRaisesRegex(ValueError, "no configuration leest"):
            FakeHost.of(support.HERE / "perl_agent", config={"leest": 1})

    def test_the_network_is_bounded(self):
        fetch = network(["a.example"])
        with self.assertRaises(CallError) as caught:
            fetch({"url": "http://b.example/"})
        self.assertEqual(caught.exception.code, -32001)
        for name in ("Host", "CONNECTION", "Proxy-Authorization", "x-forwarded-for"):
            with self.assertRaisesRegex(CallError, name) as caught:
                fetch({"url": "http://a.example/", "headers": {"Accept": "*/*", name: "x"}})
            self.assertEqual(caught.exception.code, -32001)

    def test_a_redirect_stays_with_the_hosts(self):
        class Redirecting(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(302)
                self.send_header("Location", "http://b.example/")
                self.end_headers()

            def log_message(self, *_):
                pass

        with http.server.HTTPServer(("127.0.0.1", 0), Redirecting) as server:
            threading.Thread(target=server.handle_request, daemon=True).start()
            with self.assertRaisesRegex(CallError, "b.example") as caught:
                network(["127.0.0.1"])({"url": f"http://127.0.0.1:{server.server_port}/"})
        self.assertEqual(caught.exception.code, -32003)


class Messages(unittest.TestCase):
    def test_as_they_are_sent(self):
        check = Check(experiment="e-1", name="within", pointer="/checks/0/estimate")
        bodies = [
            (
                Challenge(finding="h", grounds="other", statement="few"),
                {"finding": "h", "grounds": "other", "statement": "few"},
            ),
            (
                Challenge(finding="h", grounds="outliers", statement="s", check=check, veto=True),
                {
                    "finding": "h",
                    "grounds": "outliers",
                    "statement": "s",
                    "check": {"experiment": "e-1", "name": "within", "pointer": "/checks/0/estimate"},
                    "veto": True,
                },
            ),
            (
                AddEvidence(finding="h", stance="context", statement="s", source=Source(title="t", authors=("A", "B"))),
                {
                    "finding": "h",
                    "stance": "context",
                    "statement": "s",
                    "source": {"title": "t", "authors": ["A", "B"]},
                },
            ),
            (Score(finding="h", scores={"rigour": 0}), {"finding": "h", "scores": {"rigour": 0}}),
            (
                ProposeHypothesis(dataset="d", kind="adjusted", x="a", y="b", rationale="r", covariates=["c"]),
                {"dataset": "d", "kind": "adjusted", "x": "a", "y": "b", "rationale": "r", "covariates": ["c"]},
            ),
            (
                ProposeHypothesis(dataset="d", kind="association", x="a", y="b", rationale="r"),
                {"dataset": "d", "kind": "association", "x": "a", "y": "b", "rationale": "r"},
            ),
            (
                ProposeAnalysis(dataset="d", exposures=["a", "b"], outcome="y", rationale="r", given=("c",)),
                {"dataset": "d", "exposures": ["a", "b"], "outcome": "y", "rationale": "r", "given": ["c"]},
            ),
            (
                ProposeAnalysis(dataset="d", exposures=["a"], outcome="y", rationale="r", family="survival"),
                {"dataset": "d", "exposures": ["a"], "outcome": "y", "rationale": "r", "family": "survival"},
            ),
            (WriteSection(title="t", paragraphs=["p"]), {"title": "t", "paragraphs": ["p"]}),
            (Remark(text="t"), {"text": "t"}),
        ]
        for message, body in bodies:
            self.assertEqual(message.to_json(), {"type": message.type, "body": body})
            self.assertEqual(from_json(json.loads(json.dumps(message.to_json()))).to_json(), message.to_json())

    def test_what_would_be_refused_cannot_be_made(self):
        for make in (
            lambda: Challenge(finding="h", grounds="dislike", statement="s"),
            lambda: Challenge(finding="h", grounds="other", statement=" "),
            lambda: Challenge(finding="h", grounds="other", statement="s" * 601),
            lambda: Check(experiment="e", name="n", pointer="checks"),
            lambda: AddEvidence(finding="h", stance="maybe", statement="s", source=Source(title="t")),
            lambda: Source(title="t" * 401),
            lambda: Source(title="t", passage="p" * 1001),
            lambda: Score(finding="h", scores={"rigour": 1.2}),
            lambda: Score(finding="h", scores={"rigour": float("nan")}),
            lambda: Score(finding="h", scores={}),
            lambda: ProposeHypothesis(dataset="d", kind="guess", x="a", y="b", rationale="r"),
            lambda: ProposeAnalysis(dataset="d", exposures="a", outcome="y", rationale="r"),
            lambda: ProposeAnalysis(dataset="d", exposures=[], outcome="y", rationale="r"),
            lambda: ProposeAnalysis(dataset="d", exposures=["a"], outcome="y", rationale="r", given=["g"] * 5),
            lambda: ProposeAnalysis(dataset="d", exposures=["a"], outcome="y", rationale="r", family="guess"),
            lambda: WriteSection(title="t", paragraphs="p"),
            lambda: from_json({"type": "remark", "body": {"text": "t", "more": 1}}),
            lambda: from_json({"type": "shout", "body": {}}),
            lambda: from_json({"type": "remark"}),
        ):
            with self.assertRaises(ValueError):
                make()

    def test_shorten(self):
        self.assertEqual((shorten("a \n b"), shorten("abcdef", 4), shorten("ab  cdef", 4)), ("a b", "abc…", "ab…"))


if __name__ == "__main__":
    unittest.main()
