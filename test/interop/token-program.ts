/** What the tests of tokens in ceremonies share: a desk in this process with simulated tokens plugged in. */
import { driveCeremony } from '../../electron/cli/ceremony-driver.ts';
import { answered } from '../../electron/cli/output.ts';
import type { TokenAnswer } from '../../electron/cli/token-answers.ts';
import type { Custodian, CustodianOptions } from '../../electron/custodian/custodian.ts';
import type { TokenFinders } from '../../electron/custodian/tokens/token-desk.ts';
import { ledgerFinder } from '../../electron/signers/ledger/finder.ts';
import { pivTokens } from '../../electron/signers/piv/piv-token.ts';
import { pkcs11Finder } from '../../electron/signers/pkcs11/finder.ts';
import { loadModule, type Pkcs11Module, pkcs11Module } from '../../electron/signers/pkcs11/module.ts';
import type { GenesisPlanInput, OnlineKey } from '../../shared/ceremony/plan.ts';
import type { StepInput } from '../../shared/ceremony/steps.ts';
import type { TokenEvent } from '../../shared/contract/tokens.ts';
import type { CeremonyView, StepView } from '../../shared/contract/views.ts';
import { defaultManagementKey, defaultPin, PivCard, type PivCardOptions } from '../simulators/piv-card.ts';
import { type ModuleQuirks, simulatedModule } from '../simulators/pkcs11-module.ts';
import { SimulatedBus } from '../simulators/simulated-bus.ts';
import { answersFor, custodianAt } from './ceremony-program.ts';

export { defaultPin };

/** A desk with its own bus. */
export class TokenRig {
  readonly bus = new SimulatedBus();
  readonly events: TokenEvent[] = [];
  readonly modules = new Map<string, Pkcs11Module>();
  readonly finders: TokenFinders = () => [
    pivTokens(this.bus),
    ledgerFinder({ list: async () => (await this.bus.list()).filter(({ link }) => link === 'hid') }),
    pkcs11Finder(
      () => [...this.modules.keys()],
      async file => this.modules.get(file) as Pkcs11Module,
    ),
  ];
  custodian: Custodian;
  readonly #vaultPath: string;

  readonly #options: Partial<CustodianOptions>;

  constructor(vaultPath: string, options: Partial<CustodianOptions> = {}) {
    this.#vaultPath = vaultPath;
    this.#options = options;
    this.custodian = this.#open();
  }

  #open(): Custodian {
    const onToken = (event: TokenEvent): void => void this.events.push(event);
    return custodianAt(this.#vaultPath, { ...this.#options, tokenFinders: this.finders, onToken });
  }

  /** As after a crash or a day: another process with the same vault. */
  async reopen(): Promise<void> {
    await this.custodian.close();
    this.custodian = this.#open();
  }

  card(options: PivCardOptions = {}): { card: PivCard; plug: ReturnType<SimulatedBus['plug']> } {
    const card = new PivCard(options);
    return { card, plug: this.bus.plug(card) };
  }

  /** A PKCS#11 module of this machine. */
  async loadModule(file: string): Promise<void> {
    this.modules.set(file, await loadModule(file));
  }

  /** A PKCS#11 token in memory. */
  module(quirks: ModuleQuirks = {}) {
    const { cryptoki, log } = simulatedModule(quirks);
    this.modules.set('/simulated', pkcs11Module('/simulated', cryptoki));
    return log;
  }

  open(plan: object, rehearsal = true): Promise<CeremonyView> {
    return this.custodian.handle('openCeremony', { plan, rehearsal } as never).then(answered) as never;
  }

  /** Goes on with a ceremony as far as it can. */
  drive(
    id: string,
    plan: GenesisPlanInput,
    destination: string,
    {
      tokens = {},
      secrets = {},
      online,
    }: {
      readonly tokens?: Readonly<Record<string, TokenAnswer>>;
      /** Besides everybody's passphrase. */
      readonly secrets?: Readonly<Record<string, string>>;
      readonly online?: { readonly snapshot: OnlineKey; readonly timestamp: OnlineKey } | undefined;
    } = {},
    onStep: (step: StepView, ceremony: CeremonyView) => void = () => {},
  ): Promise<CeremonyView> {
    const answers = answersFor(plan, destination, online);
    return driveCeremony(
      this.custodian,
      id,
      {
        ...answers,
        passphrases: new Map([...answers.passphrases, ...Object.entries(secrets)]),
        tokens: new Map(Object.entries(tokens)),
      },
      onStep,
    );
  }

  async read(ceremonyId: string): Promise<CeremonyView> {
    return answered(await this.custodian.handle('readCeremony', { ceremonyId }));
  }

  /** Completes the present step, or another that may be completed now. */
  async complete(ceremony: CeremonyView, input: StepInput, stepId = ceremony.presentStepId ?? '') {
    const by = ceremony.steps.find(step => step.id === stepId)?.who ?? '';
    return this.custodian.handle('completeStep', { ceremonyId: ceremony.id, stepId, by, input });
  }
}

/** A new YubiKey's slot 9C. */
export const slot9c = (changes: Partial<TokenAnswer> = {}): TokenAnswer => ({
  slot: '9c',
  make: 'generate',
  managementKey: Buffer.from(defaultManagementKey(24)).toString('hex'),
  ...changes,
});
