import path from 'node:path';
import type { ShareView, SplitView } from '../../../shared/contract/backup-views.ts';
import { type ErrorCode, errorFromReport, RootwardError } from '../../../shared/contract/errors.ts';
import type { Custodian } from '../../custodian/custodian.ts';
import { readWholeFile, realFileSystem, systemCode, writeFileDurably } from '../../platform/durable-files.ts';
import { answered, harmless, type Output, wrongUsage } from '../output.ts';
import { requireTerminal, type Terminal } from '../terminal.ts';

/** What `rootward backup split` was told. */
export interface SplitWish {
  readonly rehearsal: boolean;
  readonly network?: 'refuse' | 'warn';
  readonly fingerprint: string;
  readonly threshold: number;
  /** In the order of their turns; with a recipient, the share goes out as an age file. */
  readonly custodians: readonly { readonly name: string; readonly recipient?: string | undefined }[];
  /** Absolute path of the folder for those files. */
  readonly folder: string | undefined;
  /** What opens the key; asked for at the terminal where it is left out. */
  readonly passphrase: Uint8Array | undefined;
}

/** A split that is under way, and who hands its shares out. */
interface Sitting {
  readonly custodian: Custodian;
  readonly splitId: string;
  /** Absent where nobody is asked for anything. */
  readonly terminal: Terminal | undefined;
}
type AtTerminal = Sitting & { readonly terminal: Terminal };

/**
 * Splits a key at a terminal, one custodian at a time: each sees their own words, writes them down, and types them
 * back; those with a recipient get a file. The requests are the window's. What fails on the way (a full disk, a pulled
 * stick, a network) is told, and tried again after Enter: the words that are out already stay good.
 * @param openTerminal where people sit; the one this process was started at
 * @returns the ID of the set
 * @throws RootwardError what beginning is refused for; `wrong-usage` where there is no terminal for words;
 *   `request-refused` and `backup-not-found` where it is given up or left alone, and, where there is no terminal to ask
 *   at, whatever fails, `destination-not-empty` among it: the split is given up then
 */
export async function splitAtTerminal(
  custodian: Custodian,
  wish: SplitWish,
  output: Output,
  openTerminal: () => Terminal = requireTerminal,
): Promise<string> {
  const needsTerminal = wish.passphrase === undefined || wish.custodians.some(one => !one.recipient);
  if (wish.folder === undefined && wish.custodians.some(one => one.recipient))
    throw wrongUsage('--to is needed: the folder for the files of shares.');
  const terminal = needsTerminal ? openTerminal() : undefined;
  terminal?.begin();
  try {
    const view = await begin(custodian, wish, terminal);
    try {
      return await handOut({ custodian, splitId: view.splitId, terminal }, view, wish, output);
    } catch (error) {
      await custodian.handle('abandonSplit', { splitId: view.splitId });
      output.error('note: The split was given up. Destroy every word and every file that was handed out.\n');
      throw error;
    }
  } finally {
    terminal?.end();
  }
}

async function begin(
  custodian: Custodian,
  { rehearsal, network, fingerprint, threshold, custodians, passphrase }: SplitWish,
  terminal: Terminal | undefined,
): Promise<SplitView> {
  let secret = passphrase;
  if (!secret && terminal) {
    await terminal.page('Passphrase of the key that is split: ');
    secret = await terminal.readLine(false);
  }
  const request = {
    rehearsal,
    ...(network === undefined ? {} : { network }),
    fingerprint,
    passphrase: secret ?? new Uint8Array(),
    groupThreshold: 1,
    groups: [{ threshold, custodians: [...custodians] }],
  };
  try {
    return answered(await custodian.handle('beginSplit', request));
  } finally {
    secret?.fill(0);
  }
}

/** Everybody's turn, and the line that makes the set exist. */
async function handOut(
  sitting: Sitting,
  begun: SplitView,
  { custodians, folder }: SplitWish,
  output: Output,
): Promise<string> {
  const { custodian, splitId, terminal } = sitting;
  let view = begun;
  for (let number = view.present; number !== undefined; number = view.present) {
    const [turn, { progress }] = [number, view];
    const recipient = custodians[turn - 1]?.recipient;
    const files = new Set<string>();
    view = await untilItWorks(sitting, () =>
      terminal && recipient === undefined
        ? showShare({ ...sitting, terminal }, progress, turn)
        : saveShare(sitting, turn, folder ?? '', files, output),
    );
  }
  return untilItWorks(
    sitting,
    async () => answered(await custodian.handle('finishSplit', { splitId })).backupId,
  );
}

