import type { KeyPlace } from '../contract/tokens.ts';
import type { JournalEvent } from './events.ts';
import type { KeyRecord } from './key-record.ts';
import type { TokenEvidence } from './token-facts.ts';

/** Which place on which token. */
type Spot = Pick<TokenEvidence, 'custody' | 'serial' | 'slot'>;

/** What the journal says about where a key is, beyond its record. */
interface Moves {
  /** The tokens it was brought to or found on, the last one first. */
  readonly tokens: readonly TokenEvidence[];
  /** The places it was deleted from. */
  readonly left: readonly Spot[];
}

/**
 * Keys that are in more than one place, by fingerprint: a fold over the journal. A key's record says where it was made
 * or taken in; the journal says to which tokens it was copied since, and from which it was deleted.
 */
export type KeyMoves = ReadonlyMap<string, Moves>;

/** @returns the moves after one more event; the same ones where it says nothing about where a key is */
export function movesAfter(moves: KeyMoves, event: JournalEvent): KeyMoves {
  if (event.type === 'key-left-token') {
    const { fingerprint, custody, serial, slot } = event;
    const spot = { custody, serial, slot };
    const { tokens, left } = moves.get(fingerprint) ?? none;
    return new Map(moves).set(fingerprint, { tokens: without(tokens, spot), left: [spot, ...left] });
  }
  const found = tokenOfKey(event);
  if (!found) return moves;
  const { tokens, left } = moves.get(found.fingerprint) ?? none;
  return new Map(moves).set(found.fingerprint, {
    tokens: [found.token, ...without(tokens, found.token)],
    left: without(left, found.token),
  });
}

/** @returns where a key came to be besides where its record says, if an event tells that */
function tokenOfKey(
  event: JournalEvent,
): { readonly fingerprint: string; readonly token: TokenEvidence } | undefined {
  if (event.type === 'key-brought-to-token' || event.type === 'key-file-destroyed') return event;
  if (event.type !== 'step-completed' || event.evidence.kind !== 'import-key') return undefined;
  const { fingerprint, token } = event.evidence;
  return token && { fingerprint, token };
}

export const foldMoves = (events: readonly { readonly event: JournalEvent }[]): KeyMoves =>
  events.reduce<KeyMoves>((moves, { event }) => movesAfter(moves, event), new Map());

/**
 * @returns whether the destruction of a key's file was interrupted before the journal could tell it: the record, which
 *   is changed first, says that the key is on a token only, and the journal's last word is of a file.
 */
export const isDestructionUntold = (
  record: KeyRecord,
  events: readonly { readonly event: JournalEvent }[],
): boolean => record.custody !== 'software' && isInFileByJournal(events, record.fingerprint);

function isInFileByJournal(
  events: readonly { readonly event: JournalEvent }[],
  fingerprint: string,
): boolean {
  let inFile = false;
  for (const { event } of events) {
    if (event.type === 'step-completed') {
      const { evidence } = event;
      if (
        (evidence.kind === 'generate-key' || evidence.kind === 'import-key') &&
        evidence.fingerprint === fingerprint &&
        evidence.token === undefined
      )
        inFile = true;
    } else if (event.type === 'key-restored' && event.fingerprint === fingerprint) inFile = true;
    else if (event.type === 'key-file-destroyed' && event.fingerprint === fingerprint) inFile = false;
  }
  return inFile;
}

const none: Moves = { tokens: [], left: [] };

/** @returns whether a key is in a place of a token, by its record and the journal */
export function isStillOn(record: KeyRecord, moves: KeyMoves, place: Spot): boolean {
  const { tokens, left } = moves.get(record.fingerprint) ?? none;
  if (left.some(spot => isSame(spot, place))) return false;
  const isOwn = record.custody !== 'software' && isSame({ ...record.token, custody: record.custody }, place);
  return isOwn || tokens.some(token => isSame(token, place));
}

const isSame = (one: Spot, other: Spot): boolean =>
  one.custody === other.custody && one.serial === other.serial && one.slot === other.slot;

const without = <Kind extends Spot>(spots: readonly Kind[], gone: Spot): Kind[] =>
  spots.filter(spot => !isSame(spot, gone));

/**
 * @returns the tokens a key is on as far as this vault knows, those it was brought to last first. A key that is in no
 *   file keeps the token of its record even where it was deleted from it: nothing better is known.
 */
export function tokensOf(record: KeyRecord, moves: KeyMoves): readonly TokenEvidence[] {
  const { tokens, left } = moves.get(record.fingerprint) ?? none;
  if (record.custody === 'software') return tokens;
  const own: TokenEvidence = { ...record.token, custody: record.custody };
  if (left.some(spot => isSame(spot, own))) return tokens.length > 0 ? tokens : [own];
  return [own, ...without(tokens, own)];
}

/**
 * Where a key is, for whoever is asked to sign with it: the first place is the one that is offered, the others may be
 * chosen. A token comes before the key's file, which it makes needless.
 */
export function keyPlace(record: KeyRecord, moves: KeyMoves): KeyPlace {
  const places: KeyPlace[] = tokensOf(record, moves).map(
    ({ custody, product, serial, slotName, touchPolicy }) => ({
      custody,
      token: { product, slotName, touchPolicy, ...(serial === undefined ? {} : { serial }) },
    }),
  );
  if (record.custody === 'software') places.push({ custody: 'software' });
  const [first = { custody: record.custody }, ...others] = places;
  return {
    ...first,
    fingerprint: record.fingerprint,
    ...(others.length > 0 ? { others } : {}),
  };
}

/** @returns whether a key can be opened by a passphrase: its sealed file is in this vault */
export const isInFile = ({ custody, others = [] }: KeyPlace): boolean =>
  custody === 'software' || others.some(other => other.custody === 'software');
