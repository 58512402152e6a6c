#!/usr/bin/env python3
"""Schemas, and pairs of a writer's and a reader's, to be put before Avro's own library: every sentence of the specification,
and what the library's versions let through beside it. Prints a JSON line for each; oracle/run.sh calls this. Standard library
only.
"""
import json

seen = set()


def line(kind, name, **what):
    assert (kind, name) not in seen, name
    seen.add((kind, name))
    print(json.dumps({kind: name, **what}))


def text(schema):
    """A schema is written as it is given: text as text, anything else as JSON."""
    return schema if isinstance(schema, Raw) else json.dumps(schema, ensure_ascii=False, separators=(",", ":"))


class Raw(str):
    """The very text of a schema."""


def schemas(group, given):
    for name, schema in given.items():
        line("schema", f"{group}/{name}", text=text(schema))


def field(name, of, **more):
    return {"name": name, "type": of, **more}


def one(of, name="R", **more):
    """A record of one field."""
    return {"type": "record", "name": name, "fields": [field("a", of, **more)]}


def fields(*all, name="R", **more):
    return {"type": "record", "name": name, "fields": list(all), **more}


def enum(*symbols, name="E", **more):
    return {"type": "enum", "name": name, "symbols": list(symbols), **more}


def fixed(size, name="F", **more):
    return {"type": "fixed", "name": name, "size": size, **more}


def array(items):
    return {"type": "array", "items": items}


def map_of(values):
    return {"type": "map", "values": values}


def meaning(of, logical, **more):
    return {"type": of, "logicalType": logical, **more}


PRIMITIVES = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"]

# --- Primitive types, and the ways to write a type --------------------------------------------------------------------

schemas("primitive", {it: it for it in PRIMITIVES})
schemas("primitive-object", {it: {"type": it} for it in PRIMITIVES})
schemas("primitive-unknown", {it or "empty": it for it in ["", "bool", "String", "INT", "uuid", "record", "union", "any", "error"]})
schemas("form", {
    "attributes": {"type": "string", "avro.java.string": "String", "x": {"y": [1, None]}},
    "name-on-primitive": {"type": "int", "name": "n", "namespace": "a-b", "aliases": 5},
    "default-on-primitive": {"type": "int", "default": "x"},
    "type-in-type": {"type": {"type": "int"}},
    "type-in-type-twice": {"type": {"type": {"type": "string"}}},
    "record-in-type": {"type": one("int")},
    "union-in-type": {"type": ["null", "int"]},
    "type-in-field": one({"type": "int"}),
    "type-in-type-in-field": one({"type": {"type": "int"}}),
    "union-in-type-in-field": one({"type": ["null", "int"]}),
    "record-in-type-in-field": one({"type": one("int", name="S")}),
    "type-in-items": array({"type": {"type": "int"}}),
    "union-in-items": array(["null", "int"]),
    "union-in-values": map_of(["int", "null"]),
    "array-of-array": array(array("int")),
    "map-of-array-of-map": map_of(array(map_of("bytes"))),
    "named-in-object": fields(field("a", fixed(1)), field("b", {"type": "F"})),
    "named-in-object-with-attribute": fields(field("a", fixed(1)), field("b", {"type": "F", "x": 1})),
    "named-in-object-with-meaning": fields(field("a", fixed(16)), field("b", {"type": "F", "logicalType": "uuid"})),
    "self-in-object": fields(field("a", ["null", {"type": "R"}])),
    "unknown-in-object": {"type": "X"},
    "no-type": {"name": "x"},
    "type-number": {"type": 1},
    "type-null": {"type": None},
    "type-true": {"type": True},
    "type-empty": {"type": ""},
    "array-no-items": {"type": "array"},
    "array-items-null": {"type": "array", "items": None},
    "array-items-unknown": array("x"),
    "map-no-values": {"type": "map"},
    "map-values-number": map_of(1),
    "array-with-default": {"type": "array", "items": "int", "default": []},
    "map-with-name": {"type": "map", "values": "int", "name": "1 2"},
    "protocol": {"protocol": "P", "types": []},
})

# --- The text: JSON as the library's parser reads it ------------------------------------------------------------------

schemas("json", {
    "empty": Raw(""), "blank": Raw(" \n\t "), "null": Raw("null"), "number": Raw("1"), "true": Raw("true"),
    "object": Raw("{}"), "list": Raw("[]"), "list-of-null": Raw("[null]"), "bare-word": Raw("int"), "half": Raw('{"type":"int"'),
    "white-space": Raw(' \t\r\n{ "type" :\n"int" }\n\n'),
    "form-feed": Raw('\f"int"'), "no-break-space": Raw('\u00a0"int"'), "byte-order-mark": Raw('\ufeff"int"'),
    "block-comment": Raw('/* an int */{"type": /* it is */ "int"}'),
    "line-comment": Raw('// an int\n{"type":"int" // it is\n}// end'),
    "doc-comment": Raw('/** @namespace("x") **/ "int"'),
    "comment-in-text": Raw('{"type":"int","doc":"a // b /* c */ d","x":"\\"// e"}'),
    "comment-without-end": Raw('"int" /* '),
    "comment-in-front-without-end": Raw('/* "int"'),
    "yaml-comment": Raw('# an int\n"int"'),
    "slash": Raw('/ "int"'),
    "comma-behind": Raw('{"type":"int",}'), "comma-behind-list": Raw('["int",]'),
    "single-quotes": Raw("{'type':'int'}"), "bare-keys": Raw('{type:"int"}'),
    "text-behind": Raw('"int" x'), "value-behind": Raw('"int" "long"'), "brace-behind": Raw('{"type":"int"}}'),
    "comma-behind-all": Raw('{"type":"int"},'),
    "key-twice": Raw('{"type":"string","type":"int"}'),
    "name-twice": Raw('{"type":"fixed","name":"a-b","name":"F","size":1}'),
    "fields-twice": Raw('{"type":"record","name":"R","fields":1,"fields":[]}'),
    "key-escaped": Raw('{"\\u0074ype":"int"}'), "name-escaped": Raw('"\\u0069nt"'), "solidus": Raw('{"type":"int","x":"\\/"}'),
    "escaped-pair": Raw('{"type":"int","doc":"\\ud83d\\ude00"}'),
    "half-pair": Raw('{"type":"int","doc":"\\ud83d"}'), "half-pair-last": Raw('{"type":"int","doc":"\\ude00x"}'),
    "unknown-escape": Raw('{"type":"int","doc":"\\x"}'),
    "tab-in-text": Raw('{"type":"int","doc":"a\tb"}'), "nul-in-text": Raw('{"type":"int","doc":"a\\u0000b"}'),
    "line-break-in-text": Raw('{"type":"int","doc":"a\nb"}'), "delete-in-text": Raw('{"type":"int","doc":"a\u007fb"}'),
    "huge-number": Raw('{"type":"int","x":1e400}'), "huge-negative-number": Raw('{"type":"int","x":-1e999}'),
    "tiny-number": Raw('{"type":"int","x":1e-400}'), "many-digits": Raw('{"type":"int","x":' + "9" * 40 + "}"),
    "400-digits": Raw('{"type":"int","x":' + "9" * 400 + "}"), "1100-digits": Raw('{"type":"int","x":' + "9" * 1100 + "}"),
    "minus-zero": Raw('{"type":"int","x":-0}'), "plus": Raw('{"type":"int","x":+1}'), "zero-first": Raw('{"type":"int","x":01}'),
    "point-first": Raw('{"type":"int","x":.5}'), "point-last": Raw('{"type":"int","x":1.}'), "nan": Raw('{"type":"int","x":NaN}'),
    "infinity": Raw('{"type":"int","x":Infinity}'), "hexadecimal": Raw('{"type":"int","x":0x1}'),
    "60-lists-deep": Raw('{"type":"array","items":' * 60 + '"int"' + "}" * 60),
    "120-lists-deep": Raw('{"type":"array","items":' * 120 + '"int"' + "}" * 120),
    "200-lists-deep": Raw('{"type":"array","items":' * 200 + '"int"' + "}" * 200),
    "120-deep-beside": Raw('{"type":"int","x":' + "[" * 120 + "]" * 120 + "}"),
    "200-deep-beside": Raw('{"type":"int","x":' + "[" * 200 + "]" * 200 + "}"),
})

