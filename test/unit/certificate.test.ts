import { execFileSync } from 'node:child_process';
import {
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { RootwardError } from '../../shared/contract/errors.ts';
import {
  makeRootCertificate,
  type RootCertificateRequest,
  readCertificate,
  readCertificateChain,
  verifyCertificateSignature,
} from '../../shared/tuf/certificate.ts';
import {
  readDer,
  writeContext,
  writeDer,
  writeInteger,
  writeObjectIdentifier,
  writeOctetString,
  writeSequence,
} from '../../shared/tuf/der.ts';
import { parsePem, writePem } from '../../shared/tuf/pem.ts';
import { publicKeyFromSpki } from '../../shared/tuf/public-key.ts';
import { peer } from '../interop/peers/availability.ts';

const codeOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof RootwardError) return error.code;
    throw error;
  }
  return 'nothing was thrown';
};
const spkiOf = (key: KeyObject) =>
  publicKeyFromSpki(new Uint8Array(key.export({ type: 'spki', format: 'der' })));
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const request = (
  pair: { publicKey: KeyObject; privateKey: KeyObject },
  changes: Partial<RootCertificateRequest> = {},
) => ({
  commonName: 'registry.example.com/payments',
  notBefore: '2026-11-21T02:06:58Z',
  notAfter: '2036-11-18T02:06:58Z',
  serial: new Uint8Array(randomBytes(16)),
  publicKey: spkiOf(pair.publicKey),
  sign: (tbs: Uint8Array) => new Uint8Array(sign(changes.hash ?? 'sha256', tbs, pair.privateKey)),
  ...changes,
});

/** Made by `notary init` 0.7.0: one name fits a PrintableString, the other (an underscore) does not. */
const fromNotary = {
  'example.com/payments': `-----BEGIN CERTIFICATE-----
MIIBcjCCARigAwIBAgIRAJiSVot0SVLV0xp9QeK6EZ8wCgYIKoZIzj0EAwIwHzEd
MBsGA1UEAxMUZXhhbXBsZS5jb20vcGF5bWVudHMwHhcNMjYxMTIxMDIwNjU4WhcN
MzYxMTE4MDIwNjU4WjAfMR0wGwYDVQQDExRleGFtcGxlLmNvbS9wYXltZW50czBZ
MBMGByqGSM49AgEGCCqGSM49AwEHA0IABO5ajo/fFa6ckpPfmS99/tHn3x+Io2YA
EIawaugDudLzEu0cgHARtawAkTudFiffEoYwmXawDkDR0PzGoLGeetqjNTAzMA4G
A1UdDwEB/wQEAwIFoDATBgNVHSUEDDAKBggrBgEFBQcDAzAMBgNVHRMBAf8EAjAA
MAoGCCqGSM49BAMCA0gAMEUCICkxnIHPsgqASuW7K/68NSbBDt6L+XeYFHyxQbpn
Fb5XAiEA6cipbkrJjdw0g6ZTaUVU3qpGsVKO35ON0dM5w+bkhwA=
-----END CERTIFICATE-----
`,
  'example.com/some_repo': `-----BEGIN CERTIFICATE-----
MIIBcjCCARmgAwIBAgIQNNRBPQ7blwhEfCnq8w7sVzAKBggqhkjOPQQDAjAgMR4w
HAYDVQQDDBVleGFtcGxlLmNvbS9zb21lX3JlcG8wHhcNMjYxMTIxMDIwNjU4WhcN
MzYxMTE4MDIwNjU4WjAgMR4wHAYDVQQDDBVleGFtcGxlLmNvbS9zb21lX3JlcG8w
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATuWo6P3xWunJKT35kvff7R598fiKNm
ABCGsGroA7nS8xLtHIBwEbWsAJE7nRYn3xKGMJl2sA5A0dD8xqCxnnraozUwMzAO
BgNVHQ8BAf8EBAMCBaAwEwYDVR0lBAwwCgYIKwYBBQUHAwMwDAYDVR0TAQH/BAIw
ADAKBggqhkjOPQQDAgNHADBEAiB42Oll3tbzhhhtQC1jZ9GMdAGGHcB8UXdmK4KN
2eOnMgIgRzke6aUT79FZl3l6V+Fj0TccbUZJ7LZgk/eAVqbz1Hc=
-----END CERTIFICATE-----
`,
};

