import { useRef, useState } from 'react';
import type { ErrorReport } from '../../../shared/contract/errors.ts';
import type { FileInput } from '../../../shared/contract/requests.ts';
import type { SigningRequestView } from '../../../shared/contract/views.ts';
import { ask } from '../bridge.ts';
import { Action } from '../components/action.tsx';
import { Dialog, DialogActions } from '../components/dialog.tsx';
import { Facts } from '../components/facts.tsx';
import { Check, Choices } from '../components/fields.tsx';
import { FileOrScan } from '../components/file-or-scan.tsx';
import { fullTime } from '../components/format.ts';
import { Centre, Foot, Frame, Right, SideSection } from '../components/frame.tsx';
import { Heading, SubHeading } from '../components/heading.tsx';
import { NetworkErrorPanel } from '../components/network-error.tsx';
import { ErrorPanel, Notice } from '../components/notice.tsx';
import { Progress } from '../components/progress.tsx';
import { QrShow } from '../components/qr-show.tsx';
import { RehearsalMark } from '../components/rehearsal.tsx';
import { useSaveFile } from '../components/save-file.tsx';
import { altKey, escapeKey, primaryKey } from '../components/shortcuts.ts';
import { HashHex, HashWords } from '../components/words.tsx';
import { t } from '../messages/index.ts';
import { PayloadTabs } from '../steps/exact-bytes.tsx';
import {
  CredentialField,
  type CredentialHandle,
  onToken,
  useSigningPlace,
  wipeCredential,
} from '../steps/token-place.tsx';
import { useNavigation } from '../stores/navigation.ts';
import css from './sign-request.module.css';

const words = t.together.request;
type Asked = SigningRequestView['asked'][number];
const keyOf = (asked: Asked): string => `${asked.role}-${asked.fingerprint}`;

/** Where a request comes in. */
function OpenRequest({ onOpen }: { readonly onOpen: (file: FileInput, view: SigningRequestView) => void }) {
  const home = useNavigation(state => state.home);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorReport | null>(null);
  const open = async (file: FileInput) => {
    setBusy(true);
    setError(null);
    const outcome = await ask('readSigningRequest', { file });
    setBusy(false);
    if (outcome.ok) onOpen(file, outcome.value);
    else setError(outcome.error);
  };
  return (
    <Frame crumbs={[words.title]} rehearsal={false}>
      <Centre wide>
        <Heading focusKey="open-request" lead={words.lead}>
          {words.title}
        </Heading>
        {error && <ErrorPanel error={error} />}
        <div className={css.made}>
          <FileOrScan
            label={words.drop}
            dialogTitle={words.dialog}
            shortcut={altKey('f')}
            scannedName="scanned.request.json"
            onFile={file => void open(file)}
          />
        </div>
        <Progress text={busy ? words.opening : null} />
      </Centre>
      <Foot
        start={
          <Action kind="quiet" shortcut={escapeKey} onPress={home}>
            {t.common.backHome}
          </Action>
        }
      >
        {null}
      </Foot>
    </Frame>
  );
}

/** Every document that is signed, three ways, with its hash as words. */
function Documents({ view }: { readonly view: SigningRequestView }) {
  return view.payloads.map(payload => (
    <section key={payload.role} className={css.document}>
      <SubHeading>
        {words.exactHeading}: {t.common.role[payload.role].toLowerCase()}
      </SubHeading>
      <PayloadTabs payload={payload} />
      <div className={css.hash}>
        <h3>{t.common.sha256}</h3>
        <HashWords words={payload.fingerprint.words} size="wide" />
        <HashHex hex={payload.fingerprint.hex} />
      </div>
    </section>
  ));
}

/** What people must know before they sign. */
function Warnings({ view }: { readonly view: SigningRequestView }) {
  return (
    <>
      {view.notes.length > 0 && (
        <Notice tone="warning" title={words.notes}>
          {view.notes.map(note => (
            <p key={note}>{note}</p>
          ))}
        </Notice>
      )}
      {view.earlier.map(({ role, version, repository, holder, time, payload }) => (
        <Notice key={`${payload.hex} ${time}`} tone="stop" title={words.earlierTitle}>
          <p>{words.earlier(t.common.role[role], version, repository, holder, fullTime(time))}</p>
          <p>{words.earlierWords}:</p>
          <HashWords words={payload.words} />
        </Notice>
      ))}
    </>
  );
}

