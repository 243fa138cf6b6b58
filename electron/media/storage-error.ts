import { type ErrorCode, RootwardError } from '../../shared/contract/errors.ts';

/** For each cause the system names: its code, what happened, and what to do. */
const causes: Readonly<Record<string, { code: ErrorCode; what: string; remedy: string }>> = {
  ENOSPC: {
    code: 'disk-full',
    what: 'there is no room left',
    remedy: 'Use a medium with more free space, or remove from this one what is not needed.',
  },
  EDQUOT: {
    code: 'disk-full',
    what: 'the quota is used up',
    remedy: 'Use a medium with more free space.',
  },
  EFBIG: {
    code: 'disk-full',
    what: 'the file system or a limit does not allow a file of this size',
    remedy: 'Use another medium, or lift the limit on file sizes.',
  },
  EIO: {
    code: 'medium-unreadable',
    what: 'the medium reported an error, as a worn or pulled medium does',
    remedy: 'Plug the medium in again, or use another one; do not trust this one with the only copy.',
  },
  ENXIO: {
    code: 'medium-unreadable',
    what: 'the medium is gone',
    remedy: 'Plug the medium in again, or use another one.',
  },
  ENODEV: {
    code: 'medium-unreadable',
    what: 'the medium is gone',
    remedy: 'Plug the medium in again, or use another one.',
  },
  EROFS: {
    code: 'medium-read-only',
    what: 'the medium is write-protected',
    remedy: 'Lift its write protection (a switch on the medium, or how it is mounted), or use another one.',
  },
  EACCES: {
    code: 'no-permission',
    what: 'this user may not do that there',
    remedy: 'Choose a folder that belongs to you, or change its permissions.',
  },
  EPERM: {
    code: 'no-permission',
    what: 'the system does not allow it',
    remedy: 'Choose a folder that belongs to you, or change its permissions.',
  },
  ENOENT: {
    code: 'file-not-found',
    what: 'there is no such file or folder',
    remedy: 'Check the path; if it is on a medium, see that the medium is plugged in and mounted.',
  },
  ENOTDIR: {
    code: 'file-not-found',
    what: 'part of the path is not a folder',
    remedy: 'Check the path.',
  },
  ENOTEMPTY: {
    code: 'destination-not-empty',
    what: 'the folder is not empty',
    remedy: 'Name a new folder.',
  },
  EEXIST: {
    code: 'destination-not-empty',
    what: 'something of that name is there already',
    remedy: 'Name a new folder.',
  },
};

/**
 * @returns the RootwardError for a failed file operation: one code a cause, with what was tried and where.
 *
 * @example throw storageError(error, '/media/stick/root.json', 'write');
 */
export function storageError(error: unknown, path: string, doing: string): RootwardError {
  if (error instanceof RootwardError) return error;
  const errno = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const cause = causes[errno];
  return new RootwardError(cause?.code ?? 'storage-failed', {
    message: `Could not ${doing} ${path}: ${cause?.what ?? `the system answered ${errno}`}.`,
    remedy: cause?.remedy ?? 'Nothing that was there before has changed. Try another place or medium.',
    place: path,
    cause: error,
  });
}
