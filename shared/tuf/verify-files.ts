import { type ErrorCode, RootwardError } from '../contract/errors.ts';
import type { VerificationView } from '../contract/views.ts';
import { dateInWords, distanceInWords } from '../display/dates.ts';
import { sha256Hex } from '../display/fingerprint.ts';
import { visible } from '../display/visible.ts';
import type { Role, Root, SignedDocument, Targets } from './metadata.ts';
import { readMetadata } from './metadata.ts';
import {
  type Quorum,
  rootRole,
  type Verdict,
  type VerificationOptions,
  verifyRoot,
  verifyTargets,
} from './verify.ts';

export interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

type FileVerdict = VerificationView['files'][number];

/** What cannot be read as metadata at all, as against metadata that is read and refused. */
const unreadableCodes: readonly ErrorCode[] = ['not-utf-8', 'json-syntax', 'too-large', 'unknown-format'];

/** @returns whether a verdict is "this is no metadata" and not "this metadata is refused" */
export const isUnreadable = (file: FileVerdict): boolean =>
  file.problems.some(problem => unreadableCodes.includes(problem.code as ErrorCode));

/**
 * Verifies files in the order given: roots as a chain of which the first is trusted by itself, and targets
 * against the last root accepted before them.
 * @returns verdicts as data; never throws for what a file holds. Nothing in them can move a terminal's cursor or
 * turn a line around, whatever the files hold.
 */
export function verifyFiles(files: readonly NamedFile[], options: VerificationOptions): VerificationView {
  const read = files.map(readOne);
  const lastRoot = read.findLastIndex(entry => entry.document?.type === 'root');
  let trusted: Root | undefined;
  let trustedWasAccepted = false;
  let gun = options.gun;
  const verdicts = read.map((entry, index): FileVerdict => visibly(verdictOf(entry, index)));
  const ok = verdicts.length > 0 && verdicts.every(verdict => verdict.ok);
  return {
    ok,
    dialect: read.find(entry => entry.document)?.document?.dialect.name ?? null,
    sentence: sentence(
      verdicts,
      read.map(entry => entry.document?.type ?? ''),
    ),
    at: new Date(options.at).toISOString(),
    files: verdicts,
  };

  function verdictOf(entry: ReadFile, index: number): FileVerdict {
    const base = { file: entry.file.name, sha256: sha256Hex(entry.file.bytes) };
    if (!entry.document) {
      const problem = { code: entry.error.code, message: placed(entry.error) };
      return {
        ...base,
        version: null,
        ok: false,
        problems: [problem],
        notices: [],
        quorums: [],
        summary: [],
      };
    }
    const { document } = entry;
    const common = { ...base, version: document.version, summary: summary(document, options.at) };
    const verdict = judge(document);
    return {
      ...common,
      ok: verdict.ok,
      problems: [...verdict.problems],
      notices: [...verdict.notices],
      quorums: verdict.quorums.map(quorumView),
    };

    function judge(document: SignedDocument | Root | Targets): Verdict {
      if (isRoot(document)) {
        // Without a name given, later roots must at least be for the same collection as the first one.
        const inferred = gun === undefined ? inferGun(document) : undefined;
        gun ??= inferred;
        const verdict = verifyRoot(document, trusted, index === lastRoot, { ...options, gun });
        // A first root that is refused is still what the next one is held against, but vouches for no targets.
        if (verdict.ok || trusted === undefined) trusted = document;
        trustedWasAccepted ||= verdict.ok;
        if (inferred === undefined || options.gun !== undefined) return verdict;
        const message = `No collection name was given; its certificates say "${inferred}".`;
        return { ...verdict, notices: [...verdict.notices, { code: 'gun-not-given', message }] };
      }
      if (isTargets(document) && trusted) {
        const verdict = verifyTargets(document, trusted, options);
        if (trustedWasAccepted) return verdict;
        const message = 'The root that names its keys was itself refused.';
        return {
          ...verdict,
          ok: false,
          problems: [{ code: 'no-root-before', message }, ...verdict.problems],
        };
      }
      const message = isTargets(document)
        ? 'Put the root that names its keys before it.'
        : `It is ${document.type} metadata; only roots and targets are verified here.`;
      return { ok: false, problems: [{ code: 'no-root-before', message }], notices: [], quorums: [] };
    }
  }
}

