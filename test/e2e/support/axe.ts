/** What axe finds on a page. */
import axe, { type AxeResults, type Result } from 'axe-core';
import type { Page } from 'playwright';

declare global {
  interface Window {
    readonly axe: { run(root: Document, options: object): Promise<AxeResults> };
  }
}

/**
 * Looks at a page with axe. Its source is put into a document once: to do so takes four times as long as to look.
 * @param rules those to look by; default: all
 */
export async function violationsOn(page: Page, rules?: readonly string[]): Promise<readonly Result[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
  return page.evaluate(async only => {
    const options = { resultTypes: ['violations'], ...(only && { runOnly: only }) };
    return (await window.axe.run(document, options)).violations;
  }, rules);
}
