import { RootwardError } from '../../../shared/contract/errors.ts';
import {
  concatBytes,
  derTag,
  derUnsigned,
  openDer,
  readDer,
  unsignedToBytes,
} from '../../../shared/tuf/der.ts';
import type { PublicKey } from '../../../shared/tuf/public-key.ts';
import { readPkcs8Pem } from '../pkcs8.ts';
import { publicKeyOf } from '../software.ts';
import { writeTlv } from '../tlv.ts';
import type { TokenAlgorithm } from '../token.ts';
import { rsaPublicKeyFromNumbers } from './public-halves.ts';

/** A private key as the card's IMPORT takes it. */
export interface PrivateKeyParts {
  readonly algorithm: TokenAlgorithm;
  readonly publicKey: PublicKey;
  /** TLVs: 06 scalar, 07 seed, or 01 to 05 the RSA numbers p, q, dp, dq, qinv. The caller wipes them. */
  readonly parts: Uint8Array;
}

/** The public exponent cards of Yubico's kind use for every RSA key they take in. */
const cardExponent = 65_537n;

/**
 * @param pem PKCS#8 PEM of an ECDSA, Ed25519 or RSA key
 * @throws RootwardError `key-damaged`, `unsupported-key` (an RSA size or exponent no card takes)
 */
export function privateKeyParts(pem: Uint8Array): PrivateKeyParts {
  const { algorithm, secret } = readPkcs8Pem(pem);
  try {
    if (algorithm === 'rsa') {
      const outer = openDer(readDer(secret, document), 'the private key');
      outer.next(derTag.integer, 'its version');
      outer.next(derTag.sequence, 'its algorithm');
      return rsaParts(outer.next(derTag.octetString, 'the key itself').content);
    }
    return {
      algorithm,
      publicKey: publicKeyOf(algorithm, secret),
      parts: writeTlv(algorithm === 'ed25519' ? 0x07 : 0x06, secret),
    };
  } finally {
    secret.fill(0);
  }
}

const document = {
  name: 'the private key',
  structureCode: 'key-damaged',
  remedy: 'Restore this key from its backup. The passphrase was right.',
} as const;

/** RSAPrivateKey of RFC 8017 appendix A.1.2. Its numbers pass through bigints, which cannot be wiped. */
function rsaParts(der: Uint8Array): PrivateKeyParts {
  const key = openDer(readDer(der, document), 'the RSA key');
  const number = (what: string): bigint => derUnsigned(key.next(derTag.integer, what), what);
  number('its version');
  const modulus = number('the modulus');
  const exponent = number('the exponent');
  number('the private exponent');
  const secrets = ['p', 'q', 'dp', 'dq', 'qinv'].map(number);
  const bits = modulus.toString(2).length;
  if ((bits !== 2048 && bits !== 3072 && bits !== 4096) || exponent !== cardExponent)
    throw new RootwardError('unsupported-key', {
      message: `Tokens take RSA keys of 2048, 3072 or 4096 bits with exponent ${cardExponent}; this has ${bits} bits and exponent ${exponent}.`,
      remedy: 'Make a new key on the token and rotate to it.',
    });
  const half = bits / 16;
  if (secrets.some(value => value >= 1n << BigInt(half * 8)))
    throw new RootwardError('key-damaged', {
      message: 'The private key is damaged: one of its primes is too long.',
      remedy: document.remedy,
    });
  return {
    algorithm: `rsa-${bits}`,
    publicKey: rsaPublicKeyFromNumbers(unsignedToBytes(modulus, bits / 8), unsignedToBytes(exponent, 3)),
    parts: concatBytes(...secrets.map((value, index) => writeTlv(index + 1, unsignedToBytes(value, half)))),
  };
}
