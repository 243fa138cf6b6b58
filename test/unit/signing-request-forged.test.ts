/** A request written by whoever wants a signature under something that the screen does not say. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyTwice } from '../../electron/signers/platform-verifier.ts';
import { checkSigningRequest } from '../../shared/ceremony/check-request.ts';
import { planSentence, planTitle } from '../../shared/ceremony/describe.ts';
import { requestSummary } from '../../shared/ceremony/describe-request.ts';
import { assembleDocument } from '../../shared/ceremony/documents.ts';
import type { DialectName } from '../../shared/ceremony/plan.ts';
import { type RepositoryState, repositoriesOf, repositoryKey } from '../../shared/ceremony/repository.ts';
import { compareWithVault } from '../../shared/ceremony/request-trust.ts';
import { planHash } from '../../shared/ceremony/settled-plan.ts';
import {
  readSigningRequest,
  requestFor,
  type SigningRequest,
  writeFile,
} from '../../shared/ceremony/signing-request.ts';
import type { RootwardError } from '../../shared/contract/errors.ts';
import { dialects } from '../../shared/dialects/dialects.ts';
import { jsonText } from '../../shared/tuf/canonical-json.ts';
import type { JsonObject } from '../../shared/tuf/json.ts';
import { readRoot } from '../../shared/tuf/metadata.ts';
import { publicKeyToPem } from '../../shared/tuf/public-key.ts';
import { makeTestKey } from './build-metadata.ts';
import { MemoryDesk, repositoryName } from './build-rotation.ts';

// biome-ignore lint/suspicious/noExplicitAny: what is tampered with has any form
type Mutable = any;
type Repositories = ReadonlyMap<string, RepositoryState>;
const p256 = (...names: string[]) => names.map(name => ({ name, keytype: 'ecdsa-p256' }));
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const copyOf = (request: SigningRequest): Mutable => JSON.parse(JSON.stringify(request));
const untilSigning = { without: (step: { kind: string }) => step.kind === 'sign' };

/** A ceremony that waits for its signatures, and the vault of a holder on another machine, as it was before. */
function waiting(desk: MemoryDesk, open: () => string): { request: SigningRequest; vault: Repositories } {
  const vault = repositoriesOf(desk.ceremonies.values());
  const id = open();
  desk.hold(id, untilSigning);
  return { request: requestFor(desk.state(id)) as SigningRequest, vault };
}

function change(dialect: DialectName, changes: Record<string, unknown>) {
  const desk = new MemoryDesk();
  desk.genesis(dialect);
  return { desk, ...waiting(desk, () => desk.open(desk.settled(desk.lookAtRotation(changes)))) };
}

/** What a holder reads, and what they would sign; `refused` with its code. */
function shown(request: Mutable, vault: Repositories): string {
  try {
    const read = readSigningRequest(writeFile(request));
    const checked = checkSigningRequest(read, verifyTwice);
    const { trust, notes, unknownNames } = compareWithVault(checked, vault, verifyTwice);
    const { plan, payloads, asked } = read;
    const rows = requestSummary(checked, unknownNames);
    const all = { title: planTitle(plan), sentence: planSentence(plan), ...rows, payloads, asked, trust };
    return JSON.stringify({ ...all, notes: [...checked.notes, ...notes] });
  } catch (error) {
    return `refused: ${(error as RootwardError).code ?? error} ${(error as RootwardError).message}`;
  }
}

/** A changed plan as an attacker writes it: with its hash, and with the bytes and the keys that follow from it. */
function written(desk: MemoryDesk, request: Mutable): Mutable {
  const { plan } = request;
  const id = desk.open({ ...plan, id: desk.nextId() });
  desk.hold(id, untilSigning);
  return copyOf({ ...(requestFor(desk.state(id)) as SigningRequest), plan, planHash: planHash(plan) });
}

