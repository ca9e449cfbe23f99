"""Reads JSON-LD by rdflib and prints each triple of an IRI as JSON, lists as one value and floats by their bits."""

import json
import struct
import sys

import rdflib
from rdflib.collection import Collection
from rdflib.namespace import RDF, XSD

# Otherwise it would write the digits of numbers anew.
rdflib.NORMALIZE_LITERALS = False


def plain(graph, term):
    if isinstance(term, rdflib.Literal):
        if term.datatype == XSD.double:
            return {"double": str(struct.unpack(">Q", struct.pack(">d", float(term)))[0])}
        if term.datatype == XSD.integer:
            return {"integer": str(term)}
        if term.datatype == XSD.boolean:
            return {"boolean": str(term)}
        assert term.datatype in (None, XSD.string) and term.language is None, term.n3()
        return {"text": str(term)}
    if term == RDF.nil or (term, RDF.first, None) in graph:
        return {"list": [plain(graph, item) for item in Collection(graph, term)]}
    assert isinstance(term, rdflib.URIRef), term
    return {"iri": str(term)}


graph = rdflib.Graph().parse(sys.argv[1], format="json-ld")
triples = [
    [str(subject), str(predicate), plain(graph, value)]
    for subject, predicate, value in graph
    if isinstance(subject, rdflib.URIRef)
]
json.dump(triples, sys.stdout)