function Evidence({ view }: { readonly view: SigningRequestView }) {
  return (
    <Right label={t.ceremony.evidenceLabel}>
      <SideSection title={words.planWords}>
        <HashWords words={view.plan.words} />
      </SideSection>
      {view.payloads.map(payload => (
        <SideSection
          key={payload.role}
          title={t.steps.sign.payload(t.common.role[payload.role].toLowerCase())}
        >
          <HashWords words={payload.fingerprint.words} />
        </SideSection>
      ))}
    </Right>
  );
}

interface ReadProps {
  readonly file: FileInput;
  readonly view: SigningRequestView;
  readonly signed: ReadonlySet<string>;
  readonly onSigned: (asked: Asked, file: FileInput) => void;
  readonly onOther: () => void;
}

/** What the request would do, and the signature, if somebody here is asked. */
function ReadRequest({ file, view, signed, onSigned, onOther }: ReadProps) {
  const here = view.asked.filter(asked => asked.here);
  const elsewhere = [...new Set(view.asked.filter(asked => !asked.here).map(asked => asked.holder))];
  const open = here.filter(asked => !signed.has(keyOf(asked)));
  const [chosen, setChosen] = useState<string | null>(open.length === 1 && open[0] ? keyOf(open[0]) : null);
  const mustCompare = view.trust === 'first-sight' || view.notes.length > 0;
  const [compared, setCompared] = useState(!mustCompare);
  const [despiteEarlier, setDespiteEarlier] = useState(false);
  const [besideNetwork, setBesideNetwork] = useState(false);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorReport | null>(null);
  const field = useRef<CredentialHandle>(null);
  const asked = open.find(candidate => keyOf(candidate) === chosen);
  const at = useSigningPlace(asked?.place);
  const { blocked } = at;
  const earlier = view.earlier.filter(one => one.role === asked?.role);
  const mayGoOn = earlier.length === 0 || despiteEarlier;

  const sign = async () => {
    setTried(true);
    const payload = view.payloads.find(candidate => candidate.role === asked?.role);
    if (!compared || !asked || !mayGoOn || !payload || busy) return;
    const credential = field.current?.take();
    if (!credential) return;
    setBusy(true);
    setError(null);
    try {
      const outcome = await ask('signRequest', {
        file,
        role: asked.role,
        fingerprint: asked.fingerprint,
        payloadHash: payload.fingerprint.hex,
        ...(besideNetwork ? { network: 'warn' as const } : {}),
        ...(earlier.length > 0 ? { despiteEarlier } : {}),
        ...credential,
      });
      setBusy(false);
      if (outcome.ok) onSigned(asked, outcome.value.file);
      else setError(outcome.error);
    } finally {
      wipeCredential(credential);
    }
  };
  return (
    <Frame crumbs={[view.repository, words.title]} rehearsal={view.rehearsal}>
      <Centre>
        {view.rehearsal && <RehearsalMark />}
        <Heading focusKey="read-request" lead={`${view.repository} · ${t.common.dialect[view.dialect]}`}>
          {view.title}
        </Heading>
        <p className={css.lead}>{view.sentence}</p>
        <Notice
          tone={view.trust === 'first-sight' ? 'warning' : 'good'}
          title={words.trust[view.trust].title}
        >
          <p>{words.trust[view.trust].text}</p>
        </Notice>
        <Warnings view={view} />
        <Facts rows={view.summary} />
        <SubHeading>{words.saidHeading}</SubHeading>
        <p className={css.text}>{words.saidText}</p>
        <Facts rows={view.said} />
        <SubHeading>{words.wordsHeading}</SubHeading>
        <HashWords words={view.plan.words} size="large" />
        <HashHex hex={view.plan.hex} />
        <Documents view={view} />
        <SubHeading>{words.keyHeading}</SubHeading>
        {error && (
          <NetworkErrorPanel
            error={error}
            goOn={besideNetwork}
            onGoOn={setBesideNetwork}
            reassure={t.errors.nothingLost}
          />
        )}
        {here.length === 0 ? (
          <Notice tone="warning" title={words.nobody}>
            <p>{words.nobodyText}</p>
          </Notice>
        ) : (
          <fieldset disabled={busy} className={css.key}>
            {mustCompare && (
              <Check
                label={words.compared}
                checked={compared}
                error={tried && !compared ? words.comparedNeeded : undefined}
                onChange={setCompared}
              />
            )}
            <Choices
              label={words.keyLabel}
              value={chosen}
              choices={here.map(candidate => ({
                value: keyOf(candidate),
                name: words.keyName(candidate.holder, t.common.role[candidate.role].toLowerCase()),
                aside: signed.has(keyOf(candidate)) ? words.keyMade : undefined,
                disabled: signed.has(keyOf(candidate)),
              }))}
              error={tried && !asked ? words.keyNeeded : undefined}
              onChange={setChosen}
            />
            {earlier.length > 0 && (
              <Check
                label={words.despiteEarlier}
                checked={despiteEarlier}
                error={tried && !despiteEarlier ? words.despiteNeeded : undefined}
                onChange={setDespiteEarlier}
              />
            )}
            {asked && (
              <CredentialField
                key={keyOf(asked)}
                ref={field}
                at={at}
                holder={asked.holder}
                hint={words.hint}
              />
            )}
          </fieldset>
        )}
        {elsewhere.length > 0 && <p className={css.text}>{words.elsewhere(elsewhere.join(', '))}</p>}
        <Progress text={busy ? (onToken(at.place) ? t.tokens.step.signBusy : words.busy) : null} />
      </Centre>
      <Evidence view={view} />
      <Foot
        start={
          <Action kind="quiet" shortcut={escapeKey} onPress={onOther}>
            {words.other}
          </Action>
        }
      >
        {blocked && <span className={css.blocked}>{blocked}</span>}
        {open.length > 0 && (
          <Action
            kind="primary"
            shortcut={primaryKey}
            blocked={blocked !== undefined}
            busy={busy}
            onPress={() => void sign()}
          >
            {words.sign}
          </Action>
        )}
      </Foot>
    </Frame>
  );
}

