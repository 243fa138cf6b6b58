"""Makes chains of TUF 1.0 roots with python-tuf: a valid one of four versions, and short ones with one thing wrong.

    tuf_chains.py OUTPUT_DIRECTORY ENTRIES_FILE

Writes tuf-chains/valid/N.root.json, tuf-chains/<name>/N.root.json, the private keys of the valid chain under
public-test-keys/tuf/ and tuf-chains.json, which says for each chain what is wrong, what the specification asks for (accept, refuse, or open
where it does not say), and what python-tuf's client did.
"""

from __future__ import annotations

import base64
import copy
import datetime
import hashlib
import json
import pathlib
import subprocess
import sys
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from securesystemslib.formats import encode_canonical
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root
from tuf.api.serialization.json import JSONSerializer

output, entries_file = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
client = pathlib.Path(__file__).parents[2] / "interop" / "peers" / "python_tuf_client.py"
EXPIRES = datetime.datetime(2046, 1, 1, tzinfo=datetime.timezone.utc)

# The names are those of the files under public-test-keys/tuf/.
signers: dict[str, CryptoSigner] = {
    "ecdsa-1": CryptoSigner.generate_ecdsa(),
    "ecdsa-2": CryptoSigner.generate_ecdsa(),
    "ed25519-1": CryptoSigner.generate_ed25519(),
    "ed25519-2": CryptoSigner.generate_ed25519(),
    "rsa-1": CryptoSigner.generate_rsa(),
    "rsa-2": CryptoSigner.generate_rsa(),
    "targets": CryptoSigner.generate_ecdsa(),
    "snapshot": CryptoSigner.generate_ed25519(),
    "timestamp": CryptoSigner.generate_ed25519(),
    "outsider": CryptoSigner.generate_ed25519(),
}
chains: list[dict] = []


def root_of(names: list[str], threshold: int, version: int) -> Root:
    root = Root(version=version, expires=EXPIRES, consistent_snapshot=True)
    for name in names:
        root.add_key(signers[name].public_key, "root")
    root.roles["root"].threshold = threshold
    for role in ("targets", "snapshot", "timestamp"):
        root.add_key(signers[role].public_key, role)
    return root


def by_python_tuf(root: Root, names: list[str]) -> bytes:
    """Signed and written by python-tuf itself."""
    metadata = Metadata(root)
    for name in names:
        metadata.sign(signers[name], append=True)
    return metadata.to_bytes(JSONSerializer(compact=False))


def signature(signed: dict, name: str) -> dict:
    result = signers[name].sign(encode_canonical(signed).encode("utf-8"))
    return {"keyid": result.keyid, "sig": result.signature}


def by_hand(signed: dict, names: list[str]) -> dict:
    """Signed by securesystemslib, for what python-tuf would not write."""
    return {"signatures": [signature(signed, name) for name in names], "signed": signed}


def record(name: str, contents: list[bytes | dict], what: str, verdict: str, why: str, wrong: bool = True) -> None:
    directory = output / "tuf-chains" / name
    directory.mkdir(parents=True)
    files = []
    for position, content in enumerate(contents, 1):
        file = directory / f"{position}.root.json"
        file.write_bytes(content if isinstance(content, bytes) else json.dumps(content, indent=1).encode() + b"\n")
        files.append(file)
    answer = subprocess.run(
        [sys.executable, str(client), "verify_chain", *map(str, files)], capture_output=True, text=True, check=False
    )
    python_tuf = json.loads(answer.stdout)
    chains.append(
        {
            "name": name,
            "files": [str(file.relative_to(output)) for file in files],
            "what": what,
            "wrong": wrong,
            "specification": {"verdict": verdict, "why": why},
            "pythonTuf": {**python_tuf["client"], "steps": python_tuf["steps"]},
        }
    )
    with entries_file.open("a") as entries:
        for file in files:
            entry = {
                "file": str(file.relative_to(output)),
                "kind": "metadata",
                "form": "tuf-1.0",
                "tool": "python-tuf",
                "what": f"root of the chain {name}: {what}",
            }
            entries.write(json.dumps(entry) + "\n")


