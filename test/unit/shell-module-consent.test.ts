/** PKCS#11 modules are code: the window cannot name one that nobody confirmed. */
import { describe, expect, test } from 'vitest';
import type { RequestTarget } from '../../electron/ipc/register-requests.ts';
import { type ModuleQuestion, withModuleConsent } from '../../electron/main/module-consent.ts';
import type { Outcome } from '../../shared/contract/requests.ts';

const settingsOf = (...modules: string[]) => ({ settings: { modules, authorities: [] } });
const viewOf = (...modules: string[]) => ({
  tokens: [],
  unsupported: [],
  busy: false,
  ...settingsOf(...modules),
});

function shell(answers: readonly boolean[], present: Outcome<unknown> = { ok: true, value: viewOf() }) {
  const handled: string[] = [];
  const asked: ModuleQuestion[] = [];
  const target: RequestTarget = {
    handle: async (name, _request, onSent) => {
      handled.push(name);
      onSent();
      return name === 'describeTokens' ? present : { ok: true, value: viewOf() };
    },
  };
  const guarded = withModuleConsent(target, async question => {
    asked.push(question);
    return answers[asked.length - 1] ?? false;
  });
  const configure = (...modules: string[]) =>
    guarded.handle('configureTokens', settingsOf(...modules), () => {});
  return { guarded, configure, handled, asked };
}

describe('a module that the window names', () => {
  test('is kept once a person has confirmed its whole path, and never before', async () => {
    const { configure, handled, asked } = shell([true]);
    const path = `/usr/lib/${'x'.repeat(300)}/module.so`;
    expect(await configure(path)).toMatchObject({ ok: true });
    expect(asked).toHaveLength(1);
    expect(asked[0]?.detail).toContain(path);
    expect(handled.at(-1)).toBe('configureTokens');
  });

  test('is refused, with everything that came along, when it is not', async () => {
    const { configure, handled } = shell([true, false, true]);
    const outcome = await configure('/a.so', '/b.so', '/c.so');
    expect(outcome).toMatchObject({ ok: false, error: { code: 'request-refused' } });
    expect(JSON.stringify(outcome)).toContain('/b.so');
    expect(handled).not.toContain('configureTokens');
  });

  test('is not asked about again where it is named already; taking one out asks nothing', async () => {
    const present = { ok: true, value: viewOf('/a.so', '/b.so') } as const;
    const { configure, handled, asked } = shell([], present);
    expect(await configure('/b.so')).toMatchObject({ ok: true });
    expect(await configure()).toMatchObject({ ok: true });
    expect(asked).toEqual([]);
    expect(handled.filter(name => name === 'configureTokens')).toHaveLength(2);
  });

  test('is asked about where the settings cannot be read', async () => {
    for (const present of [
      { ok: false, error: {} },
      { ok: true, value: { settings: { modules: ['/a.so'] } } },
    ]) {
      const { configure, asked } = shell([false], present as never);
      expect(await configure('/a.so')).toMatchObject({ ok: false });
      expect(asked).toHaveLength(1);
    }
  });

  test('cannot hide in its question behind characters that are not seen', async () => {
    const { configure, asked } = shell([false]);
    await configure('/usr/lib/good.so\n\u202e/evil.so');
    expect(asked[0]?.detail.split('\n\n')[0]).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  test('stands in nobody else’s way', async () => {
    const { guarded, handled, asked } = shell([]);
    await guarded.handle('describeHome', {}, () => {});
    expect(handled).toEqual(['describeHome']);
    expect(asked).toEqual([]);
  });
});
