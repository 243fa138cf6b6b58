/** A medium that tests may fill, and pull out. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';

export interface Medium {
  readonly folder: string;
  /** Takes the medium out; the folder it was mounted at stays, and is empty. */
  pull(): void;
}

/** Mounts a disk in memory. @returns why not, where that is not allowed (it needs root). */
export function mountMedium(folder: string, bytes: number): Medium | string {
  mkdirSync(folder, { recursive: true });
  if (process.platform !== 'linux') return 'memory disks are mounted on Linux only';
  const made = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder], {
    encoding: 'utf8',
  });
  if (made.status !== 0)
    return `a memory disk cannot be mounted here (needs root): ${(made.stderr || String(made.error)).trim()}`;
  let isIn = true;
  const pull = () => {
    if (!isIn) return;
    isIn = false;
    spawnSync('umount', ['-l', folder]);
  };
  mounted.add(pull);
  return { folder, pull };
}

const mounted = new Set<() => void>();

/** Takes every medium out that is still in. For `afterAll`, before folders are removed. */
export function pullAll(): void {
  for (const pull of mounted) pull();
  mounted.clear();
}

export const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true });
