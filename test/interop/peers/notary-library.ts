/** Notary's own library (Go), asked about root chains as they are, without a server: test/interop/peers/notary-library. */
import { peerCommand } from './availability.ts';
import { runProgram } from './run.ts';

/**
 * Follows root chains as Notary's client does: the first root of each is trusted, the last must be in force now.
 * @param gun the collection that the certificates must be for
 * @param chains each oldest root first
 * @returns for each chain '' where every root is accepted, else `version N: ` and the library's reason
 */
export async function followWithNotaryLibrary(
  gun: string,
  chains: readonly (readonly Uint8Array[])[],
): Promise<string[]> {
  const question = {
    gun,
    chains: chains.map(chain => chain.map(root => new TextDecoder().decode(root))),
  };
  const answered = await runProgram(peerCommand('notary-library'), ['follow'], {
    input: JSON.stringify(question),
  });
  if (answered.code !== 0) throw new Error(`notary-library exits with ${answered.code}: ${answered.stderr}`);
  return JSON.parse(answered.stdout);
}