### The valid chain: a key is replaced in every version, the threshold of two stays. ###
first_names = ["ecdsa-1", "ed25519-1", "rsa-1"]
root_1 = root_of(first_names, 2, 1)
root_2 = root_of(["ecdsa-2", "ed25519-1", "rsa-1"], 2, 2)
root_3 = root_of(["ecdsa-2", "ed25519-1", "rsa-2"], 2, 3)
root_4 = root_of(["ecdsa-2", "ed25519-2", "rsa-2"], 3, 4)
bytes_1 = by_python_tuf(root_1, ["ecdsa-1", "rsa-1"])
record(
    "valid",
    [
        bytes_1,
        by_python_tuf(root_2, ["ecdsa-1", "ed25519-1", "ecdsa-2"]),
        by_python_tuf(root_3, ["ecdsa-2", "rsa-1", "rsa-2"]),
        by_python_tuf(root_4, ["ecdsa-2", "rsa-2", "ed25519-2"]),
    ],
    "four versions: ecdsa, ed25519 and rsa-pss keys, threshold 2 (3 in the last), one key replaced in each",
    "accept",
    "5.3: each root is signed by the threshold of the version before and by its own",
    wrong=False,
)
directory = output / "public-test-keys" / "tuf"
for name, signer in signers.items():
    (directory / f"{name}.pem").write_bytes(signer.private_bytes)
    with entries_file.open("a") as entries:
        entry = {
            "file": str((directory / f"{name}.pem").relative_to(output)),
            "kind": "private-key",
            "form": "pkcs8",
            "tool": "python-tuf",
            "what": f"the key {name} of tuf-chains/, plain PKCS#8 by securesystemslib",
        }
        entries.write(json.dumps(entry) + "\n")

### One thing changed. All start from version 1 of the valid chain. ###
OLD = ["ecdsa-1", "ed25519-1"]  # two of the three of version 1
second = root_2.to_dict()
record(
    "below-previous-threshold",
    [bytes_1, by_python_tuf(root_of(["ecdsa-2", "ed25519-2", "rsa-2"], 2, 2), ["ecdsa-1", "ecdsa-2", "rsa-2"])],
    "version 2 has one signature of version 1's root keys, two are asked for",
    "refuse",
    "5.3.4: a threshold of keys specified in the trusted root",
)
record(
    "below-own-threshold",
    [bytes_1, by_python_tuf(root_of(["ecdsa-2", "ed25519-2", "rsa-2"], 2, 2), [*OLD, "ecdsa-2"])],
    "version 2 has one signature of its own root keys, two are asked for",
    "refuse",
    "5.3.4: a threshold of keys specified in the new root",
)
record(
    "first-below-own-threshold",
    [by_python_tuf(root_1, ["ecdsa-1"])],
    "version 1 alone, with one signature of two",
    "refuse",
    "a root must be signed by its own threshold; clients trust the first one by other means",
)
record(
    "version-skipped",
    [bytes_1, by_hand({**second, "version": 3}, [*OLD, "ecdsa-2"])],
    "version 3 follows version 1",
    "refuse",
    "5.3.5: exactly one more than the trusted version",
)
record(
    "version-repeated",
    [bytes_1, by_hand({**second, "version": 1}, [*OLD, "ecdsa-2"])],
    "another version 1 follows version 1",
    "refuse",
    "5.3.5: exactly one more than the trusted version",
)
tampered = by_hand(second, [*OLD, "ecdsa-2"])
tampered["signed"] = {**second, "expires": "2056-01-01T00:00:00Z"}
record("tampered", [bytes_1, tampered], "the expiry was changed after signing", "refuse", "5.3.4: no signature fits")
record(
    "outsider-signature",
    [bytes_1, by_hand(second, ["ecdsa-1", "ecdsa-2", "outsider"])],
    "one of the signatures is by a key that no root names; without it the old threshold is not met",
    "refuse",
    "5.3.4: only keys of the role count",
)
record(
    "outsider-signature-extra",
    [bytes_1, by_hand(second, [*OLD, "ecdsa-2", "outsider"])],
    "a surplus signature by a key that no root names",
    "accept",
    "signatures that do not count are ignored",
    wrong=False,
)
record(
    "broken-signature-extra",
    [
        bytes_1,
        {
            "signatures": [
                *by_hand(second, [*OLD, "ecdsa-2"])["signatures"],
                {"keyid": signers["rsa-1"].public_key.keyid, "sig": "00" * 256},
            ],
            "signed": second,
        },
    ],
    "a surplus signature of a root key that does not verify",
    "accept",
    "signatures that do not verify are ignored as long as the threshold is met",
    wrong=False,
)
twice = by_hand(second, ["ecdsa-1", "ecdsa-1", "ecdsa-2"])
record(
    "same-signature-twice",
    [bytes_1, twice],
    "one key's signature is there twice to reach the old threshold",
    "refuse",
    "4.2.1: a keyid must not appear twice in signatures; 5.3.4 counts each key once",
)
empty = by_hand(second, [*OLD, "ecdsa-2"])
empty["signatures"].insert(0, {"keyid": signers["rsa-1"].public_key.keyid, "sig": ""})
record(
    "empty-signature",
    [bytes_1, empty],
    "a surplus signature that is an empty string, the way a signing event leaves a place open",
    "accept",
    "a signature that does not verify is ignored",
    wrong=False,
)

