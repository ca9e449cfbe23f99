"""The manifest names families that exist, all parts are used, and every template becomes a script that compiles."""

import ast
import unittest

from scripts import AGENT, MANIFEST, assemble, family


class Manifest(unittest.TestCase):
    def test_entries(self):
        self.assertEqual((MANIFEST["name"], MANIFEST["kind"]), ("code_generator", "builtin"))
        kinds = MANIFEST["templates"]
        self.assertEqual(len(kinds), len(set(kinds)))
        self.assertEqual(set(kinds), {path.parent.name for path in (AGENT / "templates").glob("*/script.py")})
        for folder in ("reader", "lib"):
            used = {name for kind in kinds for name in family(kind).get(folder, [])}
            self.assertEqual(used, {path.stem for path in (AGENT / folder).glob("*.py")})

    def test_scripts_define_what_they_use(self):
        """No part calls a function that the parts listed with it do not define."""
        functions = {
            node.name
            for path in [*AGENT.glob("reader/*.py"), *AGENT.glob("lib/*.py"), *AGENT.glob("templates/*/script.py")]
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.FunctionDef)
        }
        for kind in MANIFEST["templates"]:
            tree = ast.parse(assemble({"template": kind}))
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
            with self.subTest(kind):
                self.assertEqual((called & functions) - defined, set())


if __name__ == "__main__":
    unittest.main()
