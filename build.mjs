// Builds dist/: the renderer (Vite) and the four Node entries (main, preload, custodian, rootward), each one
// self-contained file, so that the shipped app carries no node_modules but native packages.
//   node build.mjs              build everything
//   node build.mjs --if-stale   build only when a source is newer than the last build
// Nothing is printed on stdout: `npm run -s rootward` promises that stdout is the command's result alone.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const top = path.dirname(fileURLToPath(import.meta.url));
const output = path.join(top, 'dist');
const deviceRule = path.join(top, 'assets', 'udev', '70-rootward.rules');
const stampFile = path.join(output, 'built');
const sources = [
  'shared',
  'electron',
  'renderer',
  'assets',
  'build.mjs',
  'vite.config.ts',
  'package.json',
  'package-lock.json',
];

/** The Node entries: the output name, the source, and whether `electron` may be required by it. */
const nodeEntries = {
  main: 'electron/main/main.ts',
  preload: 'electron/preload/preload.ts',
  custodian: 'electron/custodian/main.ts',
  rootward: 'electron/cli/rootward.ts',
};
/** Kept out of the bundles: the runtime itself and packages with native parts, which are loaded lazily. */
const external = [
  'electron',
  'usb',
  '@ledgerhq/hw-transport-node-hid',
  '@ledgerhq/hw-transport-node-hid/lib/TransportNodeHid',
  'pkcs11js',
];

/** @returns {number} the newest modification time (milliseconds) below `place`, itself included. */
function newest(place) {
  const stat = statSync(place, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(place).map(name => newest(path.join(place, name))));
}

function isStale() {
  const stamp = statSync(stampFile, { throwIfNoEntry: false });
  return !stamp || sources.some(source => newest(path.join(top, source)) > stamp.mtimeMs);
}

async function build() {
  const { build: viteBuild } = await import('vite');
  rmSync(stampFile, { force: true });
  const builtins = [...builtinModules, ...builtinModules.map(name => `node:${name}`)];
  for (const [name, entry] of Object.entries(nodeEntries)) {
    await viteBuild({
      configFile: false,
      root: top,
      logLevel: 'error',
      define: {
        __ROOTWARD_VERSION__: JSON.stringify(
          JSON.parse(readFileSync(path.join(top, 'package.json'), 'utf8')).version,
        ),
        __ROOTWARD_DEVICE_RULE__: JSON.stringify(readFileSync(deviceRule, 'utf8')),
      },
      publicDir: false,
      ssr: { noExternal: true, external },
      build: {
        ssr: true,
        target: 'node20',
        outDir: path.join(output, 'electron'),
        emptyOutDir: false,
        minify: false,
        sourcemap: true,
        rolldownOptions: {
          input: { [name]: path.join(top, entry) },
          external: [...external, ...builtins],
          output: {
            format: 'cjs',
            entryFileNames: '[name].cjs',
            codeSplitting: false,
            banner: name === 'rootward' ? '#!/usr/bin/env node' : '',
          },
        },
      },
    });
  }
  await viteBuild({
    configFile: path.join(top, 'vite.config.ts'),
    root: path.join(top, 'renderer'),
    logLevel: 'error',
  });
  writeFileSync(stampFile, `${new Date().toISOString()}\n`);
}

const started = Date.now();
if (!process.argv.includes('--if-stale') || isStale()) {
  await build();
  console.error(`built dist/ in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}
