import { useState } from 'preact/hooks';
import type { MissingInput, RunRecord } from '../../control/core/run.ts';
import { bytesText, plural } from '../format.ts';

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

const PROBLEM_TEXTS: Readonly<Record<MissingInput['problem'], string>> = {
  missing: 'is missing',
  absolute: 'is a path of one machine only: make it relative',
  outside: 'leads out of the project',
  different: 'has other bytes than were meant',
  unreadable: 'cannot be read as a .blend',
};

const MISSING_FIRST = 100;

/** What is not there, who refers to it, and what was probably meant. */
export function MissingList({ missing }: { readonly missing: readonly MissingInput[] }) {
  return (
    <ul class="files missing">
      {missing.slice(0, MISSING_FIRST).map(({ path, problem, owner, referredBy, suggestion }) => (
        <li key={`${path}${owner}`}>
          <strong>
            <bdi>{path}</bdi>
          </strong>{' '}
          {PROBLEM_TEXTS[problem]}; {owner === null ? '' : `${owner} in `}
          <bdi>{referredBy}</bdi> refers to it.
          {suggestion !== null && (
            <>
              {' '}
              Did you mean <bdi>{suggestion}</bdi>?
            </>
          )}
        </li>
      ))}
      {missing.length > MISSING_FIRST && <li>and {missing.length - MISSING_FIRST} more.</li>}
    </ul>
  );
}