# One key under two key IDs: the threshold of two is met by one person.
double = root_of(["ecdsa-1", "ed25519-1"], 2, 1).to_dict()
alias = "aa" * 32
double["keys"][alias] = copy.deepcopy(double["keys"][signers["ecdsa-1"].public_key.keyid])
double["roles"]["root"]["keyids"] = [signers["ecdsa-1"].public_key.keyid, alias]
doubled = by_hand(double, ["ecdsa-1"])
doubled["signatures"].append({"keyid": alias, "sig": signature(double, "ecdsa-1")["sig"]})
record(
    "one-key-two-ids",
    [doubled],
    "the role's threshold of two is met by one key that stands under two key IDs",
    "refuse",
    "5.3.4: each key counts once (TAP 12: by the key, not by its ID); 4.2.1: the ID is the hash of the key",
)
renamed = root_of(["ed25519-1", "rsa-1"], 1, 1).to_dict()
renamed["keys"]["bb" * 32] = renamed["keys"].pop(signers["ed25519-1"].public_key.keyid)
renamed["roles"]["root"]["keyids"] = ["bb" * 32]
record(
    "key-id-is-not-the-hash",
    [{"signatures": [{"keyid": "bb" * 32, "sig": signature(renamed, "ed25519-1")["sig"]}], "signed": renamed}],
    "a key stands under an ID that is not its hash",
    "refuse",
    "4.2.1: clients must calculate each key ID to verify it; TAP 12 lifts this",
)


def changed(change: Callable[[dict], object]) -> dict:
    """Version 2, changed and then signed as it should be."""
    signed = copy.deepcopy(second)
    change(signed)
    return by_hand(signed, [*OLD, "ecdsa-2"])


