/** A PIV card as it came from the shop, made its holder's own in the window. */
import { defaultPin, defaultPuk } from '../../simulators/piv-card.ts';
import type { Desk } from './desk.ts';

/**
 * From "Set this token up" to the end of its dialog.
 * @returns the management key that was shown, in groups of four digits
 */
export async function setUpCard(desk: Desk, { pin, puk }: { pin: string; puk: string }): Promise<string> {
  await desk.button('Set it up…').click();
  await desk.field('Present PIN').fill(defaultPin);
  await desk.field('New PIN').fill(pin);
  await desk.field('The same PIN again').fill(pin);
  await desk.primary();
  await desk.field('Present PUK').fill(defaultPuk);
  await desk.field('New PUK').fill(puk);
  await desk.field('The same PUK again').fill(puk);
  await desk.primary();
  await desk.text('Rootward draws a new one at random').waitFor();
  const groups = desk.page.getByRole('list', { name: 'Write this down now' });
  await groups.waitFor();
  const managementKey = await groups.innerText();
  await desk.page.getByRole('checkbox').click();
  await desk.primary();
  await desk.text('All three are its holder’s own now.').waitFor();
  await desk.primary();
  return managementKey.replaceAll(/\s+/g, ' ').trim();
}
