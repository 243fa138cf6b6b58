import { z } from 'zod';

/**
 * Every error code there is. Closed on purpose: a caller can switch over it, and a new kind of failure is a
 * decision made here. One code for each cause (never "incorrect passphrase" for a damaged file).
 */
export const errorCodes = [
  // Reading what somebody hands in
  'not-utf-8',
  'json-syntax',
  'json-duplicate-key',
  'json-number',
  'json-too-deep',
  'too-large',
  'wrong-type',
  'missing-field',
  'invalid-value',
  'unknown-format',
  'damaged-encoding',
  'frames-mixed',
  'frames-missing',
  // Keys and passphrases
  'unsupported-key',
  'invalid-key',
  'invalid-certificate',
  'key-mismatch',
  'wrong-passphrase',
  'wrong-identity',
  'passphrase-needed',
  'passphrase-too-weak',
  'key-damaged',
  'key-exists',
  'key-not-found',
  // Signing and verifying
  'signature-invalid',
  'signature-stale',
  'signature-foreign',
  'signature-duplicate',
  'signature-conflict',
  'verifiers-disagree',
  'threshold-not-met',
  'verification-failed',
  // Hardware tokens
  'token-support-missing',
  'token-not-found',
  'token-wrong',
  'token-no-permission',
  'token-busy',
  'token-removed',
  'token-silent',
  'token-locked',
  'token-wrong-application',
  'token-refused',
  'token-touch-missed',
  'token-reply-invalid',
  'token-slot-empty',
  'token-slot-taken',
  'token-shared',
  'token-not-capable',
  'token-management-key',
  'wrong-pin',
  'pin-blocked',
  'pin-needed',
  'pin-unfit',
  // Backups, shares and drills
  'share-length',
  'share-word-unknown',
  'share-checksum',
  'share-foreign',
  'share-duplicate',
  'share-void',
  'share-words-differ',
  'shares-too-few',
  'shares-contradict',
  'backup-damaged',
  'backup-not-proven',
  'backup-not-found',
  'backup-under-way',
  'restore-conflict',
  // Plans and ceremonies
  'plan-invalid',
  'plan-changed',
  'ceremony-not-found',
  'ceremony-closed',
  'step-not-present',
  'step-input-invalid',
  'repository-exists',
  'root-may-be-published',
  'repository-not-found',
  'vault-behind',
  'network-present',
  // The vault and media
  'vault-not-found',
  'vault-exists',
  'vault-in-use',
  'vault-damaged',
  'journal-damaged',
  'file-not-found',
  'no-permission',
  'disk-full',
  'medium-unreadable',
  'medium-read-only',
  'destination-not-empty',
  'read-back-differs',
  'storage-failed',
  // Borders
  'request-refused',
  'request-invalid',
  'custodian-gone',
  'wrong-usage',
  'not-supported-here',
  'internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

export interface ErrorDetails {
  /** What went wrong, one sentence, with the names and numbers that matter. Never a secret. */
  readonly message: string;
  /** What the user can do about it, one or two sentences. */
  readonly remedy: string;
  /** Where: a path inside a document (`signed.roles.root`), a line and column, a file, a step. */
  readonly place?: string | undefined;
  readonly cause?: unknown;
}

/** The one error type of Rootward. Nothing else is thrown across a module border. */
export class RootwardError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string;
  readonly place: string | undefined;

  constructor(code: ErrorCode, details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'RootwardError';
    this.code = code;
    this.remedy = details.remedy;
    this.place = details.place;
  }
}

/** An error as it crosses a process border, is printed by `--json`, or lands in the journal. */
export const errorReportSchema = z.object({
  code: z.enum(errorCodes),
  message: z.string(),
  remedy: z.string(),
  place: z.string().optional(),
});
export type ErrorReport = z.infer<typeof errorReportSchema>;

/**
 * @returns the error in its crossing form. Anything that is not a RootwardError becomes `internal`, and its
 * text is kept out of it: a library's message may quote what it was given.
 */
export function reportError(error: unknown): ErrorReport {
  if (error instanceof RootwardError) {
    return {
      code: error.code,
      message: error.message,
      remedy: error.remedy,
      ...(error.place === undefined ? {} : { place: error.place }),
    };
  }
  return {
    code: 'internal',
    message: `Rootward met a fault of its own (${error instanceof Error ? error.name : typeof error}).`,
    remedy: 'Nothing was lost: the journal is as it was. Start Rootward again; if it comes back, report it.',
  };
}

/** @returns the RootwardError a report stands for, on the other side of the border. */
export function errorFromReport(report: ErrorReport): RootwardError {
  return new RootwardError(report.code, {
    message: report.message,
    remedy: report.remedy,
    place: report.place,
  });
}
