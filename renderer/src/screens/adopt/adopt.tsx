import { useMemo, useState } from 'react';
import { adoptionPlanSchema, repositoryNameSchema } from '../../../../shared/ceremony/plan.ts';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import type { FileInput } from '../../../../shared/contract/requests.ts';
import { ask } from '../../bridge.ts';
import { TextField } from '../../components/fields.tsx';
import { FileDrop } from '../../components/file-drop.tsx';
import { shortFingerprint, sizeInWords } from '../../components/format.ts';
import { SubHeading } from '../../components/heading.tsx';
import { IconButton } from '../../components/icon-button.tsx';
import { Notice } from '../../components/notice.tsx';
import { altKey } from '../../components/shortcuts.ts';
import { t } from '../../messages/index.ts';
import { useCeremony } from '../../stores/ceremony.ts';
import { type Problems, peopleProblems } from '../../stores/change-draft.ts';
import { useNavigation } from '../../stores/navigation.ts';
import { Outlook } from '../change/outlook.tsx';
import { NetworkFields, PeopleFields } from '../change/pages.tsx';
import { PlanReview, Told } from '../change/plan-preview.tsx';
import { PlanShell } from '../change/plan-shell.tsx';
import { usePreview } from '../change/use-preview.ts';
import planner from '../planner/planner.module.css';
import css from './adopt.module.css';
import { addPublished, type Published, type PublishedKey, readPublished } from './published.ts';

const words = t.adopt;
const pageNames = ['files', 'keys', 'people', 'network', 'review'] as const;
type Page = (typeof pageNames)[number];

/** What is known of a listed key: who holds it, and whether its private half comes in. */
interface Named {
  readonly name: string;
  readonly atHand: boolean;
}
const nobody: Named = { name: '', atHand: false };
const placeOf = (key: PublishedKey): string => `${key.role}-${key.keyId}`;

interface Draft {
  readonly files: readonly Published[];
  readonly ignored: readonly string[];
  readonly repository: string;
  readonly named: Readonly<Record<string, Named>>;
  readonly administrator: string;
  readonly witnesses: readonly { id: number; name: string }[];
  readonly observers: readonly { id: number; name: string }[];
  readonly network: 'refuse' | 'warn';
}

const blank = (): Draft => ({
  files: [],
  ignored: [],
  repository: '',
  named: {},
  administrator: t.planner.people.suggestedAdministrator,
  witnesses: [{ id: -1, name: t.planner.people.suggestedWitness }],
  observers: [],
  network: 'refuse',
});

const rootsOf = (draft: Draft) => draft.files.filter(one => one.kind === 'root');
const lastRoot = (draft: Draft): Published | undefined => rootsOf(draft).at(-1);

function problemsOf(draft: Draft): Readonly<Record<Page, Problems>> {
  const files: Record<string, string> = {};
  if (rootsOf(draft).length === 0) files.files = words.needed;
  if (draft.repository === '') files.name = t.planner.name.needed;
  else if (!repositoryNameSchema.safeParse(draft.repository).success) files.name = t.planner.name.wrong;
  const keys: Record<string, string> = {};
  for (const role of ['root', 'targets'] as const) {
    const seen = new Set<string>();
    for (const key of lastRoot(draft)?.keys.filter(candidate => candidate.role === role) ?? []) {
      const { name, atHand } = draft.named[placeOf(key)] ?? nobody;
      if (name === '' && atHand) keys[placeOf(key)] = words.nameNeeded;
      else if (name !== '' && name.trim() !== name) keys[placeOf(key)] = t.planner.holder.nameWrong;
      else if (name !== '' && seen.has(name)) keys[placeOf(key)] = words.nameTwice;
      seen.add(name);
    }
  }
  return { files, keys, people: peopleProblems(draft), network: {}, review: {} };
}

function planOf(draft: Draft) {
  const last = lastRoot(draft);
  if (!last) return null;
  const plan = adoptionPlanSchema.safeParse({
    ceremony: 'adoption',
    dialect: last.dialect,
    repository: draft.repository,
    // The files themselves go beside the plan.
    roots: rootsOf(draft).map(one => one.file.name),
    holders: last.keys.flatMap(key => {
      const { name, atHand } = draft.named[placeOf(key)] ?? nobody;
      if (name === '') return [];
      return [{ name, keyId: key.keyId, role: key.role, ...(atHand ? { key: name } : {}) }];
    }),
    participants: [
      { name: draft.administrator, role: 'administrator' },
      ...draft.witnesses.map(({ name }) => ({ name, role: 'witness' })),
      ...draft.observers.map(({ name }) => ({ name, role: 'observer' })),
    ],
    policy: { network: draft.network },
  });
  return plan.success ? plan.data : null;
}