# --- Names ------------------------------------------------------------------------------------------------------------

NAMES = {
    "A": "A", "a1": "a1", "_": "_", "_1": "_1", "double-underscore": "__x", "digit-first": "1a", "digit": "1", "hyphen": "a-b",
    "dot": "a.b", "space": "a b", "space-first": " a", "space-last": "a ", "empty": "", "point": ".", "points": "..",
    "dot-first": ".a", "dot-last": "a.", "dots": "a..b", "hyphen-in-namespace": "a-b.c", "hyphen-behind-namespace": "a.b-c",
    "digit-in-namespace": "1a.b", "digit-behind-namespace": "a.1b", "dollar": "a$b", "slash": "a/b", "colon": "a:b", "at": "@a", "hash": "a#1",
    "plus": "a+b", "quote": 'a"b', "apostrophe": "a'b", "backslash": "a\\b", "bracket": "a[0]", "angle": "List<int>", "comma": "a,b", "percent": "a%20b",
    "umlaut": "größe", "greek": "Ω", "cyrillic": "заказ", "han": "名前", "arabic": "طلب", "combining": "e\u0301", "emoji": "a😀",
    "mathematical": "𝒜", "superscript": "x²", "superscript-first": "²x", "roman-numeral": "Ⅷ", "circled": "ⓐ", "fraction": "a½", "arabic-digit": "a٣", "arabic-digit-first": "٣a",
    "ordinal": "ª", "thai-vowel": "กำ", "han-beyond": "𠀀", "letter-mark": "ʰ", "title-case": "ǅ", "middle-dot": "l·l", "joiner": "a\u200db",
    "soft-hyphen": "a\u00adb", "full-width": "Ａ", "euro": "€", "nul": "a\u0000b", "line-break": "a\nb", "tab": "a\tb", "right-to-left": "a\u202eb", "no-break": "a\u00a0b",
    "null": "null", "string": "string", "int": "int", "record": "record", "enum": "enum", "array": "array", "map": "map", "fixed": "fixed",
    "union": "union", "error": "error", "type": "type", "true": "true", "string-in-namespace": "a.string", "namespace-string": "string.a",
    "64-letters": "n" * 64, "300-letters": "n" * 300, "1100-letters": "n" * 1100,
}
schemas("name-of-record", {key: fields(name=name) for key, name in NAMES.items()})
PLAIN = ["A", "digit-first", "hyphen", "dot", "space", "empty", "dot-first", "dot-last", "umlaut", "han", "emoji", "superscript", "quote", "line-break", "null", "string", "array",
         "hyphen-in-namespace", "right-to-left", "1100-letters"]
schemas("name-of-enum", {key: enum("A", name=NAMES[key]) for key in PLAIN})
schemas("name-of-fixed", {key: fixed(2, name=NAMES[key]) for key in PLAIN})
schemas("name-of-field", {key: fields(field(NAMES[key], "int"), field("z", "string")) for key in PLAIN + ["dollar", "at", "slash", "colon"]})
schemas("symbol", {key: enum("A0", NAMES[key], "Z") for key in PLAIN + ["dollar", "slash"]})
schemas("alias-of-record", {key: fields(aliases=[NAMES[key]]) for key in PLAIN})
schemas("alias-of-field", {key: fields(field("z", "int", aliases=[NAMES[key]])) for key in PLAIN})
schemas("name", {
    "number": {"type": "record", "name": 1, "fields": []}, "null-value": {"type": "record", "name": None, "fields": []},
    "list": {"type": "record", "name": ["A"], "fields": []}, "missing": {"type": "record", "fields": []},
    "enum-missing": {"type": "enum", "symbols": ["A"]}, "fixed-missing": {"type": "fixed", "size": 1},
    "reference-to-hyphen": fields(field("a", fixed(1, name="a-b")), field("b", "a-b"), field("c", ["null", "a-b"])),
    "reference-to-empty": fields(field("a", fixed(1, name="")), field("b", "")),
    "reference-to-space": fields(field("a", enum("X", name="a b")), field("b", array("a b"))),
    "called-array": fields(field("a", fixed(1, name="array")), field("b", "array"), field("c", array("int"))),
    "called-record-in-object": fields(field("a", fixed(1, name="record")), field("b", {"type": "record"})),
    "primitive-in-namespace": fields(field("a", fixed(1, name="string")), field("b", "string"), namespace="n"),
    "primitive-in-namespace-in-full": fields(field("a", fixed(1, name="string")), field("b", "n.string"), namespace="n"),
    "a-case": fields(field("a", fixed(1, name="x")), field("b", fixed(2, name="X")), field("c", "x")),
})
schemas("namespace", {
    **{key: fields(field("a", "int"), namespace=space) for key, space in {
        "plain": "a", "dotted": "a.b.c", "empty": "", "hyphen": "com.acme.order-service", "dots": "a..b", "dot-first": ".a", "dot-last": "a.", "dot": ".",
        "digit": "a.1", "space": "a b", "blank": " ", "umlaut": "de.größe", "emoji": "😀", "null": None, "number": 5, "list": ["a"], "keyword": "null", "slash": "a/b",
        "at": "user@host", "1100-letters": "n" * 1100}.items()},
    "name-wins": fields(name="x.y.R", namespace="a-b"),
    "dot-first-name-wins": fields(name=".R", namespace="a"),
    "inherited": fields(field("a", fixed(1)), field("b", "F"), field("c", "n.F"), namespace="n"),
    "inherited-hyphen": fields(field("a", fixed(1)), field("b", "F"), field("c", "a-b.F"), namespace="a-b"),
    "inherited-from-name": fields(field("a", fixed(1)), field("b", "n.m.F"), name="n.m.R"),
    "none-inside": fields(field("a", fixed(1, namespace="")), field("b", "F"), namespace="n"),
    "none-inside-in-full": fields(field("a", fixed(1, namespace="")), field("b", "n.F"), namespace="n"),
    "none-around-parts": fields(field("a", fields(field("b", fixed(1)), name="S", namespace="")), field("c", "F"), namespace="n"),
    "none-around-parts-in-full": fields(field("a", fields(field("b", fixed(1)), name="S", namespace="")), field("c", "n.F"), namespace="n"),
    "other-inside": fields(field("a", fields(field("b", fixed(1)), name="S", namespace="m")), field("c", "m.F"), namespace="n"),
    "other-inside-unqualified": fields(field("a", fields(field("b", fixed(1)), name="S", namespace="m")), field("c", "F"), namespace="n"),
    "back-outside": fields(field("a", fields(name="S", namespace="m")), field("b", fixed(1)), field("c", "n.F"), namespace="n"),
    "of-a-field": fields(field("a", fixed(1), namespace="m"), field("b", "n.F"), namespace="n"),
    "of-an-array": fields(field("a", {"type": "array", "namespace": "m", "items": fixed(1)}), field("b", "n.F"), namespace="n"),
    "dot-first-reference": fields(field("a", fixed(1, namespace="")), field("b", ".F"), namespace="n"),
    "dot-first-reference-in-namespace": fields(field("a", fixed(1)), field("b", ".F"), namespace="n"),
    "inner-before-none": fields(field("z", fixed(9, namespace="")), field("a", fixed(1)), field("b", "F"), namespace="n"),
    "self-beside-one-of-none": fields(field("z", fixed(9, name="R", namespace="")), field("b", ["null", "R"]), namespace="n"),
    "partly-qualified": fields(field("a", fixed(1, name="m.F")), field("b", "m.F"), namespace="n"),
    "partly-qualified-inside": fields(field("a", fixed(1, name="n.m.F")), field("b", "m.F"), namespace="n"),
    "of-an-alias": fields(namespace="n", aliases=["S", "m.T", ".U"]),
})