/** @returns the verdict with whatever it quotes from a file made visible; the summary quotes nothing else */
function visibly(verdict: FileVerdict): FileVerdict {
  const told = ({ code, message }: FileVerdict['problems'][number]) => ({
    code,
    message: visible(message, 2000),
  });
  return {
    ...verdict,
    file: visible(verdict.file),
    problems: verdict.problems.map(told),
    notices: verdict.notices.map(told),
    quorums: verdict.quorums.map(quorum => ({
      ...quorum,
      signatures: quorum.signatures.map(({ keyId, counted, reason }) => ({
        keyId: visible(keyId, 64),
        counted,
        reason: visible(reason),
      })),
    })),
  };
}

const isRoot = (document: SignedDocument): document is Root => document.type === 'root';
const isTargets = (document: SignedDocument): document is Targets => document.type === 'targets';

type ReadFile =
  | { readonly file: NamedFile; readonly document: SignedDocument | Root | Targets }
  | { readonly file: NamedFile; readonly document?: undefined; readonly error: RootwardError };

function readOne(file: NamedFile): ReadFile {
  try {
    return { file, document: readMetadata(file.bytes) };
  } catch (error) {
    if (error instanceof RootwardError) return { file, error };
    throw error;
  }
}

const placed = (error: RootwardError): string =>
  error.place === undefined || error.message.includes(error.place)
    ? error.message
    : `${error.message} (${error.place})`;

/** @returns the name in the first root key's certificate, unless it is a wildcard */
function inferGun(root: Root): string | undefined {
  if (!root.dialect.rootCertificates) return undefined;
  const names = rootRole(root).keyIds.map(keyId => root.keys.get(keyId)?.certificates[0]?.subjectCommonName);
  return names.find(name => name !== undefined && !name.endsWith('*'));
}

const quorumView = (quorum: Quorum): FileVerdict['quorums'][number] => ({
  of: quorum.of,
  threshold: quorum.threshold,
  counted: quorum.counted,
  met: quorum.met,
  signatures: quorum.signatures.map(({ keyId, reason, explanation }) => ({
    keyId,
    counted: reason === 'counted',
    reason: explanation,
  })),
});

/** What a document says of itself, in plain words. */
export function summary(document: SignedDocument | Root | Targets, at: number): FileVerdict['summary'] {
  const rows = [
    {
      label: 'What it is',
      value: `${document.type}, version ${document.version}, ${document.dialect.title}`,
    },
    {
      label: 'Valid until',
      value: `${dateInWords(new Date(document.expiresAt).toISOString())} (${distanceInWords(new Date(document.expiresAt).toISOString(), at)})`,
    },
  ];
  if (isRoot(document)) {
    for (const name of ['root', 'targets', 'snapshot', 'timestamp'] as const) {
      const role = document.roles.get(name) as Role;
      const label = `${name[0]?.toUpperCase()}${name.slice(1)} keys`;
      rows.push({ label, value: `${role.keyIds.length}, of which ${role.threshold} must sign` });
    }
  }
  if (isTargets(document)) {
    rows.push({ label: 'Targets', value: String(document.targetCount) });
    rows.push({ label: 'Delegations', value: visible(document.delegations.join(', '), 2000) || 'none' });
  }
  return rows;
}

function sentence(verdicts: readonly FileVerdict[], documents: readonly string[]): string {
  if (verdicts.length === 0) return 'There was no file to look at.';
  const refused = verdicts.filter(verdict => !verdict.ok);
  if (refused.length > 0) {
    const [first, ...others] = refused;
    const more =
      others.length > 0 ? ` ${others.length} more file${others.length === 1 ? ' is' : 's are'} refused.` : '';
    return `Refused: ${first?.file}. ${first?.problems[0]?.message ?? ''}${more}`;
  }
  const roots = verdicts.filter((_, index) => documents[index] === 'root').map(verdict => verdict.version);
  const others = documents.some(type => type !== 'root') ? ' The targets are signed as the root asks.' : '';
  if (roots.length === 1)
    return `Verified: root version ${roots[0]} is signed as its own root role asks.${others}`;
  return `Verified: every step from root version ${roots[0]} to version ${roots.at(-1)} is signed as it must be.${others}`;
}
