/**
 * Something that was found when a vault was opened and that people should read; nothing that stops the work.
 * - `journal-torn`: an unfinished last line was set aside
 * - `clock-backwards`: an entry is older than the one before
 * - `lock-taken-over`: the last session ended without closing the vault
 * - `permissions-repaired`, `permissions-open`: others could read a file; it was put right, or could not be
 * - `leftovers-removed`: unfinished temporary files of a crash
 * - `key-damaged`: a key cannot be used (its record or its sealed file is missing or damaged)
 * - `key-without-record`: a sealed key that no ceremony finished
 * - `key-file-left`: a key that is on a token by its record has a sealed file as well
 * - `repository-damaged`: a repository's folder cannot be read
 */
export interface Notice {
  readonly kind:
    | 'journal-torn'
    | 'clock-backwards'
    | 'lock-taken-over'
    | 'permissions-repaired'
    | 'permissions-open'
    | 'leftovers-removed'
    | 'key-damaged'
    | 'key-without-record'
    | 'key-file-left'
    | 'repository-damaged';
  /** One or two sentences for people. */
  readonly message: string;
  /** The file, or file and line, it is about. */
  readonly place?: string | undefined;
}