/** After these there is nothing left to go on with. */
const endings: readonly ErrorCode[] = ['request-refused', 'backup-not-found'];

/** Does something, and where it fails, again after whoever sits at the terminal has put right what they can. */
async function untilItWorks<Result>(sitting: Sitting, attempt: () => Promise<Result>): Promise<Result> {
  const { terminal } = sitting;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!terminal || !(error instanceof RootwardError) || endings.includes(error.code)) throw error;
      await terminal.page(
        `${harmless(error.message)}\n${harmless(error.remedy)}\n\nThe shares that are out stay good. Press Enter to try again; Ctrl-C gives the whole split up. `,
      );
      (await readLine({ ...sitting, terminal }, false)).fill(0);
    }
  }
}

/** One line; whoever finishes one goes on with the split, which lives on while words are written and typed back. */
async function readLine({ custodian, splitId, terminal }: AtTerminal, isShown: boolean): Promise<Uint8Array> {
  const line = await terminal.readLine(isShown);
  try {
    answered(await custodian.handle('readSplit', { splitId }));
    return line;
  } catch (error) {
    line.fill(0);
    throw error;
  }
}

/** @param own paths of the files of this share that were written before; any other file is left alone */
async function saveShare(
  { custodian, splitId }: Sitting,
  number: number,
  folder: string,
  own: Set<string>,
  output: Output,
): Promise<SplitView> {
  const { file } = answered(await custodian.handle('handOutShare', { splitId, number }));
  const target = path.join(folder, file.name);
  if (!own.has(target)) await refuseExisting(target);
  await writeFileDurably(target, file.bytes, { readBack: true });
  own.add(target);
  const bytes = new Uint8Array(await readWholeFile(target, { maximumBytes: 1 << 20 }));
  const view = answered(
    await custodian.handle('confirmHandedShare', { splitId, number, file: { name: file.name, bytes } }),
  );
  output.error(`note: ${target}\n`);
  return view;
}

/** A share of another set may be all that is left of it. @throws RootwardError `destination-not-empty` */
async function refuseExisting(target: string): Promise<void> {
  try {
    await realFileSystem.describe(target);
  } catch (error) {
    // Whatever else is wrong with the place, writing tells it better.
    if (systemCode(error) !== undefined) return;
    throw error;
  }
  throw new RootwardError('destination-not-empty', {
    message: `${target} is there already.`,
    remedy: 'Move it away, or give the split up and name another folder. Nothing was written.',
    place: target,
  });
}

/** One custodian at the terminal: alone with their words, then typing them back. */
async function showShare(
  sitting: AtTerminal,
  progress: SplitView['progress'],
  number: number,
): Promise<SplitView> {
  const { custodian, splitId, terminal } = sitting;
  const name = harmless(progress.find(one => one.number === number)?.name ?? '');
  await callCustodian(sitting, number, progress.length, name);
  const typed = new TypedWords(await showWords(sitting, number));
  try {
    for (;;) {
      await terminal.page(
        `Share ${number} of ${progress.length}, ${name}: type the words back from the paper, one or several a line.\n? shows them once more. Ctrl-C gives the whole split up.\n\n`,
      );
      if (!(await typed.fill(sitting))) {
        await showWords(sitting, number);
        continue;
      }
      const outcome = await custodian.handle('confirmShare', { splitId, number, words: typed.joined() });
      if (outcome.ok) {
        await terminal.page(
          `The share of ${name} is right, and out.\n\nPress Enter, and fetch whoever is next. `,
        );
        (await readLine(sitting, false)).fill(0);
        return outcome.value;
      }
      const error = errorFromReport(outcome.error);
      if (error.code !== 'share-words-differ') throw error;
      typed.forget(error.place);
      await terminal.page(
        `${error.message}\n\nLook at the paper; press Enter to type that word again, or ? to see the words. `,
      );
      if (await isQuestion(sitting)) await showWords(sitting, number);
    }
  } finally {
    typed.wipe();
    terminal.erase();
  }
}

/**
 * Waits until a custodian is alone at the terminal. They type the number of their share: a bare Enter may be one too
 * many of whoever sat there before.
 */
