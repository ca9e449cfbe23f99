"""The manifest names families that exist, all parts are used, and every template becomes a script that compiles."""

import ast
import pathlib
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
            for node in ast.parse(path.read_text()).body
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

    def test_no_name_is_defined_twice(self):
        """Parts are put together into one script, where a later definition would replace an earlier one:
        of `judge` alone a family has its own, in place of the common one."""
        for kind in MANIFEST["templates"]:
            seen = []
            for node in ast.parse(assemble({"template": kind})).body:
                if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                    seen.append(node.name)
                elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                    seen += [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
            with self.subTest(kind):
                self.assertEqual({name for name in seen if seen.count(name) > 1} - {"judge"}, set())

    def test_no_test_replaces_another(self):
        """Of two classes or methods of one name Python keeps the later, and the tests of the earlier are never run."""
        for path in sorted(pathlib.Path(__file__).parents[1].glob("*/test_*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, (ast.Module, ast.ClassDef)):
                    names = [part.name for part in node.body if isinstance(part, (ast.FunctionDef, ast.ClassDef))]
                    where = f"{path.name} {getattr(node, 'name', '')}"
                    with self.subTest(where):
                        self.assertEqual({name for name in names if names.count(name) > 1}, set())


if __name__ == "__main__":
    unittest.main()