# --- Records, errors, enums, fixed types, unions ------------------------------------------------------------------------

schemas("record", {
    "no-fields": {"type": "record", "name": "R"}, "fields-null": {"type": "record", "name": "R", "fields": None},
    "fields-object": {"type": "record", "name": "R", "fields": {}}, "fields-empty": fields(), "field-number": fields(1), "field-text": fields("a"),
    "field-null": fields(None), "field-list": fields([]),
    "field-no-name": fields({"type": "int"}), "field-no-type": fields({"name": "a"}), "field-name-number": fields({"name": 1, "type": "int"}),
    "field-name-null": fields({"name": None, "type": "int"}), "field-type-null": fields({"name": "a", "type": None}), "field-type-number": fields({"name": "a", "type": 1}),
    "field-type-unknown": one("Unknown"), "field-twice": fields(field("a", "int"), field("a", "int")), "field-in-two-cases": fields(field("a", "int"), field("A", "int")),
    "of-records": fields(field("a", one("int", name="S")), field("b", "S"), field("c", array("S"))),
    "doc": fields(field("a", "int", doc="d"), doc="d"), "doc-number": fields(field("a", "int", doc=1), doc=1), "doc-null": fields(field("a", "int", doc=None), doc=None),
    "doc-list": fields(doc=["a"]), "doc-empty": fields(field("a", "int", doc=""), doc=""), "doc-unicode": fields(doc="größe 名前 😀 \u202e"),
    **{f"order-{key}": one("int", order=order) for key, order in {
        "ascending": "ascending", "descending": "descending", "ignore": "ignore", "upper-case": "ASCENDING", "mixed-case": "Ignore", "unknown": "up", "empty": "", "number": 1,
        "null": None, "list": ["ignore"]}.items()},
    **{f"aliases-{key}": fields(field("a", "int", aliases=aliases), aliases=aliases) for key, aliases in {
        "none": [], "one": ["x"], "two": ["x", "y"], "twice": ["x", "x"], "own": ["a", "R"], "text": "x", "number": 1, "null": None, "object": {"x": 1}, "of-numbers": [1], "of-null": [None]}.items()},
    "alias-is-other-field": fields(field("a", "int", aliases=["b"]), field("b", "int")),
    "alias-of-two-fields": fields(field("a", "int", aliases=["x"]), field("b", "int", aliases=["x"])),
    "alias-is-other-type": fields(field("a", fixed(1, aliases=["G"])), field("b", fixed(2, name="G"))),
    "alias-of-two-types": fields(field("a", fixed(1, aliases=["X"])), field("b", fixed(2, name="G", aliases=["X"]))),
    "alias-as-reference": fields(field("a", fixed(1, aliases=["G"])), field("b", "G")),
    "attributes": fields(field("a", "int", x=1, items="y", symbols=[], logical=None), x={"y": None}, default=5, order="up", items="no"),
    "attribute-null": fields(x=None), "attribute-null-on-field": one("int", x=None), "attribute-null-on-type": one({"type": "int", "x": None}),
    "attribute-null-on-array": array({"type": "int", "x": None}), "attribute-null-on-enum": enum("A", x=None),
    "100-fields": fields(*(field(f"f{n}", PRIMITIVES[n % 8]) for n in range(100))),
    "logical-type-beside": one("long", logicalType="timestamp-millis"),
    "namespace-on-field": one("int", namespace="a-b"),
})
schemas("error", {
    "plain": {"type": "error", "name": "E", "fields": [field("message", "string")]}, "no-fields": {"type": "error", "name": "E"}, "no-name": {"type": "error", "fields": []},
    "in-field": one({"type": "error", "name": "Refusal", "fields": []}), "in-union": ["string", {"type": "error", "name": "E", "fields": [field("a", "int")]}],
    "referred-to": fields(field("a", {"type": "error", "name": "E", "fields": [field("a", "int")]}), field("b", "E"), field("c", ["null", "E"], default=None)),
    "contains-itself": {"type": "error", "name": "E", "fields": [field("cause", ["null", "E"], default=None)]},
    "default": fields(field("a", {"type": "error", "name": "E", "fields": [field("x", "int", default=1)]}, default={})),
    "union": {"type": "error_union", "errors": []}, "upper-case": {"type": "ERROR", "name": "E", "fields": []}, "hyphen": {"type": "error", "name": "a-b.E", "fields": []},
    "request": {"type": "request", "name": "E", "fields": []},
})
schemas("enum", {
    "no-symbols": {"type": "enum", "name": "E"}, "symbols-empty": enum(), "symbols-text": {"type": "enum", "name": "E", "symbols": "A"}, "symbols-object": {"type": "enum", "name": "E", "symbols": {}},
    "symbol-twice": enum("A", "A"), "symbol-in-two-cases": enum("A", "a"), "symbol-number": enum("A", 1), "symbol-null": enum("A", None), "symbol-list": enum("A", []),
    "symbols-numbers": enum(1, 2), "default": enum("A", "B", default="B"), "default-unknown": enum("A", default="B"), "default-empty": enum("A", default=""),
    "default-number": enum("A", default=1), "default-null": enum("A", default=None), "default-list": enum("A", default=["A"]), "default-other-case": enum("A", default="a"),
    "doc-and-aliases": enum("A", doc="d", aliases=["B"], namespace="n"), "attributes": enum("A", x=1, size=5, fields=[]),
    "200-symbols": enum(*(f"S{n}" for n in range(200))), "values-of-old-connect": enum("A", **{"connect.name": "x", "connect.version": 1}),
})
schemas("fixed", {
    **{f"size-{key}": fixed(size) for key, size in {
        "0": 0, "1": 1, "16": 16, "minus-1": -1, "text": "16", "null": None, "list": [1], "true": True, "float": 16.0, "half": 1.5, "2147483638": 2147483638, "2147483639": 2147483639,
        "2147483640": 2147483640, "2147483647": 2147483647, "2147483648": 2147483648, "4294967297": 4294967297, "minus-2147483649": -2147483649, "18446744073709551615": 18446744073709551615}.items()},
    "size-exponent": Raw('{"type":"fixed","name":"F","size":1e1}'), "size-minus-zero": Raw('{"type":"fixed","name":"F","size":-0}'),
    "no-size": {"type": "fixed", "name": "F"}, "aliases": fixed(1, aliases=["G"], namespace="n"), "doc": fixed(1, doc="d"), "attributes": fixed(1, symbols=["A"], x=None),
})
A, B = one("int", name="A"), one("int", name="B")
schemas("union", {
    "empty": [], "one": ["null"], "two": ["null", "string"], "null-last": ["string", "null"], "all": PRIMITIVES + [array("int"), map_of("int")], "null-twice": ["null", "null"],
    "int-twice": ["int", "int"], "int-twice-in-objects": ["int", {"type": "int"}], "int-and-date": ["int", meaning("int", "date")], "two-meanings": [meaning("long", "timestamp-millis"), meaning("long", "timestamp-micros")],
    "int-and-long": ["int", "long"], "in-union": ["null", ["int"]], "in-union-in-object": ["null", {"type": ["int"]}], "two-arrays": [array("int"), array("string")], "two-maps": [map_of("int"), map_of("string")],
    "array-and-map": [array("int"), map_of("int")], "two-records": [A, B], "record-twice": [A, A], "record-twice-by-name": [A, "A"], "record-and-its-alias": [fields(name="A", aliases=["B"]), fields(name="B")],
    "same-simple-name": [fixed(1, name="x.F"), fixed(1, name="y.F")], "two-fixed": [fixed(1), fixed(1, name="G")], "fixed-and-enum": [fixed(1), enum("A")], "same-name-other-kind": [fixed(1, name="X"), enum("A", name="X")],
    "called-array-and-array": [fixed(1, name="array"), array("int")], "called-map-and-array": [fixed(1, name="map"), array("int")], "called-array-in-namespace": [fixed(1, name="n.array"), array("int")],
    "with-default": {"type": ["null", "int"], "default": None}, "unknown": ["null", "X"], "number": ["null", 1], "null-value": ["null", None], "object": [{}], "null-upper-case": ["Null", "int"],
    "12-fixed": [fixed(n, name=f"F{n}") for n in range(12)], "nested-in-array": ["null", array(["null", array(["null", "int"])])],
    "twice-before-it-is-defined": fields(field("a", ["F", "F"]), field("b", fixed(1))),
})

