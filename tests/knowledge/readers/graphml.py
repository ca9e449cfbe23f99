"""Reads GraphML by networkx and prints it as JSON."""

import json
import sys

import networkx

graph = networkx.read_graphml(sys.argv[1], force_multigraph=True)
assert graph.is_directed()
edges = [[start, end, key, data] for start, end, key, data in graph.edges(keys=True, data=True)]
json.dump({"nodes": dict(graph.nodes(data=True)), "edges": edges}, sys.stdout)
