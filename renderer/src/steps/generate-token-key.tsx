import { useRef, useState } from 'react';
import type { GeneratedKeyType } from '../../../shared/ceremony/plan.ts';
import type { TokenKeyInput, TokenSlotView, TokenView } from '../../../shared/contract/tokens.ts';
import { Action } from '../components/action.tsx';
import { Choices, SelectField } from '../components/fields.tsx';
import { Notice } from '../components/notice.tsx';
import { NewKeyFields, type NewKeyHandle } from '../components/tokens/new-key-fields.tsx';
import { PinField, type PinHandle } from '../components/tokens/new-pin.tsx';
import { SetUpDialog } from '../components/tokens/secret-dialogs.tsx';
import {
  defaultNames,
  holdersOn,
  isPlugged,
  isVacant,
  otherAdvice,
  tokenName,
} from '../components/tokens/token-names.ts';
import { TokenProblem } from '../components/tokens/token-problem.tsx';
import { Tries } from '../components/tokens/tries.tsx';
import { t } from '../messages/index.ts';
import { useCeremony } from '../stores/ceremony.ts';
import { useWatchedTokens } from '../stores/tokens.ts';
import { type StepProps, useBy } from './step.ts';
import { StepLayout } from './step-layout.tsx';
import css from './steps.module.css';
import placeCss from './token-place.module.css';
import { TokenLine, type TokenPlace } from './token-place.tsx';

const words = t.tokens.step;

/** What the plan wants on the token. */
interface Wanted {
  readonly holder: string;
  readonly keytype: GeneratedKeyType | undefined;
}
type Make = TokenKeyInput['make'];
interface TokenKeyHandle {
  /** @returns the step's input, whose secrets the caller wipes; null while something is missing. */
  take(): TokenKeyInput | null;
}

/** @returns the keys on a token that could be taken up: of the kind the plan wants, and nobody's yet. */
const fitting = (token: TokenView, { keytype }: Wanted): TokenSlotView[] =>
  token.slots.filter(({ key }) => key?.fingerprint && key.keytype === keytype && key.owners.length === 0);

/** On the token that was chosen: a new key, or one that is there. */
function OnToken({
  token,
  wanted,
  ref,
}: {
  readonly token: TokenView;
  readonly wanted: Wanted;
  readonly ref: React.RefObject<TokenKeyHandle | null>;
}) {
  const there = fitting(token, wanted);
  const makes =
    token.abilities.includes('generate') &&
    wanted.keytype !== undefined &&
    token.keytypes.includes(wanted.keytype);
  const [chosen, setMake] = useState<Make | null>(null);
  const [slotId, setSlot] = useState<string | null>(null);
  const newKey = useRef<NewKeyHandle>(null);
  const pin = useRef<PinHandle>(null);
  const make = chosen ?? (makes ? 'generate' : 'existing');
  const slot = there.find(({ id }) => id === slotId) ?? there[0];
  const asksPin =
    token.secrets.some(secret => secret.name === 'pin') &&
    slot?.key !== undefined &&
    slot.key.pinPolicy !== 'never';
  ref.current = {
    take() {
      if (make === 'generate') {
        const input = newKey.current?.take();
        return input ? { token: token.id, serial: token.serial, make, ...input } : null;
      }
      if (!slot) return null;
      const typed = asksPin ? pin.current?.take() : undefined;
      return typed === null
        ? null
        : { token: token.id, serial: token.serial, make, slot: slot.id, ...(typed ? { pin: typed } : {}) };
    },
  };
  const keytype = wanted.keytype ? t.common.keytype[wanted.keytype] : '';
  if (!makes && there.length === 0) return <Notice tone="warning" title={words.cannotMake(keytype)} />;
  return (
    <>
      {makes && there.length > 0 && (
        <Choices<Make>
          label={words.make}
          value={make}
          choices={[
            { value: 'generate', name: words.makeNew, text: words.makeNewText },
            { value: 'existing', name: words.makeExisting, text: words.makeExistingText },
          ]}
          onChange={setMake}
        />
      )}
      {make === 'generate' ? (
        <NewKeyFields ref={newKey} token={token} pinLabel={words.pin(wanted.holder)} />
      ) : (
        <>
          <SelectField
            label={t.tokens.newKey.slot}
            value={slot?.id ?? ''}
            options={there.map(({ id, name, key }) => ({
              value: id,
              label: `${name}, ${key?.fingerprint?.slice(0, 12) ?? ''}`,
            }))}
            onChange={setSlot}
          />
          {asksPin && <PinField ref={pin} label={words.pin(wanted.holder)} name={t.tokens.secret.pin} />}
        </>
      )}
    </>
  );
}

