import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.guest import Event, Hello, Message
from wit_world.imports import host
from wit_world.imports.types import Failure

config = {}


class Guest(exports.Guest):
    def initialize(self, hello: Hello) -> int:
        config.update(json.loads(hello.config))
        return 2

    def handle(self, event: Event) -> list[Message]:
        try:
            finding = json.loads(event.body)["finding"]
            name, rows = finding["id"], finding["n"]
        except (ValueError, KeyError) as wrong:
            raise Err(Failure(0, f"this is no finding: {wrong!r}"))
        host.log(host.Level.DEBUG, f"looking at {name}")
        if rows >= config["fewest"]:
            return []
        challenge = {
            "finding": name,
            "grounds": "other",
            "statement": f"It rests on {rows} rows; at least {config['fewest']} were asked for.",
        }
        return [Message("challenge", json.dumps(challenge))]