# --- Types before their definition, defined again, and within themselves -------------------------------------------------

NODE = fields(field("value", "long"), field("next", ["null", "Node"]), name="Node")
schemas("forward", {
    "record": fields(field("a", "S"), field("b", one("int", name="S"))), "in-union": fields(field("a", ["null", "S"], default=None), field("b", one("int", name="S"))),
    "in-array": fields(field("a", array("S")), field("b", one("int", name="S"))), "enum": fields(field("a", "E"), field("b", enum("A"))), "fixed": fields(field("a", "F"), field("b", fixed(1))),
    "in-namespace": fields(field("a", "F"), field("b", fixed(1)), namespace="n"), "to-none": fields(field("a", "F"), field("b", fixed(1, namespace="")), namespace="n"),
    "enum-with-default": fields(field("a", "E", default="A"), field("b", enum("A"))), "record-with-default": fields(field("a", "S", default={"a": 1}), field("b", one("int", name="S"))),
    "record-with-wrong-default": fields(field("a", "S", default={"a": "x"}), field("b", one("int", name="S"))), "in-union-twice": ["A", A],
    "in-union-with-default": fields(field("a", ["F", "null"], default="x"), field("b", fixed(1))),
    "never": fields(field("a", "S"), field("b", "T")), "in-itself-before": fields(field("a", "S"), field("b", fields(field("c", ["null", "R"]), name="S"))),
})
TWICE = {
    "alike": (A, A), "other-doc": (A, {**A, "doc": "d"}), "other-alias": (A, {**A, "aliases": ["C"]}), "other-attribute": (A, {**A, "x": 1}), "other-type": (A, one("long", name="A")),
    "other-field": (A, fields(field("b", "int"), name="A")), "other-field-doc": (A, fields(field("a", "int", doc="d"), name="A")), "other-field-order": (A, one("int", name="A", order="ignore")),
    "other-default": (one("int", name="A", default=1), one("int", name="A", default=2)), "same-default": (one("int", name="A", default=1), one("int", name="A", default=1)),
    "a-default": (A, one("int", name="A", default=1)), "other-field-alias": (A, one("int", name="A", aliases=["x"])), "other-attribute-of-field": (A, one("int", name="A", x=1)),
    "other-form": (A, one({"type": "int"}, name="A")), "other-meaning": (A, one(meaning("int", "date"), name="A")), "other-attribute-of-type": (A, one({"type": "int", "x": 1}, name="A")),
    "error": (A, {**A, "type": "error"}), "other-kind": (A, enum("X", name="A")), "in-full": (A, one("int", name="A", **{})), "nested": (one(B, name="A"), one(B, name="A")),
    "nested-then-by-name": (one(B, name="A"), one("B", name="A")), "contains-itself": (NODE, NODE), "union": (one(["null", B], name="A"), one(["null", B], name="A")),
    "union-other": (one(["null", "int"], name="A"), one(["int", "null"], name="A")), "array": (one(array("int"), name="A"), one(array("int"), name="A")), "enum": (enum("X", "Y"), enum("X", "Y")),
    "enum-other": (enum("X", "Y"), enum("Y", "X")), "enum-default": (enum("X", "Y"), enum("X", "Y", default="X")), "enum-doc": (enum("X"), enum("X", doc="d")), "fixed": (fixed(1), fixed(1)),
    "fixed-other": (fixed(1), fixed(2)), "fixed-meaning": (fixed(16), meaning("fixed", "uuid", name="F", size=16)), "hyphen": (fixed(1, name="a-b"), fixed(1, name="a-b")),
}
schemas("twice", {key: fields(field("a", first), field("b", second)) for key, (first, second) in TWICE.items()})
schemas("twice", {
    "in-namespaces": fields(field("a", fixed(1)), field("b", fixed(1, name="n.F")), namespace="n"), "in-other-namespaces": fields(field("a", fixed(1)), field("b", fixed(2, namespace="m")), namespace="n"),
    "itself": fields(field("a", fields(name="R"))), "itself-alike": fields(field("a", ["null", fields(name="R")])), "as-alias": fields(field("a", fixed(1, aliases=["R"]))), "three-times": fields(field("a", A), field("b", A), field("c", A)),
})
schemas("recursive", {
    "list": NODE, "list-with-default": fields(field("value", "long"), field("next", ["null", "Node"], default=None), name="Node"), "longlist": fields(field("value", "long"), field("next", ["null", "LongList"]), name="LongList", aliases=["LinkedLongs"]),
    "tree": fields(field("children", array("Tree")), name="Tree"), "tree-with-default": fields(field("children", array("Tree"), default=[]), name="Tree"), "map": fields(field("by", map_of("R"))), "directly": fields(field("r", "R")),
    "directly-with-default": fields(field("r", "R", default={})), "in-pair": fields(field("a", ["null", "R"]), field("b", ["null", "R"])), "through-another": fields(field("a", fields(field("b", ["null", "R"]), name="S"))),
    "directly-through-another": fields(field("a", fields(field("b", "R"), name="S"))), "in-array-of-unions": fields(field("a", array(["null", "R", array("R")]))), "in-namespace": fields(field("next", ["null", "n.R"]), namespace="n"),
    "in-hyphen-namespace": fields(field("next", ["null", "R"]), namespace="a-b"), "json": fields(field("value", ["null", "boolean", "double", "string", array("Json"), map_of("Json")]), name="Json"), "null-in-itself": fields(field("a", ["R", "null"])),
    "with-record-default": fields(field("next", ["null", "R"], default=None), field("x", "int", default=1)), "mutually": fields(field("a", array(fields(field("b", map_of("R")), name="S"))), field("s", ["null", "S"])),
    "only-field": fields(field("a", fields(field("b", fields(field("c", array("R")), name="T")), name="S"))),
})

