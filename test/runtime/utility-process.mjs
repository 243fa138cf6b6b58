/** `utilityProcess`: a real Node process of its own; utility-child.mjs is its other end. */
import { fork } from 'node:child_process';
import { constants } from 'node:os';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { copyForPosting } from './posted-values.mjs';
import { checkOptions, refuse, StrictEmitter, strictObject } from './strict.mjs';

const childProgram = fileURLToPath(new URL('utility-child.mjs', import.meta.url));
const knownOptions = new Set([
  'env',
  'execArgv',
  'cwd',
  'stdio',
  'serviceName',
  'allowLoadingUnsignedLibraries',
  'disclaim',
]);
const running = new Set();

function refusePorts(ports) {
  if (ports !== undefined && ports.length > 0) refuse('passing MessagePorts to a utility process');
}

class UtilityProcess extends StrictEmitter {
  static electronName = 'UtilityProcess';
  static events = new Set(['spawn', 'exit', 'message']);

  pid = undefined;
  stdout = null;
  stderr = null;
  #child;

  constructor(modulePath, parameters, options) {
    super();
    checkOptions('utilityProcess.fork', options, knownOptions);
    const { stdio = 'inherit', serviceName = 'Node Utility Process' } = options;
    const [input, output, errors] = Array.isArray(stdio) ? stdio : ['ignore', stdio, stdio];
    if (input !== 'ignore') refuse('a utility process with an input');
    this.#child = fork(childProgram, [modulePath, ...parameters], {
      cwd: options.cwd,
      env: { ...(options.env ?? process.env), ROOTWARD_STANDIN_SERVICE: serviceName },
      execArgv: options.execArgv ?? [],
      stdio: ['ignore', output, errors, 'ipc'],
      serialization: 'advanced',
    });
    if (output === 'pipe') this.stdout = this.#child.stdout.pipe(new PassThrough());
    if (errors === 'pipe') this.stderr = this.#child.stderr.pipe(new PassThrough());
    running.add(this);
    this.#child.on('spawn', () => {
      this.pid = this.#child.pid;
      this.emit('spawn');
    });
    this.#child.on('message', message => this.emit('message', message));
    this.#child.on('error', error =>
      process.stderr.write(`stand-in: utility process ${serviceName}: ${error}\n`),
    );
    this.#child.on('exit', (code, signal) => {
      running.delete(this);
      this.pid = undefined;
      // Electron reports the number of the signal for a killed process.
      this.emit('exit', code ?? constants.signals[signal]);
    });
  }

  postMessage(message, ports) {
    refusePorts(ports);
    // After the end of the process a message is lost, as in Electron.
    if (this.#child.connected) this.#child.send(copyForPosting(message), () => {});
  }

  kill() {
    return this.#child.kill('SIGTERM');
  }
}

/** At the end of the application its utility processes end, too. */
export function killUtilityProcesses() {
  for (const utility of running) utility.kill();
}

export const utilityProcess = strictObject('utilityProcess', {
  fork(modulePath, parameters = [], options = {}) {
    return Array.isArray(parameters)
      ? new UtilityProcess(modulePath, parameters, options)
      : new UtilityProcess(modulePath, [], parameters);
  },
});
