import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { BrowserWindow, dialog, type WebContents } from 'electron';
import { RootwardError } from '../../shared/contract/errors.ts';
import type { FileInput } from '../../shared/contract/requests.ts';
import type { ShellHandlers } from '../ipc/register-requests.ts';
import { storageError, writeFileDurably } from '../platform/durable-files.ts';
import type { ModuleQuestion } from './module-consent.ts';

/** The largest file that is taken in, as in the contract. */
const largestFile = 32 * 1024 * 1024;
/** The most files that are taken in at once, as in the contract. */
const mostFiles = 1000;

/** The requests the shell answers itself, but for the scanner's: what only Electron's main process can do. */
export const dialogHandlers: Omit<ShellHandlers, 'openScanner' | 'closeScanner'> = {
  async chooseFolder({ title }, asker) {
    const chosen = await dialog.showOpenDialog(windowOf(asker), {
      title,
      properties: ['openDirectory', 'createDirectory'],
    });
    return { path: chosen.canceled ? null : (chosen.filePaths[0] ?? null) };
  },

  async chooseFiles({ title, multiple }, asker) {
    const chosen = await dialog.showOpenDialog(windowOf(asker), {
      title,
      properties: multiple ? ['openFile', 'multiSelections'] : ['openFile'],
    });
    if (chosen.canceled) return { files: [] };
    return { files: await readChosenFiles(chosen.filePaths) };
  },

  async saveFile({ title, file }, asker) {
    const chosen = await dialog.showSaveDialog(windowOf(asker), {
      title,
      // Only the name is suggested; where it goes is the user's choice.
      defaultPath: path.basename(file.name),
      filters: [filterOf(file.name)],
    });
    if (chosen.canceled || chosen.filePath === '') return { path: null };
    await writeFileDurably(chosen.filePath, file.bytes, { mode: 0o644, readBack: true });
    return { path: chosen.filePath };
  },

  async printTranscript({ suggestedName }, asker) {
    const window = windowOf(asker);
    const bytes = await window.webContents.printToPDF({ printBackground: true, pageSize: 'A4' });
    const chosen = await dialog.showSaveDialog(window, {
      title: 'Save the transcript',
      // Only the name is suggested; where it goes is the user's choice.
      defaultPath: path.basename(suggestedName),
      filters: [{ name: 'PDF', extensions: ['pdf'] }],
    });
    if (chosen.canceled || chosen.filePath === '') return { path: null };
    await writeFileDurably(chosen.filePath, bytes, { mode: 0o644, readBack: true });
    return { path: chosen.filePath };
  },

  async printShareForm({ to, suggestedName }, asker) {
    const window = windowOf(asker);
    if (to === 'printer') return { path: null, printed: await printOnPaper(window.webContents) };
    const bytes = await window.webContents.printToPDF({ printBackground: true, pageSize: 'A4' });
    try {
      const chosen = await dialog.showSaveDialog(window, {
        title: 'Save the form of the share',
        defaultPath: path.basename(suggestedName),
        filters: [{ name: 'PDF', extensions: ['pdf'] }],
      });
      if (chosen.canceled || chosen.filePath === '') return { path: null, printed: false };
      // SECURITY: the words stand in it, so nobody else on this machine may read it.
      await writeFileDurably(chosen.filePath, bytes, { mode: 0o600, readBack: true });
      return { path: chosen.filePath, printed: true };
    } finally {
      bytes.fill(0);
    }
  },
};

/**
 * Asks a person in a dialog of the system, above the window. What is not a plain yes is a no.
 * @param window absent: nobody is there to ask
 */
export async function confirmInDialog(
  window: BrowserWindow | undefined,
  { message, detail }: ModuleQuestion,
): Promise<boolean> {
  if (window === undefined || window.isDestroyed()) return false;
  const { response } = await dialog.showMessageBox(window, {
    type: 'warning',
    message,
    detail,
    buttons: ['Do not load it', 'Load it'],
    defaultId: 0,
    cancelId: 0,
    noLink: true,
  });
  return response === 1;
}

/** @returns whether something was printed; false when the user changed their mind */
async function printOnPaper(contents: WebContents): Promise<boolean> {
  const { isDone, why } = await new Promise<{ isDone: boolean; why: string }>((resolve, reject) => {
    try {
      contents.print({ printBackground: true, pageSize: 'A4' }, (isDone, why) => resolve({ isDone, why }));
    } catch (error) {
      reject(cannotPrint(error));
    }
  });
  if (!isDone && !/cancel/i.test(why)) throw cannotPrint(new Error(why));
  return isDone;
}

function cannotPrint(cause: unknown): RootwardError {
  return new RootwardError('not-supported-here', {
    message: 'This machine cannot print on paper.',
    remedy:
      'Look whether the printer is plugged in and switched on. Or print to a PDF, or write the words by hand.',
    cause,
  });
}

/** The kind of file a dialog suggests, from the name's ending. */
function filterOf(name: string): { name: string; extensions: string[] } {
  const extension = path.extname(name).slice(1) || 'json';
  return { name: extension.toUpperCase(), extensions: [extension] };
}

function windowOf(asker: WebContents): BrowserWindow {
  const window = BrowserWindow.fromWebContents(asker);
  if (window === null)
    throw new RootwardError('request-refused', {
      message: 'The window that asked has been closed.',
      remedy: 'Nothing was done. Open Rootward and ask again.',
    });
  return window;
}

/**
 * Reads the files a person has chosen, each whole.
 *
 * @throws RootwardError `too-large`, `wrong-type` for anything that is not a regular file, or why one could
 * not be read.
 */
export async function readChosenFiles(filePaths: readonly string[]): Promise<FileInput[]> {
  if (filePaths.length > mostFiles)
    throw new RootwardError('too-large', {
      message: `${filePaths.length} files were chosen; at most ${mostFiles} are read at once.`,
      remedy: 'Choose fewer files.',
    });
  const files: FileInput[] = [];
  for (const filePath of filePaths)
    files.push({ name: path.basename(filePath), bytes: await readWhole(filePath) });
  return files;
}

async function readWhole(filePath: string): Promise<Uint8Array<ArrayBuffer>> {
  let handle: FileHandle | undefined;
  try {
    // Not to wait for ever for a writer, should it be a pipe.
    handle = await open(filePath, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const { size, isRegular } = await handle
      .stat()
      .then(stat => ({ size: stat.size, isRegular: stat.isFile() }));
    if (!isRegular)
      throw new RootwardError('wrong-type', {
        message: `${path.basename(filePath)} is not a regular file.`,
        remedy: 'Choose a file.',
        place: filePath,
      });
    if (size > largestFile) throw tooLarge(filePath);
    const bytes = new Uint8Array(size);
    let filled = 0;
    while (filled < size) {
      const { bytesRead } = await handle.read(bytes, filled, size - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    const { bytesRead: more } = await handle.read(new Uint8Array(1), 0, 1, filled);
    if (filled !== size || more !== 0)
      throw new RootwardError('medium-unreadable', {
        message: `${path.basename(filePath)} changed while it was read.`,
        remedy: 'Wait until nothing writes to it any more, and choose it again.',
        place: filePath,
      });
    return bytes;
  } catch (error) {
    throw error instanceof RootwardError ? error : storageError(error, filePath, 'Reading');
  } finally {
    await handle?.close().catch(() => {});
  }
}

function tooLarge(filePath: string): RootwardError {
  return new RootwardError('too-large', {
    message: `${path.basename(filePath)} is larger than 32 MiB.`,
    remedy: 'No file Rootward reads is that large. Choose the right one.',
    place: filePath,
  });
}
