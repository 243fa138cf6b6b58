/** `app.requestSingleInstanceLock`: a lock file with the process id in the user-data folder. */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const lockName = 'stand-in-instance.lock';
const messagePrefix = 'stand-in-instance-message-';

/** A process id may be used again; with the start time (Linux) it is unmistakable. */
function startTime(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[19];
  } catch {
    return '';
  }
}

function isAlive({ pid, started }) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== 'EPERM') return false;
  }
  return startTime(pid) === started;
}

export class InstanceLock {
  #folder;
  #held = false;
  #watcher;
  #onSecondInstance;

  constructor(onSecondInstance) {
    this.#onSecondInstance = onSecondInstance;
  }

  /** True when this process is the first one; otherwise the first one hears of the second. */
  request(folder, additionalData) {
    if (this.#held) return true;
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    const path = join(folder, lockName);
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        const file = openSync(path, 'wx');
        writeFileSync(file, JSON.stringify({ pid: process.pid, started: startTime(process.pid) }));
        closeSync(file);
        this.#held = true;
        this.#listen();
        return true;
      } catch (error) {
        if (error.code !== 'EEXIST') throw error;
      }
      let holder;
      try {
        holder = JSON.parse(readFileSync(path, 'utf8'));
      } catch {
        // Just being written, or left behind half written; the next attempt tells.
      }
      if (holder !== undefined && isAlive(holder)) {
        const message = { argv: process.argv, workingDirectory: process.cwd(), additionalData };
        const name = `${messagePrefix}${process.pid}-${Date.now()}`;
        writeFileSync(join(folder, `.${name}`), JSON.stringify(message));
        // Written under another name first, so that it is never read by halves.
        renameSync(join(folder, `.${name}`), join(folder, name));
        return false;
      }
      rmSync(path, { force: true });
    }
    return false;
  }

  has() {
    return this.#held;
  }

  release() {
    if (!this.#held) return;
    this.#held = false;
    this.#watcher?.close();
    rmSync(join(this.#folder, lockName), { force: true });
  }

  #listen() {
    this.#watcher = watch(this.#folder, (_kind, name) => {
      if (!name?.startsWith(messagePrefix)) return;
      const path = join(this.#folder, name);
      if (!existsSync(path)) return;
      const message = JSON.parse(readFileSync(path, 'utf8'));
      rmSync(path, { force: true });
      this.#onSecondInstance(message);
    });
    this.#watcher.unref();
    // Messages to a holder that is gone are nobody's.
    for (const name of readdirSync(this.#folder))
      if (name.startsWith(messagePrefix)) rmSync(join(this.#folder, name), { force: true });
  }
}
