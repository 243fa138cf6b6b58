/** A signing request is of one piece, and a signature that comes back is stored only where it belongs. */
import { describe, expect, it } from 'vitest';
import { proveAsClient } from '../../electron/custodian/steps/prove.ts';
import { verifyTwice } from '../../electron/signers/platform-verifier.ts';
import { checkSigningRequest as check } from '../../shared/ceremony/check-request.ts';
import type { DialectName } from '../../shared/ceremony/plan.ts';
import { planHash } from '../../shared/ceremony/settled-plan.ts';
import {
  matchSignature,
  readSignatureFile,
  readSigningRequest,
  requestFor,
  requestPayloadHash,
  type SignatureFile,
  type SigningRequest,
  writeFile,
} from '../../shared/ceremony/signing-request.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import { dialects } from '../../shared/dialects/dialects.ts';
import { jsonText } from '../../shared/tuf/canonical-json.ts';
import { signWithNode } from './build-metadata.ts';
import { MemoryDesk } from './build-rotation.ts';

const p256 = (...names: string[]) => names.map(name => ({ name, keytype: 'ecdsa-p256' }));
const checkSigningRequest = (request: SigningRequest) => check(request, verifyTwice);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const everything = {
  remove: ['Carol'],
  add: p256('Dora', 'Emil'),
  threshold: 3,
  targets: { remove: ['Tara'], add: p256('Tim') },
};

function waiting(dialect: DialectName, changes: Record<string, unknown> = everything) {
  const desk = new MemoryDesk();
  desk.genesis(dialect);
  const id = desk.open(desk.settled(desk.lookAtRotation(changes)));
  desk.hold(id, { without: step => step.kind === 'sign' });
  const request = requestFor(desk.state(id)) as SigningRequest;
  return { desk, id, request };
}

/** What a right machine would send back. */
function signatureOf(desk: MemoryDesk, request: SigningRequest, index: number): SignatureFile {
  const { role, fingerprint, keyIds } = request.asked[index] as SigningRequest['asked'][number];
  const key = desk.keys.get(fingerprint);
  if (!key) throw new Error('no such key');
  const dialect = dialects[request.plan.dialect];
  const payload = bytesOf(request.payloads[role] ?? '');
  const signature = signWithNode(key, payload, dialect.hashFor(key.publicKey));
  return {
    format: 'rootward-signature',
    version: 1,
    planHash: request.planHash,
    role,
    payloadHash: requestPayloadHash(request, role),
    fingerprint,
    signatures: keyIds.map(
      keyId => dialect.writeSignature(keyId, key.publicKey, signature) as Record<string, string>,
    ),
  };
}

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'accepted';
  } catch (error) {
    return (error as RootwardError).code;
  }
};

