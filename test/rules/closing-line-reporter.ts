import type { Reporter, TestModule } from 'vitest/node';

/** Ends a run with the plain line `tests: N passed, N failed, N skipped`, and lists what was skipped and why. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    const skipped: string[] = [];
    for (const module of modules) {
      let seen = 0;
      for (const test of module.children.allTests()) {
        seen += 1;
        const result = test.result();
        if (result.state === 'passed') counts.passed += 1;
        else if (result.state === 'failed') counts.failed += 1;
        else {
          counts.skipped += 1;
          const note = result.state === 'skipped' && result.note ? `: ${result.note}` : '';
          skipped.push(`${test.fullName}${note}`);
        }
      }
      // A file that could not be loaded ran no test, and that must never look like success.
      if (module.state() === 'failed' && seen === 0) counts.failed += 1;
    }
    for (const line of skipped) console.log(`skipped: ${line}`);
    console.log(`\ntests: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  }
}
