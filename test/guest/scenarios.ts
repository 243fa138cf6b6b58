import type { Scenario } from './scenario.ts';
import { readerScenarios } from './scenarios/reader.ts';

/** What is run in the guest, in this order. */
export const scenarios: readonly Scenario[] = [...readerScenarios];