root_ids = second["roles"]["root"]["keyids"]
for name, change, what, why in [
    ("threshold-zero", lambda s: s["roles"]["root"].update(threshold=0), "root's threshold is 0", "4.3: an integer > 0"),
    ("threshold-too-high", lambda s: s["roles"]["root"].update(threshold=4), "root's threshold is 4 of 3 keys", "can never be met"),
    ("threshold-as-text", lambda s: s["roles"]["root"].update(threshold="2"), "root's threshold is the string 2", "4.3: an integer"),
    ("threshold-true", lambda s: s["roles"]["snapshot"].update(threshold=True), "snapshot's threshold is true", "4.3: an integer"),
    ("role-missing", lambda s: s["roles"].pop("snapshot"), "the role snapshot is missing", "4.3: all four roles"),
    ("role-unknown", lambda s: s["roles"].update(mirrors={"keyids": root_ids[:1], "threshold": 1}), "a role that is none of the four but the mirrors role", "4.3 allows mirrors"),
    ("key-missing", lambda s: s["keys"].pop(signers["snapshot"].public_key.keyid), "snapshot's key is not in keys", "not said; no snapshot can ever be verified under such a root"),
    ("key-id-twice", lambda s: s["roles"]["root"]["keyids"].append(root_ids[0]), "a key ID stands twice in root's keyids", "4.3: keyids are unique"),
    ("type-wrong", lambda s: s.update(_type="targets"), "_type is targets", "4.3: _type is root"),
    ("type-of-notary", lambda s: s.update(_type="Root"), "_type is Root, as Notary v1 writes it", "4.3: _type is root"),
    ("spec-version-2", lambda s: s.update(spec_version="2.0.0"), "spec_version 2.0.0", "4.3: a client must refuse another major version"),
    ("spec-version-missing", lambda s: s.pop("spec_version"), "no spec_version", "4.3 asks for it"),
    ("version-zero", lambda s: s.update(version=0), "version 0", "4.3: an integer > 0"),
    ("version-as-text", lambda s: s.update(version="2"), "version is the string 2", "4.3: an integer"),
    ("expires-with-fraction", lambda s: s.update(expires="2046-01-01T00:00:00.5Z"), "expires has a fraction of a second", "4.2: YYYY-MM-DDTHH:MM:SSZ"),
    ("expires-with-offset", lambda s: s.update(expires="2046-01-01T00:00:00+01:00"), "expires has an offset", "4.2: YYYY-MM-DDTHH:MM:SSZ"),
    ("expires-impossible", lambda s: s.update(expires="2046-02-30T00:00:00Z"), "expires on 30 February", "not a date"),
    ("expires-missing", lambda s: s.pop("expires"), "no expires", "4.3 asks for it"),
]:  # fmt: skip
    verdict = {"role-unknown": "accept", "key-missing": "open"}.get(name, "refuse")
    record(name, [bytes_1, changed(change)], what, verdict, why, wrong=verdict != "accept")

unknown = copy.deepcopy(second)
del unknown["keys"][root_ids[2]]
key_of_tomorrow = {"keytype": "tomorrow", "scheme": "tomorrow-1", "keyval": {"public": "00"}}
key_of_tomorrow_id = hashlib.sha256(encode_canonical(key_of_tomorrow).encode()).hexdigest()
unknown["keys"][key_of_tomorrow_id] = key_of_tomorrow
unknown["roles"]["root"]["keyids"][2] = key_of_tomorrow_id
record(
    "keytype-unknown",
    [bytes_1, by_hand(unknown, [*OLD, "ecdsa-2"])],
    "one root key has a keytype and scheme nobody knows; the two others meet the threshold",
    "open",
    "4.2 names key types as examples; whether others make the file invalid is not said",
    wrong=False,
)
record(
    "consistent-snapshot-missing",
    [bytes_1, changed(lambda s: s.pop("consistent_snapshot"))],
    "no consistent_snapshot",
    "open",
    "4.3 shows it and does not say whether it may be left out",
    wrong=False,
)
record(
    "custom-fields",
    [
        bytes_1,
        changed(
            lambda s: (
                s.update({"x-tuf-on-ci-expiry-period": 365, "x-ünicode": {"b": [1], "a": "\u0007\ufffd😀"}}),
                s["roles"]["root"].update({"x-note": "kept"}),
            )
        ),
    ],
    "fields nobody knows in signed and in a role, with control and non-BMP characters",
    "accept",
    "4.1: unknown fields are covered by the signatures and otherwise ignored",
    wrong=False,
)
record(
    "expired-last",
    [bytes_1, changed(lambda s: s.update(expires="2020-01-01T00:00:00Z"))],
    "the last root is expired: the chain is right, the client stops afterwards",
    "refuse",
    "5.3.10: only the last root's expiry counts; it is checked after the chain",
)
expired_middle = changed(lambda s: s.update(expires="2020-01-01T00:00:00Z"))
record(
    "expired-in-between",
    [bytes_1, expired_middle, by_python_tuf(root_3, ["ecdsa-2", "rsa-1", "rsa-2"])],
    "a root in between is expired, the last is not",
    "accept",
    "5.3.10: only the last root's expiry counts",
    wrong=False,
)

### Signatures of the right key in the wrong form. ###
def with_old_signature(change: Callable[[str], str], name: str, extra: list[str]) -> dict:
    """Version 2, where the form of one signature that is needed is changed."""
    content = by_hand(second, extra)
    content["signatures"].insert(
        0, {"keyid": signers[name].public_key.keyid, "sig": change(signature(second, name)["sig"])}
    )
    return content


