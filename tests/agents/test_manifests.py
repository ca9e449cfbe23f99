"""Each agent.toml says what the lab expects, of files that exist; and the reviewer's prompt and schema fit each other."""

import json
import re
import tomllib
import unittest

import support
from kosmos_agent import events, messages

AGENTS = [path.parent for path in sorted(support.AGENTS.glob("*/agent.toml"))] + [support.HERE / "perl_agent"]
KEYS = set(
    "name version description kind enabled protocol command prompt schema component subscribes publishes".split()
)
TABLES = {
    "restart": {"policy", "max_restarts", "window", "max_attempts"},
    "limits": {"deadline", "memory", "processes", "messages_per_minute", "budget_share"},
    "permissions": {"sandbox", "model", "graph", "veto", "files", "network"},
    "config": {"type", "properties", "required", "additionalProperties"},
}
EVENTS = {
    re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    for name in ("RunStarted", "CycleStarted", "HypothesesRegistered", "ExperimentsFinished", "CycleJudged")
    + ("FindingDrafted", "ResearchFinished")
    if hasattr(events, name)
}
PYTHON = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict}


class Manifests(unittest.TestCase):
    def test_each(self):
        self.assertEqual(len(EVENTS), 7)
        for folder in AGENTS:
            manifest = tomllib.loads((folder / "agent.toml").read_text("utf-8"))
            # The agent in Perl was written for version 1 and stays so.
            self.assertEqual(manifest["protocol"], 1 if folder.name == "perl_agent" else 2, folder.name)
            if manifest["kind"] == "builtin":
                continue
            with self.subTest(folder.name):
                self.assertEqual(manifest["name"], folder.name)
                self.assertLessEqual(set(manifest), KEYS | set(TABLES))
                for table, keys in TABLES.items():
                    self.assertLessEqual(set(manifest.get(table, {})), keys)
                self.assertIs(manifest["enabled"], False, "one that is shipped takes part when it is asked for")
                self.assertNotIn("\n", manifest["description"])
                self.assertLessEqual(set(manifest["subscribes"]), EVENTS)
                self.assertLessEqual(set(manifest["publishes"]), set(messages.KINDS))
                named = [manifest[key] for key in ("prompt", "schema", "component") if key in manifest] + manifest.get(
                    "command", []
                )[1:]
                for name in named:
                    self.assertTrue((folder / name).is_file(), name)
                self.configuration(manifest)

    def configuration(self, manifest):
        properties = manifest.get("config", {}).get("properties", {})
        for name, rule in properties.items():
            self.assertTrue(rule["description"], name)
            if "default" in rule:
                self.assertIsInstance(rule["default"], PYTHON[rule["type"]], name)
        permissions = manifest.get("permissions", {})
        listed = permissions.get("files", []) + [
            host.partition("$")[2] for host in permissions.get("network", []) if "$" in host
        ]
        for name in listed:
            self.assertIn(name, properties)


class Reviewer(unittest.TestCase):
    def setUp(self):
        self.folder = support.AGENTS / "reviewer"
        self.schema = json.loads((self.folder / "schema.json").read_text("utf-8"))

    def test_the_prompt(self):
        prompt = (self.folder / "prompt.md").read_text("utf-8")
        self.assertTrue(prompt.startswith("# System\n"))
        system, _, user = prompt.partition("\n# User\n")
        self.assertNotIn("{{", system, "nothing of the run may stand among the rules")
        for expression in re.findall(r"\{\{(.*?)\}\}", user, re.DOTALL):
            self.assertRegex(expression, r"data\(\"\w+\"\) $|\| length |event\.tests |\| min ", "data are fenced")
        body = self.schema["properties"]["messages"]["items"]["properties"]["body"]
        for name in [*body["properties"], *body["properties"]["scores"]["properties"]]:
            if name not in ("finding", "scores"):
                self.assertIn(f'"{name}"', system)

    def test_what_fits_the_schema_is_a_message(self):
        item = self.schema["properties"]["messages"]["items"]["properties"]
        self.assertEqual(item["type"]["enum"], ["score"])
        names = item["body"]["properties"]["scores"]["required"]
        self.assertEqual(set(names), set(item["body"]["properties"]["scores"]["properties"]))
        self.assertEqual(len(names), 8)
        message = {
            "finding": "h-1",
            "scores": dict.fromkeys(names, 0.5),
            "comment": "c" * item["body"]["properties"]["comment"]["maxLength"],
        }
        messages.from_json({"type": "score", "body": message})


if __name__ == "__main__":
    unittest.main()
