import { useState } from 'preact/hooks';
import { groupSequences } from '../../control/core/missing-text.ts';
import type { MissingInput, RunRecord } from '../../control/core/run.ts';
import { bytesText, plural, splitName } from '../format.ts';

const FIRST = 50;

/** The files that the run was made of, and those that it waits for. */
export function Inputs({ run }: { readonly run: RunRecord }) {
  const [isWhole, setIsWhole] = useState(false);
  const { inputs, missing } = run;
  if (inputs.length === 0 && missing.length === 0) return null;
  const shown = isWhole ? inputs : inputs.slice(0, FIRST);
  const bytes = inputs.reduce((sum, { size }) => sum + size, 0);
  return (
    <section class="panel inputs" aria-labelledby="inputs-title">
      <h2 id="inputs-title">
        {inputs.length > 0 ? `${plural(inputs.length, 'input')}, ${bytesText(bytes)}` : 'Inputs'}
      </h2>
      {missing.length > 0 && <MissingList missing={missing} />}
      {inputs.length > 0 && (
        <details open={inputs.length <= 12}>
          <summary>Files as they were when the run was admitted</summary>
          <ul class="files">
            {shown.map(({ path, size }) => (
              <li key={path}>
                <bdi>{path}</bdi> <span class="soft">{bytesText(size)}</span>
              </li>
            ))}
          </ul>
          {shown.length < inputs.length && (
            <button type="button" class="quiet" onClick={() => setIsWhole(true)}>
              {inputs.length - shown.length} more
            </button>
          )}
        </details>
      )}
    </section>
  );
}

/** Said of one file, and of several. */
const PROBLEM_TEXTS: Readonly<Record<MissingInput['problem'], readonly [string, string]>> = {
  missing: ['is missing', 'are missing'],
  absolute: [
    'is a path of one machine only: make it relative',
    'are paths of one machine only: make them relative',
  ],
  outside: ['leads out of the project', 'lead out of the project'],
  different: ['has other bytes than were meant', 'have other bytes than were meant'],
  unreadable: ['cannot be read as a .blend', 'cannot be read as .blend files'],
};

const MISSING_FIRST = 100;

/** What is not there, who refers to it, and what was probably meant; a sequence is one line. */
export function MissingList({ missing }: { readonly missing: readonly MissingInput[] }) {
  const groups = groupSequences(missing);
  return (
    <ul class="files missing">
      {groups.slice(0, MISSING_FIRST).map(({ first, last, count }) => (
        <li key={`${first.path}${first.owner}`}>
          <strong>
            <bdi>{first.path}</bdi>
          </strong>
          {count > 1 && (
            <>
              {' '}
              to{' '}
              <strong>
                <bdi>{splitName(last.path).name}</bdi>
              </strong>
              : {count} files
            </>
          )}{' '}
          {PROBLEM_TEXTS[first.problem][count === 1 ? 0 : 1]};{' '}
          {first.owner === null ? '' : `${first.owner} in `}
          <bdi>{first.referredBy}</bdi> refers to {count === 1 ? 'it' : 'them'}.
          {first.suggestion !== null && (
            <>
              {' '}
              Did you mean <bdi>{first.suggestion}</bdi>?
            </>
          )}
        </li>
      ))}
      {groups.length > MISSING_FIRST && <li>and {groups.length - MISSING_FIRST} more.</li>}
    </ul>
  );
}
