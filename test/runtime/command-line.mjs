/** The command line: which of it is the stand-in's, which the app's, which Chromium's; `app.commandLine`. */
import { strictObject } from './strict.mjs';

/** Switches that the stand-in itself deals with and that must not reach Chromium. */
const ownSwitches = new Set(['inspect', 'inspect-brk', 'user-data-dir', 'remote-debugging-pipe']);

function parseSwitch(argument) {
  const [, name, value = ''] = /^--([^=]+)(?:=(.*))?$/s.exec(argument) ?? [];
  return name === undefined ? undefined : { name: name.toLowerCase(), value };
}

export class CommandLine {
  #switches = new Map();
  #locked = false;

  constructor(commandArguments) {
    /** The folder or file of the application: the first argument that is no switch. */
    this.applicationPath = commandArguments.find(argument => !argument.startsWith('-'));
    for (const argument of commandArguments) {
      if (argument === '--') break;
      const parsed = parseSwitch(argument);
      if (parsed) this.#switches.set(parsed.name, parsed.value);
    }
  }

  get userDataDirectory() {
    return this.#switches.get('user-data-dir');
  }

  /** Called once, when Chromium starts: the switches it gets. Later changes would be lost, so they throw. */
  takeChromiumSwitches() {
    this.#locked = true;
    return [...this.#switches]
      .filter(([name]) => !ownSwitches.has(name))
      .map(([name, value]) => (value === '' ? `--${name}` : `--${name}=${value}`));
  }

  /** What the app sees as `app.commandLine`. */
  forApplication() {
    const change = action => {
      if (this.#locked)
        throw new Error(
          'stand-in: Chromium has been started already; change switches before the ready event',
        );
      action();
    };
    return strictObject('app.commandLine', {
      appendSwitch: (name, value = '') => change(() => this.#switches.set(name.toLowerCase(), String(value))),
      removeSwitch: name => change(() => this.#switches.delete(name.toLowerCase())),
      hasSwitch: name => this.#switches.has(name.toLowerCase()),
      getSwitchValue: name => this.#switches.get(name.toLowerCase()) ?? '',
    });
  }
}
