import { useEffect, useState } from 'react';
import type { BackupsView } from '../../../../shared/contract/backup-views.ts';
import { Action } from '../../components/action.tsx';
import { Facts } from '../../components/facts.tsx';
import { Check, Choices, FieldError, Group } from '../../components/fields.tsx';
import { Centre, Foot, Frame } from '../../components/frame.tsx';
import { Heading } from '../../components/heading.tsx';
import { Notice } from '../../components/notice.tsx';
import { escapeKey, primaryKey } from '../../components/shortcuts.ts';
import { t } from '../../messages/index.ts';
import { backToBackups, useBackups } from '../../stores/backups.ts';
import { useNavigation } from '../../stores/navigation.ts';
import css from './backups.module.css';
import { BundleTarget, type MadeBundle } from './bundle-target.tsx';

const words = t.bundle;
export type KeyForm = 'sealed' | 'opened';

/** Makes a bundle: what goes in, who opens it, where it goes. */
export function BundleScreen({ fingerprints }: { readonly fingerprints: readonly string[] }) {
  const { view, load, rehearsal } = useBackups();
  const [chosen, setChosen] = useState<readonly string[]>(fingerprints);
  const [keyForm, setKeyForm] = useState<KeyForm>('sealed');
  const [atTarget, setAtTarget] = useState(false);
  const [made, setMade] = useState<MadeBundle | null>(null);
  useEffect(() => {
    if (!view) void load();
  }, [view, load]);
  const [only] = fingerprints;
  const leave = () =>
    backToBackups(
      only !== undefined && fingerprints.length === 1
        ? { kind: 'key', fingerprint: only }
        : { kind: 'overview' },
    );
  return (
    <Frame crumbs={[words.title]} rehearsal={rehearsal}>
      {made ? (
        <BundleMade made={made} onLater={leave} />
      ) : !view ? (
        <Centre wide>
          <Notice tone="plain" title={t.common.loading} />
        </Centre>
      ) : atTarget ? (
        <BundleTarget
          keys={view.keys.filter(key => chosen.includes(key.fingerprint.hex))}
          keyForm={keyForm}
          onBack={() => setAtTarget(false)}
          onMade={setMade}
        />
      ) : (
        <BundleContents
          view={view}
          chosen={chosen}
          keyForm={keyForm}
          onChosen={setChosen}
          onKeyForm={setKeyForm}
          onLeave={leave}
          onNext={() => setAtTarget(true)}
        />
      )}
    </Frame>
  );
}

/** Which keys, and how they lie in the bundle. */
function BundleContents(props: {
  readonly view: BackupsView;
  readonly chosen: readonly string[];
  readonly keyForm: KeyForm;
  readonly onChosen: (chosen: readonly string[]) => void;
  readonly onKeyForm: (keyForm: KeyForm) => void;
  readonly onLeave: () => void;
  readonly onNext: () => void;
}) {
  const { view, chosen } = props;
  const [tried, setTried] = useState(false);
  const next = () => {
    setTried(true);
    if (chosen.length > 0) props.onNext();
  };
  const onTokens = view.keys.filter(key => !key.inFile);
  return (
    <>
      <Centre wide>
        <Heading focusKey="bundle-contents" lead={words.lead}>
          {words.heading}
        </Heading>
        <div className={css.form}>
          <Group label={words.keys}>
            <div className={css.checks}>
              {view.keys
                .filter(key => key.inFile)
                .map(({ fingerprint: { hex }, role, holder, repository, algorithm }) => (
                  <Check
                    key={hex}
                    label={t.backups.keyTitle(t.backups.role(role), holder)}
                    text={words.keyText(repository, t.common.keptKeytype[algorithm])}
                    checked={chosen.includes(hex)}
                    onChange={checked =>
                      props.onChosen(checked ? [...chosen, hex] : chosen.filter(other => other !== hex))
                    }
                  />
                ))}
            </div>
            {tried && chosen.length === 0 && <FieldError>{words.keysNeeded}</FieldError>}
          </Group>
          {onTokens.length > 0 && (
            <p className={css.hint}>
              {words.onTokens(onTokens.map(key => key.holder).join(', '), onTokens.length)}
            </p>
          )}
          <Choices
            label={words.form}
            value={props.keyForm}
            choices={(['sealed', 'opened'] as const).map(value => ({ value, ...words[value] }))}
            onChange={props.onKeyForm}
          />
        </div>
      </Centre>
      <Foot
        start={
          <Action kind="quiet" shortcut={escapeKey} onPress={props.onLeave}>
            {t.common.back}
          </Action>
        }
      >
        <Action kind="primary" shortcut={primaryKey} onPress={next}>
          {words.next}
        </Action>
      </Foot>
    </>
  );
}

/** It is on its medium; what is left is to prove it. */
function BundleMade({ made, onLater }: { readonly made: MadeBundle; readonly onLater: () => void }) {
  const go = useNavigation(state => state.go);
  return (
    <>
      <Centre wide>
        <Heading focusKey="bundle-made" lead={words.done.lead[made.readFrom]}>
          {words.done.heading}
        </Heading>
        <Facts rows={[{ label: words.done.file, value: made.path }]} />
      </Centre>
      <Foot
        start={
          <Action kind="quiet" shortcut={escapeKey} onPress={onLater}>
            {words.done.later}
          </Action>
        }
      >
        <Action
          kind="primary"
          shortcut={primaryKey}
          onPress={() => go({ name: 'recover', purpose: 'prove', backupId: made.backupId })}
        >
          {words.done.prove}
        </Action>
      </Foot>
    </>
  );
}
