import { useMemo } from 'react';
import { type Custody, custodySchema } from '../../../../shared/ceremony/custody.ts';
import type { FileInput } from '../../../../shared/contract/requests.ts';
import { SelectField, TextField } from '../../components/fields.tsx';
import { FileDrop } from '../../components/file-drop.tsx';
import { shortFingerprint, sizeInWords } from '../../components/format.ts';
import { SubHeading } from '../../components/heading.tsx';
import { IconButton } from '../../components/icon-button.tsx';
import { Notice } from '../../components/notice.tsx';
import { altKey } from '../../components/shortcuts.ts';
import { t } from '../../messages/index.ts';
import {
  type AdoptionPage,
  adoptionOf,
  adoptionPages,
  adoptionProblems,
  lastRoot,
  type Named,
  nobody,
  placeOf,
  rootsOf,
  useAdoption,
} from '../../stores/adoption-draft.ts';
import { newId } from '../../stores/plan-parts.ts';
import { usePlanning } from '../../stores/plan-store.ts';
import { addPublished, type Published, type PublishedKey, readPublished } from '../../stores/published.ts';
import plan from '../plan/plan.module.css';
import { PlanFrame } from '../plan/plan-frame.tsx';
import css from './adopt.module.css';

const words = t.adopt;
const custodies = custodySchema.options.map(value => ({ value, label: words.place[value] }));

interface PageProps {
  readonly error: (field: string) => string | undefined;
}

function FilesPage({ error }: PageProps) {
  const { draft, revising, change } = usePlanning(useAdoption);
  const add = (files: readonly FileInput[]) => {
    const read = files.map(file => readPublished(file, newId()));
    change({
      files: addPublished(draft.files, read),
      ignored: read.filter(one => one.kind === 'other').map(one => one.file.name),
    });
  };
  const roots = rootsOf(draft);
  const targets = draft.files.filter(one => one.kind === 'targets');
  const last = lastRoot(draft);
  const list = (files: readonly Published[]) => (
    <ol className={css.files}>
      {files.map(one => (
        <li key={one.id}>
          <span className={css.file}>{one.file.name}</span>
          <span className={css.meta}>
            {words.rootOf(one.version)} · {sizeInWords(one.file.bytes.length)}
          </span>
          <IconButton
            icon="cross"
            label={words.remove(one.file.name)}
            onPress={() => change({ files: draft.files.filter(other => other !== one) })}
          />
        </li>
      ))}
    </ol>
  );
  return (
    <div className={plan.fields}>
      <FileDrop
        multiple
        compact
        label={words.drop}
        dialogTitle={words.dialogTitle}
        shortcut={altKey('f')}
        error={error('files')}
        onFiles={add}
      />
      <div role="status">
        {draft.ignored.length > 0 && <Notice tone="plain" title={words.ignored(draft.ignored.join(', '))} />}
      </div>
      {roots.length > 0 && (
        <section className={css.role}>
          <SubHeading>{words.roots}</SubHeading>
          {list(roots)}
        </section>
      )}
      {roots.length > 0 && (
        <section className={css.role}>
          <SubHeading>{words.targets}</SubHeading>
          {targets.length > 0 ? list(targets) : <p>{words.noTargets}</p>}
        </section>
      )}
      {/* What a plan is for cannot be changed once its ceremony is open. */}
      {!revising && (
        <TextField
          label={words.name}
          hint={words.nameHint[last?.dialect ?? 'notary-v1']}
          mono
          width="full"
          maxLength={255}
          value={draft.repository}
          error={error('name')}
          onChange={repository => change({ repository: repository.trim() })}
        />
      )}
    </div>
  );
}

function KeysPage({ error }: PageProps) {
  const { draft, change } = usePlanning(useAdoption);
  const last = lastRoot(draft);
  if (!last) return <Notice tone="warning" title={words.needed} />;
  const name = (key: PublishedKey, part: Partial<Named>) =>
    change({
      named: { ...draft.named, [placeOf(key)]: { ...nobody, ...draft.named[placeOf(key)], ...part } },
    });
  return (
    <div className={plan.fields}>
      {(['root', 'targets'] as const).map(role => {
        const keys = last.keys.filter(key => key.role === role);
        return (
          <section key={role} className={css.role}>
            <SubHeading>{words.roleKeys[role]}</SubHeading>
            <p>{words.rule(last.thresholds[role], keys.length)}</p>
            <ul className={css.keys}>
              {keys.map(key => {
                const named = draft.named[placeOf(key)] ?? nobody;
                const id = shortFingerprint(key.keyId);
                return (
                  <li key={key.keyId} className={css.key}>
                    <span className={css.id}>
                      <code title={key.keyId}>{id}</code>
                      <span className={css.meta}>{key.keytype}</span>
                    </span>
                    <TextField
                      hideLabel
                      width="full"
                      label={words.keyName(role, id)}
                      value={named.name}
                      maxLength={80}
                      error={error(placeOf(key))}
                      onChange={value => name(key, { name: value })}
                    />
                    <label className={css.hand}>
                      <input
                        type="checkbox"
                        checked={named.atHand}
                        aria-label={words.atHandOf(role, id)}
                        onChange={event => name(key, { atHand: event.target.checked })}
                      />
                      {words.atHand}
                    </label>
                    {named.atHand && (
                      <div className={css.where}>
                        <SelectField<Custody>
                          label={words.where(role, id)}
                          hideLabel
                          value={named.custody}
                          options={custodies}
                          onChange={custody => name(key, { custody })}
                        />
                      </div>
                    )}
                  </li>
                );
              })}
            </ul>
          </section>
        );
      })}
    </div>
  );
}

const bodies = { files: FilesPage, keys: KeysPage } as const;
const isOwn = (page: AdoptionPage): page is keyof typeof bodies => page in bodies;

/** Takes over a repository that was made elsewhere: its files, whose keys are whose, and a ceremony. */
function AdoptionPlan() {
  const { draft, revising, page, visited, change, goTo, end } = usePlanning(useAdoption);
  const problems = useMemo(() => adoptionProblems(draft), [draft]);
  const adoption = useMemo(() => adoptionOf(draft), [draft]);
  const files = useMemo(() => {
    const targets = draft.files.find(one => one.kind === 'targets');
    return {
      roots: rootsOf(draft).map(one => one.file),
      ...(targets ? { currentTargets: targets.file } : {}),
    };
  }, [draft]);
  return (
    <PlanFrame<AdoptionPage>
      title={revising ? t.change.revising : words.title}
      crumbs={[draft.repository, words.title].filter(Boolean)}
      rehearsal={false}
      pages={adoptionPages.filter(isOwn).map(name => {
        const Body = bodies[name];
        const error = (field: string) => (visited.has(name) ? problems[name][field] : undefined);
        return { name, ...words.pages[name], body: <Body error={error} /> };
      })}
      page={page}
      visited={visited}
      goTo={goTo}
      problems={problems}
      room={draft}
      onRoom={change}
      plan={adoption}
      files={files}
      placeOf={warning => (warning.blocking ? 'files' : 'review')}
      revising={revising}
      end={end}
      fixed={words.fixed}
    />
  );
}

export function AdoptScreen() {
  const there = useAdoption(state => state.plan !== null);
  return there ? <AdoptionPlan /> : null;
}
