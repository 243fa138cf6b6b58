import type { PKCS11 } from 'pkcs11js';
import { RootwardError } from '../../../shared/contract/errors.ts';
import { returnValueName } from './cryptoki-error.ts';
import { checkModuleFile } from './module-file.ts';

/** The calls of Cryptoki that are used, as pkcs11js has them. */
export type Cryptoki = Pick<
  PKCS11,
  | 'C_Initialize'
  | 'C_Finalize'
  | 'C_GetSlotList'
  | 'C_GetTokenInfo'
  | 'C_GetMechanismList'
  | 'C_OpenSession'
  | 'C_CloseSession'
  | 'C_Login'
  | 'C_Logout'
  | 'C_FindObjectsInit'
  | 'C_FindObjects'
  | 'C_FindObjectsFinal'
  | 'C_GetAttributeValue'
  | 'C_GenerateKeyPair'
  | 'C_DestroyObject'
  | 'C_SetPIN'
  | 'C_SignInit'
> & { C_Sign(session: Buffer, data: Buffer, signature: Buffer): Buffer };

/** A module that was loaded. Its calls block the thread: they run in the custodian, never in Electron's main process. */
export interface Pkcs11Module {
  /** The file, with no symbolic link in it. */
  readonly file: string;
  /**
   * Starts the module, runs one task, and ends the module again: no session and no login outlives a task.
   * @param task must not wait for anything: two tasks would share one login
   * @throws RootwardError `token-support-missing` if the module does not start, and what the task throws
   */
  run<Result>(task: (cryptoki: Cryptoki) => Result): Result;
}

/** CKF_OS_LOCKING_OK: the module may use the system's threads and locks. */
const osLocking = 0x2;

/** What starts and ends a module around each task. */
export function pkcs11Module(file: string, cryptoki: Cryptoki): Pkcs11Module {
  return {
    file,
    run: task => {
      try {
        cryptoki.C_Initialize({ flags: osLocking });
      } catch (cause) {
        // Left over from a task whose end failed; the module is ours alone in this process.
        if (returnValueName(cause) !== 'CKR_CRYPTOKI_ALREADY_INITIALIZED') throw notStarted(file, cause);
      }
      try {
        return task(cryptoki);
      } finally {
        try {
          cryptoki.C_Finalize();
        } catch {
          // The task's own outcome is what counts.
        }
      }
    },
  };
}

/** A library stays loaded once it is: unloading one that started threads or exit handlers can end the process. */
const loaded = new Map<string, Pkcs11Module>();

/**
 * Loads a PKCS#11 module.
 * @param file its absolute path, as `checkModuleFile` wants it
 * @throws RootwardError those of `checkModuleFile`; `token-support-missing` where pkcs11js was not built;
 *   `wrong-type` if the file is no PKCS#11 module for this machine
 */
export async function loadModule(file: string): Promise<Pkcs11Module> {
  const checked = checkModuleFile(file);
  const known = loaded.get(checked);
  if (known !== undefined) return known;
  const { PKCS11: Library } = await loadBinding();
  const cryptoki = new Library();
  try {
    cryptoki.load(checked);
  } catch (cause) {
    throw new RootwardError('wrong-type', {
      message: `The file ${file} is not a PKCS#11 module that this machine can load.`,
      remedy:
        "Name the module from the token maker's package that was built for this system and processor, and see that the libraries it needs are installed.",
      cause,
    });
  }
  const module = pkcs11Module(checked, cryptoki);
  loaded.set(checked, module);
  return module;
}

async function loadBinding(): Promise<typeof import('pkcs11js')> {
  try {
    return (await import('pkcs11js')).default;
  } catch (cause) {
    throw new RootwardError('token-support-missing', {
      message: 'PKCS#11 tokens cannot be used: the package pkcs11js was not built on this machine.',
      remedy:
        'Run `npm run build:pkcs11` (it needs a C++ compiler, make and Python) and start Rootward again. Everything else works without it.',
      cause,
    });
  }
}

const notStarted = (file: string, cause: unknown) =>
  new RootwardError('token-support-missing', {
    message: `The PKCS#11 module ${file} does not start (${returnValueName(cause) ?? 'no reason given'}).`,
    remedy: 'See its own configuration; for SoftHSM2 that is the file named by SOFTHSM2_CONF.',
    cause,
  });