async function callCustodian(
  sitting: AtTerminal,
  number: number,
  count: number,
  name: string,
): Promise<void> {
  const call = `Share ${number} of ${count} is ${name}’s.\n\nEverybody else turns away. When nobody else can see the screen, ${name} types the number of this share, ${number}, and presses Enter: `;
  await sitting.terminal.page(call);
  while (!(await isTyped(sitting, String(number))))
    await sitting.terminal.page(`That is not the number of this share.\n\n${call}`);
}

async function isTyped(sitting: AtTerminal, expected: string): Promise<boolean> {
  const line = await readLine(sitting, true);
  const is = Buffer.from(expected).equals(line);
  line.fill(0);
  return is;
}

const isQuestion = (sitting: AtTerminal): Promise<boolean> => isTyped(sitting, '?');

const [space, question] = [0x20, 0x3f];

/** @returns how many words there are */
async function showWords(sitting: AtTerminal, number: number): Promise<number> {
  const { custodian, splitId, terminal } = sitting;
  const share = answered(await custodian.handle('readShare', { splitId, number }));
  let count = 0;
  try {
    await terminal.page(`${heading(share)}\n\n`);
    // Words are cut out of the bytes that came; none of them becomes a string.
    for (let start = 0; start < share.words.length; ) {
      const at = share.words.indexOf(space, start);
      const end = at < 0 ? share.words.length : at;
      count += 1;
      terminal.show(`${String(count).padStart(4)}  `);
      await terminal.showSecret(share.words.slice(start, end));
      terminal.show(count % 3 === 0 ? '\n' : '\x1b[K\t');
      start = end + 1;
    }
  } finally {
    share.words.fill(0);
  }
  terminal.show(
    '\n\nWrite every word down with its number; where that takes more than 15 minutes, the whole split is given up.\nThen press Enter: they are gone, and typed back. ',
  );
  (await readLine(sitting, false)).fill(0);
  return count;
}

function heading({ number, custodian, form }: ShareView): string {
  const lines = [
    ...(form.rehearsal ? ['REHEARSAL, NOT FOR USE.'] : []),
    `Share ${number}, kept by ${custodian}. Set ${form.set}, ${form.date}.`,
    `The ${form.role} key of ${form.holder} for ${form.repository}. Any ${form.memberThreshold} of ${form.members} shares recover it.`,
    `Key in words: ${form.fingerprint.words.join(' ')}`,
  ];
  return lines.map(harmless).join('\n');
}

/** The words of one share as they are typed back; a wrong one is typed again, and no other. */
class TypedWords {
  readonly #words: (Uint8Array | undefined)[];

  constructor(count: number) {
    this.#words = Array.from({ length: count });
  }

  /** Asks for what is missing. @returns false when the words are to be shown once more */
  async fill(sitting: AtTerminal): Promise<boolean> {
    for (let next = this.#missing(); next >= 0; next = this.#missing()) {
      sitting.terminal.show(`Word ${next + 1} of ${this.#words.length}: `);
      const line = await readLine(sitting, true);
      try {
        if (line.length === 1 && line[0] === question) return false;
        this.#take(line);
      } finally {
        line.fill(0);
      }
    }
    return true;
  }

  /** @returns the words with one space between them; the caller's to wipe */
  joined(): Uint8Array<ArrayBuffer> {
    const words = this.#words.map(word => word ?? new Uint8Array());
    const text = new Uint8Array(words.reduce((sum, word) => sum + word.length + 1, -1)).fill(space);
    let at = 0;
    for (const word of words) {
      text.set(word, at);
      at += word.length + 1;
    }
    return text;
  }

  /** @param place as an error names it: `word 7` */
  forget(place: string | undefined): void {
    const number = Number(/^word (\d+)$/.exec(place ?? '')?.[1]);
    if (!(number >= 1 && number <= this.#words.length)) {
      this.wipe();
      return;
    }
    this.#words[number - 1]?.fill(0);
    this.#words[number - 1] = undefined;
  }

  wipe(): void {
    for (const [index, word] of this.#words.entries()) {
      word?.fill(0);
      this.#words[index] = undefined;
    }
  }

  #missing(): number {
    return this.#words.indexOf(undefined);
  }

  #take(line: Uint8Array): void {
    for (let start = 0; start < line.length; ) {
      const at = line.indexOf(space, start);
      const end = at < 0 ? line.length : at;
      const next = this.#missing();
      if (end > start && next >= 0) this.#words[next] = line.slice(start, end);
      start = end + 1;
    }
  }
}
