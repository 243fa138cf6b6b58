/** Debian's age, which reads passphrases from a terminal only. */
import { needPeers, needPythonTerminal, peerCommand, pythonEnvironment } from './availability.ts';
import { type RunResult, runProgram } from './run.ts';

/**
 * age asks for the passphrase on the terminal and nowhere else, so it gets one: runs a program on a pseudo-terminal
 * and types the passphrase (the first line of standard input) at every prompt. Prints what the terminal showed.
 */
const onTerminal = `
import os, pty, re, sys
words = sys.stdin.buffer.readline().rstrip(b"\\n")
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
shown = prompt = b""
while True:
    try:
        part = os.read(terminal, 4096)
    except OSError:
        break
    if not part:
        break
    shown += part
    prompt += part
    if re.search(rb"passphrase[^\\r\\n]*: ?$", prompt):
        prompt = b""
        os.write(terminal, words + b"\\n")
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
`;

/** Skips the running test if age, openssl, or the Python that plays the terminal is missing. */
export function needAge(context: { skip(note?: string): never }): void {
  needPeers(context, 'age', 'openssl');
  needPythonTerminal(context, 'age reads passphrases from a terminal only');
}

/** Runs a program on a terminal and types the passphrase wherever it asks; `stdout` is what the terminal showed. */
export const onAgeTerminal = (passphrase: string, program: string, ...args: string[]): Promise<RunResult> =>
  runProgram('python3', ['-c', onTerminal, program, ...args], {
    environment: pythonEnvironment(),
    input: `${passphrase}\n`,
    timeoutMilliseconds: 60_000,
  });

/** Runs age and types the passphrase wherever it asks; `stdout` is what the terminal showed. */
export const age = (passphrase: string, ...args: string[]): Promise<RunResult> =>
  onAgeTerminal(passphrase, peerCommand('age'), ...args);