interface SignedProps {
  readonly view: SigningRequestView;
  readonly holder: string;
  readonly file: FileInput;
  readonly more: boolean;
  readonly onMore: () => void;
}

/** The signature, to be carried back. */
function Signed({ view, holder, file, more, onMore }: SignedProps) {
  const home = useNavigation(state => state.home);
  const { save, saving, status } = useSaveFile(words.saveTitle);
  const [showing, setShowing] = useState(false);
  return (
    <Frame crumbs={[view.repository, words.title]} rehearsal={view.rehearsal}>
      <Centre>
        <Heading focusKey={`signed-${file.name}`} lead={words.signedLead(holder)}>
          {words.signedTitle}
        </Heading>
        <Facts rows={[{ label: words.signedFile, value: file.name }]} />
        <div className={css.made}>
          <div className={css.actions}>
            <Action shortcut={altKey('q')} onPress={() => setShowing(true)}>
              {t.together.showQr}
            </Action>
          </div>
          {status}
          <p className={css.text}>{words.journal}</p>
        </div>
        {showing && (
          <Dialog wide title={words.qrTitle} onClose={() => setShowing(false)}>
            <QrShow bytes={file.bytes} fileName={file.name} />
            <DialogActions>
              <Action shortcut={escapeKey} onPress={() => setShowing(false)}>
                {t.common.close}
              </Action>
            </DialogActions>
          </Dialog>
        )}
      </Centre>
      <Evidence view={view} />
      <Foot
        start={
          <Action kind="quiet" shortcut={escapeKey} onPress={home}>
            {words.finish}
          </Action>
        }
      >
        {more && (
          <Action shortcut={altKey('k')} onPress={onMore}>
            {words.again}
          </Action>
        )}
        <Action kind="primary" shortcut={primaryKey} busy={saving} onPress={() => void save(file)}>
          {words.save}
        </Action>
      </Foot>
    </Frame>
  );
}

/** A signing request of another machine: opened, read, signed with a key of this vault, carried back. */
export function SignRequestScreen() {
  const [request, setRequest] = useState<{ file: FileInput; view: SigningRequestView } | null>(null);
  const [signed, setSigned] = useState<ReadonlySet<string>>(new Set());
  const [made, setMade] = useState<{ holder: string; file: FileInput } | null>(null);
  if (!request) {
    return (
      <OpenRequest
        onOpen={(file, view) => {
          setSigned(new Set());
          setRequest({ file, view });
        }}
      />
    );
  }
  const { view } = request;
  if (made) {
    return (
      <Signed
        view={view}
        holder={made.holder}
        file={made.file}
        more={view.asked.some(asked => asked.here && !signed.has(keyOf(asked)))}
        onMore={() => setMade(null)}
      />
    );
  }
  return (
    <ReadRequest
      {...request}
      signed={signed}
      onSigned={(asked, file) => {
        setSigned(new Set([...signed, keyOf(asked)]));
        setMade({ holder: asked.holder, file });
      }}
      onOther={() => setRequest(null)}
    />
  );
}
