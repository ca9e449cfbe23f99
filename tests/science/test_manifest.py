"""The manifest names files that exist, and every template becomes a script that compiles."""

import ast
import unittest

from scripts import AGENT, MANIFEST, assemble


class Manifest(unittest.TestCase):
    def test_entries(self):
        self.assertEqual((MANIFEST["name"], MANIFEST["kind"]), ("code_generator", "builtin"))
        kinds = [entry["kind"] for entry in MANIFEST["template"]]
        self.assertEqual(len(kinds), len(set(kinds)))
        listed = {name for entry in MANIFEST["template"] for name in [entry["file"], *entry["lib"]]}
        present = {
            str(path.relative_to(AGENT)) for folder in ("lib", "templates") for path in (AGENT / folder).glob("*.py")
        }
        self.assertEqual(listed, present)

    def test_scripts_define_what_they_use(self):
        """No part calls a function that the parts listed with it do not define."""
        functions = {
            node.name
            for path in AGENT.glob("*/*.py")
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.FunctionDef)
        }
        for entry in MANIFEST["template"]:
            tree = ast.parse(assemble({"template": entry["kind"]}))
            defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
            defined |= {
                node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            }
            defined |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
            called = {
                node.func.id
                for node in ast.walk(tree)
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            }
            with self.subTest(entry["kind"]):
                self.assertEqual((called & functions) - defined, set())


if __name__ == "__main__":
    unittest.main()
