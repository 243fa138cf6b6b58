import type { DialectName } from '../ceremony/plan.ts';
import type { Dialect } from './dialect.ts';
import { notaryV1 } from './notary-v1.ts';
import { tuf10 } from './tuf-1-0.ts';

export const dialects: Readonly<Record<DialectName, Dialect>> = { 'notary-v1': notaryV1, 'tuf-1.0': tuf10 };
