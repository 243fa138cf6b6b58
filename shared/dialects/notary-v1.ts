import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { base64 } from '@scure/base';
import { sha256Hex } from '../display/fingerprint.ts';
import { canonicalJson } from '../tuf/canonical-json.ts';
import { type Certificate, readCertificateChain } from '../tuf/certificate.ts';
import type { JsonObject } from '../tuf/json.ts';
import { writePem } from '../tuf/pem.ts';
import { type PublicKey, publicKeyFromRaw, publicKeyFromSpki } from '../tuf/public-key.ts';
import { ecdsaHalfWidth } from '../tuf/signature.ts';
import type { Dialect, ListedKey } from './dialect.ts';

/** tuf/data/types.go:89-95 and the key types of types.go:98-104 that go with each. */
const methods: Readonly<Record<string, readonly string[]>> = {
  ecdsa: ['ecdsa-p256', 'ecdsa-p384'],
  eddsa: ['ed25519'],
  rsapss: ['rsa'],
};
const methodOf = { ed25519: 'eddsa', 'ecdsa-p256': 'ecdsa', 'ecdsa-p384': 'ecdsa', rsa: 'rsapss' } as const;
const keytypeOf = { ed25519: 'ed25519', 'ecdsa-p256': 'ecdsa', 'ecdsa-p384': 'ecdsa', rsa: 'rsa' } as const;

const oneDay = 86_400_000;

