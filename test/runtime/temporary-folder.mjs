/**
 * A temporary folder that is gone after the stand-in, however the stand-in ends. An ordinary end removes it;
 * for a kill that leaves no time, a small shell waits for the end of a pipe that only this process holds.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Waits until this process is gone, gives Chromium (which ends when its pipe breaks) time, then removes. */
const reaperScript =
  'read -r line; attempt=0; while [ -d "$1" ] && [ $attempt -lt 20 ]; do rm -rf -- "$1" 2>/dev/null; sleep 0.25; attempt=$((attempt + 1)); done';

export function makeTemporaryFolder() {
  const path = mkdtempSync(join(tmpdir(), 'rootward-stand-in-'));
  const reaper = spawn('/bin/sh', ['-c', reaperScript, 'stand-in-reaper', path], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  reaper.unref();
  reaper.stdin.unref?.();
  reaper.on('error', () => {});
  reaper.stdin.on('error', () => {});
  return {
    path,
    remove() {
      rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
}
