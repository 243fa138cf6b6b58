import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { WebContents } from 'electron';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

let folder: string;
const asked: object[] = [];
let answer: { canceled: boolean; filePath: string };
const window = { id: 1 };
vi.mock('electron', () => ({
  BrowserWindow: { fromWebContents: () => window },
  dialog: {
    showSaveDialog: async (_window: unknown, options: object) => {
      asked.push(options);
      return answer;
    },
  },
}));

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rootward-save-'));
  asked.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('saving a file', () => {
  const file = { name: 'payments-root-2.request.json', bytes: new TextEncoder().encode('{"a":1}\n') };
  const save = async (name = file.name) => {
    const { dialogHandlers } = await import('../../electron/main/dialogs.ts');
    return dialogHandlers.saveFile({ title: 'Save the request', file: { ...file, name } }, {} as WebContents);
  };

  test('writes where the user says, whole', async () => {
    const place = path.join(folder, 'mine.json');
    answer = { canceled: false, filePath: place };
    expect(await save()).toEqual({ path: place });
    expect(readFileSync(place, 'utf8')).toBe('{"a":1}\n');
    expect(readdirSync(folder)).toEqual(['mine.json']);
  });

  test('suggests a name, never a place', async () => {
    answer = { canceled: true, filePath: '' };
    await save('../../etc/cron.d/x.json');
    expect(asked).toEqual([expect.objectContaining({ title: 'Save the request', defaultPath: 'x.json' })]);
  });

  test('does nothing when the user changes their mind', async () => {
    answer = { canceled: true, filePath: path.join(folder, 'not.json') };
    expect(await save()).toEqual({ path: null });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('says why it could not be written', async () => {
    answer = { canceled: false, filePath: path.join(folder, 'none', 'mine.json') };
    await expect(save()).rejects.toMatchObject({ code: 'file-not-found' });
  });
});
