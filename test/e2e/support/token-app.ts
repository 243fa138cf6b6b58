import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'vite';

const top = path.resolve(import.meta.dirname, '../../..');

/**
 * The built app with one file changed: its custodian knows simulated tokens (token-custodian.ts). Neither dist/ nor the
 * packaged app has a way to them.
 * @returns the folder to start, and what removes it
 */
export async function appWithTokens(): Promise<{ readonly folder: string; remove(): void }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'rootward-token-app-'));
  cpSync(path.join(top, 'dist'), path.join(folder, 'dist'), { recursive: true });
  for (const name of ['assets', 'node_modules']) symlinkSync(path.join(top, name), path.join(folder, name));
  cpSync(path.join(top, 'package.json'), path.join(folder, 'package.json'));
  const built = path.join(folder, 'dist/electron');
  const external = ['electron', 'usb', '@ledgerhq/hw-transport-node-hid', 'node-hid', 'pkcs11js'];
  await build({
    configFile: false,
    root: top,
    logLevel: 'error',
    define: { __ROOTWARD_VERSION__: JSON.stringify(versionOf()), __ROOTWARD_DEVICE_RULE__: '"# a rule"' },
    publicDir: false,
    ssr: { noExternal: true, external },
    build: {
      ssr: true,
      target: 'node20',
      outDir: built,
      emptyOutDir: false,
      minify: false,
      rolldownOptions: {
        input: { custodian: path.join(import.meta.dirname, 'token-custodian.ts') },
        external: [...external, ...builtinModules, ...builtinModules.map(name => `node:${name}`)],
        output: { format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false },
      },
    },
  });
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

function versionOf(): string {
  return (JSON.parse(readFileSync(path.join(top, 'package.json'), 'utf8')) as { version: string }).version;
}
