import { realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { RootwardError } from '../../../shared/contract/errors.ts';

/**
 * SECURITY: loading a PKCS#11 module runs its code in the process that sees secrets. So a module is never looked for:
 * somebody names its file, and only a file that nobody but root and this user could have written is loaded.
 * Windows has no owners and modes in this sense; there the folder's own protection has to do.
 *
 * @param file the module's absolute path; symbolic links are followed, and what they lead to is what is checked
 * @returns the path to load, with no symbolic link in it
 * @throws RootwardError `invalid-value` (not an absolute path), `file-not-found`, `wrong-type` (not a file),
 *   `no-permission` (cannot be looked at), `request-refused` (others could have written it)
 */
export function checkModuleFile(file: string): string {
  if (!path.isAbsolute(file)) {
    throw new RootwardError('invalid-value', {
      message: `The PKCS#11 module is named by a path that is not absolute: ${file}.`,
      remedy: 'Name the file with its whole path, for example /usr/lib/softhsm/libsofthsm2.so.',
    });
  }
  const found = reach(file, () => realpathSync(file));
  if (!reach(found, () => statSync(found)).isFile()) {
    throw new RootwardError('wrong-type', {
      message: `The PKCS#11 module ${file} is not a file.`,
      remedy: 'Name the module itself: a shared library (.so, .dylib or .dll) from the maker of the token.',
    });
  }
  const user = process.getuid?.();
  if (user === undefined) return found;
  for (let place = found; ; place = path.dirname(place)) {
    const weakness = weaknessOf(place, user);
    if (weakness !== undefined) {
      throw new RootwardError('request-refused', {
        message: `The PKCS#11 module ${file} was not loaded: ${place} ${weakness}, so others could have put their own code there.`,
        remedy:
          'Install the module from its package, or have root copy it to a folder that only root can write to, and name that file.',
      });
    }
    if (place === path.dirname(place)) return found;
  }
}

/** @returns why others could have written this file or folder, to stand behind its name; undefined if they could not. */
function weaknessOf(place: string, user: number): string | undefined {
  const { uid, mode } = reach(place, () => statSync(place));
  if (uid !== 0 && uid !== user) return `belongs to the user with the number ${uid}`;
  // In a folder with the sticky bit (/tmp) others can add files, but not replace one that is not theirs.
  const sticky = (mode & 0o1000) !== 0 && (mode & 0o170000) === 0o040000;
  if ((mode & 0o022) !== 0 && !sticky) return 'may be written to by others';
  return undefined;
}

function reach<Result>(file: string, look: () => Result): Result {
  try {
    return look();
  } catch (cause) {
    const missing = ['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '');
    throw new RootwardError(missing ? 'file-not-found' : 'no-permission', {
      message: missing
        ? `There is no PKCS#11 module at ${file}.`
        : `The PKCS#11 module ${file} cannot be looked at.`,
      remedy: missing
        ? "See that the token maker's package is installed, and correct the path."
        : 'See that this user may read the file and enter the folders above it.',
      cause,
    });
  }
}
