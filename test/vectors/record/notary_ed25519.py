"""Writes an Ed25519 key in the two forms only Notary v1 has. BUILT BY HAND: no tool that can be run here makes them.

    notary_ed25519.py PKCS8_PEM DIRECTORY

Both hold public key, seed and public key again: 96 bytes. The PKCS#8 form has the OID 1.3.6.1.4.1.11591.15.1 instead
of RFC 8410's and no OCTET STRING within the OCTET STRING (notary 0.7.0, tuf/utils/pkcs8.go).
"""

import base64
import pathlib
import sys

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

OID = bytes.fromhex("2b06010401da470f01")


def tlv(tag: int, content: bytes) -> bytes:
    """DER of short contents: here none is longer than 255 bytes."""
    length = bytes([len(content)]) if len(content) < 128 else bytes([0x81, len(content)])
    return bytes([tag]) + length + content


def pem(kind: str, headers: str, content: bytes) -> str:
    lines = base64.b64encode(content).decode()
    wrapped = "\n".join(lines[start : start + 64] for start in range(0, len(lines), 64))
    return f"-----BEGIN {kind}-----\n{headers}{wrapped}\n-----END {kind}-----\n"


source, directory = sys.argv[1], pathlib.Path(sys.argv[2])
key = load_pem_private_key(pathlib.Path(source).read_bytes(), None)
seed = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
content = public + seed + public
pkcs8 = tlv(0x30, tlv(0x02, b"\0") + tlv(0x30, tlv(0x06, OID)) + tlv(0x04, content))
(directory / "ed25519.notary-pkcs8.pem").write_text(pem("PRIVATE KEY", "role: root\n\n", pkcs8))
(directory / "ed25519.notary-legacy.pem").write_text(pem("ED25519 PRIVATE KEY", "", content))
