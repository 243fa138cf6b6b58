import { RootwardError, reportError } from '../../shared/contract/errors.ts';
import { type RequestOf, requests } from '../../shared/contract/requests.ts';
import { visible } from '../../shared/display/visible.ts';
import type { RequestTarget } from '../ipc/register-requests.ts';

/** What the shell's own dialog says. */
export interface ModuleQuestion {
  readonly message: string;
  readonly detail: string;
}

/**
 * SECURITY: a PKCS#11 module is code, and it runs in the process that sees secrets. The window may ask for one; whether
 * it is named in the settings a person says, in a dialog of the shell that no page can draw or answer.
 * @param target where requests go otherwise
 * @param confirm shows the question above everything; false unless the person says yes
 * @returns a target that lets nobody add a module that was not confirmed; those named already stay without a question
 */
export function withModuleConsent(
  target: RequestTarget,
  confirm: (question: ModuleQuestion) => Promise<boolean>,
): RequestTarget {
  return {
    handle: async (name, request, onSent) => {
      if (name !== 'configureTokens') return target.handle(name, request, onSent);
      const { settings } = request as RequestOf<'configureTokens'>;
      const known = settings.modules.length > 0 ? await namedModules(target) : [];
      for (const module of new Set(settings.modules)) {
        if (known.includes(module) || (await confirm(questionAbout(module)))) continue;
        return { ok: false, error: reportError(notConfirmed(module)) };
      }
      return target.handle(name, request, onSent);
    },
  };
}

/** @returns the modules of the settings as they are; none where that cannot be told: then each is asked about */
async function namedModules(target: RequestTarget): Promise<readonly string[]> {
  const nothing = (): void => {};
  // The settings are those of the vault, which this opens.
  await target.handle('describeApplication', {}, nothing);
  const outcome = await target.handle('describeTokens', {}, nothing);
  const view = outcome.ok ? requests.describeTokens.reply.safeParse(outcome.value) : undefined;
  return view?.data?.settings.modules ?? [];
}

const questionAbout = (module: string): ModuleQuestion => ({
  message: 'Load this PKCS#11 module into Rootward?',
  detail: `${visible(module, Number.POSITIVE_INFINITY)}\n\nA module is a program. It runs in the process that opens your keys, and can do there whatever it likes. Load it only if you chose this very file yourself, and have it from the maker of your token.`,
});

const notConfirmed = (module: string): RootwardError =>
  new RootwardError('request-refused', {
    message: `The module ${visible(module, 200)} was not confirmed, and is not loaded.`,
    remedy: 'Nothing was changed. Add it again and answer the dialog, if it is the one you mean.',
  });
