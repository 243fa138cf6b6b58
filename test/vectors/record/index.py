"""Writes index.json: for every recorded file what it is, and the IDs third parties give its key.

    index.py OUTPUT_DIRECTORY ENTRIES_FILE TOOL=VERSION…

notaryKeyId comes from the recording (Notary's own file names); tufKeyId and tufKey from securesystemslib, over the
public half that the `cryptography` package reads out of the file.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import pathlib
import re
import subprocess
import sys

import cryptography
import securesystemslib
import tuf
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.signer import SSlibKey

output, entries_file = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
tools = dict(argument.split("=", 1) for argument in sys.argv[3:])
tools["python-tuf"] = tuf.__version__
tools["securesystemslib"] = securesystemslib.__version__
tools["cryptography"] = cryptography.__version__


def public_key(entry: dict):
    """The public half of what a file holds, read by cryptography; None where it cannot."""
    content = (output / entry["file"]).read_bytes()
    form, kind = entry["form"], entry["kind"]
    passphrase = entry["passphrase"].encode() if "passphrase" in entry else None
    if kind == "certificate":
        return x509.load_pem_x509_certificate(content).public_key()
    if form == "notary-server-key-json":
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(json.loads(content)["keyval"]["public"]))
    if form.endswith("-ed25519"):
        # Notary's own form: the last 32 bytes are the public key.
        body = re.sub(rb"-----.*?-----|^[a-z]+: .*$", b"", content, flags=re.M)
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(b"".join(body.split()))[-32:])
    if b"-----BEGIN" in content:
        if form not in ("sec1-dek-info", "pkcs1-dek-info"):
            content = re.sub(rb"^[a-z]+: .*\n", b"", content, flags=re.M).replace(b"\n\n", b"\n")
        if kind == "public-key":
            return load_pem_public_key(content)
        if form in ("notary-encrypted-pkcs8", "notary-export"):
            # cryptography refuses Notary's EC keys (PKCS#8 of version 1): openssl reads them and writes them anew.
            command = ["openssl", "pkey", "-passin", f"pass:{entry['passphrase']}", "-pubout"]
            result = subprocess.run(command, input=content, capture_output=True, check=False)
            if result.returncode != 0:
                raise ValueError(result.stderr.decode())
            return load_pem_public_key(result.stdout)
        return load_pem_private_key(content, passphrase).public_key()
    return load_der_public_key(content) if kind == "public-key" else load_der_private_key(content, None).public_key()


def notary_server_key_id(entry: dict) -> str:
    """The server says no ID; this is the hash of the very bytes of the canonical object the ID is defined by."""
    public = json.loads((output / entry["file"]).read_bytes())["keyval"]["public"]
    text = f'{{"keytype":"ed25519","keyval":{{"private":null,"public":"{public}"}}}}'
    return hashlib.sha256(text.encode()).hexdigest()


entries = [json.loads(line) for line in entries_file.read_text().splitlines()]
by_label: dict[str, str] = {}
for entry in entries:
    entry["version"] = tools[entry["tool"]]
    entry["sha256"] = hashlib.sha256((output / entry["file"]).read_bytes()).hexdigest()
    for flag in ("notaryReads", "notaryAccepts"):
        if flag in entry:
            entry[flag] = entry[flag] == "yes"
    for many in ("notaryKeyIds", "passphrases"):
        if many in entry:
            entry[many] = entry[many].split(",")
    if entry["kind"] in ("private-key", "public-key", "certificate"):
        try:
            public = public_key(entry)
        except (ValueError, UnsupportedAlgorithm) as error:
            # Notary's stored Ed25519 keys are in its own form within: the label says which key it is.
            if entry.get("label") != "ed25519":
                raise SystemExit(f"{entry['file']}: {error}") from error
            public = None
        if public is not None:
            key = SSlibKey.from_crypto(public)
            entry["tufKeyId"] = key.keyid
            entry["tufKey"] = key.to_dict()
        if entry["form"] == "notary-server-key-json":
            entry["notaryKeyId"] = notary_server_key_id(entry)
known = {entry["label"]: entry for entry in entries if "label" in entry and "tufKeyId" in entry}
for entry in entries:
    if entry["kind"] == "metadata":
        entry.pop("label", None)
for entry in entries:
    if "label" in entry:
        same = known[entry["label"]]
        if entry.setdefault("tufKeyId", same["tufKeyId"]) != same["tufKeyId"]:
            raise SystemExit(f"{entry['file']} is not the key {entry['label']}")
        entry.setdefault("tufKey", same["tufKey"])
if len({entry["file"] for entry in entries}) != len(entries):
    raise SystemExit("a file is in the index twice")
unlisted = {str(f.relative_to(output)) for f in output.rglob("*") if f.is_file()} - {e["file"] for e in entries}
unlisted -= {"canonical-json.json", "tuf-chains.json", "index.json", "README.md"}
if unlisted:
    raise SystemExit(f"not in the index: {sorted(unlisted)}")
index = {
    "recordedAt": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "tools": tools,
    "files": sorted(entries, key=lambda entry: entry["file"]),
}
(output / "index.json").write_text(json.dumps(index, indent=1) + "\n")