for (const dialect of ['notary-v1', 'tuf-1.0'] as const) {
  describe(`a ${dialect} signing request`, () => {
    it('asks every holder who has not signed, with every key ID under which their key counts', () => {
      const { desk, id, request } = waiting(dialect);
      expect(request.asked.map(({ holder, role }) => `${holder} ${role}`)).toEqual([
        'Alice root',
        'Bob root',
        'Dora root',
        'Tim targets',
      ]);
      desk.complete(id, desk.state(id).script.find(step => step.id === 'sign-root-2') as never);
      expect(requestFor(desk.state(id))?.asked.map(({ holder }) => holder)).toEqual(['Alice', 'Dora', 'Tim']);
    });

    it('is the same file every time, and reads back as what was written', () => {
      const { desk, id, request } = waiting(dialect);
      const file = writeFile(request);
      expect(writeFile(requestFor(desk.state(id)) as SigningRequest)).toEqual(file);
      expect(readSigningRequest(file)).toEqual(JSON.parse(JSON.stringify(request)));
      expect(checkSigningRequest(readSigningRequest(file)).root.version).toBe(2);
    });

    it('is not there before all keys are, nor after everything is signed', () => {
      const desk = new MemoryDesk();
      desk.genesis(dialect);
      const id = desk.open(desk.settled(desk.lookAtRotation(everything)));
      desk.hold(id, { without: step => step.id === 'root-key-3' });
      expect(requestFor(desk.state(id))).toBeUndefined();
      desk.hold(id, { without: step => step.kind === 'prove' });
      expect(requestFor(desk.state(id))).toBeUndefined();
    });

    it('for a first root, a renewed certificate and a migration is accepted as well', () => {
      const desk = new MemoryDesk();
      const first = desk.genesis(dialect);
      const ask = (id: string): SigningRequest => requestFor(desk.state(id)) as SigningRequest;
      const until = { without: (step: { kind: string }) => step.kind === 'sign' };
      const again = new MemoryDesk();
      const opened = again.open({ ...first.ceremony.plan, id: again.nextId() });
      again.hold(opened, until);
      checkSigningRequest(requestFor(again.state(opened)) as SigningRequest);
      for (const changes of [
        dialect === 'notary-v1' ? { renewCertificates: ['Alice', 'Carol'] } : {},
        { online: { snapshot: 's', timestamp: 't' } },
      ]) {
        const id = desk.open(desk.settled(desk.lookAtRotation(changes)));
        desk.hold(id, until);
        checkSigningRequest(ask(id));
        desk.hold(id);
      }
      if (dialect === 'tuf-1.0') return;
      const id = desk.open(desk.settled(desk.lookAtMigration()));
      desk.hold(id, until);
      checkSigningRequest(ask(id));
    });

    const other = { keytype: 'ed25519', keyval: { public: 'ab' }, scheme: 'ed25519' };
    /** `[what, how it is tampered with]`; the hash of the plan is made to fit where the plan is changed. */
    const tampered: [string, (request: Mutable) => void][] = [
      [
        'another plan under the same hash',
        ({ plan }) => {
          plan.threshold = 2;
        },
      ],
      [
        'a plan with another threshold',
        rehash(({ plan }) => {
          plan.threshold = 2;
        }),
      ],
      [
        'a plan with another expiry',
        rehash(({ plan }) => {
          plan.expires.root = '2031-01-01T00:00:00Z';
        }),
      ],
      [
        'a plan with another version',
        rehash(({ plan }) => {
          plan.version = 3;
        }),
      ],
      [
        'a plan of another dialect',
        rehash(({ plan }) => {
          plan.dialect = otherDialect(dialect);
        }),
      ],
      [
        'a plan that says that nothing is signed',
        rehash(({ plan }) => {
          plan.ceremony = 'adoption';
        }),
      ],
      [
        'a plan that keeps a holder who leaves',
        rehash(({ plan }) => {
          plan.holders.pop();
        }),
      ],
      [
        'a plan of another base root',
        rehash(({ plan }) => {
          plan.base.root = older(plan.base.root);
        }),
      ],
      [
        'a plan whose base says more',
        rehash(({ plan }) => {
          plan.base.root = plan.base.root.replace('"signed":{', '"signed":{"!":1,');
        }),
      ],
      [
        'a plan that leaves the targets',
        rehash(({ plan }) => {
          plan.targetsVersion = 0;
        }),
      ],
      [
        'a root with another threshold',
        payload('root', signed => {
          signed.roles.root.threshold = 1;
        }),
      ],
      [
        'a root of another version',
        payload('root', signed => {
          signed.version = 7;
        }),
      ],
      [
        'a root with another expiry',
        payload('root', signed => {
          signed.expires = '2099-01-01T00:00:00Z';
        }),
      ],
      [
        'a root with one key fewer',
        payload('root', signed => {
          signed.roles.root.keyids.pop();
        }),
      ],
      [
        'a root with its keys in another order',
        payload('root', signed => {
          signed.roles.root.keyids.reverse();
        }),
      ],
      [
        'a root with another snapshot threshold',
        payload('root', signed => {
          signed.roles.snapshot.threshold = 2;
        }),
      ],
      [
        'a root whose snapshot key is the timestamp key',
        payload('root', signed => {
          signed.roles.snapshot.keyids = signed.roles.timestamp.keyids;
        }),
      ],
      [
        'a root with a role nobody planned',
        payload('root', signed => {
          signed.roles.extra = signed.roles.root;
        }),
      ],
      [
        'a root with a field nobody planned',
        payload('root', signed => {
          signed['x-extra'] = 1;
        }),
      ],
      [
        'a root with consistent snapshots turned',
        payload('root', signed => {
          signed.consistent_snapshot = !signed.consistent_snapshot;
        }),
      ],
      [
        'a root with a key more',
        payload('root', signed => {
          signed.keys[dialects[dialect].keyId(other)] = other;
        }),
      ],
      [
        'targets with a target more',
        payload('targets', signed => {
          signed.targets.evil = target(dialect);
        }),
      ],
      [
        'targets of another version',
        payload('targets', signed => {
          signed.version = 9;
        }),
      ],
      [
        'targets with a delegation more',
        payload('targets', signed => {
          signed.delegations['x-extra'] = 1;
        }),
      ],
      [
        'no targets',
        request => {
          delete request.payloads.targets;
        },
      ],
      [
        'a root that is not canonical',
        request => {
          request.payloads.root = ` ${request.payloads.root}`;
        },
      ],
      [
        'a key asked that is not in the root',
        request => {
          (request.asked[0] as { keyIds: string[] }).keyIds = ['0'.repeat(64)];
        },
      ],
      [
        'a key asked under the name of another',
        request => {
          const [first, second] = request.asked as [{ keyIds: string[] }, { keyIds: string[] }];
          first.keyIds = second.keyIds;
        },
      ],
    ];
    const base = waiting(dialect).request;
    for (const [what, tamper] of tampered)
      it(`is refused with ${what}`, () => {
        const request = JSON.parse(JSON.stringify(base)) as Mutable;
        tamper(request);
        expect(JSON.stringify(request)).not.toBe(JSON.stringify(base));
        const read = readSigningRequest(writeFile(request as unknown as SigningRequest));
        // Metadata that cannot be read at all is refused as what it is.
        expect([
          'plan-changed',
          'verification-failed',
          'missing-field',
          'invalid-value',
          'wrong-type',
          'unknown-format',
        ]).toContain(codeOf(() => checkSigningRequest(read)));
      });

    it('is refused where it is cut off, no JSON, or something else', () => {
      const file = writeFile(base);
      expect(codeOf(() => readSigningRequest(file.subarray(0, 900)))).toBe('json-syntax');
      expect(codeOf(() => readSigningRequest(bytesOf('[]')))).toBe('unknown-format');
      expect(codeOf(() => readSigningRequest(bytesOf(jsonText({ format: 'rootward-signature' }))))).toBe(
        'unknown-format',
      );
      expect(codeOf(() => readSignatureFile(file))).toBe('unknown-format');
      expect(() => readSignatureFile(file)).toThrow(/^This is not a signature file that Rootward reads\.$/);
      const { plan: _, ...rest } = JSON.parse(JSON.stringify(base));
      expect(codeOf(() => readSigningRequest(bytesOf(JSON.stringify(rest))))).toBe('invalid-value');
    });
  });

  describe(`a ${dialect} signature that comes back`, () => {
    it('finds its step, whatever the order', () => {
      const { desk, id, request } = waiting(dialect);
      expect(
        [3, 1, 0, 2].map(
          index => matchSignature(desk.state(id), signatureOf(desk, request, index), verifyTwice).step.id,
        ),
      ).toEqual(['sign-targets-1', 'sign-root-2', 'sign-root-1', 'sign-root-3']);
    });

    it('is refused as invalid where it is wrong, is missing or was swapped', () => {
      const { desk, id, request } = waiting(dialect);
      const right = signatureOf(desk, request, 0);
      const match = (file: SignatureFile) => codeOf(() => matchSignature(desk.state(id), file, verifyTwice));
      const [first] = right.signatures as [Record<string, string>];
      const second = signatureOf(desk, request, 1).signatures[0] as Record<string, string>;
      const broken = (first.sig ?? '').replace(/.(?=...$)/, digit => (digit === 'a' ? 'b' : 'a'));
      expect(match(right)).toBe('accepted');
      expect(match({ ...right, signatures: [{ ...first, sig: broken }] })).toBe('signature-invalid');
      expect(match({ ...right, signatures: [{ ...first, sig: '' }] })).toBe('signature-invalid');
      expect(match({ ...right, signatures: [{ ...first, sig: second.sig ?? '' }] })).toBe(
        'signature-invalid',
      );
      expect(match({ ...right, signatures: [second] })).toBe('signature-invalid');
    });

    it('is refused as foreign with another key, other bytes, another ceremony or more than was asked', () => {
      const { desk, id, request } = waiting(dialect);
      const right = signatureOf(desk, request, 0);
      const match = (file: SignatureFile) => codeOf(() => matchSignature(desk.state(id), file, verifyTwice));
      expect(match({ ...right, fingerprint: '0'.repeat(64) })).toBe('signature-foreign');
      expect(match({ ...right, payloadHash: '0'.repeat(64) })).toBe('signature-foreign');
      expect(match({ ...right, role: 'targets' })).toBe('signature-foreign');
      expect(match({ ...right, planHash: '0'.repeat(64) })).toBe('signature-foreign');
      const extra = signatureOf(desk, request, 1).signatures;
      expect(match({ ...right, signatures: [...right.signatures, ...extra] })).toBe('signature-foreign');
      const other = waiting(dialect);
      expect(match(signatureOf(other.desk, other.request, 0))).toBe('signature-foreign');
    });

    it('is kept as the dialect writes it, whatever else the file holds', () => {
      const { desk, id, request } = waiting(dialect);
      const right = signatureOf(desk, request, 0);
      const [signature] = right.signatures as [Record<string, string>];
      for (const foreign of [
        { ...signature, 'x-extra': '1' },
        dialect === 'notary-v1'
          ? { ...signature, method: 'ECDSA' }
          : { ...signature, sig: (signature.sig ?? '').toUpperCase() },
      ]) {
        expect(foreign).not.toEqual(signature);
        const matched = matchSignature(desk.state(id), { ...right, signatures: [foreign] }, verifyTwice);
        expect(matched.signatures).toEqual([signature]);
      }
    });

    it('that an older journal holds otherwise is not exported', async () => {
      const { desk, id } = waiting(dialect);
      const stored: string[] = [];
      const vault = {
        readRepositoryFile: async () => {
          throw new RootwardError('file-not-found', { message: 'It is not there.', remedy: 'None.' });
        },
        storeRepositoryFile: async (...file: string[]) => void stored.push(file[2] ?? ''),
      };
      const prove = (at: MemoryDesk, ceremonyId: string) =>
        proveAsClient({
          desk: { clock: () => new Date(at.now) },
          opened: { vault, ceremonies: new Map() },
          ceremony: at.state(ceremonyId),
        } as never);
      const untilProof = { without: (step: { kind: string }) => step.kind === 'prove' };
      desk.hold(id, untilProof);
      expect(await prove(desk, id)).toMatchObject({ kind: 'prove' });
      expect(stored).toEqual(['2.root.json', '2.targets.json']);
      const again = waiting(dialect);
      again.desk.hold(again.id, {
        ...untilProof,
        alter: evidence =>
          evidence.kind === 'sign' && evidence.holder === 'Bob'
            ? { ...evidence, signatures: evidence.signatures.map(one => ({ ...one, 'x-extra': '1' })) }
            : evidence,
      });
      stored.length = 0;
      await expect(prove(again.desk, again.id)).rejects.toMatchObject({
        code: 'verification-failed',
        message: expect.stringContaining('signature of Bob'),
      });
      expect(stored).toEqual([]);
    });

    it('is refused as duplicate when it was stored, and as stale when the plan was changed', () => {
      const { desk, id, request } = waiting(dialect);
      const right = signatureOf(desk, request, 0);
      const match = (file: SignatureFile) => codeOf(() => matchSignature(desk.state(id), file, verifyTwice));
      desk.complete(id, desk.state(id).script.find(step => step.id === 'sign-root-1') as never);
      expect(match(right)).toBe('signature-duplicate');
      const plan = desk.settled(desk.lookAtRotation({ ...everything, expires: { root: 'P1Y' } }), id);
      desk.append({ type: 'plan-revised', ceremonyId: id, plan, planHash: planHash(plan) });
      expect(match(right)).toBe('signature-stale');
      desk.hold(id, { without: step => step.kind === 'sign' });
      expect(match(right)).toBe('signature-stale');
      expect(match(signatureOf(desk, requestFor(desk.state(id)) as SigningRequest, 0))).toBe('accepted');
    });
  });
}