describe.each(Object.entries(fromNotary))('the certificate of notary init for %s', (gun, pem) => {
  const [certificate] = readCertificateChain(pem);
  if (certificate === undefined) throw new Error('no certificate');

  it('is read', () => {
    expect(certificate).toMatchObject({
      version: 3,
      subjectCommonName: gun,
      subjectText: `CN=${gun}`,
      issuerText: `CN=${gun}`,
      notBefore: '2026-11-21T02:06:58Z',
      notAfter: '2036-11-18T02:06:58Z',
      signatureAlgorithm: 'ecdsa-sha256',
      isCertificateAuthority: false,
      keyUsage: ['digitalSignature', 'keyEncipherment'],
      extendedKeyUsage: ['codeSigning'],
      unknownCriticalExtensions: [],
      selfSigned: true,
    });
    expect(certificate.serial).toBe(new X509Certificate(pem).serialNumber.toLowerCase());
    expect(verifyCertificateSignature(certificate, certificate.publicKey)).toBe(true);
    expect(verifyCertificateSignature(certificate, spkiOf(p256.publicKey))).toBe(false);
  });

  it('is made again, byte for byte, from what was read of it', () => {
    const made = makeRootCertificate({
      commonName: certificate.subjectCommonName,
      notBefore: certificate.notBefore,
      notAfter: certificate.notAfter,
      serial: new Uint8Array(Buffer.from(certificate.serial, 'hex')),
      publicKey: certificate.publicKey,
      sign: tbs => {
        expect(tbs).toEqual(certificate.tbs);
        return certificate.signature;
      },
    });
    expect(made).toEqual(certificate.der);
    expect(writePem('CERTIFICATE', made)).toBe(pem);
  });

  it('with any byte changed is refused, or does not verify', () => {
    const key = certificate.publicKey;
    for (let index = 0; index < certificate.der.length; index++) {
      const changed = Uint8Array.from(certificate.der);
      changed[index] = (changed[index] ?? 0) ^ (1 + (index % 255));
      const code = codeOf(() => {
        expect(verifyCertificateSignature(readCertificate(changed), key)).toBe(false);
      });
      expect([
        'damaged-encoding',
        'invalid-certificate',
        'invalid-key',
        'unsupported-key',
        'nothing was thrown',
      ]).toContain(code);
    }
    for (let length = 0; length < certificate.der.length; length++)
      expect(codeOf(() => readCertificate(certificate.der.subarray(0, length)))).toBe('damaged-encoding');
  });
});

describe('making', () => {
  it.each([
    ['P-256', p256, 'sha256'],
    ['P-384', p384, 'sha256'],
    ['P-384', p384, 'sha384'],
  ] as const)('%s is accepted by node:crypto (%#)', (_name, pair, hash) => {
    const der = makeRootCertificate(request(pair, { organizationalUnit: 'Alice Müller', hash }));
    const theirs = new X509Certificate(der);
    expect(theirs.verify(pair.publicKey)).toBe(true);
    expect(theirs.subject).toBe('OU=Alice Müller\nCN=registry.example.com/payments');
    expect(theirs.ca).toBe(false);
    expect(new Date(theirs.validTo).toISOString()).toBe('2036-11-18T02:06:58.000Z');
    const ours = readCertificate(der);
    expect(ours.signatureAlgorithm).toBe(`ecdsa-${hash}`);
    expect(ours.subjectText).toBe('OU=Alice Müller, CN=registry.example.com/payments');
    expect(theirs.fingerprint256.length).toBe(95);
  });

  it.each([
    ['a name with a line break', { commonName: 'a\nb' }, 'invalid-value'],
    ['no name', { commonName: '' }, 'invalid-value'],
    ['half a character', { commonName: '\ud800' }, 'invalid-value'],
    ['a fraction of a second', { notBefore: '2026-11-21T02:06:58.5Z' }, 'invalid-value'],
    ['the 31st of June', { notAfter: '2036-06-31T00:00:00Z' }, 'invalid-value'],
    ['an end before its beginning', { notAfter: '2026-11-21T02:06:58Z' }, 'invalid-value'],
    ['a short serial number', { serial: new Uint8Array(8).fill(1) }, 'invalid-value'],
    ['serial number 0', { serial: new Uint8Array(16) }, 'invalid-value'],
    ['the signature of another key', { publicKey: spkiOf(p384.publicKey) }, 'signature-invalid'],
    ['a signature that is none', { sign: () => new Uint8Array(70) }, 'signature-invalid'],
    ['an Ed25519 key', { publicKey: spkiOf(generateKeyPairSync('ed25519').publicKey) }, 'unsupported-key'],
  ])('refuses %s', (_name, changes, code) => {
    expect(codeOf(() => makeRootCertificate(request(p256, changes)))).toBe(code);
  });

  it('writes serial numbers with a high or a zero first byte, and years from 2050 on', () => {
    for (const first of [0xff, 0x00, 0x7f]) {
      const serial = new Uint8Array(randomBytes(16));
      serial[0] = first;
      serial[1] = 0x80;
      const der = makeRootCertificate(request(p256, { serial, notAfter: '2056-11-18T02:06:58Z' }));
      const theirs = new X509Certificate(der);
      expect(readCertificate(der).serial).toBe(theirs.serialNumber.toLowerCase());
      expect(readCertificate(der).notAfter).toBe('2056-11-18T02:06:58Z');
      expect(new Date(theirs.validTo).getUTCFullYear()).toBe(2056);
    }
  });
});