for (const dialect of ['notary-v1', 'tuf-1.0'] as const) {
  describe(`a forged ${dialect} request`, () => {
    const releasing = { expires: { targets: 'P1Y' } };

    it('cannot bring targets that nobody signed, nor leave versions out', () => {
      const { desk, request, vault } = change(dialect, releasing);
      expect(shown(request, vault)).toContain('"trust":"known"');
      const evil = copyOf(request);
      const targets = JSON.parse(evil.plan.base.targets);
      targets.signed.targets['evil.bin'] = {
        length: 1,
        hashes: { sha256: dialects[dialect].writeHash('ab'.repeat(32)) },
      };
      evil.plan.base.targets = new TextDecoder().decode(assembleDocument(targets.signed, []));
      expect(shown(written(desk, evil), vault)).toMatch(
        /^refused: verification-failed The targets the request/,
      );
      expect(shown(written(desk, evil), new Map())).toMatch(
        /^refused: verification-failed The targets the request/,
      );
      const jump = copyOf(request);
      jump.plan.targetsVersion = 9;
      expect(shown(written(desk, jump), vault)).toMatch(
        /^refused: verification-failed .*targets version 9 of version 1/,
      );
    });

    it('cannot go on from older targets than the vault has, nor from others of the same version', () => {
      const { desk, request, vault } = change(dialect, releasing);
      const own = vault.get(repositoryKey(dialect, repositoryName)) as RepositoryState;
      const withTargets = (signed: JsonObject): Repositories =>
        new Map([
          [
            repositoryKey(dialect, repositoryName),
            { ...own, targetsText: new TextDecoder().decode(desk.resign(dialect, signed, own.root)) },
          ],
        ]);
      const { signed } = JSON.parse(own.targetsText ?? '');
      expect(shown(request, withTargets({ ...signed, version: 3 }))).toMatch(/^refused: signature-stale/);
      expect(shown(request, withTargets({ ...signed, expires: '2040-01-01T00:00:00Z' }))).toMatch(
        /^refused: verification-failed The request goes on from other targets version 1/,
      );
      expect(shown(request, withTargets(signed))).toContain('"trust":"known"');
    });

    it('cannot keep under a holder’s name a key that is none of that role', () => {
      const { desk, request, vault } = change(dialect, {});
      const evil = copyOf(request);
      const { roles } = JSON.parse(evil.plan.base.root).signed;
      evil.plan.base.holders.root[2].keyId = roles.timestamp.keyids[0];
      evil.plan.holders[2].keyId = roles.timestamp.keyids[0];
      expect(shown(written(desk, evil), vault)).toMatch(/^refused: verification-failed .*other root keys/);
      const swapped = copyOf(request);
      swapped.plan.holders[2].keyId = roles.timestamp.keyids[0];
      expect(shown(written(desk, swapped), vault)).toMatch(
        /^refused: verification-failed .*keeps a root key for Carol/,
      );
      const fromTargets = copyOf(request);
      fromTargets.plan.holders[2].keyId = roles.targets.keyids[0];
      expect(shown(written(desk, fromTargets), vault)).toMatch(/^refused: verification-failed .*for Carol/);
    });

    it('cannot replace the targets key and say that the targets stay', () => {
      const { desk, request, vault } = change(dialect, {});
      const evil = copyOf(request);
      expect(evil.plan.targetsVersion).toBe(0);
      evil.plan.targets.holders = [{ name: 'Tara', keytype: 'ecdsa-p256' }];
      expect(shown(written(desk, evil), vault)).toMatch(
        /^refused: verification-failed .*who answers for the targets/,
      );
      const threshold = copyOf(request);
      threshold.plan.targets = { threshold: 1, holders: [] };
      expect(shown(threshold, vault)).toMatch(/^refused/);
      // And the words say it all the same.
      expect(planSentence(evil.plan)).toContain('Tara gets another targets key.');
    });

    it('cannot give the names of some to the keys of others', () => {
      const { desk, request, vault } = change(dialect, { remove: ['Carol'], add: p256('Dora') });
      const evil = copyOf(request);
      const [alice, , carol] = evil.plan.base.holders.root;
      [alice.holder, carol.holder] = [carol.holder, alice.holder];
      // Now Alice's key leaves, under the name of Carol.
      evil.plan.holders = [
        { name: 'Bob', keyId: evil.plan.base.holders.root[1].keyId },
        { name: 'Alice', keyId: carol.keyId },
        { name: 'Dora', keytype: 'ecdsa-p256' },
      ];
      expect(shown(written(desk, evil), vault)).toMatch(
        /^refused: verification-failed .*calls the holder of a root key/,
      );
      const stranger = copyOf(request);
      stranger.plan.holders.at(-1).name = 'Carol';
      stranger.plan.base.holders.root[2].holder = 'Zed';
      expect(shown(written(desk, stranger), vault)).toMatch(
        /^refused: verification-failed .*Carol holds another root key/,
      );
      // A name that is merely another one is told.
      const renamed = copyOf(request);
      renamed.plan.base.holders.root[1].holder = 'Robert';
      renamed.plan.holders[1].name = 'Robert';
      renamed.plan.signers.root = ['Alice', 'Robert'];
      expect(shown(written(desk, renamed), vault)).toContain(
        'Whom the request calls Robert, this vault knows as Bob',
      );
    });

    it('is read with the names of its keys, where holders join, leave or get another key', () => {
      const { request, vault } = change(dialect, { remove: ['Carol'], add: p256('Carol') });
      expect(shown(request, vault)).toContain('Carol gets another root key.');
      expect(shown(request, vault)).not.toContain('refused');
    });

    it('is refused under the name of another repository, and as a first root with old keys it is told', () => {
      const { desk, request, vault } = change(dialect, {});
      const evil = copyOf(request);
      evil.plan.repository = 'registry.example.com/another';
      expect(shown(written(desk, evil), vault)).toMatch(
        dialect === 'tuf-1.0'
          ? /^refused: verification-failed The request is for .*another, but .* root keys of registry/
          : /^refused: verification-failed The root the request starts from is not signed/,
      );
    });

    it('cannot say that it is of another kind than its parts', () => {
      const { desk, request, vault } = change(dialect, releasing);
      for (const ceremony of ['genesis', 'migration']) {
        const evil = copyOf(request);
        evil.plan.ceremony = ceremony;
        evil.planHash = planHash(evil.plan);
        expect([ceremony, shown(evil, vault)]).toEqual([
          ceremony,
          expect.stringMatching(/^refused: plan-changed/),
        ]);
      }
      for (const [name, value] of Object.entries({
        succeeds: { dialect: 'notary-v1', repository: 'a', version: 1, rootHash: '0'.repeat(64) },
        initialTargets: {},
        currentTargets: request.plan.base?.targets,
        imports: [],
        chain: [],
      })) {
        const evil = copyOf(request);
        evil.plan[name] = value;
        expect([name, shown(written(desk, evil), vault)]).toEqual([
          name,
          expect.stringMatching(/^refused: plan-changed/),
        ]);
      }
    });

    it('cannot put one key in two places, nor an online key among offline ones', () => {
      const { desk, request, vault } = change(dialect, { add: p256('Dora', 'Emil') });
      const of = (name: string) => {
        const index = request.plan.holders.findIndex(holder => holder.name === name);
        const signed = JSON.parse(request.payloads.root.replaceAll('\n', '\\n'));
        return signed.roles.root.keyids[index] as string;
      };
      const { keys, roles } = JSON.parse(request.payloads.root.replaceAll('\n', '\\n'));
      /** The root with another key in the place of one that was just made. */
      const withKey = (holder: string, keyId: string, object: JsonObject): Mutable => {
        const evil = copyOf(request);
        const signed = JSON.parse(evil.payloads.root.replaceAll('\n', '\\n'));
        const before = of(holder);
        delete signed.keys[before];
        signed.keys[keyId] = object;
        signed.roles.root.keyids = signed.roles.root.keyids.map((one: string) =>
          one === before ? keyId : one,
        );
        evil.payloads.root = jsonText(signed).replaceAll('\\n', '\n');
        evil.asked = evil.asked.filter((asked: Mutable) => asked.holder !== holder);
        return evil;
      };
      if (dialect === 'tuf-1.0') {
        const timestamp = roles.timestamp.keyids[0];
        const evil = withKey('Dora', timestamp, keys[timestamp]);
        expect(shown(evil, vault)).toMatch(/^refused/);
      }
      // Two certificates of one key are two key IDs in Notary, and one voice.
      const emil = readRoot(
        bytesOf(
          `{"signed":${jsonText(JSON.parse(request.payloads.root.replaceAll('\n', '\\n')))},"signatures":[]}`,
        ),
      ).keys.get(of('Emil'))?.publicKey;
      if (dialect === 'notary-v1' && emil) {
        const again = desk.certificate(request.plan, desk.keyOf(emil));
        const der = new Uint8Array(Buffer.from(again.replace(/-----[^-]+-----|\s/g, ''), 'base64'));
        const object = dialects[dialect].writeKey(emil, der);
        const evil = withKey('Dora', dialects[dialect].keyId(object), object);
        expect(shown(evil, vault)).toMatch(
          /^refused: verification-failed The new root key of Dora is the root key of Emil/,
        );
      }
    });

    it('tells of a new key that is not new', () => {
      const desk = new MemoryDesk();
      desk.genesis(dialect);
      const vault = repositoriesOf(desk.ceremonies.values());
      const tara = vault.get(repositoryKey(dialect, repositoryName))?.root;
      const listed = tara?.keys.get(tara.roles.get('targets')?.keyIds[0] ?? '')?.publicKey;
      const id = desk.open(
        desk.settled(
          desk.lookAtRotation({ add: p256('Dora'), targets: { remove: ['Tara'], add: p256('Tim') } }),
        ),
      );
      desk.hold(id, {
        ...untilSigning,
        alter: (evidence, step) =>
          evidence.kind === 'generate-key' && step.holder === 'Dora' && listed
            ? {
                ...evidence,
                fingerprint: listed.fingerprint,
                publicKey: publicKeyToPem(listed),
                ...(evidence.certificate
                  ? { certificate: desk.certificate(desk.state(id).plan, desk.keyOf(listed)) }
                  : {}),
              }
            : evidence,
      });
      const request = requestFor(desk.state(id)) as SigningRequest;
      expect(shown(request, vault)).toContain(
        'The root key that Dora gets is not new: in the last root it is the targets key of Tara.',
      );
    });

    it('to a vault versions behind is told calmly, with the way out; one step off is an alarm', () => {
      const desk = new MemoryDesk();
      desk.genesis(dialect);
      const vault = repositoriesOf(desk.ceremonies.values());
      desk.rotate({ remove: ['Alice'], add: p256('Anna') });
      const between = repositoriesOf(desk.ceremonies.values());
      desk.rotate({ remove: ['Bob'], add: p256('Ben') });
      desk.rotate({ remove: ['Carol'], add: p256('Cleo') });
      const { request } = waiting(desk, () => desk.open(desk.settled(desk.lookAtRotation({}))));
      expect(shown(request, vault)).toMatch(/^refused: vault-behind .*3 versions earlier/);
      expect(shown(request, between)).toMatch(/^refused: vault-behind .*2 versions earlier/);
      const other = new MemoryDesk();
      other.genesis(dialect);
      other.rotate({});
      const { request: alien } = waiting(other, () => other.open(other.settled(other.lookAtRotation({}))));
      expect(shown(alien, vault)).toMatch(/^refused: verification-failed .*does not follow version 1/);
    });
  });
}

