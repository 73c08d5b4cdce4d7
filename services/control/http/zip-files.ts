import { isOfNodes, type ProvedFrames, provedFrames, viewsOf } from '../core/proved-frames.ts';
import { isFinal, NEW_RUN, type RunRecord, rendersFolder, versionName } from '../core/run.ts';
import type { ObjectSeen } from '../ports/buckets.ts';
import type { AppDeps } from './deps.ts';
import { Refusal } from './errors.ts';
import { readRecord } from './frames.ts';
import { pathProblem } from './object-paths.ts';
import { noSuchRun } from './status.ts';

/** What a zip of a shot's version would hold now. */
export interface ZipFiles extends ProvedFrames {
  /** `film_sh010_v001` */
  readonly name: string;
  /** Of the renders bucket, each once. */
  readonly objects: readonly ObjectSeen[];
  /** The version's folder there, with a slash: what is not part of names in the zip. */
  readonly folder: string;
}

type Deps = Pick<AppDeps, 'records' | 'renders'>;

const AT_ONCE = 16;

/** What separates folders, or cannot be in a file's name, wherever the zip is unpacked. */
const NO_PART_OF_NAMES = /[/\\:*?"<>|\u0000-\u001f\u007f]/g;

/** Enough for years; an entry is some 100 bytes. */
const REMEMBERED = 50_000;

/** Whose version's runs are that have ended for good, by the names of their records: it is read once. */
type Settled = Map<string, string>;

/** The files of all proved frames of the version to which a run belongs. Throws `Refusal` when one is gone. */
export function createZipFinder(deps: Deps): (id: string) => Promise<ZipFiles> {
  const settled: Settled = new Map();
  return (id) => findZipFiles(deps, settled, id);
}

async function findZipFiles(deps: Deps, settled: Settled, id: string): Promise<ZipFiles> {
  const seen = await deps.records.read(recordOf(id));
  if (seen === null) throw noSuchRun(id);
  const run = { ...NEW_RUN, ...(seen.value as RunRecord) };
  const found = provedFrames(run.version === null ? [] : await runsOfVersion(deps, settled, run));
  const folder = `${rendersFolder(run)}/`;
  const there = new Map((await deps.renders.list(folder)).map((object) => [object.path, object]));
  const proved = await withoutOthers(deps, found, (name) => there.get(`${folder}${name}`));
  const frames = { ...found, proved };
  const names = await namesOf(
    deps,
    frames,
    [...there.keys()].some((path) => isOfNodes(path.slice(folder.length))),
  );
  const objects = [...names].map((name) => {
    const object = there.get(`${folder}${name}`);
    if (object === undefined) throw isGone(name);
    return object;
  });
  return {
    ...frames,
    objects,
    folder,
    name: `${run.shot.replace(NO_PART_OF_NAMES, '_')}_${versionName(run.version ?? 0)}`,
  };
}

const recordOf = (id: string) => `runs/${id}.json`;

/** Records are found by their id only. */
async function runsOfVersion(
  { records }: Deps,
  settled: Settled,
  run: RunRecord,
): Promise<readonly RunRecord[]> {
  const own = rendersFolder(run);
  const runs: RunRecord[] = [run];
  const paths = (await records.list('runs/')).filter(
    (path) => path !== recordOf(run.id) && (settled.get(path) ?? own) === own,
  );
  for (let at = 0; at < paths.length; at += AT_ONCE)
    await Promise.all(
      paths.slice(at, at + AT_ONCE).map(async (path) => {
        const seen = await records.read(path);
        if (seen === null) return;
        const found = { ...NEW_RUN, ...(seen.value as RunRecord) };
        const folder = found.version === null ? '' : rendersFolder(found);
        // A rejected one may be taken up again, as another version.
        if (isFinal(found.state) && found.state !== 'rejected' && settled.size < REMEMBERED)
          settled.set(path, folder);
        if (folder === own) runs.push(found);
      }),
    );
  return runs;
}

/**
 * A run that was cancelled or failed has perhaps written over what another had proved, with other samples or not to its end.
 * Where there is something newer, or nothing any more, the frame's record tells whose it is.
 */
async function withoutOthers(
  deps: Deps,
  { proved, doubtedSince }: ProvedFrames,
  look: (name: string) => ObjectSeen | undefined,
): Promise<ProvedFrames['proved']> {
  const doubted = [...proved].filter(([frame, run]) => {
    const since = doubtedSince.get(frame);
    if (since === undefined) return false;
    return viewsOf(run, frame).some((name) => (look(name)?.updatedAt ?? since) >= since);
  });
  const others = new Set<number>();
  for (let at = 0; at < doubted.length; at += AT_ONCE)
    await Promise.all(
      doubted.slice(at, at + AT_ONCE).map(async ([frame, run]) => {
        if ((await readRecord(deps, run, frame)) === null) others.add(frame);
      }),
    );
  return new Map([...proved].filter(([frame]) => !others.has(frame)));
}

/** What the run knows of a frame: one file a view; and, where File Output nodes write, what the kit has recorded of it. */
async function namesOf(
  deps: Deps,
  { proved }: ProvedFrames,
  hasOutputs: boolean,
): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  const frames = [...proved];
  for (const [frame, run] of frames) for (const name of viewsOf(run, frame)) names.add(name);
  for (let at = 0; hasOutputs && at < frames.length; at += AT_ONCE) {
    const some = frames.slice(at, at + AT_ONCE).map(([frame, run]) => readRecord(deps, run, frame));
    const files = (await Promise.all(some)).flatMap((record) => record?.files ?? []);
    // Workers wrote them: a name must not lead out of the folder that somebody unpacks it in.
    for (const { path } of files) if (isOfNodes(path) && pathProblem(path) === null) names.add(path);
  }
  return names;
}

function isGone(name: string): Refusal {
  return new Refusal(
    409,
    'framesGone',
    `${name} was proved and is not in the bucket any more: the zip would not be whole.`,
    'Render the frame again, or fetch the others with tablao pull.',
  );
}