# --- Defaults ---------------------------------------------------------------------------------------------------------------

POINT = fields(field("x", "int"), field("y", "string", default="d"), name="Point")
DEFAULTS = {
    "null": ("null", ["null", "0", '"null"', "{}"]),
    "boolean": ("boolean", ["true", "0", '"true"', "null"]),
    "int": ("int", ["0", "-1", "-0", "1.0", "1.5", "1e3", "2147483647", "2147483648", "-2147483648", "-2147483649", '"1"', "null", "true", "[1]"]),
    "long": ("long", ["0", "2147483648", "1.0", "1e3", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", '"1"', "null"]),
    "float": ("float", ["0", "1", "1.5", "1e3", "1e39", "1e400", "9223372036854775808", '"1.5"', '"NaN"', '"Infinity"', '"-Infinity"', '"nan"', '"inf"', '"1e5"', '" 1 "', '"1f"', '"0x1p3"', '"x"', '""', '"1_0"', "null", "true"]),
    "double": ("double", ["0", "1.5", "1e400", '"1.5"', '"NaN"', '"+Infinity"', '"1d"', '".5"', '"5."', '"infinity"', '"x"', "null", "[1.5]"]),
    "bytes": ("bytes", ['""', '"a"', '"\\u0000\\u00ff"', '"\\u0100"', '"\\ud83d\\ude00"', "1", "null", "[1]"]),
    "string": ("string", ['""', '"x"', '"\\u0100"', "1", "null", "true", "{}"]),
    "fixed": (fixed(2), ['"ab"', '"a"', '"abc"', '""', '"\\u00ff\\u00ff"', '"\\u0100\\u0100"', "1", "null"]),
    "enum": (enum("A", "B"), ['"A"', '"C"', '""', "0", "null"]),
    "enum-with-default": (enum("A", "B", default="A"), ['"B"', '"C"']),
    "array": (array("int"), ["[]", "[1]", "[1.5]", '["a"]', "[null]", "{}", '""', "null", "[2147483648]"]),
    "map": (map_of("int"), ["{}", '{"a":1}', '{"a":"x"}', '{"":1}', '{"a-b":1}', "[]", "null"]),
    "record": (POINT, ['{"x":1}', '{"x":1,"y":"z"}', '{"x":1,"z":2}', "{}", '{"y":"z"}', '{"x":"1"}', '{"x":1,"y":1}', "null", "[]"]),
    "empty-record": (fields(name="Empty"), ["{}", '{"a":1}', "null"]),
    "nullable": (["null", "string"], ["null", '"x"', "1", "{}"]),
    "null-last": (["string", "null"], ["null", '"x"', "1"]),
    "numbers": (["int", "long", "double"], ["1", "2147483648", "1.5", '"1.5"', "null"]),
    "union-of-double": (["null", "double"], ["1", '"1.5"', '"NaN"']),
    "union-of-records": ([POINT, "null"], ['{"x":1}', "null", "{}", '{"y":"a"}']),
    "union-of-enum": (["null", enum("A")], ['"A"', '"B"', "null"]),
    "union-of-bytes": ([meaning("bytes", "decimal", precision=9, scale=2), "null"], ['"\\u0000"', "null", "0", '"1.00"']),
    "array-of-union": (array(["null", "int"]), ["[null,1]", "[1,null]", '["a"]']),
    "array-of-records": (array(POINT), ['[{"x":1}]', "[{}]", "[]"]),
    "map-of-union": (map_of(["int", "null"]), ['{"a":null,"b":1}', '{"a":"x"}']),
    "array-of-double": (array("double"), ["[1]", '["1.5"]', '["NaN"]']),
    "empty-union": ([], ["null", "1"]),
    "uuid": (meaning("string", "uuid"), ['""', '"x"', '"6f1e0000-0000-4000-8000-000000000000"', "1"]),
    "uuid-fixed": (meaning("fixed", "uuid", name="U", size=16), ['"0123456789abcdef"', '"x"']),
    "date": (meaning("int", "date"), ["0", '"2020-01-01"', "1.0"]),
    "timestamp": (meaning("long", "timestamp-millis"), ["0", '"2020-01-01T00:00:00Z"', "1.5", "null"]),
    "decimal": (meaning("bytes", "decimal", precision=4, scale=2), ['""', '"\\u0000"', "0", "1.25", '"1.25"']),
    "decimal-fixed": (meaning("fixed", "decimal", name="D", size=4, precision=4, scale=2), ['"\\u0000\\u0000\\u0000\\u0000"', '"\\u0000"', "0"]),
    "duration": (meaning("fixed", "duration", name="D", size=12), ['"\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000"', '""']),
    "error": ({"type": "error", "name": "Err", "fields": [field("m", "string")]}, ['{"m":"x"}', "{}"]),
}
for kind, (of, values) in DEFAULTS.items():
    schemas("default", {f"{kind}/{value}": Raw(text(one(of))[:-3] + f',"default":{value}}}]}}') for value in values})
schemas("default", {
    "in-an-inner-record": one(fields(field("x", "int", default="1"), name="S")), "two": fields(field("a", "int", default=1), field("b", "int", default="x")),
    "of-a-type-defined-before": fields(field("a", POINT), field("b", "Point", default={"x": 1}), field("c", "Point", default={})), "on-an-alias": fields(field("a", "int", aliases=["b"], default=0)),
    "of-an-attribute": fields(field("a", {"type": "int", "default": "x"})),
})

# --- Logical types ------------------------------------------------------------------------------------------------------------

MEANINGS = {"date": "int", "time-millis": "int", "time-micros": "long", "timestamp-millis": "long", "timestamp-micros": "long", "timestamp-nanos": "long", "local-timestamp-millis": "long",
            "local-timestamp-micros": "long", "local-timestamp-nanos": "long", "uuid": "string", "big-decimal": "bytes"}
schemas("logical", {key: meaning(of, key) for key, of in MEANINGS.items()})
schemas("logical-on-double", {key: meaning("double", key) for key in [*MEANINGS, "decimal", "duration"]})
DECIMALS = {"plain": {"precision": 4, "scale": 2}, "no-scale": {"precision": 4}, "no-precision": {"scale": 2}, "zero": {"precision": 0}, "negative": {"precision": -1}, "scale-negative": {"precision": 4, "scale": -1},
            "scale-above": {"precision": 4, "scale": 5}, "scale-equal": {"precision": 4, "scale": 4}, "text": {"precision": "4", "scale": 2}, "float": {"precision": 4.0, "scale": 2}, "scale-text": {"precision": 4, "scale": "2"},
            "huge": {"precision": 2147483648}, "many": {"precision": 1000, "scale": 10}, "null": {"precision": None}}
schemas("decimal-bytes", {key: meaning("bytes", "decimal", **more) for key, more in DECIMALS.items()})
schemas("decimal-fixed", {key: meaning("fixed", "decimal", name="F", size=4, **more) for key, more in DECIMALS.items()})
schemas("logical", {
    "duration": meaning("fixed", "duration", name="F", size=12), "duration-11": meaning("fixed", "duration", name="F", size=11), "uuid-fixed-16": meaning("fixed", "uuid", name="F", size=16),
    "uuid-fixed-15": meaning("fixed", "uuid", name="F", size=15), "uuid-bytes": meaning("bytes", "uuid"), "decimal-too-small": meaning("fixed", "decimal", name="F", size=1, precision=10), "decimal-string": meaning("string", "decimal", precision=4),
    "unknown": meaning("string", "cvv"), "empty": meaning("string", ""), "number": meaning("int", 1), "null": meaning("int", None), "object": meaning("int", {}), "upper-case": meaning("int", "Date"), "on-record": fields(logicalType="date"),
    "on-enum": enum("A", logicalType="uuid"), "on-array": {**array("int"), "logicalType": "date"}, "on-map": {**map_of("int"), "logicalType": "map"}, "on-union": {"type": ["int", "null"], "logicalType": "date"}, "on-name": {"type": "X", "logicalType": "date"},
    "in-union": ["null", meaning("long", "timestamp-millis")], "in-array": array(meaning("int", "date")), "adjust-to-utc": meaning("long", "timestamp-micros", adjustToUTC=True),
})

# --- The specification's own examples ---------------------------------------------------------------------------------------------

schemas("specification", {
    "longlist": Raw('{"type": "record", "name": "LongList", "aliases": ["LinkedLongs"], "fields" : [{"name": "value", "type": "long"}, {"name": "next", "type": ["null", "LongList"]}]}'),
    "suit": Raw('{"type": "enum", "name": "Suit", "symbols" : ["SPADES", "HEARTS", "DIAMONDS", "CLUBS"]}'), "array": Raw('{"type": "array", "items" : "string", "default": []}'),
    "map": Raw('{"type": "map", "values" : "long", "default": {}}'), "md5": Raw('{"type": "fixed", "size": 16, "name": "md5"}'),
    "example": Raw('{"type": "record", "name": "Example", "doc": "A simple name (attribute) and no namespace attribute: use the null namespace (\\"\\"); the fullname is \'Example\'.", "fields": [{"name": "inheritNull", "type": {"type": "enum", "name": "Simple", "symbols": ["a", "b"]}}, {"name": "explicitNamespace", "type": {"type": "fixed", "name": "Simple", "namespace": "explicit", "size": 12}}, {"name": "fullName", "type": {"type": "record", "name": "a.full.Name", "namespace": "ignored", "fields": [{"name": "inheritNamespace", "type": {"type": "enum", "name": "Understanding", "symbols": ["d", "e"]}}]}}]}'),
    "handshake": Raw('{"type": "record", "name": "HandshakeRequest", "namespace":"org.apache.avro.ipc", "fields": [{"name": "clientHash", "type": {"type": "fixed", "name": "MD5", "size": 16}}, {"name": "clientProtocol", "type": ["null", "string"]}, {"name": "serverHash", "type": "MD5"}, {"name": "meta", "type": ["null", {"type": "map", "values": "bytes"}]}]}'),
    "person": Raw('{"type": "record", "name": "Person", "fields": [{"name": "ssn", "type": {"type": "string", "logicalType": "cvv"}}, {"name": "amount", "type": {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}}]}'),
    "foo-and-bar": Raw('{"type": "record", "name": "test", "fields" : [{"name": "a", "type": "long"}, {"name": "b", "type": "string"}]}'),
})
schemas("others", {
    "debezium": Raw('{"type":"record","name":"Envelope","namespace":"abc-123-efg.table.u_table_dbz","fields":[{"name":"before","type":["null",{"type":"record","name":"Value","fields":[{"name":"id","type":{"type":"int","connect.default":0},"default":0}],"connect.name":"abc-123-efg.Value"}],"default":null},{"name":"after","type":["null","Value"],"default":null},{"name":"op","type":"string"}],"connect.version":1,"connect.name":"abc-123-efg.Envelope"}'),
    "connect-decimal": Raw('{"type":"record","name":"ConnectDefault","namespace":"io.confluent.connect.avro","fields":[{"name":"d","type":["null",{"type":"bytes","scale":2,"precision":64,"connect.version":1,"connect.parameters":{"scale":"2"},"connect.name":"org.apache.kafka.connect.data.Decimal","logicalType":"decimal"}],"default":null}]}'),
    "avro4k": Raw('{"type":"record","name":"<anonymous>","fields":[{"name":"$type","type":"string"}]}'),
    "scala": Raw('{"type":"record","name":"Event$Order","namespace":"com.acme.Domain$","fields":[{"name":"a","type":"int"}]}'),
    "numbers-as-text": Raw('{"type":"record","name":"R","fields":[{"name":"a","type":"double","default":"0"},{"name":"b","type":"int","default":"0"}]}'),
    "null-as-text": Raw('{"type":"record","name":"R","fields":[{"name":"a","type":["null","string"],"default":"null"}]}'),
    "null-as-text-of-int": Raw('{"type":"record","name":"R","fields":[{"name":"a","type":["null","int"],"default":"null"}]}'),
    "default-of-second-branch": Raw('{"type":"record","name":"R","fields":[{"name":"a","type":["null","int"],"default":0}]}'),
    "float-default-of-int": Raw('{"type":"record","name":"R","fields":[{"name":"a","type":"int","default":0.0}]}'),
    "ksql": Raw('{"type":"record","name":"KsqlDataSourceSchema","namespace":"io.confluent.ksql.avro_schemas","fields":[{"name":"ORDERID","type":["null","string"],"default":null},{"name":"KSQL_COL_0","type":["null","long"],"default":null}]}'),
})

# --- Pairs ------------------------------------------------------------------------------------------------------------------------


def pair(name, writer, reader):
    line("pair", name, writer=text(writer), reader=text(reader))


for a in PRIMITIVES:
    for b in PRIMITIVES:
        pair(f"primitive/{a}-{b}", one(a), one(b))
KINDS = {"array": array("int"), "map": map_of("int"), "record": A, "enum": enum("A", "B"), "fixed": fixed(2), "union": ["null", "int"]}
for a in KINDS:
    for b in KINDS:
        if a != b:
            pair(f"kind/{a}-{b}", one(KINDS[a]), one(KINDS[b]))
for it in KINDS:
    pair(f"kind/{it}-int", one(KINDS[it]), one("int"))
    pair(f"kind/int-{it}", one("int"), one(KINDS[it]))
UNIONS = {
    "same": (["null", "int"], ["null", "int"]), "reordered": (["null", "int"], ["int", "null"]), "promoted": (["null", "int"], ["null", "long"]), "narrowed": (["null", "long"], ["null", "int"]), "fewer": (["null", "int", "string"], ["null", "int"]),
    "more": (["null", "int"], ["null", "int", "string"]), "to-plain": (["int"], "int"), "to-wider-plain": (["int", "long"], "long"), "to-plain-that-lacks-one": (["null", "int"], "int"), "from-plain": ("int", ["null", "int"]), "from-plain-promoted": ("int", ["null", "double"]),
    "from-plain-first-wider": ("int", ["double", "long"]), "exact-behind-wider": ("int", ["long", "int"]), "from-plain-none": ("int", ["null", "string"]), "string-as-bytes": ("string", ["null", "bytes"]), "bytes-as-string": ("bytes", ["string", "null"]),
    "disjoint": (["null", "int"], ["string", "bytes"]), "empty-writer": ([], ["null"]), "empty-reader": ("int", []), "both-empty": ([], []), "arrays": ([array("int"), "null"], [array("long"), "null"]), "array-of-other": (["null", array("int")], ["null", array("string")]),
    "meaning": (["null", meaning("long", "timestamp-millis")], ["null", "long"]), "meaning-promoted": (["null", "int"], ["null", meaning("long", "timestamp-millis")]), "records": ([A, B], [B, A]), "record-missing": ([A, B], [A]),
    "record-by-structure": (A, [one("int", name="C"), "null"]), "record-in-other-namespace": (one("int", name="x.A"), [one("int", name="y.A"), "null"]), "record-of-two-namespaces": (one("int", name="x.A"), [one("string", name="y.A"), one("int", name="x.A")]),
    "enum-in-other-namespace": (enum("A", name="x.E"), [enum("A", name="y.E"), "null"]), "fixed-in-other-namespace": (fixed(1, name="x.F"), ["null", fixed(1, name="y.F")]), "enum-of-other-name": (enum("A"), ["null", enum("A", name="G")]),
    "records-of-two-structures": (one("int", name="A"), [fields(field("b", "int"), name="B"), one("long", name="C")]), "record-by-alias": (A, ["null", {**one("int", name="C"), "aliases": ["A"]}]), "record-that-does-not-fit": (A, ["null", one("string", name="A")]),
    "record-exact-that-does-not-fit-beside-one-that-does": (A, [one("string", name="A"), one("int", name="C")]),
}
for key, (writer, reader) in UNIONS.items():
    pair(f"union/{key}", one(writer), one(reader))
NAMED = {"record": lambda name, **more: {**one("int", name=name), **more}, "enum": lambda name, **more: enum("A", "B", name=name, **more), "fixed": lambda name, **more: fixed(2, name=name, **more),
         "error": lambda name, **more: {**one("int", name=name), "type": "error", **more}}
for key, make in NAMED.items():
    pair(f"named/{key}-same", make("A"), make("A"))
    pair(f"named/{key}-other", make("A"), make("B"))
    pair(f"named/{key}-other-namespace", make("x.A"), make("y.A"))
    pair(f"named/{key}-into-namespace", make("A"), make("y.A"))
    pair(f"named/{key}-readers-alias", make("A"), make("B", aliases=["A"]))
    pair(f"named/{key}-readers-alias-in-full", make("x.A"), make("y.B", aliases=["x.A"]))
    pair(f"named/{key}-readers-alias-in-its-namespace", make("y.A"), make("y.B", aliases=["A"]))
    pair(f"named/{key}-readers-alias-of-other-namespace", make("x.A"), make("y.B", aliases=["A"]))
    pair(f"named/{key}-readers-alias-of-none", make("A"), make("y.B", aliases=[".A"]))
    pair(f"named/{key}-readers-alias-unqualified", make("x.A"), make("B", aliases=["A"]))
    pair(f"named/{key}-writers-alias", make("A", aliases=["B"]), make("B"))
    pair(f"named/{key}-hyphen", make("a-b.A"), make("A"))
    pair(f"named/{key}-hyphen-in-name", make("a-b"), make("A"))
    pair(f"named/{key}-in-field", one(make("a-b.A")), one(make("c.A")))
    pair(f"named/{key}-in-field-other", one(make("A")), one(make("B")))
pair("named/record-as-error", one("int", name="A"), NAMED["error"]("A"))
pair("named/fixed-other-size", fixed(2), fixed(3))
pair("named/used-twice", fields(field("a", A), field("b", "A")), fields(field("b", one("long", name="A")), field("a", "A")))
pair("named/two-of-one-name", fields(field("a", one("int", name="x.A")), field("b", one("string", name="y.A"))), fields(field("a", one("int", name="x.A")), field("b", one("string", name="y.A"))))
pair("named/alias-of-two", fields(field("a", A), field("b", B)), fields(field("a", {**one("int", name="C"), "aliases": ["A"]}), field("b", {**one("int", name="D"), "aliases": ["B"]})))
ENUMS = {"same": (enum("A", "B"), enum("A", "B")), "reordered": (enum("A", "B"), enum("B", "A")), "more": (enum("A"), enum("A", "B")), "fewer": (enum("A", "B"), enum("A")), "fewer-with-default": (enum("A", "B"), enum("A", default="A")),
         "none-shared": (enum("A", "B"), enum("C", default="C")), "writers-default": (enum("A", "B", default="A"), enum("A")), "hyphens": (enum("A-1", "B"), enum("B", default="B")), "empty": (enum(), enum("A")),
         "null-symbol": (enum("A", None), enum("A")), "number-symbols": (enum(1, "A"), enum("A"))}
for key, (writer, reader) in ENUMS.items():
    pair(f"enum/{key}", writer, reader)
    pair(f"enum/{key}-in-field", one(writer), one(reader))
i, s = field("i", "int"), field("s", "string")
FIELDS = {
    "same": (fields(i, s), fields(i, s)), "reordered": (fields(i, s), fields(s, i)), "removed": (fields(i, s), fields(s)), "all-removed": (fields(i, s), fields()), "added": (fields(i), fields(i, s)), "added-with-default": (fields(i), fields(i, field("s", "string", default="x"))),
    "added-in-front": (fields(i), fields(field("s", "string", default="x"), i)), "other-case": (fields(field("I", "int")), fields(i)), "renamed": (fields(i), fields(field("j", "int", aliases=["i"]))), "renamed-with-default": (fields(i), fields(field("j", "int", aliases=["i"], default=9))),
    "renamed-and-promoted": (fields(i), fields(field("j", "double", aliases=["i"]))), "renamed-to-other-type": (fields(i), fields(field("j", "string", aliases=["i"]))), "alias-second": (fields(i), fields(field("j", "int", aliases=["k", "i"]))),
    "name-and-alias-both": (fields(i, field("j", "int")), fields(field("j", "int", aliases=["i"]))), "two-aliases-both": (fields(i, field("j", "int")), fields(field("k", "int", aliases=["i", "j"]))), "swapped": (fields(i, s), fields(field("i", "string", aliases=["s"]), field("s", "int", aliases=["i"]))),
    "alias-of-two": (fields(i), fields(field("j", "int", aliases=["i"], default=1), field("k", "int", aliases=["i"], default=2))), "alias-is-own-name": (fields(i), fields(field("i", "int", aliases=["i"]))), "writers-alias": (fields(field("j", "int", aliases=["i"])), fields(i)),
    "writers-alias-with-default": (fields(field("j", "int", aliases=["i"])), fields(field("i", "int", default=7))), "hyphen": (fields(field("a-b", "int"), s), fields(s)), "hyphen-by-alias": (fields(field("a-b", "int"), s), fields(field("ab", "int", aliases=["a-b"]), s)),
    "nested-added": (one(fields(i, name="S")), one(fields(i, field("s", "string", default="x"), name="S"))), "nested-added-without-default": (one(fields(i, name="S")), one(fields(i, s, name="S"))), "nested-removed": (one(fields(i, s, name="S")), one(fields(i, name="S"))),
    "to-nothing": (one("int"), fields()), "from-nothing": (fields(), fields(field("a", "int", default=1))), "type-changed": (fields(i), fields(field("i", "string"))), "type-changed-with-default": (fields(i), fields(field("i", "string", default="x"))),
    "made-nullable": (fields(i), fields(field("i", ["null", "int"], default=None))), "made-plain": (fields(field("i", ["null", "int"])), fields(i)), "enum-without-default": (fields(i), fields(i, field("e", enum("A", default="A")))),
    "several": (fields(field("a", "int"), field("b", ["null", A]), field("c", array("A")), field("d", "bytes")), fields(field("d", "string"), field("c", array(one("long", name="A"))), field("b", ["A", "null"]))),
}
for key, (writer, reader) in FIELDS.items():
    pair(f"field/{key}", writer, reader)
for key, (of, value) in {
    "null": ("null", None), "boolean": ("boolean", True), "int": ("int", -5), "long": ("long", 2 ** 40), "float": ("float", 1.5), "float-of-int": ("float", 3), "double": ("double", 0.1), "float-text": ("float", "2.5"), "double-text": ("double", "1e3"), "bytes": ("bytes", "\u0000\u00ff"), "string": ("string", "é"),
    "fixed": (fixed(2), "ab"), "fixed-too-short": (fixed(2), "a"), "enum": (enum("A", "B"), "B"), "enum-unknown": (enum("A", "B"), "C"), "array": (array("int"), [1, 2]), "map": (map_of("long"), {"k": 1}), "record": (POINT, {"x": 1}), "record-in-full": (POINT, {"x": 1, "y": "z"}), "record-and-more": (POINT, {"x": 1, "q": 1}),
    "first-branch": (["null", "int"], None), "second-branch": (["null", "int"], 7), "second-of-wider": (["int", "long"], 2 ** 40), "record-branch": (["null", POINT], {"x": 1}), "string-branch": (["null", "string"], "s"), "array-of-union": (array(["null", "int"]), [None, 1]), "map-of-records": (map_of(POINT), {"p": {"x": 2}}),
    "nested": (fields(field("p", POINT, default={"x": 3}), field("q", ["null", "Point"], default=None), name="S"), {}), "date": (meaning("int", "date"), 5), "decimal": (meaning("bytes", "decimal", precision=4), "\u0001"), "bytes-above-255": ("bytes", "\u0100"), "int-for-double-in-array": (array("double"), [1]),
    "list": (fields(field("value", "int", default=1), field("next", ["null", "L"], default=None), name="L"), {}),
}.items():
    pair(f"default/{key}", fields(i), fields(i, field("d", of, default=value)))
LOGICAL = {"date": meaning("int", "date"), "time-millis": meaning("int", "time-millis"), "timestamp-millis": meaning("long", "timestamp-millis"), "timestamp-micros": meaning("long", "timestamp-micros"), "local": meaning("long", "local-timestamp-millis"), "uuid": meaning("string", "uuid"),
           "decimal": meaning("bytes", "decimal", precision=9, scale=2), "decimal-3": meaning("bytes", "decimal", precision=9, scale=3), "decimal-10": meaning("bytes", "decimal", precision=10, scale=2), "int": "int", "long": "long", "bytes": "bytes", "string": "string", "unknown": meaning("string", "cvv")}
for a, b in [("date", "int"), ("int", "date"), ("date", "time-millis"), ("date", "long"), ("date", "timestamp-millis"), ("timestamp-millis", "timestamp-micros"), ("timestamp-millis", "local"), ("timestamp-millis", "long"), ("long", "timestamp-millis"), ("uuid", "string"), ("string", "uuid"), ("uuid", "unknown"),
             ("unknown", "string"), ("decimal", "decimal"), ("decimal", "decimal-3"), ("decimal", "decimal-10"), ("decimal", "bytes"), ("bytes", "decimal"), ("decimal", "string"), ("uuid", "bytes"), ("uuid", "decimal")]:
    pair(f"logical/{a}-{b}", one(LOGICAL[a]), one(LOGICAL[b]))
pair("logical/uuid-fixed-uuid", one(meaning("fixed", "uuid", name="U", size=16)), one(meaning("string", "uuid")))
pair("logical/uuid-fixed-fixed", one(meaning("fixed", "uuid", name="U", size=16)), one(fixed(16, name="U")))
pair("logical/duration-fixed", one(meaning("fixed", "duration", name="U", size=12)), one(fixed(12, name="U")))
pair("logical/decimal-fixed", one(meaning("fixed", "decimal", name="U", size=4, precision=4)), one(meaning("fixed", "decimal", name="U", size=4, precision=5)))
LIST = lambda of, **more: fields(field("value", of), field("next", ["null", "Node"], **more), name="Node")
TREE = lambda *more: fields(field("name", "string"), field("children", array("Tree")), *more, name="Tree")
RECURSIVE = {
    "list": (LIST("int"), LIST("int")), "list-promoted": (LIST("int"), LIST("long")), "list-of-other": (LIST("string"), LIST("int")), "list-grows": (LIST("int"), fields(field("value", "int"), field("next", ["null", "Node"]), field("x", "int", default=1), name="Node")), "tree": (TREE(), TREE()),
    "tree-grows": (TREE(), TREE(field("size", "int", default=0))), "tree-shrinks": (TREE(field("size", "int")), TREE()), "dropped-list": (fields(i, field("l", LIST("int")), s), fields(i, s)), "dropped-tree": (fields(field("t", array(TREE())), i), fields(i)),
    "dropped-self": (fields(i, field("previous", ["null", "R"])), fields(i)), "dropped-self-in-array": (fields(field("parts", array("R")), i), fields(i)), "flattened": (LIST("int"), fields(field("value", "int"), name="Node")), "unrolled": (fields(field("value", "int"), name="Node"), LIST("int", default=None)),
    "to-depth-two": (LIST("int"), fields(field("value", "int"), field("next", ["null", fields(field("value", "int"), name="n.Node")]), name="Node")), "mutual": (fields(field("s", ["null", fields(field("r", ["null", "R"]), field("n", "int"), name="S")])), fields(field("s", ["null", fields(field("r", ["null", "R"]), field("n", "long"), name="S")]))),
    "dropped-mutual": (fields(field("s", fields(field("r", array("R")), field("n", "int"), name="S")), i), fields(i)), "dropped-map": (fields(field("m", map_of(fields(field("m", map_of("M")), name="M"))), i), fields(i)), "in-hyphens": (fields(field("value", "int"), field("next", ["null", "Node"]), name="a-b.Node"), LIST("int")),
    "union-reordered": (LIST("int"), fields(field("value", "int"), field("next", ["Node", "null"]), name="Node")), "without-null": (LIST("int"), fields(field("value", "int"), field("next", ["Node"]), name="Node")), "unreadable-within": (fields(i, field("next", ["null", "R"])), fields(i, field("next", ["null", "R"]), field("x", "int"))),
    "unreadable-branch": (fields(i, field("next", ["null", "R", "string"])), fields(i, field("next", ["null", "R"]))), "json": (fields(field("v", ["null", "int", array("Json"), map_of("Json")]), name="Json"), fields(field("v", ["null", "long", array("Json"), map_of("Json")]), name="Json")),
    "event": (fields(i, field("bundles", array(fields(field("label", "string"), field("parts", array("Bundle"), default=[]), name="Bundle")), default=[]), s), fields(i, s)), "directly": (fields(field("r", "R")), fields(field("r", "R"))),
    "defined-in-a-dropped-field": (fields(field("l", LIST("int")), field("n", ["null", "Node"])), fields(field("n", ["null", LIST("long")]))),
}
for key, (writer, reader) in RECURSIVE.items():
    pair(f"recursive/{key}", writer, reader)
pair("container/array-in-array", array(array("int")), array(array("double")))
pair("container/map-in-map", map_of(map_of("int")), map_of(map_of("float")))
pair("container/array-of-records", array(fields(i, s)), array(fields(s)))
pair("container/map-of-unions", map_of(["null", "int"]), map_of(["long", "null"]))
pair("container/array-of-unreadable", array(["null", "int"]), array("int"))
pair("container/array-of-nothing", array("null"), array(["null", "int"]))
pair("container/empty-records", array(fields()), array(fields(field("x", "int", default=1))))
pair("forward/writer", fields(field("a", "F"), field("b", fixed(1))), fields(field("b", fixed(1)), field("a", "F")))
pair("forward/twice", fields(field("a", A), field("b", A)), fields(field("b", A), field("a", A)))