describe('a forged request of a repository that succeeds a collection', () => {
  it('has the keys and the targets of the collection, where the vault keeps it', () => {
    const desk = new MemoryDesk();
    desk.genesis('notary-v1');
    const { request, vault } = waiting(desk, () => desk.open(desk.settled(desk.lookAtMigration())));
    expect(shown(request, vault)).toContain('"trust":"first-sight"');
    const swapped = copyOf(request);
    swapped.plan.holders[2].publicKey = publicKeyToPem(
      desk.keep(makeTestKey('ecdsa-p256'), 'Mallory').publicKey,
    );
    expect(shown(written(desk, swapped), vault)).toMatch(/^refused/);
    const more = copyOf(request);
    more.plan.initialTargets = {
      ...more.plan.initialTargets,
      'evil.bin': { sha256: 'ab'.repeat(32), length: 1 },
    };
    expect(shown(written(desk, more), vault)).toMatch(
      /^refused: verification-failed .*other targets than this vault/,
    );
    const other = copyOf(request);
    other.plan.succeeds.rootHash = '0'.repeat(64);
    expect(shown(written(desk, other), vault)).toMatch(
      /^refused: verification-failed .*succeeds another root/,
    );
  });
});

describe('any one member of a request', () => {
  /** Every place in a request that can be changed: leaves, and members that can go or come twice. */
  function places(value: Mutable, path: (string | number)[] = []): (string | number)[][] {
    if (value === null || typeof value !== 'object') return [path];
    return [
      path,
      ...Object.keys(value).flatMap(name =>
        places(value[name], [...path, Array.isArray(value) ? Number(name) : name]),
      ),
    ];
  }

  function changed(request: SigningRequest, path: (string | number)[], how: number): Mutable {
    const evil = copyOf(request);
    let parent = evil;
    for (const name of path.slice(0, -1)) parent = parent[name];
    const last = path.at(-1) as string;
    const value = parent[last];
    if (how % 4 === 0) {
      if (Array.isArray(parent)) parent.splice(Number(last), 1);
      else delete parent[last];
    } else if (Array.isArray(value)) {
      if (how % 4 === 1) value.reverse();
      else value.push(...value.slice(0, 1));
    } else if (typeof value === 'number') parent[last] = value + (how % 2 === 0 ? 1 : -1);
    else if (typeof value === 'boolean') parent[last] = !value;
    else if (typeof value === 'string') {
      // Another value of the same kind, from elsewhere in the request, or a digit or letter changed.
      const same = places(evil).flatMap(other => {
        const found = other.reduce((at: Mutable, name) => at[name], evil);
        return typeof found === 'string' && found !== value && found.length === value.length ? [found] : [];
      });
      parent[last] =
        same.length > 0 && how % 4 !== 1
          ? same[how % same.length]
          : value.replace(/[0-9A-Za-z](?=[^0-9A-Za-z]*$)/, letter => (letter === '1' ? '2' : '1'));
    }
    if (path[0] !== 'planHash') {
      try {
        evil.planHash = planHash(evil.plan);
      } catch {
        // No plan any more.
      }
    }
    return evil;
  }

  const requests = (['notary-v1', 'tuf-1.0'] as const).flatMap(dialect => {
    const desk = new MemoryDesk();
    desk.genesis(dialect);
    const first = waiting(desk, () =>
      desk.open(
        desk.settled(
          desk.lookAtRotation({
            remove: ['Carol'],
            compromised: ['Carol'],
            add: p256('Dora', 'Emil'),
            threshold: 4,
            thresholdReason: 'a test',
            targets: { remove: ['Tara'], add: p256('Tim'), compromised: ['Tara'] },
            online: { snapshot: 's', timestamp: 't' },
            participants: [{ name: 'Ada', role: 'administrator' }],
            ...(dialect === 'notary-v1' ? { renewCertificates: ['Alice'] } : {}),
          }),
        ),
      ),
    );
    const plain = change(dialect, {});
    const genesis = new MemoryDesk();
    const { plan } = genesis.genesis(dialect).ceremony;
    const root = waiting(genesis, () => genesis.open({ ...plan, id: genesis.nextId() }));
    const all = [
      first,
      { request: first.request, vault: new Map() },
      plain,
      { request: root.request, vault: new Map() },
    ];
    if (dialect === 'tuf-1.0') return all;
    const moved = new MemoryDesk();
    moved.genesis(dialect);
    const current = moved.repository(dialect).targetsText;
    const move = waiting(moved, () => moved.open(moved.settled(moved.lookAtMigration({}, current))));
    const long = new MemoryDesk();
    long.genesis(dialect);
    long.rotate({ remove: ['Carol'], add: p256('Dora') });
    const legacy = waiting(long, () =>
      long.open(long.settled(long.lookAtRotation({ legacy: 1, signers: ['Alice', 'Bob', 'Carol'] }))),
    );
    return [...all, legacy, move, { request: move.request, vault: new Map() }];
  });
  const before = requests.map(({ request, vault }) => shown(copyOf(request), vault));

  it('is shown as it is', () => {
    for (const text of before) expect(text).not.toContain('refused');
    expect(before.some(text => text.includes('with keys of earlier roots: Carol'))).toBe(true);
  });

  it('changed, with the hash of the plan made to fit, is refused or shown', () => {
    fc.assert(
      fc.property(fc.nat(requests.length - 1), fc.nat(), fc.nat(1000), (which, place, how) => {
        const { request, vault } = requests[which] as (typeof requests)[number];
        const all = places(request).slice(1);
        const path = all[place % all.length] as (string | number)[];
        const evil = changed(request, path, how);
        fc.pre(JSON.stringify(evil) !== JSON.stringify(request));
        expect([path.join('.'), shown(evil, vault) === before[which]]).toEqual([path.join('.'), false]);
      }),
      { numRuns: 300 },
    );
  }, 120_000);
});