def raw_ecdsa(sig: str) -> str:
    r, s = decode_dss_signature(bytes.fromhex(sig))
    return (r.to_bytes(32, "big") + s.to_bytes(32, "big")).hex()


def pkcs1v15(_sig: str) -> str:
    key = signers["rsa-1"]._private_key  # noqa: SLF001
    return key.sign(encode_canonical(second).encode(), padding.PKCS1v15(), hashes.SHA256()).hex()


def pss_salt(length: int) -> Callable[[str], str]:
    def sign(_sig: str) -> str:
        key = signers["rsa-1"]._private_key  # noqa: SLF001
        pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=length)
        return key.sign(encode_canonical(second).encode(), pss, hashes.SHA256()).hex()

    return sign


# ecdsa-2 is needed for the new threshold of two.
signed = root_of(["ecdsa-2", "ed25519-1"], 2, 2).to_dict()
content = by_hand(signed, ["ecdsa-1", "ed25519-1"])
content["signatures"].append(
    {"keyid": signers["ecdsa-2"].public_key.keyid, "sig": raw_ecdsa(signature(signed, "ecdsa-2")["sig"])}
)
record(
    "ecdsa-raw",
    [bytes_1, content],
    "an ECDSA signature as raw r||s, the way Notary v1 writes it",
    "refuse",
    "4.2.1: the form of the scheme's signature, which is ASN.1 DER",
)
for name, change, signer, others, what, verdict in [
    ("rsa-pkcs1v15", pkcs1v15, "rsa-1", ["ecdsa-1", "ecdsa-2"], "an RSA signature with PKCS#1 v1.5 padding where the scheme says PSS", "refuse"),
    ("rsa-pss-salt-20", pss_salt(20), "rsa-1", ["ecdsa-1", "ecdsa-2"], "an RSA-PSS signature with a salt of 20 bytes, not 32", "open"),
    ("rsa-pss-salt-maximum", pss_salt(222), "rsa-1", ["ecdsa-1", "ecdsa-2"], "an RSA-PSS signature with the longest salt", "open"),
    ("signature-base64", lambda sig: base64.b64encode(bytes.fromhex(sig)).decode(), "ed25519-1", ["ecdsa-1", "ecdsa-2"], "a signature in base64, not hex", "refuse"),
    ("signature-upper-case", str.upper, "ed25519-1", ["ecdsa-1", "ecdsa-2"], "a signature in upper-case hex", "open"),
]:  # fmt: skip
    content = with_old_signature(change, signer, others)
    record(name, [bytes_1, content], what, verdict, "4.2.1: the form of the scheme's signature, in hex", wrong=verdict == "refuse")

### Right signatures, unusual JSON. ###
text = json.dumps(by_hand(second, [*OLD, "ecdsa-2"]))
record(
    "duplicate-json-key",
    [bytes_1, text.replace('"version": 2', '"version": 9, "version": 2').encode()],
    "the JSON has the key version twice; Python and JavaScript keep the last one silently",
    "open",
    "canonical JSON has no duplicate keys; readers differ in which one they keep",
)
record(
    "version-as-fraction",
    [bytes_1, text.replace('"version": 2', '"version": 2.0').encode()],
    "version is written 2.0",
    "refuse",
    "canonical JSON has integers only",
)
record(
    "escapes-and-white-space",
    [bytes_1, json.dumps(by_hand(second, [*OLD, "ecdsa-2"]), indent="\t").replace("root", "r\\u006fot").encode()],
    "tabs, and an escape for a plain letter: the canonical form is the same",
    "accept",
    "signatures cover the canonical form, not the bytes of the file",
    wrong=False,
)
record("truncated", [bytes_1, text[:-20].encode()], "the file ends too early", "refuse", "no JSON")
record("byte-order-mark", [bytes_1, b"\xef\xbb\xbf" + text.encode()], "the file starts with a byte order mark", "refuse", "JSON must not start with one (RFC 8259, 8.1)")

(output / "tuf-chains.json").write_text(json.dumps(chains, indent=1) + "\n")
