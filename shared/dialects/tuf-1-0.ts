import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { sha256Hex } from '../display/fingerprint.ts';
import { canonicalJson } from '../tuf/canonical-json.ts';

import { type PublicKey, publicKeyFromPem, publicKeyFromRaw, publicKeyToPem } from '../tuf/public-key.ts';
import { ecdsaFromDer, ecdsaHalfWidth, ecdsaToDer, type HashName } from '../tuf/signature.ts';
import type { Dialect } from './dialect.ts';

/** Key types and the schemes that may go with them. `ecdsa-sha2-…` as a key type is the older spelling. */
const schemes: Readonly<
  Record<string, { algorithm: PublicKey['algorithm']; hash: HashName; keytypes: string[] }>
> = {
  ed25519: { algorithm: 'ed25519', hash: 'sha256', keytypes: ['ed25519'] },
  'ecdsa-sha2-nistp256': {
    algorithm: 'ecdsa-p256',
    hash: 'sha256',
    keytypes: ['ecdsa', 'ecdsa-sha2-nistp256'],
  },
  'ecdsa-sha2-nistp384': {
    algorithm: 'ecdsa-p384',
    hash: 'sha384',
    keytypes: ['ecdsa', 'ecdsa-sha2-nistp384'],
  },
  'rsassa-pss-sha256': { algorithm: 'rsa', hash: 'sha256', keytypes: ['rsa'] },
};
const schemeOf = {
  ed25519: 'ed25519',
  'ecdsa-p256': 'ecdsa-sha2-nistp256',
  'ecdsa-p384': 'ecdsa-sha2-nistp384',
  rsa: 'rsassa-pss-sha256',
} as const;
const keytypeOf = { ed25519: 'ed25519', 'ecdsa-p256': 'ecdsa', 'ecdsa-p384': 'ecdsa', rsa: 'rsa' } as const;

/** The Update Framework, specification 1.0. Section numbers are those of version 1.0.34. */
export const tuf10: Dialect = {
  name: 'tuf-1.0',
  title: 'TUF 1.0',
  typeNames: { root: 'root', targets: 'targets', snapshot: 'snapshot', timestamp: 'timestamp' },
  specVersion: '1.0.34',
  strictDateTime: true,
  // Section 4.2.1: "KEYID … unique"; python-tuf and tuf-js refuse the document.
  uniqueSignatureKeyIds: true,
  // Section 5.3.5: the version must be exactly N+1.
  consecutiveVersions: true,
  consistentSnapshot: true,
  rootKeyTypes: ['ecdsa-p256', 'ecdsa-p384', 'ed25519'],
  keepsRetiredRootKeys: false,
  rootCertificates: false,

  readKey(keyId, place) {
    const object = place.object();
    const keytype = place.field('keytype').string();
    const schemeName = place.field('scheme').string();
    const text = place.field('keyval').field('public').string();
    const listed = {
      keyId,
      // Section 4.3: "Clients MUST calculate each KEYID". Over the whole object; securesystemslib leaves
      // unknown fields out, and repositories in use (with x-tuf-on-ci-…) are made that way, so both are right.
      keyIdCorrect:
        keyId === sha256Hex(canonicalJson(object)) ||
        keyId === this.keyId({ keytype, scheme: schemeName, keyval: { public: text } }),
      object,
      certificates: [],
    };
    const unusable = (why: string) => ({ ...listed, publicKey: undefined, unusable: why });
    const scheme = Object.hasOwn(schemes, schemeName) ? schemes[schemeName] : undefined;
    if (!scheme) return unusable(`its scheme "${schemeName.slice(0, 60)}" is not one Rootward verifies`);
    if (!scheme.keytypes.includes(keytype)) {
      return unusable(`key type "${keytype.slice(0, 60)}" does not go with scheme "${schemeName}"`);
    }
    // tuf-js would read PEM here as well; python-tuf would not, so such a key is no use to a repository.
    if (scheme.algorithm === 'ed25519' && !isHex(text))
      return unusable('an Ed25519 key must be written in hexadecimal');
    try {
      const publicKey = readPublicText(scheme.algorithm, text);
      if (publicKey.algorithm !== scheme.algorithm) {
        return unusable(`it is a ${publicKey.algorithm} key under scheme "${schemeName}"`);
      }
      return { ...listed, publicKey, unusable: undefined };
    } catch (error) {
      return unusable(error instanceof Error ? error.message : 'its public key cannot be read');
    }
  },

  writeKey(publicKey) {
    const text = publicKey.algorithm === 'ed25519' ? bytesToHex(publicKey.raw) : publicKeyToPem(publicKey);
    return {
      keytype: keytypeOf[publicKey.algorithm],
      keyval: { public: text },
      scheme: schemeOf[publicKey.algorithm],
    };
  },

  // Section 4.2.1: the SHA-256 of the canonical form of the key.
  keyId: object => sha256Hex(canonicalJson(object)),

  decodeSignature(signature, key) {
    const text = signature.field('sig').string();
    const algorithm = key.publicKey?.algorithm;
    if (!isHex(text)) return { malformed: 'it is not hexadecimal' };
    const bytes = hexToBytes(text);
    const hash = key.publicKey ? this.hashFor(key.publicKey) : 'sha256';
    if (algorithm !== 'ecdsa-p256' && algorithm !== 'ecdsa-p384') return { bytes, hash };
    const fixed = ecdsaFromDer(bytes, ecdsaHalfWidth[algorithm]);
    return fixed ? { bytes: fixed, hash } : { malformed: 'it is not a DER-encoded ECDSA signature' };
  },

  writeSignature(keyId, publicKey, signature) {
    const bytes = publicKey.algorithm.startsWith('ecdsa') ? ecdsaToDer(signature) : signature;
    return { keyid: keyId, sig: bytesToHex(bytes) };
  },

  hashFor: publicKey => (publicKey.algorithm === 'ecdsa-p384' ? 'sha384' : 'sha256'),

  writeHash: sha256 => sha256,
  readHash: written => (/^([0-9a-f]{2})+$/i.test(written) ? written.toLowerCase() : undefined),

  rejectRootKey: () => undefined,
};

/** Section 4.2.1: PEM for RSA and ECDSA, 64 hexadecimal digits for Ed25519. Sigstore's first roots hold hex points. */
function readPublicText(algorithm: PublicKey['algorithm'], text: string): PublicKey {
  if (text !== '' && isHex(text) && algorithm !== 'rsa') return publicKeyFromRaw(algorithm, hexToBytes(text));
  return publicKeyFromPem(text);
}

/** Not /^([0-9a-f]{2})*$/: a repeated group overflows the stack on a text of some megabytes. */
const isHex = (text: string): boolean => text.length % 2 === 0 && /^[0-9a-f]*$/i.test(text);