describe('chains', () => {
  const pem = writePem('CERTIFICATE', makeRootCertificate(request(p256)));
  it.each([
    ['nothing', ''],
    ['another block', pem + writePem('PUBLIC KEY', spkiOf(p256.publicKey).spki)],
    ['too many', pem.repeat(17)],
  ])('refuses %s', (_name, text) => {
    expect(codeOf(() => readCertificateChain(text))).toBe('invalid-certificate');
  });
  it('keeps the order', () => {
    const other = writePem('CERTIFICATE', makeRootCertificate(request(p384)));
    expect(readCertificateChain(other + pem).map(({ publicKey }) => publicKey.bits)).toEqual([384, 256]);
  });
});

describe('structure', () => {
  const good = readCertificate(makeRootCertificate(request(p256)));
  const fields = readDer(good.tbs).children.map(({ bytes }) => bytes);
  const outer = readDer(good.der).children.map(({ bytes }) => bytes);
  const rebuild = (change: (parts: Uint8Array[]) => void) => {
    const parts = [...fields];
    change(parts);
    return writeSequence(writeSequence(...parts), ...outer.slice(1));
  };
  const extension = (name: string, content: Uint8Array) =>
    writeSequence(writeObjectIdentifier(name), Uint8Array.of(1, 1, 255), writeOctetString(content));

  it('refuses an extension twice, another inner algorithm, a version that is none', () => {
    const twice = extension('2.5.29.19', writeSequence());
    expect(
      codeOf(() =>
        readCertificate(
          rebuild(parts => {
            parts[7] = writeContext(3, writeSequence(twice, twice));
          }),
        ),
      ),
    ).toBe('invalid-certificate');
    expect(
      codeOf(() =>
        readCertificate(
          rebuild(parts => {
            parts[2] = writeSequence(writeObjectIdentifier('1.2.840.10045.4.3.3'));
          }),
        ),
      ),
    ).toBe('invalid-certificate');
    expect(
      codeOf(() =>
        readCertificate(
          rebuild(parts => {
            parts[0] = writeContext(0, writeInteger(3));
          }),
        ),
      ),
    ).toBe('invalid-certificate');
    expect(
      codeOf(() =>
        readCertificate(
          rebuild(parts => {
            parts[0] = writeContext(0, writeInteger(1));
          }),
        ),
      ),
    ).toBe('invalid-certificate');
    expect(
      codeOf(() =>
        readCertificate(
          rebuild(parts => {
            parts[1] = writeDer(2, new Uint8Array(34).fill(1));
          }),
        ),
      ),
    ).toBe('invalid-certificate');
    expect(
      codeOf(() =>
        readCertificate(
          rebuild(parts => {
            parts.push(writeInteger(1));
          }),
        ),
      ),
    ).toBe('invalid-certificate');
    expect(codeOf(() => readCertificate(writeSequence(...outer, ...outer)))).toBe('invalid-certificate');
  });

  it('names an unknown critical extension, and lets a foreign kind of name part be', () => {
    const read = readCertificate(
      rebuild(parts => {
        parts[7] = writeContext(3, writeSequence(extension('1.2.3.4', writeSequence())));
        const part = writeSequence(writeObjectIdentifier('1.2.3'), writeOctetString(Uint8Array.of(1)));
        const cn = writeSequence(
          writeObjectIdentifier('2.5.4.3'),
          writeDer(0x0c, new TextEncoder().encode('a, CN=b\u202e')),
        );
        parts[5] = writeSequence(writeDer(0x31, part), writeDer(0x31, cn));
      }),
    );
    expect(read.unknownCriticalExtensions).toEqual(['1.2.3.4']);
    expect(read.subjectText).toBe('1.2.3=#040101, CN=a\\, CN\\=b\\u{202e}');
    expect(read.selfSigned).toBe(false);
  });

  it('reads a certificate of version 1', () => {
    const read = readCertificate(
      rebuild(parts => {
        parts.shift();
        parts.pop();
      }),
    );
    expect(read.version).toBe(1);
    expect(read.isCertificateAuthority).toBe(false);
  });

  it('meets mutations of whole elements with a RootwardError or a certificate', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.der.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        changes => {
          const changed = Uint8Array.from(good.der);
          for (const [index, byte] of changes) changed[index] = byte;
          codeOf(() => readCertificate(changed));
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('what OpenSSL makes', () => {
  const state = peer('openssl');
  const folder = mkdtempSync(path.join(tmpdir(), 'rootward-certificate-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const openssl = (...args: string[]) =>
    execFileSync(state.available ? state.command : 'openssl', args, { stdio: 'pipe', cwd: folder });
  const selfSigned = (...options: string[]) => {
    openssl(
      'req',
      '-x509',
      '-nodes',
      '-keyout',
      'key.pem',
      '-out',
      'certificate.pem',
      '-days',
      '30',
      '-subj',
      '/C=CH/O=Example, Inc./CN=example.com',
      ...options,
    );
    const [certificate] = readCertificateChain(readFileSync(path.join(folder, 'certificate.pem'), 'utf8'));
    if (certificate === undefined) throw new Error('no certificate');
    return certificate;
  };

  it.skipIf(!state.available).each([
    ['rsa-sha256', ['-newkey', 'rsa:2048', '-sha256'], true],
    ['rsa-sha384', ['-newkey', 'rsa:2048', '-sha384'], true],
    ['rsa-sha512', ['-newkey', 'rsa:2048', '-sha512'], true],
    ['rsa-sha1', ['-newkey', 'rsa:2048', '-sha1'], false],
    ['rsa-pss', ['-newkey', 'rsa:2048', '-sha256', '-sigopt', 'rsa_padding_mode:pss'], false],
    ['ecdsa-sha256', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384', '-sha256'], true],
    ['ecdsa-sha384', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-sha384'], true],
    ['ecdsa-sha512', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-sha512'], true],
    ['ed25519', ['-newkey', 'ed25519'], true],
  ] as const)('%s', (algorithm, options, verifies) => {
    const certificate = selfSigned(...options);
    expect(certificate.signatureAlgorithm).toBe(algorithm);
    expect(certificate.isCertificateAuthority).toBe(true);
    expect(certificate.subjectText).toBe('C=CH, O=Example\\, Inc., CN=example.com');
    expect(verifyCertificateSignature(certificate, certificate.publicKey)).toBe(verifies);
    const changed = Uint8Array.from(certificate.signature);
    changed[20] = (changed[20] ?? 0) ^ 1;
    expect(verifyCertificateSignature({ ...certificate, signature: changed }, certificate.publicKey)).toBe(
      false,
    );
    expect(verifyCertificateSignature(certificate, spkiOf(p256.publicKey))).toBe(false);
    const theirs = new X509Certificate(certificate.der);
    expect(Date.parse(theirs.validTo)).toBe(Date.parse(certificate.notAfter));
    expect(createPrivateKey(readFileSync(path.join(folder, 'key.pem'))).type).toBe('private');
  });

  it('prints ours as the certificate it is', context => {
    if (!state.available) return context.skip(state.reason);
    writeFileSync(path.join(folder, 'ours.pem'), writePem('CERTIFICATE', makeRootCertificate(request(p256))));
    const text = openssl('x509', '-in', 'ours.pem', '-noout', '-text').toString();
    for (const line of [
      'Version: 3 (0x2)',
      'Digital Signature, Key Encipherment',
      'Code Signing',
      'CA:FALSE',
      'Not After : Nov 18 02:06:58 2036 GMT',
    ])
      expect(text).toContain(line);
    expect(parsePem(readFileSync(path.join(folder, 'ours.pem'))).length).toBe(1);
    expect(openssl('verify', '-CAfile', 'ours.pem', 'ours.pem').toString()).toContain('ours.pem: OK');
  });
});
