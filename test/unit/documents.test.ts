/** The two documents of a first root, and everything a ceremony carries away. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { verifyTwice } from '../../electron/signers/platform-verifier.ts';
import {
  assembleDocument,
  documentPayloads,
  rehearsalNotice,
  rehearsalTarget,
  signedDocuments,
} from '../../shared/ceremony/documents.ts';
import { type ExportFile, exportFiles } from '../../shared/ceremony/export-files.ts';
import type { GenesisPlanInput } from '../../shared/ceremony/plan.ts';
import { evidenceOf } from '../../shared/ceremony/state.ts';
import { readCertificateChain } from '../../shared/tuf/certificate.ts';
import { readRoot, readTargets } from '../../shared/tuf/metadata.ts';
import { verifyFiles } from '../../shared/tuf/verify-files.ts';
import { canonicalJson as independent } from '../interop/peers/online-roles.ts';
import { type HeldCeremony, holdCeremony, notaryPlan, openedAt, tufPlan } from './build-ceremony.ts';

const position = { entries: 14, head: 'ab'.repeat(32) };
const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const sha256 = (bytes: Uint8Array, encoding: 'hex' | 'base64' = 'hex'): string =>
  createHash('sha256').update(bytes).digest(encoding);
const filesOf = (ceremony: HeldCeremony): ExportFile[] =>
  exportFiles(ceremony.state(), position, []) as ExportFile[];
const named = (files: readonly ExportFile[], name: string): Uint8Array | undefined =>
  files.find(file => file.name === name)?.bytes;
const plans: [string, GenesisPlanInput][] = [
  ['TUF 1.0', tufPlan],
  ['Notary v1', notaryPlan],
];

describe.each(plans)('the first root of %s', (_name, plan) => {
  const real = holdCeremony(plan);
  const rehearsal = holdCeremony(plan, { rehearsal: true });
  const gun = plan.dialect === 'notary-v1' ? plan.repository : undefined;

  it('has payloads once all keys are there, and not before', () => {
    const known = real.state().script.findIndex(step => step.kind === 'online-keys') + 3;
    for (let entries = 2; entries <= real.events.length; entries += 1)
      expect(documentPayloads(real.state(entries)) !== undefined).toBe(entries >= known);
  });

  it('has the same payloads for everybody who has the plan and the public keys', () => {
    const [first, again] = [documentPayloads(real.state()), documentPayloads(real.state())];
    expect(again).toEqual(first);
    for (const role of ['root', 'targets'] as const) {
      const payload = first?.[role];
      const plainly = JSON.parse(JSON.stringify(payload?.signed));
      expect(Buffer.from(payload?.bytes ?? []).equals(independent(plainly))).toBe(true);
      expect(payload?.hash).toBe(sha256(payload?.bytes ?? new Uint8Array()));
    }
    // Nothing that happens after the keys changes them.
    const known = real.state().script.findIndex(step => step.kind === 'online-keys') + 3;
    expect(documentPayloads(real.state(known))).toEqual(first);
  });

  it('is what the plan says, and verifies as a client would verify it', () => {
    const documents = signedDocuments(real.state());
    const view = verifyFiles(
      [
        { name: 'root.json', bytes: documents?.root ?? new Uint8Array() },
        { name: 'targets.json', bytes: documents?.targets ?? new Uint8Array() },
      ],
      { verifier: verifyTwice, at: openedAt, gun },
    );
    expect(view.files.flatMap(file => file.problems)).toEqual([]);
    expect(view.files.flatMap(file => file.notices)).toEqual([]);
    const root = readRoot(documents?.root as Uint8Array);
    expect(root).toMatchObject({ version: 1, expires: '2036-11-21T09:00:00Z' });
    expect(root.roles.get('root')).toMatchObject({ threshold: 2 });
    expect(root.roles.get('root')?.keyIds).toHaveLength(3);
    expect(root.signatures).toHaveLength(2);
    expect(readTargets(documents?.targets as Uint8Array)).toMatchObject({
      targetCount: 0,
      expires: '2029-11-21T09:00:00Z',
    });
  });

  it('is there only once every planned signature is', () => {
    const signed = real.state().script.findIndex(step => step.kind === 'prove') + 2;
    for (let entries = 2; entries <= real.events.length; entries += 1) {
      expect(signedDocuments(real.state(entries)) !== undefined).toBe(entries >= signed);
      expect(exportFiles(real.state(entries), position, []) !== undefined).toBe(entries >= signed);
    }
  });

  it('is exported under every name clients ask for, with sums that stock tools check', () => {
    const files = filesOf(real);
    expect(files.map(file => file.name)).toEqual([
      'root.json',
      '1.root.json',
      'targets.json',
      ...(plan.dialect === 'tuf-1.0' ? ['1.targets.json'] : []),
      'COURIER.txt',
      'TRANSCRIPT.txt',
      'SHA256SUMS',
    ]);
    expect(named(files, '1.root.json')).toEqual(named(files, 'root.json'));
    const sums = text(named(files, 'SHA256SUMS'));
    expect(sums).toBe(
      files
        .slice(0, -1)
        .map(file => `${sha256(file.bytes)}  ${file.name}\n`)
        .join(''),
    );
    expect(sums.startsWith(evidenceOf(real.state(), 'prove')[0]?.rootHash ?? 'nothing')).toBe(true);
  });

  it('says in every exported file of a rehearsal that it is one, and in none of a real ceremony', () => {
    const marks = /REHEARSAL/;
    for (const { name, bytes } of filesOf(rehearsal)) {
      if (plan.dialect === 'notary-v1' && name.endsWith('root.json')) {
        // Notary's server drops unknown fields: there, the mark stands in each root certificate.
        const root = readRoot(bytes);
        for (const keyId of root.roles.get('root')?.keyIds ?? [])
          expect(root.keys.get(keyId)?.certificates[0]?.subjectText).toMatch(marks);
      } else expect(text(bytes), name).toMatch(marks);
    }
    for (const { name, bytes } of filesOf(real)) expect(text(bytes), name).not.toMatch(/rehearsal/i);
    for (const evidence of evidenceOf(real.state(), 'generate-key'))
      if (evidence.certificate)
        expect(readCertificateChain(evidence.certificate)[0]?.subjectText).toBe(`CN=${plan.repository}`);
  });

  it('lists the notice of a rehearsal as a target, with the length and hash of its file', () => {
    const files = filesOf(rehearsal);
    expect(text(named(files, rehearsalTarget))).toBe(rehearsalNotice);
    const targets = JSON.parse(text(named(files, 'targets.json'))).signed.targets;
    const notice = new TextEncoder().encode(rehearsalNotice);
    expect(targets).toEqual({
      [rehearsalTarget]: {
        length: notice.length,
        hashes: { sha256: sha256(notice, plan.dialect === 'notary-v1' ? 'base64' : 'hex') },
      },
    });
  });

  it('leaves a courier page of plain lines that names the repository and the files', () => {
    for (const ceremony of [real, rehearsal]) {
      const page = text(named(filesOf(ceremony), 'COURIER.txt'));
      expect(page).toContain(plan.repository);
      expect(page).toContain('sha256sum --check SHA256SUMS');
      expect(page).not.toMatch(/[^\P{C}\n]/u);
      const long = page
        .split('\n')
        .filter(line => line.length > 78 && !/^ {4}/.test(line) && !line.includes(plan.repository));
      expect(long).toEqual([]);
    }
  });
});

describe('a Notary document', () => {
  it('is, byte for byte, what Notary itself would write: canonical JSON under signed, then the signatures', () => {
    for (const options of [{}, { rehearsal: true }]) {
      const ceremony = holdCeremony(notaryPlan, options);
      const payloads = documentPayloads(ceremony.state());
      const documents = signedDocuments(ceremony.state());
      for (const role of ['root', 'targets'] as const) {
        const signatures = evidenceOf(ceremony.state(), 'sign').filter(evidence => evidence.role === role);
        const written = signatures
          .flatMap(evidence => evidence.signatures)
          .map(
            signature =>
              `{"keyid":"${signature.keyid}","method":"${signature.method}","sig":"${signature.sig}"}`,
          );
        expect(text(documents?.[role])).toBe(
          `{"signed":${text(payloads?.[role]?.bytes)},"signatures":[${written.join(',')}]}`,
        );
      }
      // Notary's own fields and no others: its server hashes its own serialisation.
      expect(Object.keys(payloads?.root.signed ?? {}).toSorted()).toEqual([
        '_type',
        'consistent_snapshot',
        'expires',
        'keys',
        'roles',
        'version',
      ]);
      expect(Object.keys(payloads?.targets?.signed ?? {}).toSorted()).toEqual([
        '_type',
        'delegations',
        'expires',
        'targets',
        'version',
      ]);
    }
  });
});

describe('any document', () => {
  it('is valid JSON, also where the canonical form is not: a PEM key has line breaks', () => {
    const signed = { text: 'line\nbreak "and" \\ \u0001', 'key\n': [1, { b: null, a: true }] };
    const bytes = assembleDocument(signed, [{ sig: 'x', keyid: 'y' }]);
    expect(JSON.parse(text(bytes))).toEqual({ signed, signatures: [{ keyid: 'y', sig: 'x' }] });
    expect(text(bytes)).not.toContain('\n');
  });
});
