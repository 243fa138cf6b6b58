"""Writes canonical-json.json: JSON texts and securesystemslib's canonical form of each, or its refusal.

    canonical_json.py PEERS_DIRECTORY OUTPUT_FILE
"""

import json
import pathlib
import subprocess
import sys

peers, output = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
controls = "".join(f"\\u{code:04x}" for code in range(0x20)) + "\\u007f\\u0080\\u009f"
VECTORS: list[tuple[str, str]] = [
    ("empty object", "{}"),
    ("empty array", "[]"),
    ("empty string", '""'),
    ("null", "null"),
    ("true and false", "[true,false]"),
    ("white space is dropped", ' {\n\t"b" : [ 1 , 2 ] ,\r\n "a" : { } } '),
    ("keys are sorted", '{"b":1,"a":2,"C":3,"_":4,"0":5," ":6}'),
    ("a prefix sorts first", '{"aa":1,"a":2,"aaa":3,"a\\u0000":4,"ab":5}'),
    ("an empty key", '{"a":1,"":2}'),
    ("keys that look like integers", '{"10":1,"9":2,"1":3,"01":4,"-1":5}'),
    ("keys of the JavaScript prototype", '{"constructor":1,"__proto__":{"a":1},"toString":2,"hasOwnProperty":3}'),
    ("nested", '{"z":{"y":{"x":[{"b":[],"a":{}},[[[]]]]}},"a":[{"b":1,"a":2},[3,[4,[5]]]]}'),
    ("arrays keep their order", "[3,1,2,[2,1],null]"),
    ("integers", "[0,1,-1,10,1234567890,-1234567890]"),
    ("negative zero", "[-0]"),
    ("the largest safe integers", "[9007199254740991,-9007199254740991]"),
    ("beyond 2^53: no double holds it", "[9007199254740993]"),
    ("beyond 2^64", "[123456789012345678901234567890]"),
    ("a fraction", "[1.5]"),
    ("a whole number with a fraction part", "[1.0]"),
    ("a whole number with an exponent", "[1e3]"),
    ("negative zero with a fraction", "[-0.0]"),
    ("quote and backslash are the only escapes", '["\\"","\\\\","a\\"b\\\\c"]'),
    ("quote and backslash in keys", '{"\\"":1,"\\\\":2,"a\\"b":3}'),
    ("control characters stay raw", f'["{controls}"]'),
    ("control characters in keys", '{"\\n":1,"\\t":2,"\\u0000":3,"\\u001f":4," ":5}'),
    ("short escapes of the input", '["\\b\\f\\n\\r\\t\\/"]'),
    ("an escaped slash and a plain one", '["a/b","a\\/b"]'),
    ("HTML characters stay raw", '["<script>&amp;</script>\'"]'),
    ("line separators stay raw", '["\\u2028\\u2029","\u2028\u2029"]'),
    ("Latin letters, escaped and plain", '["\\u00e9","é","ÅÄÖ"]'),
    ("composed and decomposed stay apart", '{"\\u00e9":1,"e\\u0301":2}'),
    ("the Angstrom sign is not normalised", '["\\u212b","\\u00c5","A\\u030a"]'),
    ("CJK and Arabic", '{"名前":"支払い","اسم":"دفع"}'),
    ("beyond the BMP, as surrogates and plain", '["\\ud83d\\ude00","😀","\\ud800\\udc00","\\udbff\\udfff"]'),
    ("key order: U+E000..U+FFFF before U+10000 on", '{"\\ud800\\udc00":1,"\\uffff":2,"\\ue000":3,"😀":4,"ﬀ":5}'),
    ("key order: U+D7FF, U+E000, U+10FFFF", '{"\\udbff\\udfff":1,"\\ue000":2,"\\ud7ff":3,"z":4}'),
    ("key order within a common prefix", '{"a😀":1,"a\\uff5e":2,"a":3,"aé":4}'),
    ("a byte order mark inside", '["\\ufeff"]'),
    ("noncharacters", '["\\ufffe\\uffff\\ufdd0"]'),
    ("a lone high surrogate", '["\\ud800"]'),
    ("a lone low surrogate in a key", '{"\\udc00":1}'),
    ("duplicate keys: Python keeps the last", '{"a":1,"b":2,"a":3}'),
    ("a Notary v1 key object", '{"keyval":{"public":"MFkw+/==","private":null},"keytype":"ecdsa"}'),
    (
        "a TUF 1.0 key object",
        '{"scheme":"ecdsa-sha2-nistp256","keytype":"ecdsa","keyval":{"public":"-----BEGIN PUBLIC KEY-----\\nMFkw\\n-----END PUBLIC KEY-----\\n"}}',
    ),
    (
        "a root-like object",
        '{"version":1,"_type":"root","spec_version":"1.0.31","expires":"2046-01-01T00:00:00Z","consistent_snapshot":true,"keys":{},"roles":{"root":{"threshold":2,"keyids":["b","a"]}},"x-custom":["é"]}',
    ),
    ("a string alone", '"alone"'),
    ("a number alone", "42"),
]
answer = subprocess.run(
    [sys.executable, str(peers / "python_tuf_client.py"), "canonical_json"],
    input=json.dumps([text for _, text in VECTORS]),
    capture_output=True,
    text=True,
    check=True,
)
results = json.loads(answer.stdout)["results"]
vectors = [
    {"name": name, "input": text, **result} for (name, text), result in zip(VECTORS, results, strict=True)
]
output.write_text(json.dumps(vectors, indent=1, ensure_ascii=True) + "\n")