interface PartProps {
  readonly draft: Draft;
  readonly change: (part: Partial<Draft>) => void;
  readonly error: (field: string) => string | undefined;
}

function FilesPage({ draft, change, error }: PartProps) {
  const add = (files: readonly FileInput[]) => {
    const read = files.map((file, index) => readPublished(file, `${Date.now()}-${index}`));
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
    <div className={planner.fields}>
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
    </div>
  );
}

function KeysPage({ draft, change, error }: PartProps) {
  const last = lastRoot(draft);
  if (!last) return <Notice tone="warning" title={words.needed} />;
  const name = (key: PublishedKey, part: Partial<Named>) =>
    change({
      named: { ...draft.named, [placeOf(key)]: { ...nobody, ...draft.named[placeOf(key)], ...part } },
    });
  return (
    <div className={planner.fields}>
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

/** Takes over a repository that was made elsewhere: its files, whose keys are whose, and a ceremony. */
export function AdoptScreen() {
  const { go, home } = useNavigation();
  const [draft, setDraft] = useState(blank);
  const [page, setPage] = useState<Page>('files');
  const [visited, setVisited] = useState<ReadonlySet<Page>>(new Set());
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorReport | null>(null);
  const change = (part: Partial<Draft>) => setDraft(before => ({ ...before, ...part }));
  const goTo = (name: Page) => {
    setVisited(new Set([...visited, page]));
    setPage(name);
  };

  const problems = useMemo(() => problemsOf(draft), [draft]);
  const complete = pageNames.every(name => Object.keys(problems[name]).length === 0);
  const request = useMemo(() => {
    const plan = complete ? planOf(draft) : null;
    const targets = draft.files.find(one => one.kind === 'targets');
    return (
      plan && {
        plan,
        rehearsal: false,
        roots: rootsOf(draft).map(one => one.file),
        ...(targets ? { currentTargets: targets.file } : {}),
      }
    );
  }, [complete, draft]);
  const outlook = usePreview(request);
  const { preview } = outlook;
  const blocking = preview?.warnings.some(warning => warning.blocking) ?? false;
  const open = async () => {
    if (!request || busy) return;
    setBusy(true);
    setError(null);
    const outcome = await ask('openCeremony', request);
    setBusy(false);
    if (!outcome.ok) return setError(outcome.error);
    useCeremony.getState().adopt(outcome.value);
    go({ name: 'ceremony', ceremonyId: outcome.value.id });
  };
  const shown = (field: string) => (visited.has(page) ? problems[page][field] : undefined);
  const blocked = !complete || !preview || blocking || outlook.checking || outlook.error !== null;
  return (
    <PlanShell
      crumbs={[draft.repository, words.title].filter(Boolean)}
      rehearsal={false}
      title={words.title}
      pages={pageNames.map(name => ({
        name,
        ...words.pages[name],
        wrong: Object.keys(problems[name]).length > 0 || (name === 'files' && blocking),
        holds: Object.keys(problems[name]).length > 0,
      }))}
      page={page}
      visited={visited}
      goTo={goTo}
      leave={{ label: words.leave, onPress: home }}
      last={{
        label: words.open,
        onPress: () => void open(),
        blocked:
          blocked && !busy
            ? outlook.checking
              ? t.change.review.checking
              : t.change.review.blocked
            : undefined,
        busy,
      }}
      side={
        <Outlook
          {...outlook}
          here={page === 'files' || page === 'review' ? preview?.warnings : []}
          brief={page === 'review'}
        />
      }
    >
      {page === 'files' && (
        <>
          <FilesPage draft={draft} change={change} error={shown} />
          <Told warnings={preview?.warnings.filter(warning => warning.blocking) ?? []} />
        </>
      )}
      {page === 'keys' && <KeysPage draft={draft} change={change} error={shown} />}
      {page === 'people' && <PeopleFields draft={draft} error={shown} onChange={change} />}
      {page === 'network' && (
        <NetworkFields value={draft.network} onChange={network => change({ network })} />
      )}
      {page === 'review' && (
        <PlanReview
          preview={preview}
          error={error ?? outlook.error}
          complete={complete}
          busy={busy ? t.change.review.opening : outlook.checking ? t.change.review.checking : null}
          fixed={words.fixed}
        />
      )}
    </PlanShell>
  );
}