describe('a Notary key that has two certificates', () => {
  it('signs under both, and is refused with one of them missing', () => {
    const { desk, id, request } = waiting('notary-v1', { renewCertificates: ['Alice'] });
    expect(request.asked[0]?.keyIds).toHaveLength(2);
    const right = signatureOf(desk, request, 0);
    expect(matchSignature(desk.state(id), right, verifyTwice).step.id).toBe('sign-root-1');
    for (const kept of right.signatures)
      expect(
        codeOf(() => matchSignature(desk.state(id), { ...right, signatures: [kept] }, verifyTwice)),
      ).toBe('signature-invalid');
  });
});

// biome-ignore lint/suspicious/noExplicitAny: what is tampered with has any form
type Mutable = any;

function rehash(tamper: (request: Mutable) => void): (request: Mutable) => void {
  return request => {
    tamper(request);
    request.planHash = planHash(request.plan);
  };
}

function payload(role: 'root' | 'targets', tamper: (signed: Mutable) => void): (request: Mutable) => void {
  return request => {
    const signed = JSON.parse(request.payloads[role].replaceAll('\n', '\\n'));
    tamper(signed);
    request.payloads[role] = jsonText(signed).replaceAll('\\n', '\n');
  };
}

const otherDialect = (dialect: DialectName): DialectName => (dialect === 'tuf-1.0' ? 'notary-v1' : 'tuf-1.0');
const older = (root: string): string => root.replace(/"version":1/, '"version":5');
const target = (dialect: DialectName) => ({
  length: 1,
  hashes: { sha256: dialects[dialect].writeHash('ab'.repeat(32)) },
});
