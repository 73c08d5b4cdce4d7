import { useEffect, useMemo, useState } from 'preact/hooks';
import { bytesText, plural } from '../format.ts';
import { settingsOf, type Typed } from '../setting-fields.ts';
import type { Project, ShotFound } from './project.ts';
import { type FileThere, lookInBucket, sendProject } from './send-project.ts';
import { ShotPanel } from './shot-panel.tsx';
import { beginSending } from './stop.ts';

interface Props {
  readonly project: Project;
  readonly isSending: boolean;
}

type Judge = typeof import('./project.ts');

/** What was found in a project, shot by shot, and the button that sends it. */
export function SendBoard({ project, isSending }: Props) {
  const [typed, setTyped] = useState<Readonly<Record<string, Typed>>>({});
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [judge, setJudge] = useState<Judge | null>(null);
  useEffect(() => {
    import('./project.ts').then(setJudge, () => {});
  }, []);
  const shots = useMemo(() => {
    const requests = Object.entries(typed).map(([path, one]) => [path, settingsOf(one)] as const);
    return judge?.shotsOf(project, new Map(requests)) ?? [];
  }, [judge, project, typed]);
  const inBucket = useInBucket(shots);
  const rendered = shots.filter(({ notRendered }) => notRendered === null);
  const others = shots.filter(({ notRendered }) => notRendered !== null);
  const chosen = rendered.filter(({ path }) => !left.has(path));
  const isWrong = chosen.some(({ problem }) => problem !== null);
  const paths = new Set(chosen.flatMap(({ there }) => there));
  const bytes = [...paths].reduce((sum, path) => sum + (project.files.get(path)?.size ?? 0), 0);
  const missing = chosen.flatMap((shot) => stillMissing(shot, inBucket));

  function send(): void {
    const wanted = chosen.map((shot) => ({
      path: shot.path,
      files: shot.there,
      elsewhere: shot.missing.flatMap(({ path }) => inBucket.get(path) ?? []),
      settings: judge?.settingsToSend(project, shot.path, settingsOf(typed[shot.path] ?? {})) ?? {},
    }));
    void sendProject(wanted, project.files, beginSending());
  }

  if (judge === null) return null;
  if (shots.length === 0)
    return (
      <p class="notice">
        There is no .blend among these {plural(project.files.size, 'file')}: choose the folder that it is in.
      </p>
    );
  return (
    <>
      {rendered.map((shot) => (
        <ShotPanel
          key={shot.path}
          shot={shot}
          missing={stillMissing(shot, inBucket)}
          isChosen={!left.has(shot.path)}
          onChosen={(isChosen) =>
            setLeft(isChosen ? without(left, shot.path) : new Set([...left, shot.path]))
          }
          typed={typed[shot.path] ?? {}}
          onTyped={(one) => setTyped({ ...typed, [shot.path]: one })}
        />
      ))}
      {others.length > 0 && (
        <details class="panel others" open={rendered.length === 0}>
          <summary>{plural(others.length, '.blend file')} that will not be rendered</summary>
          <ul class="files">
            {others.map(({ path, notRendered }) => (
              <li key={path}>
                <bdi>{path}</bdi> <span class="soft">{notRendered}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
      <div class="send-bar">
        <p>
          {chosen.length === 0
            ? 'Nothing is chosen.'
            : `${plural(chosen.length, 'shot')}, ${plural(paths.size, 'file')}, ${bytesText(bytes)}. Files that the bucket has already are skipped.`}
        </p>
        <button
          type="button"
          class="primary"
          disabled={chosen.length === 0 || isSending || isWrong}
          onClick={send}
        >
          {missing.length > 0 ? `Send without ${plural(missing.length, 'missing file')}` : 'Send and render'}
        </button>
      </div>
    </>
  );
}

function without(set: ReadonlySet<string>, one: string): ReadonlySet<string> {
  return new Set([...set].filter((other) => other !== one));
}

function stillMissing(shot: ShotFound, inBucket: ReadonlyMap<string, FileThere>): ShotFound['missing'] {
  return shot.missing.filter(({ path, problem }) => problem !== 'missing' || !inBucket.has(path));
}

/** What is missing here may have been sent before. */
function useInBucket(shots: readonly ShotFound[]): ReadonlyMap<string, FileThere> {
  const [found, setFound] = useState<ReadonlyMap<string, FileThere>>(new Map());
  const paths = [
    ...new Set(
      shots.flatMap(({ missing }) =>
        missing.filter(({ problem }) => problem === 'missing').map(({ path }) => path),
      ),
    ),
  ];
  const key = paths.join('\n');
  useEffect(() => {
    if (key === '') return;
    lookInBucket(key.split('\n')).then(
      (files) => setFound(new Map(files.map((file) => [file.path, file]))),
      // They count as missing then; the service will tell.
      () => {},
    );
  }, [key]);
  return found;
}
