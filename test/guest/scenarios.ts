import type { Scenario } from './scenario.ts';
import { accessScenarios } from './scenarios/access.ts';
import { ceremonyScenarios } from './scenarios/ceremony.ts';
import { ledgerScenarios } from './scenarios/ledger.ts';
import { pivScenarios } from './scenarios/piv.ts';
import { readerScenarios } from './scenarios/reader.ts';

/** What is run in the guest, in this order. */
export const scenarios: readonly Scenario[] = [
  ...readerScenarios,
  ...pivScenarios,
  ...ledgerScenarios,
  ...accessScenarios,
  ...ceremonyScenarios,
];