/** Docker Content Trust: notaryproject/notary 0.7.0, whose files are named at each rule. */
export const notaryV1: Dialect = {
  name: 'notary-v1',
  title: 'Notary v1 (Docker Content Trust)',
  // tuf/data/types.go:107-112
  typeNames: { root: 'Root', targets: 'Targets', snapshot: 'Snapshot', timestamp: 'Timestamp' },
  specVersion: undefined,
  strictDateTime: false,
  // tuf/signed/verify.go: valid signatures are collected in a map by key ID; a second one is only not counted.
  uniqueSignatureKeyIds: false,
  // tuf/builder.go checks a minimum version; a client at version 1 follows to 3 when 2 is not needed.
  consecutiveVersions: false,
  consistentSnapshot: false,
  // trustpinning/certs.go reads root keys from certificates, and Notary has none for Ed25519.
  rootKeyTypes: ['ecdsa-p256', 'ecdsa-p384'],
  // tuf/tuf.go:165-177: certificates of earlier roots stay in `keys`, though no role names them.
  keepsRetiredRootKeys: true,
  rootCertificates: true,

  readKey(keyId, place) {
    const object = place.object();
    const keytype = place.field('keytype').string();
    const text = place.field('keyval').field('public').string();
    const listed = { keyId, keyIdCorrect: keyId === this.keyId(object), object };
    const unusable = (why: string): ListedKey => ({
      ...listed,
      publicKey: undefined,
      unusable: why,
      certificates: [],
    });
    try {
      const bytes = base64.decode(text);
      switch (keytype) {
        case 'ecdsa':
        case 'rsa':
          return withKey(publicKeyFromSpki(bytes), []);
        case 'ed25519':
          return withKey(publicKeyFromRaw('ed25519', bytes), []);
        case 'ecdsa-x509':
        case 'rsa-x509': {
          const certificates = readCertificateChain(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
          const leaf = certificates[0];
          return leaf ? withKey(leaf.publicKey, certificates) : unusable('it holds no certificate');
        }
        default:
          return unusable(`its type "${keytype.slice(0, 60)}" is unknown to Notary`);
      }
    } catch (error) {
      return unusable(error instanceof Error ? error.message : 'its public key cannot be read');
    }

    function withKey(publicKey: PublicKey, certificates: readonly Certificate[]): ListedKey {
      const family = keytype.replace('-x509', '');
      if (keytypeOf[publicKey.algorithm] !== family)
        return unusable(`it is a ${publicKey.algorithm} key listed as "${keytype}"`);
      return { ...listed, publicKey, unusable: undefined, certificates };
    }
  },

  writeKey(publicKey, certificate) {
    const family = keytypeOf[publicKey.algorithm];
    if (certificate) {
      const pem = new TextEncoder().encode(writePem('CERTIFICATE', certificate));
      return { keytype: `${family}-x509`, keyval: { private: null, public: base64.encode(pem) } };
    }
    const bytes = publicKey.algorithm === 'ed25519' ? publicKey.raw : publicKey.spki;
    return { keytype: family, keyval: { private: null, public: base64.encode(bytes) } };
  },

  // tuf/data/keys.go:196-230: always exactly these members, whatever else the object holds.
  keyId(object) {
    const keyval = object.keyval as JsonObject | undefined;
    return sha256Hex(
      canonicalJson({
        keytype: object.keytype ?? '',
        keyval: { private: null, public: keyval?.public ?? '' },
      }),
    );
  },

  decodeSignature(signature, key) {
    const text = signature.field('sig').string();
    // types.go:381-390 lower-cases the method when reading. Without one a signature does not count (verify.go).
    const written = signature.optional('method')?.value;
    if (typeof written !== 'string') return { malformed: 'it names no method' };
    const method = written.toLowerCase();
    const algorithm = key.publicKey?.algorithm;
    if (algorithm && !(Object.hasOwn(methods, method) && methods[method]?.includes(algorithm))) {
      return { malformed: `method "${method.slice(0, 40)}" does not go with a ${algorithm} key` };
    }
    let bytes: Uint8Array;
    try {
      bytes = base64.decode(text);
    } catch {
      return { malformed: 'it is not base64' };
    }
    if (algorithm === 'ecdsa-p256' || algorithm === 'ecdsa-p384') {
      // tuf/signed/verifiers.go:359-369: fixed width only; DER is refused.
      const width = ecdsaHalfWidth[algorithm] * 2;
      if (bytes.length !== width)
        return { malformed: `it has ${bytes.length} bytes, not the ${width} of r and s` };
    }
    return { bytes, hash: 'sha256' };
  },

  writeSignature(keyId, publicKey, signature) {
    return { keyid: keyId, method: methodOf[publicKey.algorithm], sig: base64.encode(signature) };
  },

  // tuf/data/types.go: hashes are []byte, which Go writes as base64.
  writeHash: sha256 => base64.encode(hexToBytes(sha256)),
  readHash: written => {
    try {
      return bytesToHex(base64.decode(written));
    } catch {
      return undefined;
    }
  },

  // tuf/signed/verifiers.go hashes with SHA-256 whatever the curve.
  hashFor: () => 'sha256',

  rejectRootKey(key, { gun, at, checkExpiry }) {
    // trustpinning/certs.go, parseAllCerts: exactly one leaf, and it stands first.
    const leaf = key.certificates[0];
    if (!leaf) return 'a Notary root key must stand in a certificate';
    if (leaf.isCertificateAuthority) return 'its certificate chain does not begin with a leaf certificate';
    if (key.certificates.filter(certificate => !certificate.isCertificateAuthority).length > 1) {
      return 'its certificate chain has more than one leaf certificate';
    }
    // trustpinning/certs.go:180-189, MatchCNToGun.
    if (gun !== undefined && !commonNameMatches(leaf.subjectCommonName, gun)) {
      return `its certificate is for "${leaf.subjectCommonName}", not for "${gun}"`;
    }
    const why = invalidCertificate(leaf, at, checkExpiry);
    if (why !== undefined) return `its certificate ${why}`;
    // trustpinning/certs.go, validRootIntCerts: of a new root's chain the invalid rest is dropped. The chain then
    // has another key ID than the one that signed, so the key does not count.
    const rest = checkExpiry ? key.certificates.slice(1) : [];
    for (const [index, certificate] of rest.entries()) {
      const refusal = invalidCertificate(certificate, at, true);
      if (refusal !== undefined) return `certificate ${index + 2} of its chain ${refusal}`;
    }
    return undefined;
  },
};

/** tuf/utils/x509.go, ValidateCertificate. RSA below 2048 bits is refused when the key is read. */
function invalidCertificate(certificate: Certificate, at: number, checkExpiry: boolean): string | undefined {
  const notBefore = Date.parse(certificate.notBefore);
  const notAfter = Date.parse(certificate.notAfter);
  if (notBefore > notAfter) return 'ends before it begins';
  if (/sha1|md5/i.test(certificate.signatureAlgorithm)) return 'is signed with SHA-1';
  if (checkExpiry && at > notAfter) return `expired on ${certificate.notAfter}`;
  if (checkExpiry && at + oneDay < notBefore) return `is not valid before ${certificate.notBefore}`;
  return undefined;
}

/** trustpinning/certs.go, MatchCNToGun: a common name may end in `*`, which stands for anything. */
function commonNameMatches(commonName: string, gun: string): boolean {
  if (commonName.endsWith('*')) return gun.startsWith(commonName.replace(/\*+$/, ''));
  return commonName === gun;
}
