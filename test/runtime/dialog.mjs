/**
 * `dialog`: there are no native dialogs here. A person gets zenity's or kdialog's; tests replace the members,
 * as they do on real Electron: electronApp.evaluate(({ dialog }) => { dialog.showOpenDialog = async () => … }).
 */
import { spawn, spawnSync } from 'node:child_process';
import { checkOptions, strictObject } from './strict.mjs';

const fileOptions = new Set([
  'title',
  'defaultPath',
  'buttonLabel',
  'filters',
  'properties',
  'message',
  'nameFieldLabel',
  'showsTagField',
]);
const openProperties = new Set([
  'openFile',
  'openDirectory',
  'multiSelections',
  'showHiddenFiles',
  'createDirectory',
  'promptToCreate',
  'dontAddToRecent',
]);
const saveProperties = new Set([
  'showHiddenFiles',
  'createDirectory',
  'showOverwriteConfirmation',
  'dontAddToRecent',
]);
const messageOptions = new Set([
  'message',
  'type',
  'buttons',
  'defaultId',
  'cancelId',
  'title',
  'detail',
  'noLink',
  'normalizeAccessKeys',
  'icon',
]);

function isInstalled(program) {
  return !spawnSync(program, ['--version'], { stdio: 'ignore' }).error;
}

let found;
function dialogProgram() {
  found ??= ['zenity', 'kdialog'].find(isInstalled);
  if (found === undefined) {
    throw new Error(
      'stand-in: a dialog needs zenity or kdialog, and neither is installed (Debian: apt-get install zenity). ' +
        'Tests replace the members of electron.dialog instead.',
    );
  }
  return found;
}

/** Runs the dialog program; resolves with its exit code and what it printed, without the last line end. */
function run(program, parameters) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', text => {
      output += text;
    });
    child.on('error', reject);
    child.on('close', code => resolve({ code, output: output.replace(/\n$/, '') }));
  });
}

/** The window may be left out, as in Electron. */
const optionsOf = (windowOrOptions, options) => options ?? windowOrOptions ?? {};

function filterParameters(program, filters = []) {
  const patterns = filter =>
    filter.extensions.map(extension => (extension === '*' ? '*' : `*.${extension}`)).join(' ');
  if (program === 'zenity')
    return filters.map(filter => `--file-filter=${filter.name} | ${patterns(filter)}`);
  return filters.length === 0
    ? []
    : [filters.map(filter => `${filter.name} (${patterns(filter)})`).join('\n')];
}

function checkProperties(what, properties, known) {
  checkOptions(what, Object.fromEntries((properties ?? []).map(name => [name, true])), known);
}

async function showOpenDialog(...parameters) {
  const options = optionsOf(...parameters);
  checkOptions('dialog.showOpenDialog', options, fileOptions);
  checkProperties('dialog.showOpenDialog properties', options.properties, openProperties);
  const program = dialogProgram();
  const properties = options.properties ?? ['openFile'];
  const folder = properties.includes('openDirectory');
  const many = properties.includes('multiSelections');
  const title = options.title ?? options.message ?? (folder ? 'Choose a folder' : 'Choose a file');
  const start = options.defaultPath ?? `${process.cwd()}/`;
  const { code, output } =
    program === 'zenity'
      ? await run(program, [
          '--file-selection',
          `--title=${title}`,
          `--filename=${start}`,
          ...(folder ? ['--directory'] : []),
          ...(many ? ['--multiple', '--separator=\n'] : []),
          ...filterParameters(program, options.filters),
        ])
      : await run(program, [
          '--title',
          title,
          ...(many ? ['--multiple', '--separate-output'] : []),
          folder ? '--getexistingdirectory' : '--getopenfilename',
          start,
          ...(folder ? [] : filterParameters(program, options.filters)),
        ]);
  const filePaths = code === 0 ? output.split('\n').filter(path => path !== '') : [];
  return { canceled: filePaths.length === 0, filePaths };
}

async function showSaveDialog(...parameters) {
  const options = optionsOf(...parameters);
  checkOptions('dialog.showSaveDialog', options, fileOptions);
  checkProperties('dialog.showSaveDialog properties', options.properties, saveProperties);
  const program = dialogProgram();
  const title = options.title ?? options.message ?? 'Save as';
  const start = options.defaultPath ?? `${process.cwd()}/`;
  const { code, output } =
    program === 'zenity'
      ? await run(program, [
          '--file-selection',
          '--save',
          '--confirm-overwrite',
          `--title=${title}`,
          `--filename=${start}`,
          ...filterParameters(program, options.filters),
        ])
      : await run(program, [
          '--title',
          title,
          '--getsavefilename',
          start,
          ...filterParameters(program, options.filters),
        ]);
  const canceled = code !== 0 || output === '';
  return { canceled, filePath: canceled ? '' : output };
}

async function showMessageBox(...parameters) {
  const options = optionsOf(...parameters);
  checkOptions('dialog.showMessageBox', options, messageOptions);
  const buttons = options.buttons?.length ? options.buttons : ['OK'];
  const cancelled = {
    response: options.cancelId ?? (buttons.length > 1 ? buttons.length - 1 : 0),
    checkboxChecked: false,
  };
  const text = [options.message ?? '', options.detail ?? ''].filter(part => part !== '').join('\n\n');
  const title = options.title ?? '';
  const program = dialogProgram();
  if (program === 'zenity') {
    // Only buttons of our own, so that the answer is always the label.
    const { output } = await run(program, [
      '--question',
      '--switch',
      '--no-markup',
      `--title=${title}`,
      `--text=${text}`,
      ...buttons.map(label => `--extra-button=${label}`),
    ]);
    const response = buttons.indexOf(output);
    return response === -1 ? cancelled : { response, checkboxChecked: false };
  }
  const { code, output } = await run(program, [
    '--title',
    title,
    '--menu',
    text,
    ...buttons.flatMap((label, index) => [String(index), label]),
  ]);
  return code === 0 ? { response: Number(output), checkboxChecked: false } : cancelled;
}

/** Always on stderr, as Electron does before its ready event; in a dialog as well where there is one. */
function showErrorBox(title, content) {
  process.stderr.write(`${title}\n${content}\n`);
  try {
    const program = dialogProgram();
    const parameters =
      program === 'zenity'
        ? ['--error', '--no-markup', `--title=${title}`, `--text=${content}`]
        : ['--title', title, '--error', content];
    spawn(program, parameters, { stdio: 'ignore', detached: true }).unref();
  } catch {
    // stderr has it.
  }
}

export const dialog = strictObject('dialog', {
  showOpenDialog,
  showSaveDialog,
  showMessageBox,
  showErrorBox,
});