/** The token that is here, what is pressing about it, and the guided way where nothing of it was changed yet. */
function Chosen({ token }: { readonly token: TokenView }) {
  const [settingUp, setSettingUp] = useState(false);
  const secret = token.secrets.find(({ name }) => name === 'pin');
  const defaults = defaultNames(token);
  return (
    <>
      <TokenLine custody={token.custody} here title={tokenName(token)}>
        <div className={placeCss.line}>
          {token.firmware && <span className={placeCss.text}>{t.tokens.panel.firmware(token.firmware)}</span>}
          {secret && <Tries secret={secret} />}
        </div>
        {otherAdvice(token).map(({ message }) => (
          <p key={message} className={placeCss.text}>
            {message}
          </p>
        ))}
      </TokenLine>
      {defaults !== '' && (
        <Notice tone="warning" title={words.defaultTitle}>
          <p>{words.defaultText(defaults)}</p>
          <div>
            <Action small onPress={() => setSettingUp(true)}>
              {t.tokens.actions.setUp}
            </Action>
          </div>
        </Notice>
      )}
      {settingUp && <SetUpDialog token={token} onClose={() => setSettingUp(false)} />}
    </>
  );
}

/** One holder's key is made on their token, or one that is there is taken up; nothing of it is ever in this vault. */
export function GenerateTokenKeyStep({ ceremony, step, place }: StepProps & { readonly place: TokenPlace }) {
  const complete = useCeremony(state => state.complete);
  const by = useBy({ ceremony, step });
  const { view } = useWatchedTokens();
  const [chosenId, setChosen] = useState<string | null>(null);
  const [tried, setTried] = useState(false);
  const fields = useRef<TokenKeyHandle>(null);
  const tokens = view?.tokens ?? [];
  const own = tokens.filter(token => token.custody === place.custody && token.state !== 'problem');
  const usable = own.filter(token => token.state !== 'reading');
  const unusable = tokens.filter(token => token.custody === place.custody && token.state === 'problem');
  const broken = unusable.find(token => !isVacant(token));
  const vacant = unusable[0]?.problem;
  const others = tokens.filter(token => token.custody !== place.custody && isPlugged(token));
  const token = usable.find(({ id }) => id === chosenId) ?? (own.length === 1 ? usable[0] : undefined);
  const wanted: Wanted = { holder: step.who, keytype: keytypeOf(step.keytype) };

  const submit = async () => {
    setTried(true);
    const input = fields.current?.take();
    if (!input) return;
    try {
      await complete(step.id, by, { kind: 'generate-key', token: input }, t.tokens.newKey.busy);
    } finally {
      for (const secret of [input.pin, input.puk, input.managementKey]) secret?.fill(0);
    }
  };
  return (
    <StepLayout
      ceremony={ceremony}
      step={step}
      primary={{
        label: words.primary,
        onPress: () => void submit(),
        blocked: token ? undefined : words.missing,
      }}
    >
      <p className={css.turn}>{t.steps.generateKey.turn(step.who)}</p>
      <p className={css.text}>
        {step.role && t.steps.generateKey.forRole[step.role]}
        {wanted.keytype && `, ${t.common.keytype[wanted.keytype]}`}
      </p>
      <div className={css.fields}>
        {own.length > 1 && (
          <Choices
            label={words.chooseToken}
            value={token?.id ?? null}
            choices={own.map(candidate => ({
              value: candidate.id,
              name: tokenName(candidate),
              text: holdersOn(candidate).join(', ') || undefined,
              disabled: candidate.state === 'reading',
            }))}
            error={tried && !token ? words.chooseNeeded : undefined}
            onChange={setChosen}
          />
        )}
        {own.length === 0 && (
          <div className={placeCss.place} role="status">
            {broken?.problem ? (
              <TokenProblem problem={broken.problem} name={tokenName(broken)} />
            ) : (
              <TokenLine
                custody={place.custody}
                off
                title={words.askKind(step.who, words.kind[place.custody])}
              >
                <p className={placeCss.text}>
                  {others[0]
                    ? words.wrongKind(tokenName(others[0]), t.tokens.aKind[place.custody])
                    : words.waiting}
                </p>
                {vacant && (
                  <p className={placeCss.text}>
                    {vacant.message} {vacant.remedy}
                  </p>
                )}
              </TokenLine>
            )}
          </div>
        )}
        {token && (
          // What was typed for one card is not for the next one in its reader.
          <div key={`${token.id} ${token.serial}`} className={placeCss.place}>
            <Chosen token={token} />
            <OnToken ref={fields} token={token} wanted={wanted} />
          </div>
        )}
      </div>
    </StepLayout>
  );
}

const keytypeOf = (text: string | undefined): GeneratedKeyType | undefined =>
  text !== undefined && text in t.common.keytype ? (text as GeneratedKeyType) : undefined;
