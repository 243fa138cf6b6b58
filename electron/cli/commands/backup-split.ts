import path from 'node:path';
import type { ShareView, SplitView } from '../../../shared/contract/backup-views.ts';
import { errorFromReport } from '../../../shared/contract/errors.ts';
import type { Custodian } from '../../custodian/custodian.ts';
import { readWholeFile, writeFileDurably } from '../../platform/durable-files.ts';
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

/**
 * Splits a key at a terminal, one custodian at a time: each sees their own words, writes them down, and types them
 * back; those with a recipient get a file. The requests are the window's.
 * @returns the ID of the set
 * @throws RootwardError what the requests are refused for; `wrong-usage` where there is no terminal for words;
 *   `destination-not-empty` where a file of a share is there already. The split is given up then.
 */
export async function splitAtTerminal(
  custodian: Custodian,
  wish: SplitWish,
  output: Output,
): Promise<string> {
  const needsTerminal = wish.passphrase === undefined || wish.custodians.some(one => !one.recipient);
  if (wish.folder === undefined && wish.custodians.some(one => one.recipient))
    throw wrongUsage('--to is needed: the folder for the files of shares.');
  const terminal = needsTerminal ? requireTerminal() : undefined;
  terminal?.begin();
  try {
    const view = await begin(custodian, wish, terminal);
    try {
      return await handOut(custodian, view, wish, terminal, output);
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
    terminal.page('Passphrase of the key that is split: ');
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
  custodian: Custodian,
  begun: SplitView,
  { custodians, folder }: SplitWish,
  terminal: Terminal | undefined,
  output: Output,
): Promise<string> {
  let view = begun;
  for (let number = view.present; number !== undefined; number = view.present) {
    const recipient = custodians[number - 1]?.recipient;
    if (recipient !== undefined) view = await saveShare(custodian, view, number, folder ?? '', output);
    else if (terminal) view = await showShare(custodian, view, number, terminal);
  }
  return answered(await custodian.handle('finishSplit', { splitId: view.splitId })).backupId;
}

async function saveShare(
  custodian: Custodian,
  { splitId }: SplitView,
  number: number,
  folder: string,
  output: Output,
): Promise<SplitView> {
  const { file } = answered(await custodian.handle('handOutShare', { splitId, number }));
  const target = path.join(folder, file.name);
  await writeFileDurably(target, file.bytes, { readBack: true });
  const bytes = new Uint8Array(await readWholeFile(target, { maximumBytes: 1 << 20 }));
  output.error(`note: ${target}\n`);
  return answered(
    await custodian.handle('confirmHandedShare', { splitId, number, file: { name: file.name, bytes } }),
  );
}

/** One custodian at the terminal: alone with their words, then typing them back. */
async function showShare(
  custodian: Custodian,
  { splitId, progress }: SplitView,
  number: number,
  terminal: Terminal,
): Promise<SplitView> {
  const name = harmless(progress.find(one => one.number === number)?.name ?? '');
  terminal.page(
    `Share ${number} of ${progress.length} is ${name}’s.\n\nEverybody else turns away. ${name} presses Enter when nobody else can see the screen. `,
  );
  (await terminal.readLine(false)).fill(0);
  const typed = new TypedWords(await showWords(custodian, splitId, number, terminal));
  try {
    for (;;) {
      terminal.page(
        `Share ${number} of ${progress.length}, ${name}: type the words back from the paper, one or several a line.\n? shows them once more. Ctrl-C gives the whole split up.\n\n`,
      );
      if (!(await typed.fill(terminal))) {
        await showWords(custodian, splitId, number, terminal);
        continue;
      }
      const outcome = await custodian.handle('confirmShare', { splitId, number, words: typed.joined() });
      if (outcome.ok) {
        terminal.page(`The share of ${name} is right, and out.\n\nPress Enter, and fetch whoever is next. `);
        (await terminal.readLine(false)).fill(0);
        return outcome.value;
      }
      const error = errorFromReport(outcome.error);
      if (error.code !== 'share-words-differ') throw error;
      typed.forget(error.place);
      terminal.page(
        `${error.message}\n\nLook at the paper; press Enter to type that word again, or ? to see the words. `,
      );
      if (await isQuestion(terminal)) await showWords(custodian, splitId, number, terminal);
    }
  } finally {
    typed.wipe();
    terminal.page('');
  }
}

async function isQuestion(terminal: Terminal): Promise<boolean> {
  const line = await terminal.readLine(true);
  const is = line.length === 1 && line[0] === question;
  line.fill(0);
  return is;
}

const [space, question] = [0x20, 0x3f];

/** @returns how many words there are */
async function showWords(
  custodian: Custodian,
  splitId: string,
  number: number,
  terminal: Terminal,
): Promise<number> {
  const share = answered(await custodian.handle('readShare', { splitId, number }));
  terminal.page(`${heading(share)}\n\n`);
  let count = 0;
  try {
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
    '\n\nWrite every word down with its number. Then press Enter: they are gone, and typed back. ',
  );
  (await terminal.readLine(false)).fill(0);
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
  async fill(terminal: Terminal): Promise<boolean> {
    for (let next = this.#missing(); next >= 0; next = this.#missing()) {
      terminal.show(`Word ${next + 1} of ${this.#words.length}: `);
      const line = await terminal.readLine(true);
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
