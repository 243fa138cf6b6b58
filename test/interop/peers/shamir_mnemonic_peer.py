"""Trezor's shamir-mnemonic, the reference implementation of SLIP-0039. One request in JSON on standard input:

{"do": "recover", "shares": ["word word ...", ...], "passphrase": ""}                     -> {"secret": hex}
{"do": "split", "secret": hex, "groupThreshold": 1, "groups": [[2, 3]], "extendable": true, "exponent": 0}
                                                                                          -> {"groups": [[words]]}
A refusal by the library is {"refused": its message}. A list of requests has a list of answers.
"""

import json
import sys

from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics


def answer(request: dict) -> dict:
    if request["do"] == "recover":
        secret = combine_mnemonics(request["shares"], request["passphrase"].encode("ascii"))
        return {"secret": secret.hex()}
    groups = generate_mnemonics(
        request["groupThreshold"],
        [tuple(group) for group in request["groups"]],
        bytes.fromhex(request["secret"]),
        b"",
        request["extendable"],
        request["exponent"],
    )
    return {"groups": groups}


def answer_or_refusal(request: dict) -> dict:
    try:
        return answer(request)
    except MnemonicError as error:
        return {"refused": str(error)}


requests = json.load(sys.stdin)
if isinstance(requests, list):
    print(json.dumps([answer_or_refusal(request) for request in requests]))
else:
    print(json.dumps(answer_or_refusal(requests)))
