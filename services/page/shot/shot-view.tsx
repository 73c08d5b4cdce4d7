import { useEffect, useMemo, useState } from 'preact/hooks';
import { type RunRecord, rendersFolder } from '../../control/core/run.ts';
import type { RunStatus, StatusDocument } from '../../control/core/status-document.ts';
import { AgainDialog } from '../again-dialog.tsx';
import { get, problemText } from '../api.ts';
import { useNow } from '../desk.ts';
import { costText, dollarsText, etaText, framesText, renderUrl, splitName } from '../format.ts';
import { statusOfRecord } from '../older-runs.ts';
import { RunActions } from '../run-actions.tsx';
import { isFinal, toneOf } from '../run-words.ts';
import { Progress, Reason, State, Warnings } from '../shot-card.tsx';
import { Why } from '../why.tsx';
import { FrameGrid } from './frame-grid.tsx';
import { FramePanel } from './frame-panel.tsx';
import { frameStates } from './frame-states.ts';
import { Inputs } from './inputs.tsx';
import { Lanes } from './lanes.tsx';
import { Ledger } from './ledger.tsx';
import { SettingsTable } from './settings-table.tsx';
import { useFrames } from './use-frames.ts';
import { ZipButton } from './zip-button.tsx';

interface Props {
  readonly id: string;
  readonly status: StatusDocument | null;
}

/** A shot opened: one of its runs in all detail. */
export function ShotView({ id, status }: Props) {
  const [record, setRecord] = useState<RunRecord | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const inStatus = status?.runs.find((run) => run.id === id);

  // The record is written whenever what the status says of the run changes.
  useEffect(() => {
    get<RunRecord>(`/status/runs/${encodeURIComponent(id)}`).then(
      (found) => {
        setRecord(found);
        setProblem(null);
      },
      (error: unknown) => setProblem(problemText(error)),
    );
  }, [id, inStatus]);

  if (record === null || record.id !== id) return <p class="nothing">{problem ?? 'Looking for the shot…'}</p>;
  return <Run run={record} shown={inStatus ?? statusOfRecord(record)} status={status} />;
}

interface RunProps {
  readonly run: RunRecord;
  readonly shown: RunStatus;
  readonly status: StatusDocument | null;
}

function Run({ run, shown, status }: RunProps) {
  const now = useNow(2000);
  const states = useMemo(() => frameStates(run), [run]);
  // Which frames a run has does not change, and a new list would be read anew.
  const list = useMemo(() => states.frames, [run.id, run.frames]);
  const frames = useFrames(run.id, list, isFinal(run.state));
  const [chosen, setChosen] = useState<number | null>(null);
  const [again, setAgain] = useState<number | null>(null);
  const folder = rendersFolder(run);
  const { folder: path, name } = splitName(run.shot);
  return (
    <article class={`shot ${toneOf(run.state)}`}>
      <header class="shot-head">
        <a class="back" href="#/">
          ← All shots
        </a>
        <h1>
          {path !== '' && <span class="folder">{path}</span>}
          <bdi>{name}</bdi> {shown.version !== null && <span class="version">{shown.version}</span>}
        </h1>
        <State run={shown} />
        {shown.frames.total > 0 && <Progress frames={shown.frames} shot={run.shot} />}
        <p class="numbers">
          {[
            framesText(shown.frames),
            etaText(shown.etaSeconds, shown.like),
            costText(shown.dollars),
            run.blender === null ? '' : `Blender ${run.blender}`,
          ]
            .filter((text) => text !== '')
            .join(' · ')}
        </p>
        <Reason run={shown} />
        <Warnings warnings={run.warnings} />
        <RunActions run={shown} isOpened />
      </header>
      <div class="columns">
        <div class="main-column">
          {run.state === 'completed' && run.settings?.video.value === true && (
            <Video folder={folder} shot={run.shot} />
          )}
          {list.length > 0 && run.version !== null && (
            <FrameGrid
              run={run}
              folder={folder}
              states={states}
              frames={frames}
              chosen={chosen}
              onChoose={setChosen}
            />
          )}
          <Lanes records={frames.records} now={now} />
          <Inputs run={run} />
        </div>
        <aside class="side">
          {chosen === null ? (
            <About run={run} shown={shown} status={status} />
          ) : (
            <FramePanel
              run={run}
              folder={folder}
              frame={chosen}
              state={states.stateOf(chosen, frames.records.get(chosen))}
              record={frames.records.get(chosen)}
              onAgain={setAgain}
              onClose={() => setChosen(null)}
            />
          )}
        </aside>
      </div>
      {again !== null && <AgainDialog run={shown} frames={String(again)} onClose={() => setAgain(null)} />}
    </article>
  );
}

function About({ run, shown, status }: RunProps) {
  return (
    <>
      <Runs run={run} runs={status?.runs ?? []} />
      {shown.version !== null && shown.frames.done > 0 && <Fetch run={run} version={shown.version} />}
      <Ledger costs={run.costs} isPaid={run.isPaid} />
      <SettingsTable run={run} />
      <Why decisions={status?.decisions ?? []} runs={[]} shot={run.shot} />
    </>
  );
}

function Video({ folder, shot }: { readonly folder: string; readonly shot: string }) {
  const [hasFailed, setHasFailed] = useState(false);
  const url = renderUrl(`${folder}/preview.mp4`);
  if (hasFailed) return null;
  return (
    <section class="panel video" aria-label="The video">
      {/* biome-ignore lint/a11y/useMediaCaption: what artists render has no captions. */}
      <video
        src={url}
        controls
        playsInline
        preload="metadata"
        aria-label={`Video of ${shot}`}
        onError={() => setHasFailed(true)}
      />
    </section>
  );
}

/** All frames at once are more than a browser should hold. */
function Fetch({ run, version }: { readonly run: RunRecord; readonly version: string }) {
  return (
    <section class="panel fetch" aria-labelledby="fetch-title">
      <h2 id="fetch-title">Fetch all frames</h2>
      <ZipButton runId={run.id} shot={run.shot} />
      <p class="soft">
        Or, for more than 2 GB, in Tablao’s folder; checked byte by byte, and it goes on where it stopped:
      </p>
      <code>
        npm run pull -- {quoted(run.shot)} --version {version}
      </code>
    </section>
  );
}

/** For a shell. */
function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Other goes at the same shot. */
function Runs({ run, runs }: { readonly run: RunRecord; readonly runs: readonly RunStatus[] }) {
  const others = runs.filter(({ shot }) => shot === run.shot);
  if (others.length < 2) return null;
  return (
    <section class="panel runs" aria-labelledby="runs-title">
      <h2 id="runs-title">Versions and runs</h2>
      <ul>
        {others.map((one) => (
          <li key={one.id} class={toneOf(one.state)}>
            <a href={`#/shot/${one.id}`} aria-current={one.id === run.id ? 'page' : undefined}>
              {one.version ?? 'new'}
            </a>{' '}
            <strong>{one.state}</strong> {framesText(one.frames)}
            {one.dollars.soFar > 0 ? `, ${dollarsText(one.dollars.soFar)}` : ''}
          </li>
        ))}
      </ul>
    </section>
  );
}
