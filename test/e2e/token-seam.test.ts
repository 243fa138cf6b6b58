/** The way by which journeys plug simulated tokens into a running app; and that the app itself has no such way. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkout, removeTemporaryDirectory, temporaryDirectory } from '../interop/peers/run.ts';
import { PivCard } from '../simulators/piv-card.ts';
import { Desk, until, whyNoDesk } from './support/desk.ts';
import { appWithTokens } from './support/token-app.ts';
import { TokenBench } from './support/token-bench.ts';

const why = whyNoDesk();
let folder: string;
let app: Awaited<ReturnType<typeof appWithTokens>>;
let bench: TokenBench;
let desk: Desk;

beforeAll(async () => {
  if (why) return;
  folder = temporaryDirectory('token-seam');
  app = await appWithTokens();
  bench = await TokenBench.open(folder);
  desk = await Desk.open({ application: app.folder, env: { ROOTWARD_TEST_TOKENS: bench.socket } });
});
afterAll(async () => {
  await desk?.close();
  await bench?.close();
  app?.remove();
  if (folder) removeTemporaryDirectory(folder);
});

const describeTokens = () =>
  desk.page.evaluate(async () => {
    const outcome = await window.rootward.describeTokens({});
    return outcome.ok ? outcome.value.tokens : [];
  });

describe('a running app with simulated tokens', () => {
  it('sees a card that is plugged in, and no more when it is pulled', async context => {
    if (why) context.skip(why);
    expect(await describeTokens()).toEqual([]);
    const { unplug } = bench.bus.plug(new PivCard({ serial: 4242 }));
    let tokens = await describeTokens();
    for (let look = 0; look < 20 && tokens[0]?.state !== 'ready'; look += 1) tokens = await describeTokens();
    expect(tokens).toMatchObject([{ state: 'ready', custody: 'piv', serial: '4242' }]);
    await until('no session is open', () => bench.bus.open === 0);
    unplug();
    expect(await describeTokens()).toEqual([]);
  });

  it('is another app than the one that is built: that one knows nothing of the bench', context => {
    if (why) context.skip(why);
    const knowsBench = (top: string): boolean =>
      readFileSync(path.join(top, 'dist/electron/custodian.cjs'), 'utf8').includes('ROOTWARD_TEST_TOKENS');
    expect({ ofTest: knowsBench(app.folder), built: knowsBench(checkout) }).toEqual({
      ofTest: true,
      built: false,
    });
  });
});
